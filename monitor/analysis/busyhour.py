"""Whether the common movement alone could make a site look singled out.

Sites feel a busy line differently: a near site with a big object feels it two or three
times as much as the usual control. What such a site shows has the gentle hill of the
busy hour; what is switched on and off has edges. So the excess just inside the window
is held against the excess just outside it (a regression discontinuity in time).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from monitor.analysis.cap import RATE
from monitor.analysis.contrast import Contrast, Fit
from monitor.analysis.profile import (
    EDGE_MIN,
    find_window,
    jump_at,
    mean_of,
    profile,
    slot_common,
    slot_excess,
)
from monitor.analysis.suspicion import TELLING_LOG, Suspicion
from monitor.evening_rule import CEILING
from monitor.series import EveningTable
from monitor.series.columns import METRICS
from monitor.series.evening_table import medians, typical
from monitor.series.rows import Bools, Floats, Ints

_CONNECT = METRICS.index("connect_s")
SLOWER_LOG = float(np.log(1.1))
"""A slow site is slower than its own day by at least this, whatever the controls do."""
_MOST_MORE = 2.0
"""A site may feel the busy hour by this much more, times the controls' own rise."""
_LEFT_LOG = float(np.log(2.5))
"""What must be left beyond that to need no edges: innocent sites stay below 2.4."""
_LEFT_UNSEEN_LOG = float(np.log(1.3))
"""The same where rounds are too far apart to see edges."""
_SWITCHED_SHARE = 0.2
"""Part of the excess that must be switched and not hill."""
_SOUGHT_SHARE = 0.5
"""The same where the window was sought in the data: one of many stretches looks
switched by chance."""
_STEEP_SHARE = 0.5
"""What a steep hill shows of its height at the edges; most show 0.1 to 0.5."""
_ALL_SWITCHED_SHARE = 0.75
"""Controls that show so much at the edges are switched themselves; a site ..."""
_ALL_MORE = 0.75
"""... must then rise by so much more, times their rise: edges tell nothing."""
_PRIOR_LOG = 0.15
"""Weight of that against the hill that the controls show [log]."""
_SHARE_SLACK = 0.05
"""Sites differ a little in the shape of their hills."""
_LEAST_TO_FOLLOW = 8
"""Evenings from which on it may be said that one series follows another."""
_FOLLOWS_RHO = 0.7
"""Rank correlation of an excess with a control's rise that says so."""
_LITTLE_SHARE = 0.3
"""Of its mean, what an excess that follows may show at rest: rises are noisy, and a
line through noisy values is too flat."""


@dataclass(frozen=True, slots=True)
class _Span:
    """A stretch of the day whose edges are looked at."""

    start: int
    end: int
    switched_share: float


def is_busy_hour(
    table: EveningTable,
    contrast: Contrast,
    fitted: Fit,
    excess: Floats,
    evenings: Bools,
    site: Suspicion,
    neighbours: Ints,
) -> bool:
    """Whether every metric that speaks against a site could be the busy hour.

    Parameters
    ----------
    excess : rise beyond the controls, shape (S, M, D)
    neighbours : all controls, those that left included: they may share a full way
    """
    controls = contrast.controls[contrast.controls != site.series]
    neighbours = neighbours[neighbours != site.series]
    if site.is_dead_enough or not controls.size:
        return False
    can_see = table.grid.slot_min <= EDGE_MIN
    enough = _LEFT_LOG if can_see else _LEFT_UNSEEN_LOG
    for m in site.telling:
        of_site = excess[site.series, m]
        slow = evenings & (np.nan_to_num(of_site, nan=-1.0) > TELLING_LOG)
        if typical(table.rise[site.series, m][slow]) < SLOWER_LOG:
            # Slower than controls that became quicker, not than its own day.
            continue
        if _follows_a_control(table, neighbours, of_site, slow, evenings, int(m)):
            continue
        height = typical(of_site[slow])
        shared = max(float(np.nan_to_num(typical(contrast.common[m][slow]))), 0.0)
        is_queue = _has_queue(table, controls, excess, slow, site.series, int(m))
        if height - _MOST_MORE * shared >= enough and not is_queue:
            return False
        cells = slot_excess(table, site.series, controls, fitted, int(m))
        shape = profile(cells[None], slow, 2.0 * height)
        common = slot_common(table, controls, int(m))
        hill = profile(common[None], slow, CEILING)
        spans = _spans(table, None if is_queue else shape)
        if _has_edges(table, shape, hill, spans, has_step=bool(site.has_step[m])):
            return False
    return True


def _has_queue(
    table: EveningTable,
    controls: Ints,
    excess: Floats,
    slow: Bools,
    series: int,
    metric: int,
) -> bool:
    """Whether round trips of the slow connection are longer, too, on slow evenings.

    Then packets may queue on a full way that the controls do not share. It begins at
    some hour, often within minutes, and multiplies what a far site takes: neither size
    nor edges at sought hours tell it from what is imposed, edges at the hours asked for
    do.
    """
    beyond = excess[series, _CONNECT]
    if metric == RATE:
        rise = table.transfer.connect_rise
        beyond = rise[series] - medians(rise[controls].T, 1)
    height = typical(beyond[slow])
    return bool(np.nan_to_num(height) >= TELLING_LOG)


