"""In which zone and window each vantage of a database is judged, as far as it says.

What was stated holds; where nothing was, what its last stored analysis was made on.
A vantage that moved has each zone for its time; the window is the last one's.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from monitor.model import Analysis, OwnTerms
from monitor.store.door import Store
from monitor.store.judged import readable
from monitor.store.vantage_terms import clock_stated, in_force
from monitor.wallclock import clock_between


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
            clock = clock_stated(statements, vantage)
            terms[vantage] = replace(
                stated.terms, timezone=clock_between(clock, None, day)
            )
            continue
        for _, analysis in readable(store.reader, 1, vantage):
            terms[vantage] = _of_analysis(analysis, vantage)
    return terms


def own_clock(
    store: Store,
    vantage: str,
    timezone: str,
    *,
    since: date | None = None,
    until: date | None = None,
) -> str:
    """The clock of a configured vantage for some dates, also from before it moved.

    Parameters
    ----------
    timezone : the configured zone; where it is not what was stated last, it counts.
    """
    statements = store.terms.all()
    stated = in_force(statements, vantage)
    if stated is None or stated.terms.timezone != timezone:
        return timezone
    return clock_between(clock_stated(statements, vantage), since, until)


def _of_analysis(analysis: Analysis, vantage: str) -> OwnTerms:
    its = analysis.vantages.get(vantage)
    return OwnTerms(
        timezone=(its and its.timezone) or analysis.timezone,
        window=(its and its.window) or analysis.window,
    )
