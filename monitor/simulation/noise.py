"""Noise in logarithms: positive means slower.

A sample's noise is a slow part, which wanders over an hour or so, and a white part of
its own. Four models of the two, one of them fitted to published measurements.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from monitor.series.rows import Floats

GAUSSIAN_AR = "gaussian_ar"
HEAVY_TAILS = "heavy_tails"
LEVEL_SHIFTS = "level_shifts"
FITTED = "fitted"
NOISE_MODELS = (GAUSSIAN_AR, HEAVY_TAILS, LEVEL_SHIFTS, FITTED)

WHITE_SD = 0.15
"""Spread of one sample around its hour [log]; fitted series: 0.03 to 0.24."""
SLOW_SD = 0.08
"""Spread of a site's hourly level [log]."""
_KNOT_S = 3600.0
_KNOT_AR = 0.6
_DAILY_STEP_SD = 0.025
"""Wandering of a site's level from day to day [log]; Brisbane cable: 0.024, 0.029."""
_TAIL_DF = 3.0
_QUICKEST = -1.0
"""No sample is much quicker than usual: distance and rate bound it [log]."""
_SHIFTS_PER_MONTH = 6.0
_SHIFT_SD = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedNoise:
    """What study/fit_noise.py found in one published series."""

    source: str
    quantiles: tuple[float, ...]
    """Residual around the hour's level [log] at PROBABILITIES."""
    slow_share: float
    """Share of the variance that wanders slowly."""
    night_sd: float
    night_ar: float


PROBABILITIES = (0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999)

FITTED_NOISE: Mapping[str, FittedNoise] = {
    "cable_round_trip": FittedNoise(
        source="Brisbane cable line, 18 months of round trips",
        quantiles=(
            -0.273,
            -0.191,
            -0.125,
            -0.090,
            -0.039,
            0.0,
            0.042,
            0.092,
            0.127,
            0.225,
            1.386,
        ),
        slow_share=0.13,
        night_sd=0.053,
        night_ar=0.08,
    ),
    "cable_rate": FittedNoise(
        source="Brisbane cable line, 18 months of transfers",
        quantiles=(
            -0.183,
            -0.134,
            -0.075,
            -0.042,
            -0.015,
            0.0,
            0.024,
            0.099,
            0.157,
            0.363,
            1.387,
        ),
        slow_share=0.07,
        night_sd=0.036,
        night_ar=0.02,
    ),
    "shared_cable": FittedNoise(
        source="cable line near Denver, 3 weeks of round trips",
        quantiles=(
            -0.777,
            -0.473,
            -0.256,
            -0.186,
            -0.091,
            0.0,
            0.121,
            0.388,
            0.592,
            1.031,
            1.857,
        ),
        slow_share=0.50,
        night_sd=0.346,
        night_ar=0.41,
    ),
    "busy_link": FittedNoise(
        source="far side of a congested link, 15 days of round trips",
        quantiles=(
            -1.714,
            -1.023,
            -0.464,
            -0.256,
            -0.124,
            0.0,
            0.132,
            0.328,
            0.534,
            1.393,
            1.582,
        ),
        slow_share=0.54,
        night_sd=0.120,
        night_ar=0.08,
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseModel:
    """How the samples of one home scatter."""

    name: str
    white_sd: float
    slow_sd: float
    tail_df: float | None
    n_shifts: float
    fitted: FittedNoise | None


def noise_model(
    name: str, *, scale: float, tail_df: float | None, rng: np.random.Generator
) -> NoiseModel:
    """The noise of one home: a model by name, its size drawn around the usual one."""
    size = scale * float(np.exp(rng.normal(0.0, 0.35)))
    tails = _TAIL_DF if name == HEAVY_TAILS else None
    kinds = tuple(FITTED_NOISE.values())
    fitted = kinds[int(rng.integers(len(kinds)))] if name == FITTED else None
    return NoiseModel(
        name=name,
        white_sd=WHITE_SD * size,
        slow_sd=_slow_sd(fitted, size),
        tail_df=tail_df if tail_df is not None else tails,
        n_shifts=_SHIFTS_PER_MONTH if name == LEVEL_SHIFTS else 0.0,
        fitted=fitted,
    )


def _slow_sd(fitted: FittedNoise | None, size: float) -> float:
    if fitted is None:
        return SLOW_SD * size
    low, high = np.interp([0.25, 0.75], PROBABILITIES, fitted.quantiles)
    white_sd = (high - low) / 1.349
    return float(white_sd * np.sqrt(fitted.slow_share / (1.0 - fitted.slow_share)))


def white(
    model: NoiseModel, shape: tuple[int, int], rng: np.random.Generator
) -> Floats:
    """Each sample's own noise [log], of the wanted shape."""
    if model.fitted is not None and model.tail_df is None:
        uniform = rng.random(shape)
        return np.interp(uniform, PROBABILITIES, model.fitted.quantiles)
    if model.tail_df is not None:
        # Student's t, brought to the same quartiles as the normal of that spread.
        quartile = {2.0: 0.816, 3.0: 0.765}.get(model.tail_df, 0.70)
        drawn = rng.standard_t(model.tail_df, shape) * (0.674 / quartile)
    else:
        drawn = rng.standard_normal(shape)
    return np.maximum(model.white_sd * drawn, _QUICKEST)


def slow(
    model: NoiseModel, n_series: int, n: int, every_s: int, rng: np.random.Generator
) -> Floats:
    """The slow part [log], shape (n_series, n): AR(1) at the hours, linear between."""
    n_knots = int(n * every_s / _KNOT_S) + 2
    steps = rng.standard_normal((n_knots, n_series))
    knots = ar1(steps, _KNOT_AR) * model.slow_sd
    return _between_knots(knots.T, n, every_s)


def _between_knots(knots: Floats, n: int, every_s: int) -> Floats:
    place = np.arange(n) * (every_s / _KNOT_S)
    left = place.astype(np.int64)
    weight = place - left
    return np.asarray(knots[:, left] * (1 - weight) + knots[:, left + 1] * weight)


def ar1(steps: Floats, rho: float) -> Floats:
    """A stationary AR(1) of unit variance along the first axis, from unit normals."""
    out: Floats = steps * np.sqrt(1.0 - rho * rho)
    out[0] = steps[0]
    for k in range(1, len(out)):
        out[k] += rho * out[k - 1]
    return out


def levels(
    model: NoiseModel,
    n_series: int,
    days: int,
    day: np.ndarray,
    rng: np.random.Generator,
) -> Floats:
    """Level of each series [log], shape (n_series, n): a slow walk and any jumps."""
    walk = np.cumsum(rng.normal(0.0, _DAILY_STEP_SD, (n_series, days)), axis=1)
    level = walk[:, day]
    for series in range(n_series):
        for _ in range(rng.poisson(model.n_shifts * days / 30.0)):
            level[series, int(rng.integers(day.size)) :] += rng.normal(0.0, _SHIFT_SD)
    return level
