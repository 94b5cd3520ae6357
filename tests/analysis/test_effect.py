"""The ratio's estimate, its interval, the flip test, and the season."""

import numpy as np
import pytest
from scipy import stats

from monitor.analysis.effect import (
    estimate,
    few_values_factor,
    flip_p_values,
    lag_one,
    season,
)

RNG = np.random.default_rng(3)


def test_hodges_lehmann_by_hand():
    assert estimate(np.array([1.0, 2.0, 4.0])).centre == pytest.approx(2.25)


def test_nothing_known_is_no_estimate():
    assert estimate(np.zeros(0)) is None


def test_one_evening_has_no_bounds():
    found = estimate(np.array([0.5]))
    assert (found.low, found.high) == (-np.inf, np.inf)


@pytest.mark.parametrize("n", [4, 7, 14, 30])
@pytest.mark.parametrize("draw", [RNG.standard_normal, lambda n: RNG.standard_t(3, n)])
def test_the_interval_covers_as_often_as_it_says(n, draw):
    inside = [
        found.low <= 0 <= found.high
        for found in (estimate(np.asarray(draw(n))) for _ in range(600))
    ]
    assert 0.92 <= np.mean(inside) <= 0.985


def test_a_steady_difference_of_sites_widens_the_interval():
    values = RNG.normal(0.5, 0.1, 20)
    plain, wide = estimate(values), estimate(values, bias_sd=0.1)
    assert wide.high - wide.low > 1.5 * (plain.high - plain.low)
    assert wide.centre == plain.centre


@pytest.mark.parametrize("n", [3, 4, 5, 7, 10])
def test_few_values_widen_as_students_t_does(n):
    assert few_values_factor(n) == pytest.approx(
        stats.t.ppf(0.975, n) / stats.norm.ppf(0.975), rel=0.05
    )


def test_the_flip_test_is_exact_on_few_evenings():
    excess = np.full((1, 1, 7), 0.7)
    assert flip_p_values(excess, 0.14)[0] == pytest.approx(1 / 128)


def test_the_flip_test_holds_the_family_of_targets():
    false = [
        flip_p_values(RNG.normal(0.0, 0.2, (4, 3, 12)), 0.0).min() <= 0.05
        for _ in range(200)
    ]
    assert np.mean(false) <= 0.09


def test_a_site_without_evenings_has_no_p_value():
    excess = np.stack([np.full((1, 8), 0.5), np.full((1, 8), np.nan)])
    p_values = flip_p_values(excess, 0.1)
    assert p_values[0] < 0.01
    assert np.isnan(p_values[1])


def test_evenings_without_any_value_do_not_change_a_p_value():
    excess = RNG.normal(0.2, 0.2, (4, 3, 14))
    padded = np.concatenate([np.full((4, 3, 9), np.nan), excess], axis=-1)
    assert flip_p_values(padded, 0.1).tolist() == flip_p_values(excess, 0.1).tolist()


def test_lag_one_sees_nights_that_resemble_the_night_before():
    steps = RNG.standard_normal((5, 200))
    nights = steps.copy()
    for day in range(1, 200):
        nights[:, day] += 0.7 * nights[:, day - 1]
    assert lag_one(nights) > 0.5
    assert abs(lag_one(steps)) < 0.1


def test_a_season_has_a_begin_and_an_end():
    excess = RNG.normal(0, 0.1, 40)
    excess[12:30] += 0.8
    assert season(excess) == (12, 30)


def test_a_steady_series_has_no_season():
    assert season(RNG.normal(0.7, 0.1, 30)) == (0, 30)
    assert season(np.array([0.5, 0.4])) == (0, 2)


def test_a_worse_stretch_within_a_bad_time_is_no_season():
    excess = RNG.normal(0.7, 0.05, 30)
    excess[10:20] += 0.6
    assert season(excess) == (0, 30)
