"""Rounds that tell nothing about the sites: outages and the household's own traffic."""

import numpy as np
from numpy.typing import NDArray

from monitor.evening_rule import OUTAGE_SHARE, mostly_failed
from monitor.model import Role
from monitor.series.columns import METRICS
from monitor.series.grid import Grid
from monitor.series.rows import Bools

_LOAD_SHARE = 0.5
"""Other traffic above this share of the line's rate slows everything at home."""
_RATE_QUANTILE = 0.95

Shares = NDArray[np.float32]


def dead_share(grid: Grid) -> Shares:
    """Share of each cell's attempts that failed outright, NaN none, shape (S, D, T)."""
    out = np.full(grid.n_rows.shape, np.nan, np.float32)
    has_rows = grid.n_rows > 0
    out[has_rows] = grid.n_dead[has_rows] / grid.n_rows[has_rows]
    return out


def outages(grid: Grid, share: Shares) -> Bools:
    """Slots in which nearly everything fails, controls too, shape (D, T).

    Targets that fail while controls answer are evidence, not an outage; without
    controls nobody can tell the two apart, so nothing is set aside.
    """
    direct = [i for i, key in enumerate(grid.keys) if key.is_direct]
    controls = [i for i in direct if grid.keys[i].role == Role.CONTROL]
    if not controls:
        return np.zeros(grid.load_bps.shape, np.bool_)
    return _mostly_dead(share[direct]) & _mostly_dead(share[controls])


def own_load(grid: Grid) -> Bools:
    """Slots in which the household itself takes much of its line, shape (D, T).

    The line's rate is not known; the best transfers and the household's own highest
    traffic bound it from below.
    """
    if not np.isfinite(grid.load_bps).any():
        return np.zeros(grid.load_bps.shape, np.bool_)
    rates = -grid.values[:, METRICS.index("goodput_bps")]
    rates = rates[np.isfinite(rates)]
    line_bps = np.nanquantile(grid.load_bps, _RATE_QUANTILE)
    if rates.size:
        line_bps = max(line_bps, np.exp(np.quantile(rates, _RATE_QUANTILE)))
    with np.errstate(invalid="ignore"):
        return np.asarray(grid.load_bps > _LOAD_SHARE * line_bps)


def _mostly_dead(share: Shares) -> Bools:
    is_known = np.isfinite(share)
    n_dead = (is_known & mostly_failed(share)).sum(axis=0)
    n_known = is_known.sum(axis=0)
    return np.asarray((n_known > 0) & (n_dead >= OUTAGE_SHARE * n_known))
