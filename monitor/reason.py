"""Why something was concluded: the id of a rule, a message, and the values in it.

A rule makes a reason, language comes last: `monitor.wording` tells it in words of the
reader, `str` gives the rule's own short English, which is what documents and bundles
hold. Messages have named places, `{slow} of {usable} evenings`; a place may say how its
value is written, by a format of Python (`{times:.1f}`, `{share:.0%}`) or by a kind:

========== ============================================================================
`factor`   how many times as long, or nothing when it was not measured
`names`    names of sites
`checks`   names of checks of the mechanism
`weekdays` days of the week, 0 is Monday
`date`     a local date, YYYY-MM-DD
`stage`    the step at which attempts failed
`metric`   a field of a sample
`reasons`  reasons inside this one
`parts`    the same, with commas between them
========== ============================================================================
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from string import Formatter
from typing import Final, TypeAlias

Value: TypeAlias = "str | int | float | tuple[str | int | Reason, ...] | None"
"""As JSON has it; None: not measured."""

_WEEKDAYS: Final = (
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
)
_SEPARATORS: Final = {
    "names": ", ",
    "checks": ", ",
    "weekdays": ", ",
    "parts": ", ",
    "reasons": "; ",
}
_VERBATIM: Final = "{text}"
_AS_THEY_ARE: Final = frozenset({"date", "metric", "stage"})


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason, before it has a language."""

    rule: str
    """Id of the rule, listed in docs/method.md."""
    message: str
    """The rule's own English with named places."""
    values: Mapping[str, Value] = field(default_factory=dict, hash=False)

    def __str__(self) -> str:
        """The rule's own English."""
        return filled(self.message, self.values, _in_english)

    def to_dict(self) -> dict[str, object]:
        """The reason as it is stored."""
        values = {name: _plain(value) for name, value in self.values.items()}
        return {"rule": self.rule, "message": self.message, "values": values}

    @classmethod
    def from_dict(cls, document: object) -> "Reason":
        """A stored reason.

        Raises
        ------
        ValueError : it is none, or its values are not those of its message.
        """
        match document:
            case {"rule": str(rule), "message": str(message), "values": dict(values)}:
                plain = {str(name): _value(value) for name, value in values.items()}
                return _checked(cls(rule, message, plain))
        raise ValueError("a reason has rule, message and values")


def phrase(message: str, /, **values: Value) -> Reason:
    """What is told beside the method, of a machine or a file: by no rule of it."""
    return Reason("", message, values)


def verbatim(text: object) -> Reason:
    """What is alike in every language: a path, an address, words of others."""
    return Reason("", _VERBATIM, {"text": str(text)})


def _checked(reason: Reason) -> Reason:
    try:
        str(reason)
    except (LookupError, TypeError) as error:
        raise ValueError(f"a reason that cannot be told: {error}") from None
    return reason


def together(reasons: Iterable[Reason]) -> Iterator[Iterator[Reason]]:
    """Reasons of one rule that follow each other."""
    for _, group in groupby(reasons, attrgetter("rule")):
        yield group


def told_together(reasons: Iterable[Reason]) -> list[str]:
    """The reasons in the rules' own English, those of one rule in one text."""
    return [" ".join(map(str, group)) for group in together(reasons)]


def filled(
    message: str,
    values: Mapping[str, Value],
    written: Callable[[Value, str], str],
) -> str:
    """The message with each of its places filled.

    Parameters
    ----------
    written : a value and how its place wants it written -> text.

    Raises
    ------
    KeyError, TypeError, ValueError : a place without a value, or with one of a kind
        that it does not take.
    """
    parts = []
    for text, place, kind, _ in Formatter().parse(message):
        parts.append(text)
        if place is not None:
            parts.append(written(values[place], kind or ""))
    return "".join(parts)


def measured(value: float, digits: int | None = None) -> float | None:
    """A number, rounded as it will be told; nothing where it is not finite."""
    if not math.isfinite(value):
        return None
    return float(value) if digits is None else round(float(value), digits)


def _in_english(value: Value, kind: str) -> str:
    if value is None:
        # Bundles of method 4 have a share that was not measured so.
        return "nan%" if kind.endswith("%") else "not measured"
    if isinstance(value, tuple):
        names = (_WEEKDAYS[item] if isinstance(item, int) else item for item in value)
        return _SEPARATORS[kind].join(map(str, names))
    if kind == "factor":
        return f"x{value:.2f}"
    return str(value) if kind in _AS_THEY_ARE else format(value, kind)


def _plain(value: Value) -> object:
    if isinstance(value, tuple):
        return [v.to_dict() if isinstance(v, Reason) else v for v in value]
    return value


def _value(stored: object) -> Value:
    match stored:
        case None | str() | int() | float():
            return stored
        case list():
            return tuple(map(_item, stored))
    raise ValueError(f"found {type(stored).__name__}; allowed: text, numbers, lists")


def _item(stored: object) -> str | int | Reason:
    return stored if isinstance(stored, str | int) else Reason.from_dict(stored)