def _follows_a_control(
    table: EveningTable,
    controls: Ints,
    excess: Floats,
    slow: Bools,
    evenings: Bools,
    metric: int,
) -> bool:
    """Whether the excess is, evening by evening, what some control shows, and more.

    A full way hurts a far site with a large object several times as much as its
    neighbours, and those without it not at all: the median of the controls stays, and
    edges are sharp where packets begin to be lost. But the excess then grows with the
    rise of those neighbours, and comes to nothing where they do not rise. What somebody
    imposes does neither.

    Parameters
    ----------
    excess : of the site, shape (D,)
    slow : its slow evenings, shape (D,)
    """
    for control in controls.tolist():
        rise = table.rise[control, metric]
        if typical(rise[slow]) < SLOWER_LOG or _is_switched(
            table, control, metric, slow
        ):
            continue
        known = evenings & np.isfinite(rise) & (rise < CEILING) & np.isfinite(excess)
        if known.sum() >= _LEAST_TO_FOLLOW and _grows_from_nothing(
            rise[known], excess[known]
        ):
            return True
    return False


def _is_switched(table: EveningTable, control: int, metric: int, slow: Bools) -> bool:
    """Whether a control is slowed itself, as if switched, on some evenings."""
    own = slot_common(table, np.array([control]), metric)
    shape = profile(own[None], slow, CEILING)
    (asked,) = _spans(table, None)
    jump, height = _edge(shape, asked, table.grid.slot_min)
    return jump >= _ALL_SWITCHED_SHARE * height


def _grows_from_nothing(rise: Floats, excess: Floats) -> bool:
    """Whether an excess follows a rise and is little where there is no rise."""
    if rank_correlation(rise, excess) < _FOLLOWS_RHO:
        return False
    slope, at_rest = np.polyfit(rise, excess, 1)
    little = max(TELLING_LOG, _LITTLE_SHARE * float(excess.mean()))
    return bool(slope > 0 and at_rest <= little)


def rank_correlation(first: Floats, second: Floats) -> float:
    """Spearman's correlation of two series without ties."""
    a, b = (np.argsort(np.argsort(x, kind="stable")) for x in (first, second))
    return float(np.corrcoef(a, b)[0, 1])


def _has_edges(
    table: EveningTable,
    shape: Floats,
    hill: Floats,
    spans: Iterable[_Span],
    *,
    has_step: bool,
) -> bool:
    """Whether more of the excess comes and goes at the edges than of the busy hour.

    A site that only feels the busy hour more has an excess of the busy hour's own
    shape. Jumps and heights are means over the same evenings: where only some nights
    are slowed, a median height would be held against the mean of a mixture.

    Parameters
    ----------
    shape : excess of the site by slot, shape (T,)
    hill : rise of the controls by slot, shape (T,)
    spans : stretches of the day, one of which must have edges
    has_step : whether the step at the edges spoke; else no hill is taken for mild
    """
    slot_min = table.grid.slot_min
    for span in spans:
        jump, height = _edge(shape, span, slot_min)
        common_jump, common = _edge(hill, span, slot_min)
        is_switched = common_jump >= _ALL_SWITCHED_SHARE * common
        if is_switched and height < _ALL_MORE * common:
            # Edges of the whole line, which this site may feel a little more.
            continue
        share = _hill_share(common_jump, common) if has_step else _STEEP_SHARE
        if jump >= (share + span.switched_share * (1.0 - share)) * height:
            return True
    return False


def _spans(table: EveningTable, sought: Floats | None) -> Iterator[_Span]:
    """The window that was asked for, and the one that a shape shows."""
    inside = np.flatnonzero(table.in_window)
    yield _Span(int(inside[0]), int(inside[-1]) + 1, _SWITCHED_SHARE)
    if sought is None:
        return
    if window := find_window(sought, table.grid.slot_min):
        yield _Span(window.start_slot, window.end_slot, _SOUGHT_SHARE)


def _edge(shape: Floats, span: _Span, slot_min: int) -> tuple[float, float]:
    """Mean jump at the two edges of a span and mean height in it [log]."""
    jump = jump_at(shape, span.start, span.end, slot_min)
    return jump, mean_of(shape, span.start, span.end)


def _hill_share(jump: float, height: float) -> float:
    """Part of its height that the busy hour itself shows at the edges.

    Shrunk towards what a steep hill shows, by the weight of a small rise, and never
    more: where the controls are switched, too, edges tell as much as ever.
    """
    if not (np.isfinite(jump) and np.isfinite(height)):
        return _STEEP_SHARE
    share = max(jump, 0.0) + _STEEP_SHARE * _PRIOR_LOG
    return min(share / (max(height, 0.0) + _PRIOR_LOG) + _SHARE_SLACK, _STEEP_SHARE)
