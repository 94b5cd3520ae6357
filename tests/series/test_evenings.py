"""Medians per evening, gaps, failures, outages and own traffic."""

import numpy as np
import pandas as pd
import pytest

from monitor.evening_rule import CEILING, parse_window
from monitor.series import grids
from monitor.series.columns import METRICS
from monitor.series.evening_table import evening_table, medians, medians_by_place
from tests.analysis.homes import CONTROLS, TIMEZONE, Home, samples

TLS = METRICS.index("tls_handshake_s")
RATE = METRICS.index("goodput_bps")
WINDOW = parse_window("20:00-22:00")


def table(frame: pd.DataFrame):
    [grid] = grids(frame, timezone=TIMEZONE, window=WINDOW)
    return evening_table(grid)


# The hours before 06:00 of the first day belong to the evening before: place 0.


def row(found, target: str) -> int:
    return [key.target for key in found.grid.keys].index(target)


def in_evening(frame: pd.DataFrame) -> pd.Series:
    return frame.started_at_utc.dt.tz_convert(TIMEZONE).dt.hour.isin([20, 21])


def test_the_rise_is_the_logarithm_of_how_much_slower():
    found = table(samples(Home(days=5, noise=0.0, factor={"facebook": 3.0})))
    np.testing.assert_allclose(
        found.rise[row(found, "facebook"), TLS, 1:6], np.log(3), rtol=1e-6
    )
    np.testing.assert_allclose(found.rise[row(found, "vk"), TLS, 1:6], 0, atol=1e-6)


def test_rates_count_the_other_way_round():
    home = Home(days=5, noise=0.0, metrics=["goodput_bps"], factor={"facebook": 3.0})
    found = table(samples(home))
    np.testing.assert_allclose(
        found.rise[row(found, "facebook"), RATE, 1:6], np.log(3), rtol=1e-6
    )


def test_timeouts_are_slow_and_not_lost():
    frame = samples(Home(days=5, noise=0.0, targets=("a",), controls=CONTROLS[:1]))
    rows = frame.index[(frame.target == "a") & in_evening(frame)]
    lost = rows[np.arange(rows.size) % 3 < 2]
    frame["failure"] = ""
    frame.loc[lost, "failure"] = "generic_timeout_error"
    frame.loc[lost, "tls_handshake_s"] = np.nan
    found = table(frame)
    assert (found.rise[row(found, "a"), TLS, 1:6] == CEILING).all()
    assert (found.dead_in_window[row(found, "a"), 1:6] > 0.6).all()


def test_a_reset_connection_is_no_quick_handshake():
    frame = samples(Home(days=5, noise=0.0, targets=("a",), controls=CONTROLS[:1]))
    rows = (frame.target == "a") & in_evening(frame)
    frame["failure"] = np.where(rows, "connection_reset", "")
    frame["failed_operation"] = np.where(rows, "tls_handshake", "")
    frame.loc[rows, "tls_handshake_s"] = 0.001
    found = table(frame)
    assert (found.rise[row(found, "a"), TLS, 1:6] == CEILING).all()


def test_a_transfer_cut_by_the_time_limit_keeps_its_rate():
    home = Home(days=5, noise=0.0, targets=("a",), metrics=["goodput_bps"])
    frame = samples(home).assign(probe="download")
    rows = (frame.target == "a") & in_evening(frame)
    frame.loc[rows, "goodput_bps"] /= 5
    frame["failure"] = np.where(rows, "generic_timeout_error", "")
    frame["failed_operation"] = np.where(rows, "read", "")
    found = table(frame)
    np.testing.assert_allclose(
        found.rise[row(found, "a"), RATE, 1:6], np.log(5), rtol=1e-6
    )
    assert (found.dead_in_window[row(found, "a"), 1:6] == 0).all()


