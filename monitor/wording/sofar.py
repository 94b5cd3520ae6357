"""What was seen so far, while there are too few evenings for a verdict.

It tells the last evening as it was measured and says that one evening is no pattern.
"""

from monitor.evening_rule import EveningState
from monitor.model import EveningMark, Verdict
from monitor.wording import Language


def evenings_needed(verdict: Verdict) -> int | None:
    """How many evenings a verdict needs, where that is why there is none."""
    for reason in verdict.reasons:
        if reason.rule == "few_evenings":
            return int(str(reason.values["needed"]))
    return None


def last_evening_sentence(
    last: EveningMark | None, window: tuple[str, str], language: Language
) -> str:
    """The last evening of a service in one sentence; empty when it was not measured."""
    if last is None:
        return ""
    values = {"start": window[0], "end": window[1]}
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
