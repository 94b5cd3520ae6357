"""How a data budget is spent: which part of a round fits, and what is left out.

Pure. When a day's bytes do not suffice for everything, this order holds:

1. the pages, then the transfers, of the evening window and of as many other moments of
   the same day, spread evenly over it: without these no evening can be judged;
2. the pages, then the transfers, of the rest of the day.

A part that fits only partly is thinned evenly. The shares are computed anew for every
round from what is left, so that a costly morning cannot eat the evening.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from monitor.evening_rule import Window
from monitor.sampling.schedule import downloads_are_due
from monitor.wallclock import EPOCH, local_instant

RESERVE = 0.02
"""Share of a day's bytes that is not planned with: a round may cost more than its
like did before."""
_GOLDEN = 0.618033988749895


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Most bytes on the wire in one local day and one local month; None: any."""

    per_day_bytes: int | None = None
    per_month_bytes: int | None = None

    @property
    def is_none(self) -> bool:
        """Whether any amount may be received."""
        return self.per_day_bytes is None and self.per_month_bytes is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """Bytes on the wire so far."""

    today_bytes: int
    month_bytes: int
    """Of the month's days before today."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySlot:
    """One slot of a local day."""

    start_utc: datetime
    is_first: bool
    """Whether it lies in the evening window or is one of its equals outside of it."""
    has_downloads: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What the parts of one round are expected to receive [bytes]."""

    pages_bytes: float
    downloads_bytes: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Which parts of a round fit into the budget."""

    has_pages: bool
    has_downloads: bool


def day_slots(
    day: date,
    *,
    zone: ZoneInfo,
    window: Window,
    every: timedelta,
    downloads_every: timedelta,
) -> tuple[DaySlot, ...]:
    """The slots that begin on a local day, in order.

    Parameters
    ----------
    every, downloads_every : as in the sampler's pace.
    """
    starts = _starts(day, zone, every)
    is_due = [downloads_are_due(s, every, downloads_every) for s in starts]
    clocks = (start.astimezone(zone) for start in starts)
    is_inside = [window.has_clock(60 * c.hour + c.minute) for c in clocks]
    phase = day.toordinal() * _GOLDEN % 1.0
    chosen: set[int] = set()
    for has_downloads in (True, False):
        alike = [i for i, due in enumerate(is_due) if due is has_downloads]
        rest = [i for i in alike if not is_inside[i]]
        n = min(len(alike) - len(rest), len(rest))
        chosen.update(rest[place] for place in _evenly(n, len(rest), phase))
    return tuple(
        DaySlot(
            start_utc=start,
            is_first=is_inside[i] or i in chosen,
            has_downloads=is_due[i],
        )
        for i, start in enumerate(starts)
    )


def left_today_bytes(budget: Budget, use: Use, today: date) -> float:
    """What may still be received today; infinite without a budget.

    The month's rest is shared out equally among its remaining days, today included.
    """
    left = float("inf")
    if budget.per_day_bytes is not None:
        left = budget.per_day_bytes * (1 - RESERVE) - use.today_bytes
    if budget.per_month_bytes is not None:
        of_month = budget.per_month_bytes * (1 - RESERVE) - use.month_bytes
        left = min(left, of_month / _days_left(today) - use.today_bytes)
    return left


@dataclass(slots=True)
class Turns:
    """Takes a share of many, evenly, also while the share changes.

    What is left of a share after a decision is carried over to the next (error
    diffusion), for each part of the day apart.
    """

    credits: dict[str, float] = field(default_factory=dict)

    def takes(self, part: str, share: float) -> bool:
        """Whether the next one of the part is taken."""
        credit = self.credits.get(part, 0.5) + min(share, 1.0)
        is_taken = credit >= 1
        self.credits[part] = credit - is_taken
        return is_taken


def granted(
    slots: Sequence[DaySlot],
    index: int,
    left_bytes: float,
    costs: Costs,
    turns: Turns,
) -> Grant:
    """Which parts of the round of `slots[index]` fit, with the day's rest in mind."""
    slot = slots[index]
    shares = _shares(slots[index:], left_bytes, costs)
    of_pages, of_downloads = shares[:2] if slot.is_first else shares[2:]
    has_pages = (
        turns.takes(f"pages {slot.is_first}", of_pages)
        and left_bytes >= costs.pages_bytes
    )
    return Grant(
        has_pages=has_pages,
        has_downloads=has_pages
        and slot.has_downloads
        and turns.takes(f"downloads {slot.is_first}", of_downloads)
        and left_bytes >= costs.pages_bytes + costs.downloads_bytes,
    )


def _shares(
    slots: Sequence[DaySlot], left_bytes: float, costs: Costs
) -> tuple[float, ...]:
    """Share of each part, in the order of their rights, that can be paid for."""
    shares = []
    left_bytes = max(0.0, left_bytes)
    for is_first in (True, False):
        alike = [slot for slot in slots if slot.is_first is is_first]
        n_downloads = sum(slot.has_downloads for slot in alike)
        for n, cost in (
            (len(alike), costs.pages_bytes),
            (n_downloads, costs.downloads_bytes),
        ):
            # What cannot be paid for once must not keep bytes from the others.
            spent = min(n * cost, left_bytes) if cost <= left_bytes else 0.0
            shares.append(spent / (n * cost) if n * cost else 1.0)
            left_bytes -= spent
    return tuple(shares)


def _starts(day: date, zone: ZoneInfo, every: timedelta) -> list[datetime]:
    begin = local_instant(day, zone)
    end = local_instant(day + timedelta(days=1), zone)
    first = -((EPOCH - begin) // every)
    last = -((EPOCH - end) // every)
    return [EPOCH + number * every for number in range(first, last)]


def _evenly(n: int, n_all: int, phase: float) -> list[int]:
    return [int((place + phase) * n_all / n) for place in range(n)]


def _days_left(today: date) -> int:
    following = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    return (following - today).days