def test_gaps_stay_gaps():
    frame = samples(Home(days=5))
    day = frame.started_at_utc.dt.tz_convert(TIMEZONE).dt.day
    frame = frame[~(in_evening(frame) & (day == 3))]
    found = table(frame)
    assert np.isnan(found.rise[row(found, "facebook"), TLS]).tolist()[1:6] == [
        False,
        False,
        True,
        False,
        False,
    ]


def test_half_of_a_usual_evening_is_enough():
    frame = samples(Home(days=5))
    kept = np.random.default_rng(1).random(len(frame)) < 0.7
    found = table(frame[kept | ~in_evening(frame)])
    assert np.isfinite(found.rise[:, TLS, 1:6]).all()


def test_a_metric_measured_seldom_has_its_own_usual():
    pages = samples(Home(days=5))
    downloads = samples(Home(days=5, every_min=20, metrics=["goodput_bps"]))
    frame = pd.concat([pages, downloads.assign(probe="download")])
    found = table(frame)
    assert found.grid.slot_min == 5
    assert np.isfinite(found.rise[:, RATE, 1:6]).all()


def test_page_and_download_hosts_are_never_mixed():
    pages = samples(Home(days=5, noise=0.0, metrics=["tls_handshake_s"]))
    downloads = samples(Home(days=5, every_min=15, noise=0.0, busy=4.0))
    found = table(pd.concat([pages, downloads.assign(probe="download")]))
    np.testing.assert_allclose(found.rise[:, TLS, 1:6], 0, atol=1e-6)


@pytest.mark.parametrize("n_down", [9, 5])
def test_only_a_slot_without_any_answer_is_an_outage(n_down):
    frame = samples(Home(days=5))
    names = sorted(frame.target.unique())[:n_down]
    rows = in_evening(frame) & frame.target.isin(names)
    frame["failure"] = np.where(rows, "generic_timeout_error", "")
    found = table(frame)
    expected = 24 if n_down == 9 else 0
    assert found.n_outage_slots[1:6].tolist() == [expected] * 5


def test_own_traffic_is_set_aside_and_remembered():
    frame = samples(Home(days=5, noise=0.0, busy=3.0))
    stamps = frame.started_at_utc[frame.target == "vk"]
    is_busy = in_evening(frame)[frame.target == "vk"]
    load = pd.DataFrame(
        {
            "started_at_utc": stamps,
            "target": "interface",
            "role": "control",
            "probe": "interface",
            "goodput_bps": np.where(is_busy, 40e6, 1e4),
        }
    )
    found = table(pd.concat([frame, load]))
    assert np.isnan(found.rise[:, TLS, 1:6]).all()
    np.testing.assert_allclose(found.rise_with_load[:, TLS, 1:6], np.log(3), rtol=1e-6)
    assert (found.load_share[1:6] == 1).all()


def test_medians_treat_inf_as_slowest_and_nan_as_missing():
    values = np.array(
        [[1.0, 3.0, np.nan, np.inf], [np.nan] * 4, [1, 2, np.inf, np.inf]]
    )
    assert medians(values, 1)[0] == 3.0
    assert np.isnan(medians(values, 1)[1])
    assert medians(values, 1)[2] == np.inf
    assert np.isnan(medians(values, 4)[0])


def test_medians_of_nothing_have_the_right_shape():
    assert medians(np.zeros((0, 5)), 1).shape == (0,)
    assert medians(np.zeros((3, 0)), 1).shape == (3,)


def test_medians_by_place_are_those_of_numpy():
    rng = np.random.default_rng(1)
    place, value = rng.integers(0, 6, 200), rng.normal(size=200)
    value[::7] = np.nan
    found = medians_by_place(place, value, 8)
    expected = [np.nanmedian(value[place == k]) for k in range(6)]
    assert found[:6] == pytest.approx(expected)
    assert np.isnan(found[6:]).all()


def test_what_has_no_answer_is_slower_than_everything():
    place, value = np.zeros(3, np.int64), np.array([1.0, np.inf, np.inf])
    assert medians_by_place(place, value, 1)[0] == np.inf
    assert medians_by_place(place[:2], value[:2], 1)[0] == np.inf
