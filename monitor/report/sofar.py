"""What was seen so far, while there are too few evenings for a verdict.

It tells the last evening as it was measured and says that one evening is no pattern.
"""

import re
from typing import Final

from monitor.wording import Language
from monitor.report.content import LastNight, Service

_TOO_FEW: Final = re.compile(r"Usable evenings: (\d+); at least (\d+) are needed\.")
_SLOWER: Final = 1.25
"""From here on an evening is called slow, as in the analysis."""


def evenings_needed(service: Service) -> int | None:
    """How many evenings a verdict needs, where that is why there is none."""
    for reason in service.verdict.reasons:
        found = _TOO_FEW.search(reason)
        if found:
            return int(found[2])
    return None


def last_evening(service: Service, window: tuple[str, str], language: Language) -> str:
    """The last evening of a service in one sentence; empty when it was not measured."""
    last, (start, end) = service.last_night, window
    values = {"start": start, "end": end}
    if last.made and last.failed == last.made:
        return language.fill(
            "On the last evening it did not answer between %(start)s and %(end)s; one "
            "evening is not a pattern.",
            values,
        )
    ratio = _ratio(last, is_rate=service.metric.endswith("_bps"))
    if ratio is None:
        return ""
    if ratio < _SLOWER:
        return language.fill(
            "On the last evening it was not slower between %(start)s and %(end)s than "
            "during the rest of that day.",
            values,
        )
    return language.fill(
        "On the last evening it was %(times)s slower between %(start)s and %(end)s "
        "than during the rest of that day; one evening is not a pattern.",
        values | {"times": language.times(ratio)},
    )


def _ratio(last: LastNight, *, is_rate: bool) -> float | None:
    if not last.in_window or not last.in_rest:
        return None
    ratio = last.in_window / last.in_rest
    return 1 / ratio if is_rate else ratio
