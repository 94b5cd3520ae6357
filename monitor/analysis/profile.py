"""The shape of slow evenings: excess by slot of the day, and the window it shows."""

from dataclasses import dataclass

import numpy as np

from monitor.analysis.contrast import Fit
from monitor.evening_rule import CEILING, DAY_MIN, LAWS
from monitor.series import EveningTable
from monitor.series.evening_table import medians
from monitor.series.rows import Bools, Floats, Ints

_SHORTEST_MIN = 30
_LONGEST_MIN = 10 * 60
EDGE_MIN = 15
"""An imposed slowdown begins and ends within this time; with rounds farther apart even
the mean of many evenings shows no edges."""
_RAMP_MIN = 60
_FAR_MIN = 30
"""Stretch on either side of an edge that is compared; its first slot may jitter."""


@dataclass(frozen=True, slots=True)
class FoundWindow:
    """The span of the day in which the excess stands out most."""

    start_slot: int
    end_slot: int
    """One after the last."""
    level_log: float
    """Mean excess inside."""


def slot_excess(
    table: EveningTable, series: int, controls: Ints, fitted: Fit, metric: int
) -> Floats:
    """Excess of each cell over the controls in the same cell, shape (D, T)."""
    values = table.grid.values[:, metric]
    rest = table.rest[:, metric, :, None]
    rise = np.clip(values[series] - rest[series], -CEILING, CEILING)
    if not controls.size:
        return np.asarray(rise)
    moved = _moved(table, controls, metric)
    if LAWS[fitted.best[metric]] == "factor":
        expected = medians(np.moveaxis(moved, 0, -1), 1)
    else:
        added = np.exp(rest[controls]) * np.expm1(moved)
        share = medians(np.moveaxis(added, 0, -1), 1) / np.exp(rest[series])
        expected = np.log1p(np.maximum(share, -0.5))
    return np.asarray(np.clip(rise - expected, -CEILING, CEILING))


def slot_common(table: EveningTable, controls: Ints, metric: int) -> Floats:
    """Median rise of the controls in each cell, shape (D, T)."""
    return medians(np.moveaxis(_moved(table, controls, metric), 0, -1), 1)


def _moved(table: EveningTable, controls: Ints, metric: int) -> Floats:
    """Rise of each control in each cell where it answered, shape (C, D, T)."""
    values = table.grid.values[controls, metric]
    finite = np.where(np.isinf(values), np.nan, values)
    rest = table.rest[controls, metric, :, None]
    return np.asarray(np.clip(finite - rest, -CEILING, CEILING))


def profile(cells: Floats, evenings: Bools, bound_log: float) -> Floats:
    """Mean excess by slot over some evenings, NaN where never measured, shape (T,).

    Parameters
    ----------
    cells : shape (n_metrics, D, T)
    bound_log : values are cut to +-bound, so that no single probe makes a window
    """
    chosen = np.clip(cells[:, evenings], -bound_log, bound_log)
    is_finite = np.isfinite(chosen)
    n = is_finite.sum(axis=(0, 1))
    total = np.where(is_finite, chosen, 0.0).sum(axis=(0, 1))
    return np.where(n > 0, total / np.maximum(n, 1), np.nan)


def find_window(shape: Floats, slot_min: int) -> FoundWindow | None:
    """The stretch with the largest sum over the root of its length, if any is slow."""
    is_finite = np.isfinite(shape)
    total = np.concatenate([[0.0], np.cumsum(np.where(is_finite, shape, 0.0))])
    count = np.concatenate([[0], np.cumsum(is_finite)])
    begin, end = np.triu_indices(shape.size + 1, max(1, _SHORTEST_MIN // slot_min))
    fits = (end - begin) * slot_min <= _LONGEST_MIN
    begin, end = begin[fits], end[fits]
    inside = count[end] - count[begin]
    score = (total[end] - total[begin]) / np.sqrt(np.maximum(inside, 1))
    best = int(np.argmax(score))
    if not score.size or score[best] <= 0:
        return None
    start, stop = _trimmed(int(begin[best]), int(end[best]), is_finite)
    level = (total[stop] - total[start]) / max(count[stop] - count[start], 1)
    return FoundWindow(start, stop, float(level))


def _trimmed(start: int, stop: int, is_measured: Bools) -> tuple[int, int]:
    """Without unmeasured slots at its ends."""
    inside = np.flatnonzero(is_measured[start:stop])
    return start + int(inside[0]), start + int(inside[-1]) + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Edges:
    """How a window begins and ends, as shares of the level inside it."""

    score: int
    """+1 for edges within 15 minutes at both ends, -1 for ramps of an hour, else 0."""
    before: float
    first: float
    last: float
    after: float


def edges_of(shape: Floats, window: FoundWindow, slot_min: int) -> Edges:
    """The edges of a window, from slots that are not longer than an edge."""
    near, far = EDGE_MIN // slot_min, _RAMP_MIN // slot_min
    start, end = window.start_slot, window.end_slot
    outside = (
        _level(shape, start - 1 - 2 * near, start - 1),
        _level(shape, end + 1, end + 1 + 2 * near),
    )
    inside = (
        _level(shape, start + 1, min(start + 1 + 2 * near, end)),
        _level(shape, max(end - 1 - 2 * near, start), end - 1),
    )
    ramp = (
        _level(shape, start - far, start - near),
        _level(shape, end + near, end + far),
    )
    before, after, first, last = (x / window.level_log for x in (*outside, *inside))
    return Edges(
        score=_edge_score(window.level_log, outside, inside, ramp),
        before=before,
        first=first,
        last=last,
        after=after,
    )


def _edge_score(
    level: float,
    outside: tuple[float, float],
    inside: tuple[float, float],
    ramp: tuple[float, float],
) -> int:
    if max(outside) <= 0.3 * level and min(inside) >= 0.7 * level:
        return 1
    return -1 if min(ramp) >= 0.3 * level and min(outside) >= 0.5 * level else 0


def _level(shape: Floats, start: int, end: int) -> float:
    part = shape[max(start, 0) : min(end, shape.size)]
    part = part[np.isfinite(part)]
    return float(part.mean()) if part.size else float("nan")


def clock_of(table: EveningTable, span: FoundWindow) -> tuple[str, str]:
    """Begin and end of a window on the local clock."""
    window, slot_min = table.grid.window, table.grid.slot_min
    return (
        window.clock(span.start_slot * slot_min),
        window.clock(min(span.end_slot * slot_min, DAY_MIN)),
    )


def jump_at(shape: Floats, start: int, end: int, slot_min: int) -> float:
    """Mean step at the two edges [log]; -inf when one side was not measured."""
    # With rounds far apart one slot on either side has to do.
    near = 1 if slot_min <= _FAR_MIN // 3 else 0
    far = max(_FAR_MIN // slot_min, 1)
    far_in = max(min(far, (end - start) // 2), near + 1)
    up = mean_of(shape, start + near, start + far_in) - mean_of(
        shape, start - far, start - near
    )
    down = mean_of(shape, end - far_in, end - near) - mean_of(
        shape, end + near, end + far
    )
    jump = (up + down) / 2
    return jump if np.isfinite(jump) else float("-inf")


def mean_of(shape: Floats, start: int, end: int) -> float:
    """Mean of what was measured in a stretch of slots, NaN where nothing was."""
    part = shape[max(start, 0) : max(end, 0)]
    part = part[np.isfinite(part)]
    return float(part.mean()) if part.size else float("nan")
