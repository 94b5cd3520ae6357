"""How a site is at each hour of the local day and of the week, with its spread; pure.

Values come in as times slower than usual, so that a service and its controls can be
held beside each other; an attempt without an answer is infinitely slow. Plain Python:
whoever shows a page loads no numpy.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil
from typing import Final

HOURS_OF_DAY: Final = 24
HOURS_OF_WEEK: Final = 168
FEWEST: Final = 5
"""With fewer values their ends are no tenth of anything."""
_LOW, _HIGH = 0.1, 0.9
_THURSDAY: Final = 3
"""The first day of 1970; Monday is 0."""


@dataclass(frozen=True, slots=True)
class Spread:
    """The values of one hour [times slower than usual]; `inf`: no answer.

    Attributes
    ----------
    low, high : nine of ten values are at least, and at most, so much (10 and 90 %);
        None with fewer than `FEWEST`.
    middle : the median, the higher one of two; None without a value.
    n : how many values.
    """

    low: float | None
    middle: float | None
    high: float | None
    n: int


@dataclass(frozen=True, slots=True)
class HourProfile:
    """The hours of the local day, and of the week from Monday 00:00 on.

    Attributes
    ----------
    day : 24 spreads, of all days together.
    week : 168 spreads.
    """

    day: tuple[Spread, ...]
    week: tuple[Spread, ...]


def hour_profile(values: Iterable[tuple[int, float]]) -> HourProfile:
    """The profile of values, each with its hour of the week (0 to 167)."""
    week: list[list[float]] = [[] for _ in range(HOURS_OF_WEEK)]
    for hour, slowness in values:
        week[hour].append(slowness)
    day = [
        [value for of_hour in week[hour::HOURS_OF_DAY] for value in of_hour]
        for hour in range(HOURS_OF_DAY)
    ]
    return HourProfile(day=tuple(map(_spread, day)), week=tuple(map(_spread, week)))


def hour_of_week(day: date, hour: int) -> int:
    """Hours since Monday 00:00 on the local clock."""
    return day.weekday() * HOURS_OF_DAY + hour


def hour_of_week_s(local_s: int) -> int:
    """The same of seconds since 1970 on the local clock."""
    days, second = divmod(local_s, 86_400)
    return (days + _THURSDAY) % 7 * HOURS_OF_DAY + second // 3600


def _spread(values: Sequence[float]) -> Spread:
    ordered = sorted(values)
    n = len(ordered)
    if not n:
        return Spread(None, None, None, 0)
    middle = ordered[n // 2]
    if n < FEWEST:
        return Spread(None, middle, None, n)
    low, high = (ordered[ceil(share * n) - 1] for share in (_LOW, _HIGH))
    return Spread(low, middle, high, n)
