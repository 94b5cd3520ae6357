"""Whether each sentence of a verdict agrees with the numbers that stand beside it."""

import re
from collections.abc import Callable, Iterator

import pytest

from monitor.model import Verdict
from monitor.reason import Reason
from monitor.wording import LANGUAGES, language
from monitor.wording.reason_words import told

BESIDE: dict[str, Callable[[Verdict], object]] = {
    "usable": lambda v: v.evenings.usable,
    "slow": lambda v: v.evenings.slow,
    "dead": lambda v: v.evenings.dead,
    "bound": lambda v: pytest.approx(v.effect.ci95[1], abs=0.006),
}
"""Values by the name that they have in every message, and where the table has them."""
OF_THE_RULE: dict[tuple[str, str], Callable[[Verdict], object]] = {
    ("sustained", "times"): lambda v: pytest.approx(v.effect.ratio, abs=0.006),
    ("other_object", "times"): lambda v: pytest.approx(v.effect.ratio, abs=0.006),
    ("excluded", "times"): lambda v: pytest.approx(v.effect.typical, abs=0.006),
    ("sustained", "day"): lambda v: v.onset_date,
}
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")


def agrees_with_its_table(verdict: Verdict) -> None:
    """Every number of every sentence, as it is read, is one that was measured."""
    for reason in verdict.reasons:
        for name, value in reason.values.items():
            beside = OF_THE_RULE.get((reason.rule, name)) or BESIDE.get(name)
            if beside is not None and not isinstance(value, tuple):
                assert value == beside(verdict), (reason.rule, name)
        for code in LANGUAGES:
            reads_as_measured(reason, code)


def reads_as_measured(reason: Reason, code: str) -> None:
    """No number in a sentence that is neither a value nor a word of the message."""
    measured = [*numbers_of(reason), *_numbers(reason.message)]
    for number in _numbers(told(reason, language(code))):
        assert any(abs(number - value) <= 0.5 for value in measured), (reason, number)


def numbers_of(reason: Reason) -> Iterator[float]:
    """Numbers among a reason's values; of a share its percents, of text its digits."""
    for value in reason.values.values():
        parts = value if isinstance(value, tuple) else (value,)
        for part in parts:
            if isinstance(part, Reason):
                yield from (*numbers_of(part), *_numbers(part.message))
            elif isinstance(part, (int, float)):
                yield from (float(part), 100 * float(part))
            else:
                yield from _numbers(str(part))


def _numbers(text: str) -> list[float]:
    return [float(number.replace(",", ".")) for number in _NUMBER.findall(text)]
