"""What the user noted about dates: a broadcast, a ruling, a match."""

from monitor.web.answers.facts import Facts
from monitor.web.answers.queries import DaysQuery
from monitor.web.answers.schemas import Annotation, Annotations

_NAMES = ("first_date", "last_date", "text")


def annotations(facts: Facts, query: DaysQuery) -> Annotations:
    """The notes of a range of dates."""
    vantage = facts.vantage(query.vantage)
    since, until = facts.days(vantage, query.since, query.until)
    notes = facts.reader.notes(since.isoformat(), until.isoformat(), vantage)
    return Annotations(
        annotations=[
            Annotation.model_validate(dict(zip(_NAMES, row, strict=True)))
            for row in notes
        ]
    )
