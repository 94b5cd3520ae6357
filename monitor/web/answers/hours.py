"""Hours of a site side by side, one entry per hour, as the charts count; pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from monitor.hour_profile import HOURS_OF_DAY
from monitor.store.hourly_days import HOUR_US, HourlyDay, PackedDay


class Cell(NamedTuple):
    """One hour of one site and metric."""

    value: float | None
    n: int
    n_failed: int

    @property
    def is_dead(self) -> bool:
        """Whether everything that was tried failed."""
        return 0 < self.n == self.n_failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Hours of one site and metric without a break.

    Entry k begins at `first_us` + k hours; hours without a probe have n 0.
    """

    first_us: int
    value: Sequence[float | None]
    n: Sequence[int]
    n_failed: Sequence[int]

    def start_us(self, place: int) -> int:
        """When an hour begins [us since 1970]."""
        return self.first_us + place * HOUR_US

    def cell(self, place: int) -> Cell:
        """One hour."""
        return Cell(self.value[place], self.n[place], self.n_failed[place])

    def tried(self) -> list[int]:
        """Places of the hours in which anything was tried."""
        return [place for place, n in enumerate(self.n) if n]


def laid_out(
    days: Iterable[HourlyDay], first_us: int, until_us: int, *, is_share: bool
) -> Hours:
    """Days of one site, of one or several series, as its hours.

    Parameters
    ----------
    first_us : where a local hour begins; the first entry.
    until_us : end of the span, itself outside.
    is_share : the value is the share of failures instead of what the days hold.
    """
    length = max(0, -((first_us - until_us) // HOUR_US))
    value: list[float | None] = [None] * length
    n, n_failed = [0] * length, [0] * length
    for day in days:
        start = (day.first_us - first_us) // HOUR_US
        low, high = max(0, -start), min(HOURS_OF_DAY, length - start)
        if low >= high:
            continue
        here = slice(start + low, start + high)
        columns = day.value[low:high], day.n[low:high], day.n_failed[low:high]
        if any(n[here]):
            earlier = value[here], n[here], n_failed[here]
            columns = _put_together(earlier, columns)
        value[here], n[here], n_failed[here] = columns
    if is_share:
        value = [f / k if k else None for f, k in zip(n_failed, n, strict=True)]
    return Hours(first_us=first_us, value=value, n=n, n_failed=n_failed)


def measured_span(
    days: Sequence[HourlyDay | PackedDay], first_us: int, until_us: int
) -> tuple[int, int]:
    """The part of a span in which there is a day: decades may be asked for."""
    if not days:
        return first_us, first_us
    before = (min(day.first_us for day in days) - first_us) // HOUR_US
    last_us = max(day.first_us for day in days) + (HOURS_OF_DAY + 1) * HOUR_US
    return first_us + max(0, before) * HOUR_US, min(until_us, last_us)


def joined(cell: Cell, other: Cell) -> Cell:
    """Two cells as one: their mean, weighted by the number of probes."""
    n = cell.n + other.n
    parts = [(c.value, c.n) for c in (cell, other) if c.value is not None]
    weight = sum(w for _, w in parts)
    value = sum(v * w for v, w in parts) / weight if weight else None
    return Cell(value=value, n=n, n_failed=cell.n_failed + other.n_failed)


_Columns = tuple[Sequence[float | None], Sequence[int], Sequence[int]]


def _put_together(columns: _Columns, other: _Columns) -> _Columns:
    cells = [
        joined(Cell(*a), Cell(*b))
        for a, b in zip(
            zip(*columns, strict=True), zip(*other, strict=True), strict=True
        )
    ]
    return (
        [cell.value for cell in cells],
        [cell.n for cell in cells],
        [cell.n_failed for cell in cells],
    )
