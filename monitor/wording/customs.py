"""How each language writes numbers, dates and amounts: Unicode's data, as Babel has it.

`customs.json` is made by `python -m release.customs`, and a test holds it against
Babel. Babel itself would be kept with all zones and countries of each language by every
process that tells one number in words (docs/design/dd-015).
"""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Final

from monitor.untyped import Json

PATH: Final = Path(__file__).with_name("customs.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Customs:
    """What one language writes."""

    decimal: str
    group: str
    percent: str
    """A pattern of the number `{0}`, as the amounts' are."""
    long_date: str
    """A pattern of `{day}`, `{month}` and `{year}`."""
    months: tuple[str, ...]
    """January first; within a date."""
    short_months: tuple[str, ...]
    lone_months: tuple[str, ...]
    """Short, and without a day before it."""
    short_days: tuple[str, ...]
    """Monday first; within a date."""
    lone_short_days: tuple[str, ...]
    days: tuple[str, ...]
    amounts: Mapping[str, str]
    """Patterns by the power of ten: `9` is a gigabyte."""

    def number(self, value: float, digits: int) -> str:
        """A number with at most so many decimals."""
        if not math.isfinite(value):
            return {math.inf: "∞", -math.inf: "-∞"}.get(value, "NaN")
        text = f"{Decimal(str(value)):,.{digits}f}"
        if digits:
            text = text.rstrip("0").rstrip(".")
        return text.translate({ord(","): self.group, ord("."): self.decimal})


@lru_cache
def customs(code: str) -> Customs:
    """What a language writes."""
    stored: Json = json.loads(PATH.read_text(encoding="utf-8"))[code]
    lists = {k: tuple(v) for k, v in stored.items() if isinstance(v, list)}
    return Customs(**{**stored, **lists})


def _whole(n: float) -> int | None:
    return int(n) if n == int(n) else None


def _english(n: float) -> str:
    return "one" if n == 1 else "other"


def _russian(n: float) -> str:
    whole = _whole(n)
    if whole is None:
        return "other"
    unit, teen = abs(whole) % 10, abs(whole) % 100 in range(11, 15)
    if teen or unit in (0, 5, 6, 7, 8, 9):
        return "many"
    return "one" if unit == 1 else "few"


PLURALS: Final[Mapping[str, tuple[Callable[[float], str], tuple[str, ...]]]] = {
    "en": (_english, ("one", "other")),
    "ru": (_russian, ("one", "few", "many", "other")),
    "kk": (_english, ("one", "other")),
}
"""The kind of a number, and all kinds in Unicode's order."""
