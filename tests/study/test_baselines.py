"""The rules of others give the answers that are known for plain series."""

from dataclasses import replace

import numpy as np
import pytest

from study.baselines import (
    View,
    grafana_robust_band,
    pooled_mann_whitney,
    pooled_mann_whitney_vs_controls,
    recurring_elevation,
    robust_z_score,
    upper_band,
    wehe_ks_jackknife,
    welch_daily_cycle,
)

DAYS = 15
PER_DAY = 288


def quiet(seed: int = 1) -> View:
    """Two weeks at 10 Mbit/s and 30 ms with a tenth of scatter, three controls."""
    rng = np.random.default_rng(seed)
    n = DAYS * PER_DAY
    local_min = np.tile(np.arange(PER_DAY) * 5.0, DAYS)
    return View(
        rate_bps=1e7 * np.exp(rng.normal(0, 0.1, n)),
        control_rates_bps=2e7 * np.exp(rng.normal(0, 0.1, (3, n))),
        connect_s=0.030 * np.exp(rng.normal(0, 0.02, n)),
        in_window=(local_min >= 1200) & (local_min < 1320),
        day=np.repeat(np.arange(DAYS), PER_DAY),
        local_min=local_min,
        every_s=300,
        n_tests=4,
    )


def slowed(seen: View, factor: float, *, controls: bool = False) -> View:
    divisor = np.where(seen.in_window, factor, 1.0)
    rates = seen.control_rates_bps / (divisor if controls else 1.0)
    return replace(seen, rate_bps=seen.rate_bps / divisor, control_rates_bps=rates)


def delayed(seen: View, extra_s: float) -> View:
    return replace(
        seen, connect_s=seen.connect_s + np.where(seen.in_window, extra_s, 0.0)
    )


@pytest.mark.parametrize(
    "rule", [pooled_mann_whitney, pooled_mann_whitney_vs_controls, wehe_ks_jackknife]
)
def test_rate_rules_find_a_halved_rate(rule) -> None:
    assert rule(slowed(quiet(), 2.0))
    assert not rule(slowed(quiet(), 0.9))


def test_pooled_test_without_controls_accuses_the_busy_hour() -> None:
    busy = slowed(quiet(), 1.2, controls=True)
    assert pooled_mann_whitney(busy)
    assert not wehe_ks_jackknife(busy)


def test_wehe_ignores_differences_below_a_tenth() -> None:
    assert not wehe_ks_jackknife(slowed(quiet(), 1.05))


def test_round_trip_rules_find_a_queue_but_not_a_policer() -> None:
    for rule in (recurring_elevation, welch_daily_cycle):
        assert rule(delayed(quiet(), 0.020))
        assert not rule(slowed(quiet(), 10.0))


def test_elevation_below_seven_milliseconds_does_not_count() -> None:
    assert not recurring_elevation(delayed(quiet(), 0.005))


def test_elevation_on_a_third_of_the_days_does_not_recur() -> None:
    seen = quiet()
    some = replace(seen, in_window=seen.in_window & (seen.day % 3 == 0))
    assert not recurring_elevation(delayed(some, 0.020))


def test_band_fires_on_the_first_slow_evening_and_has_learnt_it_by_the_second() -> None:
    seen = quiet()
    late = replace(seen, in_window=seen.in_window & (seen.day >= 5))
    time_s = 1.0 / slowed(late, 3.0).rate_bps
    is_out = time_s > upper_band(time_s, PER_DAY)
    is_mid = np.abs(seen.local_min - 1260) < 20
    assert is_out[is_mid & (seen.day == 5)].all()
    assert is_out[is_mid & (seen.day > 5)].mean() < 0.2


def test_band_is_quiet_on_quiet_days() -> None:
    assert not grafana_robust_band(quiet())


def test_band_sees_evenings_that_are_new_each_time() -> None:
    seen = quiet()
    days = np.isin(seen.day, [1, 3, 5, 7, 9, 11, 13, 14])
    some = replace(seen, in_window=seen.in_window & days)
    assert grafana_robust_band(replace(slowed(some, 10.0), in_window=seen.in_window))


def test_z_score_sees_one_new_evening_but_not_an_old_habit() -> None:
    seen = quiet()
    last = replace(seen, in_window=seen.in_window & (seen.day == DAYS - 1))
    assert robust_z_score(replace(slowed(last, 5.0), in_window=seen.in_window))
    assert not robust_z_score(slowed(seen, 5.0))
