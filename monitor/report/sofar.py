"""What was seen so far, while there are too few evenings for a verdict.

It tells the last evening as it was measured and says that one evening is no pattern.
"""

import re
from typing import Final

from monitor.evening_rule import EveningState
from monitor.locale import Language
from monitor.report.content import Service

_TOO_FEW: Final = re.compile(r"Usable evenings: (\d+); at least (\d+) are needed\.")


def evenings_needed(service: Service) -> int | None:
    """How many evenings a verdict needs, where that is why there is none."""
    for reason in service.verdict.reasons:
        found = _TOO_FEW.search(reason)
        if found:
            return int(found[2])
    return None


def last_evening(service: Service, window: tuple[str, str], language: Language) -> str:
    """The last evening of a service in one sentence; empty when it was not measured."""
    start, end = window
    values = {"start": start, "end": end}
    last = service.evenings[-1]
    if last.state is EveningState.DEAD:
        return language.fill(
            "On the last evening it did not answer between %(start)s and %(end)s; one "
            "evening is not a pattern.",
            values,
        )
    if last.state is EveningState.FINE:
        return language.fill(
            "On the last evening it was not slower between %(start)s and %(end)s than "
            "during the rest of that day.",
            values,
        )
    if last.state is not EveningState.SLOW or last.ratio is None:
        return ""
    return language.fill(
        "On the last evening it was %(times)s slower between %(start)s and %(end)s "
        "than during the rest of that day; one evening is not a pattern.",
        values | {"times": language.times(last.ratio)},
    )
