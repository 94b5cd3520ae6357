"""Per evening: the window against the rest of the same day, for each series and metric.

The evening is the unit of everything that follows; samples inside one evening share a
queue, a server and a household and are never counted as independent.
"""

from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from monitor.evening_rule import (
    CEILING,
    GUARD_MIN,
    LEAD_MIN,
    MIN_COVERAGE,
    USUAL_QUANTILE,
)
from monitor.series.cells import Connection
from monitor.series.grid import Grid, widened
from monitor.series.rows import Bools, Floats, Ints
from monitor.series.sent_again import Sent, sent_in
from monitor.series.setaside import dead_share, outages, own_load
from monitor.wallclock import numbered_day

SHOULDER_MIN = 60
"""Length of the stretch on either side that shows whether a rise is a gentle hill."""
EDGE_MIN = 30
"""Stretch on either side of an edge that is compared; its first slot may jitter."""
COARSEST_EDGE_MIN = 10
"""Rounds further apart than this show no edges in a single evening."""
_LEAST_AT_EDGES = 3
_MOST_AT_ONCE = 2**20
"""Values sorted at once: sorting copies, and years of a home are many values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferTable:
    """The evenings of the connections by which rates were measured, shapes (S, D)."""

    connect_rest: Floats
    """Logarithm of the connect time by day."""
    connect_rise: Floats
    """Window minus rest of the connect time."""
    bytes_rest: Floats
    """Logarithm of what arrived by day."""
    dead_in_window: Floats
    """Share of attempts without an answer in the window."""
    dead_in_rest: Floats
    n_in_window: Floats
    """Attempts in the window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EveningTable:
    """The numbers per evening of one vantage.

    Shapes: S series, M metrics, D evenings, K placebo windows. Logarithms; more is
    slower; NaN where an evening cannot be used.
    """

    grid: Grid
    """Cells after rounds were set aside."""
    window: Floats
    """Median in the window, at most CEILING above the rest, shape (S, M, D)."""
    rest: Floats
    """Median in the rest of the same day, shape (S, M, D)."""
    rise: Floats
    """Window minus rest, within +-CEILING, shape (S, M, D)."""
    shoulder: Floats
    """The same for the hour beside the window on either side, shape (S, M, D)."""
    inner: Floats
    """The same for the minutes just inside both edges of the window and of the placebo
    windows, NaN where rounds are too far apart, shape (S, M, D, 1 + K)."""
    outer: Floats
    """The same for the minutes just outside, shape (S, M, D, 1 + K)."""
    placebo: Floats
    """The same for other windows of the same day, shape (S, M, D, K)."""
    rise_with_load: Floats | None
    """`rise` with the rounds under own load counted, None when there were none."""
    dead_in_window: Floats
    """Share of attempts without an answer in the window, shape (S, D)."""
    dead_in_rest: Floats
    has_evening: Bools
    """Whether enough rounds were tried in the window and in the rest, shape (S, D)."""
    in_window: Bools
    """Shape (T,)."""
    in_rest: Bools
    """Shape (T,)."""
    n_outage_slots: Ints
    """Slots set aside as outages, per evening, shape (D,)."""
    load_share: Floats
    """Share of the window's slots under own load, per evening, shape (D,)."""
    gateway_rise: Floats
    """Window minus rest of the round trip to the gateway [log], shape (D,)."""
    gateway_log: float
    """The usual round trip to the gateway [log seconds], NaN unknown."""
    transfer: TransferTable
    sent: tuple[Sent, Sent] | None
    """What was sent again in the window and in the rest; None: it was not counted."""

    def dates(self) -> list[date]:
        """Local dates of the evenings."""
        return [numbered_day(int(day)) for day in self.grid.evening]


