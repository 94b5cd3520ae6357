"""Noise has the size, the tails and the memory that its model states."""

from pathlib import Path

import numpy as np
import pytest

from monitor.simulation.noise import (
    FITTED,
    FITTED_NOISE,
    GAUSSIAN_AR,
    HEAVY_TAILS,
    LEVEL_SHIFTS,
    PROBABILITIES,
    NoiseModel,
    ar1,
    levels,
    noise_model,
    slow,
    white,
)
from study.fit_noise import fitted_noise

DATA = Path(__file__).parents[3] / "shared" / "data"
SHAPE = (4, 20_000)


def model(name: str, seed: int = 1) -> NoiseModel:
    rng = np.random.default_rng(seed)
    return noise_model(name, scale=1.0, tail_df=None, rng=rng)


def lag_correlation(values: np.ndarray, lag: int) -> float:
    return float(
        np.corrcoef(values[..., lag:].ravel(), values[..., :-lag].ravel())[0, 1]
    )


@pytest.mark.parametrize("name", sorted(FITTED_NOISE))
def test_table_is_what_the_published_series_give(name: str) -> None:
    refitted, shipped = fitted_noise(name, DATA), FITTED_NOISE[name]
    assert np.allclose(refitted.quantiles, shipped.quantiles, atol=0.002)
    assert refitted.night_sd == pytest.approx(shipped.night_sd, abs=0.002)
    assert refitted.slow_share == pytest.approx(shipped.slow_share, abs=0.01)
    assert refitted.night_ar == pytest.approx(shipped.night_ar, abs=0.01)


def test_fitted_noise_has_the_quantiles_of_its_series() -> None:
    fitted = model(FITTED)
    drawn = white(fitted, SHAPE, np.random.default_rng(2))
    assert fitted.fitted is not None
    inner = slice(1, -1)
    expected = np.array(fitted.fitted.quantiles)[inner]
    assert np.allclose(np.quantile(drawn, PROBABILITIES[inner]), expected, atol=0.02)


@pytest.mark.parametrize("name", [GAUSSIAN_AR, HEAVY_TAILS, LEVEL_SHIFTS])
def test_white_noise_has_the_stated_spread(name: str) -> None:
    chosen = model(name)
    drawn = white(chosen, SHAPE, np.random.default_rng(2))
    quartiles = np.quantile(drawn, [0.25, 0.75])
    assert np.diff(quartiles)[0] / 1.349 == pytest.approx(chosen.white_sd, rel=0.03)


def test_heavy_tails_are_heavier_than_normal_ones() -> None:
    chosen = model(HEAVY_TAILS)
    drawn = white(chosen, SHAPE, np.random.default_rng(2)) / chosen.white_sd
    assert np.mean(np.abs(drawn) > 5.0) > 1e-3


def test_slow_noise_remembers_an_hour_but_not_a_day() -> None:
    drawn = slow(model(GAUSSIAN_AR), *SHAPE, 300, np.random.default_rng(3))
    assert lag_correlation(drawn, 12) > 0.4
    assert abs(lag_correlation(drawn, 288)) < 0.1


def test_nights_have_the_stated_correlation() -> None:
    drawn = ar1(np.random.default_rng(4).standard_normal((40_000, 1)), 0.6)[:, 0]
    assert lag_correlation(drawn, 1) == pytest.approx(0.6, abs=0.02)
    assert drawn.std() == pytest.approx(1.0, abs=0.03)


def test_level_shifts_jump() -> None:
    day = np.repeat(np.arange(30), 100)
    rng = np.random.default_rng(5)
    jumps = np.abs(np.diff(levels(model(LEVEL_SHIFTS), 6, 30, day, rng)))
    calm = np.abs(np.diff(levels(model(GAUSSIAN_AR), 6, 30, day, rng)))
    assert jumps.max() > 0.2 > calm.max()
