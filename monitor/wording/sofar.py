"""What was seen so far, while there are too few evenings for a verdict.

It tells the last evening as it was measured and says that one evening is no pattern.
"""

from dataclasses import dataclass
from typing import Final

from monitor.model import Verdict
from monitor.wording import Language

_SLOWER: Final = 1.25
"""From here on an evening is called slow, as in the analysis."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastEvening:
    """How the window of the last evening was beside the rest of its day."""

    failed: int
    """Probes without an answer."""
    made: int
    ratio: float | None
    """How many times slower; None where one of the two was not measured."""


def evenings_needed(verdict: Verdict) -> int | None:
    """How many evenings a verdict needs, where that is why there is none."""
    for reason in verdict.reasons:
        if reason.rule == "few_evenings":
            return int(str(reason.values["needed"]))
    return None


def last_evening_sentence(
    last: LastEvening | None, window: tuple[str, str], language: Language
) -> str:
    """The last evening of a service in one sentence; empty when it was not measured."""
    if last is None:
        return ""
    values = {"start": window[0], "end": window[1]}
    if last.made and last.failed == last.made:
        return language.fill(
            "On the last evening it did not answer between %(start)s and %(end)s; one "
            "evening is not a pattern.",
            values,
        )
    if last.ratio is None:
        return ""
    if last.ratio < _SLOWER:
        return language.fill(
            "On the last evening it was not slower between %(start)s and %(end)s than "
            "during the rest of that day.",
            values,
        )
    return language.fill(
        "On the last evening it was %(times)s slower between %(start)s and %(end)s "
        "than during the rest of that day; one evening is not a pattern.",
        values | {"times": language.times(last.ratio)},
    )