def evening_table(grid: Grid) -> EveningTable:
    """The evenings of one vantage's grid."""
    share = dead_share(grid)
    down, loaded = outages(grid, share), own_load(grid)
    inside = grid.in_window()
    rest = ~widened(inside, GUARD_MIN // grid.slot_min)
    values = grid.values
    need = _need(~np.isnan(values), inside)
    if down.any():
        values = np.where(down, np.nan, values)
        share = np.where(down, np.nan, share)
    windows = [inside, *_placebo_windows(grid, inside)]
    with_load = None
    if loaded.any():
        with_load = _rise(*_two_sides(values, inside, rest, need))
        values = np.where(loaded, np.nan, values)
        share = np.where(loaded, np.nan, share)
    in_window, in_rest = _two_sides(values, inside, rest, need)
    # A day without any answer has no rest to compare with.
    in_rest = np.where(np.isinf(in_rest), np.nan, in_rest)
    rise = _rise(in_window, in_rest)
    tried = np.isfinite(share)
    return EveningTable(
        grid=replace(grid, values=values),
        window=in_rest + rise,
        rest=in_rest,
        rise=rise,
        shoulder=_rise(medians(values[..., _beside(grid, inside)], need), in_rest),
        inner=_edges(values, in_rest, [_just_inside(grid, w) for w in windows]),
        outer=_edges(values, in_rest, [_just_outside(grid, w) for w in windows]),
        placebo=_placebo(values, in_rest, windows[1:], need),
        rise_with_load=with_load,
        dead_in_window=_mean(share[..., inside]),
        dead_in_rest=_mean(share[..., rest]),
        has_evening=_has_both(tried, inside, rest),
        in_window=inside,
        in_rest=rest,
        n_outage_slots=down.sum(axis=-1),
        load_share=loaded[:, inside].mean(axis=-1),
        gateway_rise=_rise(
            *_two_sides(grid.gateway[None, None], inside, rest, 1)
        ).reshape(-1),
        gateway_log=typical(grid.gateway),
        transfer=_transfer_table(grid.transfer, down | loaded, inside, rest),
        sent=_sent(grid, down | loaded, inside, rest),
    )


def _sent(
    grid: Grid, set_aside: Bools, inside: Bools, rest: Bools
) -> tuple[Sent, Sent] | None:
    if grid.sent is None:
        return None
    of = grid.sent
    return sent_in(of, inside, set_aside), sent_in(of, rest, set_aside)


def _transfer_table(
    of: Connection, set_aside: Bools, inside: Bools, rest: Bools
) -> TransferTable:
    share = np.full(of.n_rows.shape, np.nan, np.float32)
    has_rows = (of.n_rows > 0) & ~set_aside
    share[has_rows] = of.n_dead[has_rows] / of.n_rows[has_rows]
    connect, bytes_ = (
        _two_sides(np.where(set_aside, np.nan, cells), inside, rest, 1)
        for cells in (of.connect, of.bytes_)
    )
    return TransferTable(
        connect_rest=np.where(np.isinf(connect[1]), np.nan, connect[1]),
        connect_rise=_rise(*connect),
        bytes_rest=np.where(np.isinf(bytes_[1]), np.nan, bytes_[1]),
        dead_in_window=_mean(share[..., inside]),
        dead_in_rest=_mean(share[..., rest]),
        n_in_window=np.where(has_rows, of.n_rows, 0)[..., inside].sum(axis=-1),
    )


def medians(values: NDArray[np.floating], need: int | Ints) -> Floats:
    """Median along the last axis over what was measured; NaN below `need` values.

    `need` is one number or has the shape of the result.

    `inf` counts as slower than everything else. With an even number of values the two
    middle ones are averaged.
    """
    if values.size == 0:
        return np.full(values.shape[:-1], np.nan)
    if values.size > _MOST_AT_ONCE and values.shape[0] > 1:
        needs = np.broadcast_to(np.asarray(need), values.shape[:-1])
        return np.stack([medians(v, n) for v, n in zip(values, needs, strict=True)])
    ordered = np.sort(values, axis=-1).reshape(-1, values.shape[-1])
    n = ordered.shape[-1] - np.isnan(ordered).sum(axis=-1)
    row = np.arange(n.size)
    upper = ordered[row, np.minimum(n // 2, ordered.shape[-1] - 1)]
    lower = ordered[row, np.maximum((n - 1) // 2, 0)]
    middle = (upper.astype(np.float64) + lower) / 2
    least = need if isinstance(need, int) else need.reshape(-1)
    middle[n < np.maximum(least, 1)] = np.nan
    return np.asarray(middle.reshape(values.shape[:-1]))


def medians_by_place(place: Ints, values: Floats, n_places: int) -> Floats:
    """Median of the values of each place, NaN where there is none, shape (n_places,).

    Parameters
    ----------
    place : which one each value belongs to, shape (n,)
    values : shape (n,); NaN: not measured, `inf`: slower than everything else
    """
    is_known = ~np.isnan(values)
    place, values = place[is_known], values[is_known]
    # Places differ in length, by much where the samples are somebody's: no rectangle.
    values = values[np.lexsort((values, place))]
    count = np.bincount(place, minlength=n_places)
    first, is_filled = np.cumsum(count) - count, count > 0
    out = np.full(n_places, np.nan)
    lower, upper = (
        (first + (count - 1) // 2)[is_filled],
        (first + count // 2)[is_filled],
    )
    out[is_filled] = (values[lower] + values[upper]) / 2
    return out


def typical(values: NDArray[np.floating]) -> float:
    """Median of what is finite, NaN when nothing is."""
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if finite.size else float("nan")


def typical_of_each(values: NDArray[np.floating]) -> Floats:
    """Median of what is finite of each row, NaN when nothing is, shape (n_rows,)."""
    return medians(np.where(np.isfinite(values), values, np.nan), 1)


def _need(is_known: Bools, inside: Bools) -> Ints:
    """Slots that must be known for a median: half of those of a usual evening.

    What is usual is counted per series and metric, because pages and transfers are not
    fetched equally often; shape (..., D, T) to (..., D), the same on every evening.
    """
    count = is_known[..., inside].sum(axis=-1)
    seldom = np.where(count > 0, count, np.nan)
    usual = np.nan_to_num(_quantile(seldom, USUAL_QUANTILE))
    need = np.maximum(np.ceil(MIN_COVERAGE * usual), 1).astype(np.int64)
    return np.broadcast_to(need[..., None], count.shape)


def _quantile(values: Floats, share: float) -> Floats:
    """Quantile along the last axis over what is known, NaN when nothing is."""
    ordered = np.sort(values, axis=-1)
    n = np.isfinite(ordered).sum(axis=-1)
    place = np.maximum(np.ceil(share * n).astype(np.int64) - 1, 0)
    return np.asarray(np.take_along_axis(ordered, place[..., None], -1)[..., 0])


def _has_both(tried: Bools, inside: Bools, rest: Bools) -> Bools:
    """Whether window and rest were tried often enough, shape (S, D)."""
    need = _need(tried, inside)
    in_window, in_rest = tried[..., inside].sum(-1), tried[..., rest].sum(-1)
    return np.asarray((in_window >= need) & (in_rest >= need))


def _beside(grid: Grid, inside: Bools) -> Bools:
    """Slots of the hour before and the hour after the window and its guard."""
    near = GUARD_MIN // grid.slot_min
    far = (GUARD_MIN + SHOULDER_MIN) // grid.slot_min
    return widened(inside, far) & ~widened(inside, near)


def _just_inside(grid: Grid, inside: Bools) -> Bools:
    """The first and last stretch of a window, without the very edges."""
    place = np.flatnonzero(inside)
    out = np.zeros_like(inside)
    if place.size and grid.slot_min <= COARSEST_EDGE_MIN:
        edge = EDGE_MIN // grid.slot_min
        out[place[0] + 1 : place[0] + edge] = True
        out[place[-1] - edge + 1 : place[-1]] = True
    return out & inside


def _just_outside(grid: Grid, inside: Bools) -> Bools:
    """The stretches just outside a window, without the very edges."""
    if grid.slot_min > COARSEST_EDGE_MIN:
        return np.zeros_like(inside)
    return widened(inside, EDGE_MIN // grid.slot_min) & ~widened(inside, 1)


def _edges(
    values: NDArray[np.floating], rest: Floats, stretches: list[Bools]
) -> Floats:
    """Rise in some stretches of the day, shape (S, M, D, stretches)."""
    is_known = ~np.isnan(values)
    rises = []
    for chosen in stretches:
        need = np.maximum(_need(is_known, chosen), _LEAST_AT_EDGES)
        rises.append(_rise(medians(values[..., chosen], need), rest))
    return np.stack(rises, axis=-1)


def _two_sides(
    values: NDArray[np.floating], inside: Bools, rest: Bools, need: int | Ints
) -> tuple[Floats, Floats]:
    return medians(values[..., inside], need), medians(values[..., rest], need)


def _rise(window: Floats, rest: Floats) -> Floats:
    """Window minus rest, bounded; a day without any answer has no rise."""
    finite = np.where(np.isinf(rest), np.nan, rest)
    return np.clip(window - finite, -CEILING, CEILING)


def _placebo_windows(grid: Grid, inside: Bools) -> list[Bools]:
    """Windows as long as the real one that do not touch it nor each other."""
    length = int(inside.sum())
    lead = LEAD_MIN // grid.slot_min
    guard = GUARD_MIN // grid.slot_min
    before = range(lead - guard - length, -1, -length)
    after = range(lead + length + guard, grid.n_slots - length + 1, length)
    slot = np.arange(grid.n_slots)
    return [(slot >= b) & (slot < b + length) for b in (*reversed(before), *after)]


def _placebo(
    values: NDArray[np.floating],
    rest: Floats,
    windows: list[Bools],
    need: int | Ints,
) -> Floats:
    rises = [_rise(medians(values[..., w], need), rest) for w in windows]
    return np.stack(rises, axis=-1) if rises else np.zeros((*rest.shape, 0))


def _mean(share: NDArray[np.floating]) -> Floats:
    is_known = np.isfinite(share)
    n = is_known.sum(axis=-1)
    total = np.where(is_known, share, 0).sum(axis=-1)
    return np.where(n > 0, total / np.maximum(n, 1), np.nan)
