"""How far innocent evenings stray: learnt from the controls and from other windows."""

import numpy as np

from monitor.analysis.evalue import LEVELS
from monitor.series.evening_table import medians
from monitor.series.rows import Floats

SIGMA_FLOOR = 0.06
"""No line is steadier than this from evening to evening [log]; Brisbane: 0.057."""
MAD_TO_SIGMA = 1.4826
_MIN_NIGHTS = 4
_MEDIAN_VARIANCE = 1.57
"""Variance of a median of n normal values, times n (pi / 2)."""
_BIAS_Z = 1.5
"""A site must differ by this many spreads of the steady differences."""
_PRIOR_EVENINGS = 20.0
"""Weight of the nominal rate against what the controls show."""


def spreads(values: Floats) -> Floats:
    """Robust standard deviation along the last axis, 0 where fewer than three values.

    Around zero or around the median, the greater one; shape (..., n) to (...).
    """
    around_zero = medians(np.abs(values), 3)
    centre = medians(values, 3)
    around_centre = medians(np.abs(values - centre[..., None]), 3)
    return np.nan_to_num(MAD_TO_SIGMA * np.maximum(around_zero, around_centre))


def own_spreads(placebo: Floats) -> Floats:
    """Spread of each site in windows that nobody suspects [log], shape (S, M).

    Parameters
    ----------
    placebo : excess in those windows, shape (S, M, n, K)

    Notes
    -----
    Only the change from evening to evening counts, of each window around its own
    median: a site that is slow for ten hours a day must not hide behind its own
    afternoons. Steady differences between sites come from the controls.
    """
    if placebo.shape[2] >= _MIN_NIGHTS:
        usual = medians(np.moveaxis(placebo, 2, 3), 1)
        placebo = placebo - usual[:, :, None]
    n_series, n_metrics, n_evenings, n_windows = placebo.shape
    return spreads(placebo.reshape(n_series, n_metrics, n_evenings * n_windows))


def innocent_spreads(controls: Floats, own_log: Floats) -> Floats:
    """Spread of innocent evenings per series and metric [log], shape (S, M).

    Parameters
    ----------
    controls : excess of the controls over each other in the window, shape (C, M, n)
    own_log : spread of each site in other windows, shape (S, M)
    """
    pooled = np.moveaxis(controls, 1, 0).reshape(controls.shape[1], -1)
    return np.maximum(np.maximum(own_log, spreads(pooled)), SIGMA_FLOOR)


def steady_bias(controls: Floats) -> Floats:
    """Spread of what sites differ by on every evening [log], shape (M,).

    Parameters
    ----------
    controls : excess of the controls over each other, shape (C, M, n)

    Notes
    -----
    Variance of the controls' medians less what their scatter explains; no number of
    evenings averages it out, so a site must stand out from it and not from zero.
    """
    n_controls, n_metrics, _ = controls.shape
    if n_controls < 2:
        return np.zeros(n_metrics)
    centre = medians(controls, 1)
    within = MAD_TO_SIGMA * medians(np.abs(controls - centre[..., None]), 3)
    n = np.maximum(np.isfinite(controls).sum(axis=-1), 1)
    explained = np.nan_to_num(within**2 * _MEDIAN_VARIANCE / n)
    # Twice the upper half: evidence leaves out what any description explains, which
    # pushes innocent sites down, and only those above matter.
    above = 2 * np.maximum(np.nan_to_num(centre), 0.0) ** 2
    between = above.mean(axis=0) - explained.mean(axis=0)
    return np.asarray(np.sqrt(np.maximum(between, 0.0)))


def heights(sigma_log: Floats, bias_log: Floats) -> Floats:
    """Heights of the levels, shape (S, M, levels) [log].

    Parameters
    ----------
    sigma_log : spread of innocent evenings, shape (S, M)
    bias_log : steady difference of innocent sites, shape (M,)
    """
    floors = np.array([level.floor_log for level in LEVELS])
    z = np.array([level.z for level in LEVELS])
    by_noise = np.maximum(floors, z * sigma_log[..., None])
    return np.asarray(np.maximum(by_noise, _BIAS_Z * bias_log[:, None]))


def innocent_rates(controls: Floats) -> Floats:
    """How often an innocent evening passes each level, by the worst of the controls.

    Parameters
    ----------
    controls : excess of the controls over each other, shape (C, M, n)

    Returns
    -------
    Floats
        shape (M, levels), at least each level's own rate

    Notes
    -----
    The share is shrunk towards the level's own rate, which few evenings cannot refute;
    a site that feels congestion more than others shows as a control that passes often.
    """
    nominal = np.array([level.p0 for level in LEVELS])
    n_controls, n_metrics, _ = controls.shape
    if n_controls < 2:
        return np.tile(nominal, (n_metrics, 1))
    pooled = np.moveaxis(controls, 1, 0).reshape(n_metrics, -1)
    sigma = np.maximum(spreads(pooled), SIGMA_FLOOR)
    height = heights(sigma, steady_bias(controls))
    is_finite = np.isfinite(controls)
    passed = np.where(is_finite, controls, -np.inf)[..., None, :] > height[..., None]
    n = is_finite.sum(axis=-1)[..., None]
    share = (passed.sum(axis=-1) + _PRIOR_EVENINGS * nominal) / (n + _PRIOR_EVENINGS)
    return np.asarray(np.maximum(nominal, share.max(axis=0)))
