"""Whether the sites fall into two groups: one switched in the window, one untouched.

A list of what stays quick holds everything else down, controls too; against all of them
its targets look like everybody. So before anybody is judged it is asked whether some
controls are switched, with sharp edges, together with targets, while others are not
touched at all. Then those that stayed quick are the controls.

Two conditions keep the innocent out. What is switched shows at the edges: a full way
abroad is a hill and shows a tenth to a half of its height there. And what is quick is
so in absolute terms, slow start set aside: a cap on the whole line leaves slow sites
untouched, too, at sharp edges, but none of them is quicker than those it holds.
"""

from dataclasses import dataclass, replace

import numpy as np

from monitor.analysis.cap import drained_log
from monitor.analysis.profile import EDGE_MIN, jump_at, profile, slot_common
from monitor.evening_rule import CEILING, WELL_SHARE, mostly_failed
from monitor.series import EveningTable
from monitor.series.columns import METRICS
from monitor.series.evening_table import COARSEST_EDGE_MIN, typical_of_each
from monitor.series.rows import Bools, Floats, Ints

_RATE = METRICS.index("goodput_bps")
_TRANSFERS = (_RATE, METRICS.index("response_s"))
"""Of a page, too: transfers may come too seldom to show an edge."""
_METRICS = (*_TRANSFERS, METRICS.index("tls_handshake_s"))
_MIN_EVENINGS = 5
_SWITCHED_LOG = float(np.log(1.5))
_QUICK_LOG = float(np.log(1.2))
_AT_EDGES = 0.6
"""Part of its height that a switched site shows at the edges."""
_ON_EVENINGS = 0.6
"""Share of the evenings on which it is slow."""
_BETWEEN = 1 / 3
"""Controls that are neither, at most so many times the switched ones."""
_LONE_LOG = float(np.log(3.0))
"""What a single quick control asks of the switched targets."""


@dataclass(frozen=True, slots=True)
class Split:
    """Two groups of sites."""

    quick: tuple[int, ...]
    """Controls that stayed as they are."""
    held: tuple[int, ...]
    """Controls that were switched with the targets, or came between."""
    targets: tuple[int, ...]
    """Targets that were switched."""


def split(
    table: EveningTable, targets: Ints, controls: Ints, evenings: Bools
) -> Split | None:
    """The two groups, by death, by the rate or by the handshake; None: one group."""
    if evenings.sum() < _MIN_EVENINGS or controls.size < 2:
        return None
    by_metric = (_split(table, targets, controls, evenings, m) for m in _METRICS)
    ways = (_split_by_death(table, targets, controls, evenings), *by_metric)
    return next((way for way in ways if way), None)


def _split_by_death(
    table: EveningTable, targets: Ints, controls: Ints, evenings: Bools
) -> Split | None:
    """Some answer nothing in the window on most evenings, others answer as ever."""
    window, rest = table.dead_in_window[:, evenings], table.dead_in_rest[:, evenings]
    with np.errstate(invalid="ignore"):
        died = mostly_failed(window) & ~mostly_failed(rest)
        dead = died.mean(axis=1) >= _ON_EVENINGS
        well = (window <= WELL_SHARE).mean(axis=1) >= _ON_EVENINGS
    return _grouped(targets, controls, dead, well)


def _split(
    table: EveningTable, targets: Ints, controls: Ints, evenings: Bools, metric: int
) -> Split | None:
    rise = table.rise[:, metric][:, evenings]
    height, edge = typical_of_each(rise), _at_edges(table, evenings, metric)
    with np.errstate(invalid="ignore"):
        often = (rise > _SWITCHED_LOG).mean(axis=1) >= _ON_EVENINGS
        switched = (height >= _SWITCHED_LOG) & (edge >= _AT_EDGES * height) & often
        quick = (height <= _QUICK_LOG) & (edge <= _QUICK_LOG)
    out = _grouped(targets, controls, switched, quick)
    if out is None:
        return None
    if metric in _TRANSFERS:
        return _held_back(table, out, evenings)
    is_clear = len(out.quick) > 1 or bool(
        np.median(height[list(out.targets)]) >= _LONE_LOG
    )
    return out if is_clear else None


def _at_edges(table: EveningTable, evenings: Bools, metric: int) -> Floats:
    """How much of a rise comes and goes at the edges, of each series, shape (S,).

    Where rounds are too far apart for the edges of one evening, of the mean evening.
    """
    slot_min = table.grid.slot_min
    if slot_min <= COARSEST_EDGE_MIN or slot_min > EDGE_MIN:
        step = (table.inner - table.outer)[:, metric, :, 0][:, evenings]
        return typical_of_each(step)
    inside = np.flatnonzero(table.in_window)
    start, end = int(inside[0]), int(inside[-1]) + 1
    alone = np.arange(table.rise.shape[0])[:, None]
    cells = (slot_common(table, series, metric) for series in alone)
    shapes = (profile(own[None], evenings, CEILING) for own in cells)
    jumps = np.array([jump_at(shape, start, end, slot_min) for shape in shapes])
    return np.where(np.isfinite(jumps), jumps, np.nan)


def _held_back(table: EveningTable, groups: Split, evenings: Bools) -> Split | None:
    """The targets that are slower than the quickest quick control in absolute terms.

    As measured, too: what is left of a small object without slow start may say too much
    of what the line gives.
    """
    then, by_day = (
        typical_of_each(drained_log(table, level[:, _RATE])[:, evenings])
        for level in (table.window, table.rest)
    )
    measured = typical_of_each(table.window[:, _RATE][:, evenings])
    drained, whole = (
        np.fmin.reduce(level[list(groups.quick)]) for level in (then, measured)
    )
    held = [
        t
        for t in groups.targets
        if then[t] - drained >= _SWITCHED_LOG and measured[t] > whole
    ]
    if not held:
        return None
    is_clear = len(groups.quick) > 1 or np.median((then - by_day)[held]) >= _LONE_LOG
    return replace(groups, targets=tuple(held)) if is_clear else None


def _grouped(
    targets: Ints, controls: Ints, switched: Bools, quick: Bools
) -> Split | None:
    n_switched = int(switched[controls].sum())
    between = ~(switched | quick)[controls]
    if not switched[targets].any() or not n_switched or not quick[controls].any():
        return None
    if between.sum() > _BETWEEN * n_switched:
        return None
    return Split(
        quick=tuple(controls[quick[controls]].tolist()),
        held=tuple(controls[~quick[controls]].tolist()),
        targets=tuple(targets[switched[targets]].tolist()),
    )
