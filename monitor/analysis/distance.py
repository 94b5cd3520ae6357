"""Near and far sites: a way abroad that is full slows what is far, and nothing near.

Nothing here knows a country. Far and near are read from the connect times of the rest
of the day, and only where they part the slow controls from the others without doubt.
"""

import numpy as np

from monitor.analysis.case import Case
from monitor.evening_rule import SLOW_LOG
from monitor.reason import Reason, measured
from monitor.series.columns import METRICS
from monitor.series.evening_table import medians
from monitor.series.rows import Floats, Ints

_CONNECT = METRICS.index("connect_s")
_APART_LOG = float(np.log(1.2))
"""The nearest far control connects so much later than the farthest near one."""
_AT_LEAST = 2
"""Controls on either side."""
_WELL_LOG = float(np.log(1.1))
"""What a near control may rise by in the median, and every far one rises above."""


def full_way_abroad(case: Case) -> Reason | None:
    """Far controls are slow in the window as the site is, and near ones are not.

    None where that is not so, or where the site is slower than the slowest far control
    by more than a slow evening's factor.
    """
    table, site = case.look.home.table, case.suspicion.series
    connect = _levels(case, table.rest[:, _CONNECT])
    for metric in np.flatnonzero(case.look.home.weights[site]):
        rise = _levels(case, table.rise[:, metric])
        near, far = _parted(case.look.contrast.controls, rise)
        if not _is_parted_by_distance(connect, near, far, site):
            continue
        is_slow = min(rise[site], float(np.median(rise[far]))) >= SLOW_LOG
        if is_slow and rise[site] <= rise[far].max() + SLOW_LOG:
            return _told(case, (near, far), connect, rise)
    return None


def _levels(case: Case, values: Floats) -> Floats:
    """Median over the look's evenings of each series, NaN where unknown, shape (S,)."""
    return medians(values[:, case.look.evenings], 1)


def _parted(controls: Ints, rise: Floats) -> tuple[Ints, Ints]:
    """Controls that are well in the window, and those that are not."""
    with_rise = controls[np.isfinite(rise[controls])]
    is_well = rise[with_rise] <= _WELL_LOG
    return with_rise[is_well], with_rise[~is_well]


def _is_parted_by_distance(connect: Floats, near: Ints, far: Ints, site: int) -> bool:
    if min(near.size, far.size) < _AT_LEAST:
        return False
    nearest_far = min(connect[site], connect[far].min())
    return bool(nearest_far - connect[near].max() >= _APART_LOG)


def _told(
    case: Case, groups: tuple[Ints, Ints], connect: Floats, rise: Floats
) -> Reason:
    near, far = groups
    keys = case.look.home.table.grid.keys
    return Reason(
        "far_busy_hour",
        "Controls that are far ({far:names}; {from_ms:.0f} ms and more to connect) "
        "take {times:.2f} times as long in the window, too, and near ones "
        "({near:names}; up to {upto_ms:.0f} ms) do not: as if the provider's way "
        "abroad were full.",
        {
            "far": tuple(keys[place].target for place in far),
            "near": tuple(keys[place].target for place in near),
            "from_ms": measured(1e3 * np.exp(connect[far].min()), 0),
            "upto_ms": measured(1e3 * np.exp(connect[near].max()), 0),
            "times": measured(np.exp(float(np.median(rise[far]))), 2),
        },
    )
