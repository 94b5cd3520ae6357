"""A metric that no control has: the site's own other windows say what is ordinary.

Without anybody to compare with, rare bad nights recur in any window that one asks for.
So the window is held against windows of the same length in the rest of the same days:
how often those pass a height is how often an innocent window does, and the window must
stand out among them. What is found so is this site's, or the whole line's.
"""

from dataclasses import dataclass

import numpy as np

from monitor.analysis.calibration import SIGMA_FLOOR, own_spreads
from monitor.analysis.effect import Estimate, estimate
from monitor.analysis.evalue import LEVELS, flag_e_value
from monitor.series import EveningTable
from monitor.series.rows import Bools, Floats

_PRIOR_EVENINGS = 20.0
_QUANTILE = 0.75
"""Of the other windows' rates; the largest would be a wide evening's neighbours'."""
_LEAST_WINDOWS = 3
_LEAST_SLOW = 3
_SLOW_LOG = float(np.log(1.25))
_MOST_RIVALS = 1
"""Other windows of the day that may show as much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alone:
    """A window that stands out of its own days."""

    metric: int
    e_value: float
    slow: Bools
    """Evenings above a fifth of the rate lost, shape (D,)."""
    estimate: Estimate
    """How many times slower than the rest of the day [log]."""


def stands_out(
    table: EveningTable, series: int, metric: int, evenings: Bools, bar: float
) -> Alone | None:
    """The window of one site and metric, if it stands out of its own days.

    Parameters
    ----------
    bar : what the e-value must reach
    """
    rise = table.rise[series, metric][evenings]
    others = table.placebo[series, metric][evenings]
    if others.shape[-1] < _LEAST_WINDOWS or not np.isfinite(rise).any():
        return None
    heights = _heights(others)
    e_value = _e_value(rise, heights, _rates(others, heights))
    if e_value < bar or _n_rivals(others, heights, e_value) > _MOST_RIVALS:
        return None
    slow = np.nan_to_num(table.rise[series, metric], nan=-1.0) > _SLOW_LOG
    slow = np.asarray(slow & evenings)
    size = _size(rise)
    if slow.sum() < _LEAST_SLOW or size is None:
        return None
    return Alone(metric=metric, e_value=e_value, slow=slow, estimate=size)


def _size(rise: Floats) -> Estimate | None:
    """Over all evenings, or over the slow ones where that tells nothing."""
    whole = estimate(rise[np.isfinite(rise)])
    if whole is not None and whole.low > 0:
        return whole
    part = estimate(rise[np.nan_to_num(rise, nan=-1.0) > _SLOW_LOG])
    return part if part is not None and part.low > 0 else None


def _heights(others: Floats) -> Floats:
    """Heights of the levels by the spread of the other windows, shape (levels,)."""
    spread = float(own_spreads(others[None, None])[0, 0])
    spread = max(spread, SIGMA_FLOOR)
    return np.array([max(level.floor_log, level.z * spread) for level in LEVELS])


def _shares(others: Floats, heights: Floats) -> Floats:
    """How often each other window passes each level, shape (K, levels)."""
    nominal = np.array([level.p0 for level in LEVELS])
    passed = np.nan_to_num(others, nan=-1.0)[..., None] > heights
    n = np.isfinite(others).sum(axis=0)[:, None]
    return np.asarray(
        (passed.sum(axis=0) + _PRIOR_EVENINGS * nominal) / (n + _PRIOR_EVENINGS)
    )


def _rates(others: Floats, heights: Floats) -> Floats:
    nominal = np.array([level.p0 for level in LEVELS])
    usual = np.quantile(_shares(others, heights), _QUANTILE, axis=0)
    return np.asarray(np.maximum(nominal, usual))


def _e_value(rise: Floats, heights: Floats, rates: Floats) -> float:
    """Mean over the levels."""
    finite = rise[np.isfinite(rise)]
    values = [
        flag_e_value(int((finite > height).sum()), finite.size, round(float(rate), 3))
        for height, rate in zip(heights, rates, strict=True)
    ]
    return float(np.mean(values))


def _n_rivals(others: Floats, heights: Floats, e_value: float) -> int:
    """Other windows with as much evidence, each against the rest of them."""
    n = 0
    for k in range(others.shape[-1]):
        rest = np.delete(others, k, axis=-1)
        n += _e_value(others[:, k], heights, _rates(rest, heights)) >= e_value
    return n
