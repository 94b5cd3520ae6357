"""In which zone and window each vantage of a database is judged, as far as it says.

What was stated holds; where nothing was, what its last stored analysis was made on.
"""

from collections.abc import Iterable
from datetime import date

from monitor.model import Analysis, OwnTerms
from monitor.store.door import Store
from monitor.store.judged import readable
from monitor.store.vantage_terms import in_force


def own_terms(
    store: Store, vantages: Iterable[str], *, day: date | None = None
) -> dict[str, OwnTerms]:
    """Vantage -> its terms; who is missing is one of whom nothing is known.

    Parameters
    ----------
    day : local date on which they hold; None: the last that were stated.
    """
    statements = store.terms.all()
    terms: dict[str, OwnTerms] = {}
    for vantage in vantages:
        stated = in_force(statements, vantage, day)
        if stated is not None:
            terms[vantage] = stated.terms
            continue
        for _, analysis in readable(store.reader, 1, vantage):
            terms[vantage] = _of_analysis(analysis, vantage)
    return terms


def _of_analysis(analysis: Analysis, vantage: str) -> OwnTerms:
    its = analysis.vantages.get(vantage)
    return OwnTerms(
        timezone=(its and its.timezone) or analysis.timezone,
        window=(its and its.window) or analysis.window,
    )
