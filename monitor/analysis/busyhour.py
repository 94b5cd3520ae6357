"""Whether the common movement alone could make a site look singled out.

Sites feel a busy line differently: a near site with a big object feels it two or three
times as much as the usual control. What such a site shows has the gentle hill of the
busy hour; what is switched on and off has edges. So the excess just inside the window
is held against the excess just outside it (a regression discontinuity in time).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from monitor.analysis.contrast import Contrast, Fit
from monitor.analysis.profile import (
    EDGE_MIN,
    find_window,
    profile,
    slot_common,
    slot_excess,
)
from monitor.analysis.suspicion import TELLING_LOG, Suspicion
from monitor.evening_rule import CEILING
from monitor.series import EveningTable
from monitor.series.evening_table import typical
from monitor.series.rows import Bools, Floats

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
_FAR_MIN = 30
"""Stretch on either side of an edge that is compared; its first slot may jitter."""


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
) -> bool:
    """Whether every metric that speaks against a site could be the busy hour.

    Parameters
    ----------
    excess : rise beyond the controls, shape (S, M, D)
    """
    controls = contrast.controls[contrast.controls != site.series]
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
        height = typical(of_site[slow])
        shared = max(float(np.nan_to_num(typical(contrast.common[m][slow]))), 0.0)
        if height - _MOST_MORE * shared >= enough:
            return False
        cells = slot_excess(table, site.series, controls, fitted, int(m))
        shape = profile(cells[None], slow, 2.0 * height)
        common = slot_common(table, controls, int(m))
        hill = profile(common[None], slow, CEILING)
        if _has_edges(table, shape, hill, has_step=bool(site.has_step[m])):
            return False
    return True


def _has_edges(
    table: EveningTable, shape: Floats, hill: Floats, *, has_step: bool
) -> bool:
    """Whether more of the excess comes and goes at the edges than of the busy hour.

    A site that only feels the busy hour more has an excess of the busy hour's own
    shape. Jumps and heights are means over the same evenings: where only some nights
    are slowed, a median height would be held against the mean of a mixture.

    Parameters
    ----------
    shape : excess of the site by slot, shape (T,)
    hill : rise of the controls by slot, shape (T,)
    has_step : whether the step at the edges spoke; else no hill is taken for mild
    """
    slot_min = table.grid.slot_min
    for span in _spans(table, shape):
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


def _spans(table: EveningTable, shape: Floats) -> Iterator[_Span]:
    """The window that was asked for, and the one that the data show."""
    inside = np.flatnonzero(table.in_window)
    yield _Span(int(inside[0]), int(inside[-1]) + 1, _SWITCHED_SHARE)
    if window := find_window(shape, table.grid.slot_min):
        yield _Span(window.start_slot, window.end_slot, _SOUGHT_SHARE)


def _edge(shape: Floats, span: _Span, slot_min: int) -> tuple[float, float]:
    """Mean jump at the two edges of a span and mean height in it [log]."""
    jump = _jump(shape, span.start, span.end, slot_min)
    return jump, _mean(shape, span.start, span.end)


def _hill_share(jump: float, height: float) -> float:
    """Part of its height that the busy hour itself shows at the edges.

    Shrunk towards what a steep hill shows, by the weight of a small rise, and never
    more: where the controls are switched, too, edges tell as much as ever.
    """
    if not (np.isfinite(jump) and np.isfinite(height)):
        return _STEEP_SHARE
    share = max(jump, 0.0) + _STEEP_SHARE * _PRIOR_LOG
    return min(share / (max(height, 0.0) + _PRIOR_LOG) + _SHARE_SLACK, _STEEP_SHARE)


def _jump(shape: Floats, start: int, end: int, slot_min: int) -> float:
    """Mean step at the two edges [log]; -inf when one side was not measured."""
    # With rounds far apart one slot on either side has to do.
    near = 1 if slot_min <= _FAR_MIN // 3 else 0
    far = max(_FAR_MIN // slot_min, 1)
    far_in = max(min(far, (end - start) // 2), near + 1)
    up = _mean(shape, start + near, start + far_in) - _mean(
        shape, start - far, start - near
    )
    down = _mean(shape, end - far_in, end - near) - _mean(shape, end + near, end + far)
    jump = (up + down) / 2
    return jump if np.isfinite(jump) else float("-inf")


def _mean(shape: Floats, start: int, end: int) -> float:
    part = shape[max(start, 0) : max(end, 0)]
    part = part[np.isfinite(part)]
    return float(part.mean()) if part.size else float("nan")
