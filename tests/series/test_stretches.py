"""Which slots, rows and values count: each rule of the grid at its bounds."""

from dataclasses import replace
from functools import lru_cache
from math import inf, log, nan

import numpy as np
import pandas as pd
import pytest

from monitor.evening_rule import CEILING, parse_window
from monitor.series import evening_table
from monitor.series.cells import log_means
from monitor.series.columns import METRICS, columns, slowness
from monitor.series.evening_table import (
    _beside,
    _has_both,
    _just_inside,
    _just_outside,
    _mean,
    _need,
    _placebo_windows,
    _quantile,
    _rise,
    medians,
    typical,
    typical_of_each,
)
from monitor.series.grid import Grid, _in_window, _rest_of_day, grids, widened
from monitor.series.lanes import interval_s, lanes, series_keys, spoiled
from monitor.series.nowhere import nobodys_networks
from monitor.series.rows import rows
from monitor.series.setaside import (
    _LOAD_SHARE,
    _RATE_QUANTILE,
    _mostly_dead,
    dead_share,
    outages,
    own_load,
)
from tests.analysis.homes import TIMEZONE, Home, samples

WINDOW = parse_window("20:00-22:00")
NOON = pd.Timestamp("2026-10-01T12:00Z")
MINUTE = pd.Timedelta(minutes=1)


@lru_cache
def grid(every_min: int = 5) -> Grid:
    home = Home(days=2, every_min=every_min, targets=("a",), controls=("b", "c"))
    (of_home,) = grids(samples(home), timezone=TIMEZONE, window=WINDOW)
    return of_home


def spans(chosen: np.ndarray, slot_min: int) -> list[tuple[str, str]]:
    """The stretches of a day, by the clock: its first slot begins at 06:00."""
    edges = np.flatnonzero(np.diff(np.r_[False, chosen, False]))
    clock = [f"{m // 60 % 24:02d}:{m % 60:02d}" for m in edges * slot_min + 360]
    return list(zip(clock[::2], clock[1::2], strict=True))


# Stretches of the day.


@pytest.mark.parametrize("slot_min", [5, 10, 15, 20, 30, 60])
def test_the_window_and_the_rest_leave_half_an_hour_between(slot_min: int):
    assert spans(_in_window(WINDOW, slot_min), slot_min) == [("20:00", "22:00")]
    gap = {5: ("19:30", "22:30"), 20: ("19:40", "22:20"), 60: ("20:00", "22:00")}
    before, after = gap.get(slot_min, gap[5])
    rest = spans(_rest_of_day(WINDOW, slot_min), slot_min)
    assert rest == [("06:00", before), (after, "06:00")]


def test_a_window_of_odd_minutes_takes_the_slots_with_their_middle_inside():
    window = parse_window("20:00-21:11")
    assert spans(_in_window(window, 20), 20) == [("20:00", "21:20")]
    assert spans(_in_window(parse_window("20:00-21:10"), 20), 20) == [
        ("20:00", "21:00")
    ]


def test_a_stretch_is_widened_on_both_sides_within_the_day():
    inside = np.zeros(8, np.bool_)
    assert not widened(inside, 3).any()
    inside[[1, 2]] = True
    assert widened(inside, 0).tolist() == inside.tolist()
    assert np.flatnonzero(widened(inside, 1)).tolist() == [0, 1, 2, 3]
    assert np.flatnonzero(widened(inside, 3)).tolist() == [0, 1, 2, 3, 4, 5]
    assert widened(inside, 9).all()


def test_the_shoulders_are_an_hour_beside_the_guard():
    inside = grid().in_window()
    assert spans(_beside(grid(), inside), 5) == [("18:30", "19:30"), ("22:30", "23:30")]


@pytest.mark.parametrize("every_min", [5, 10])
def test_the_stretches_at_the_edges_leave_out_the_very_edges(every_min: int):
    of = grid(every_min)
    inside, step = of.in_window(), of.slot_min
    assert step == every_min
    within = {5: ("20:05", "20:30"), 10: ("20:10", "20:30")}[step]
    last = {5: ("21:30", "21:55"), 10: ("21:30", "21:50")}[step]
    assert spans(_just_inside(of, inside), step) == [within, last]
    before = {5: ("19:30", "19:55"), 10: ("19:30", "19:50")}[step]
    after = {5: ("22:05", "22:30"), 10: ("22:10", "22:30")}[step]
    assert spans(_just_outside(of, inside), step) == [before, after]


def test_coarse_rounds_show_no_edges():
    of = grid(15)
    assert not _just_inside(of, of.in_window()).any()
    assert not _just_outside(of, of.in_window()).any()
    nothing = np.zeros(grid().n_slots, np.bool_)
    assert not _just_inside(grid(), nothing).any()


def test_placebo_windows_are_as_long_and_touch_nothing():
    of = grid()
    windows = [spans(w, 5) for w in _placebo_windows(of, of.in_window())]
    flat = [span for (span,) in windows]
    before = [(f"{h:02d}:30", f"{h + 2:02d}:30") for h in range(7, 18, 2)]
    after = [("22:30", "00:30"), ("00:30", "02:30"), ("02:30", "04:30")]
    assert flat == [*before, *after]


# Numbers of an evening.


def test_half_of_a_usual_evening_is_needed():
    """Usual is the upper quartile of the evenings on which anything was measured."""
    known = np.zeros((1, 5, 8), np.bool_)
    for evening, n in enumerate((0, 4, 4, 7, 8)):
        known[0, evening, :n] = True
    inside = np.ones(8, np.bool_)
    assert _need(known, inside).tolist() == [[4] * 5]
    assert _need(known[:, :3], inside).tolist() == [[2] * 3]
    assert _need(known[:, :1], inside).tolist() == [[1]]
    rest = np.zeros(8, np.bool_)
    assert _has_both(known, inside, inside).tolist() == [[False, *[True] * 4]]
    assert not _has_both(known, inside, rest).any()


def test_medians_of_many_values_are_those_of_few(monkeypatch):
    values = np.random.default_rng(1).normal(size=(3, 4, 9))
    values[1, :, 2:] = nan
    need = np.array([[1, 2, 3, 4]] * 3)
    whole = medians(values, need)
    monkeypatch.setattr(evening_table, "_MOST_AT_ONCE", 9)
    assert np.array_equal(medians(values, need), whole, equal_nan=True)
    assert np.isnan(whole).sum() == 2


def test_a_transfer_lies_in_its_evening_and_slot():
    transfers, of = grid().transfers, grid()
    assert transfers.n_slots == of.n_slots


def test_a_quantile_is_a_value_that_was_counted():
    values = np.array([[4.0, nan, 1.0, 3.0, 2.0], [nan] * 5])
    told = _quantile(values, 0.75)
    assert told[0] == 3.0
    assert np.isnan(told[1])
    assert _quantile(values[:1], 0.5).tolist() == [2.0]
    assert _quantile(values[:1], 0.01).tolist() == [1.0]


def test_a_rise_is_bounded_and_needs_a_rest():
    window, rest = np.array([1.0, inf, -inf, 0.0, nan]), np.array([0.0, 0, 0, inf, 0])
    told = _rise(window, rest)
    assert told[:3].tolist() == [1.0, CEILING, -CEILING]
    assert np.isnan(told[3:]).all()


def test_what_is_typical_is_finite():
    values = np.array([1.0, inf, nan, 3.0, 8.0])
    assert typical(values) == 3.0
    assert np.isnan(typical(values[1:3]))
    told = typical_of_each(np.array([[1.0, inf, 3.0], [nan, inf, nan]]))
    assert told[0] == 2.0
    assert np.isnan(told[1])


def test_a_mean_share_is_over_what_was_tried():
    share = np.array([[1.0, nan, 0.0], [nan, nan, nan]], np.float32)
    assert _mean(share)[0] == 0.5
    assert np.isnan(_mean(share)[1])


def test_a_cell_is_the_mean_of_its_values_unless_half_of_them_are_lost():
    cell = np.array([0, 0, 1, 1, 2, 2, 2, 4], np.int32)
    logs = np.array([1.0, 3.0, 2.0, nan, 2.0, 4.0, nan, nan])
    lost = np.array([0, 0, 0, 1, 0, 0, 1, 1], np.bool_)
    told = log_means(cell, logs, lost, 5)
    assert told[[0, 1, 2, 4]].tolist() == [2.0, inf, 3.0, inf]
    assert np.isnan(told[3])
    kept = log_means(cell[:2], logs[:2], np.array([False, True]), 1)
    assert kept.tolist() == [inf]


# What rows say.


def frame(*rows_: dict[str, object]) -> pd.DataFrame:
    """One row for each, a minute apart."""
    return pd.DataFrame(
        [{"started_at_utc": NOON + n * MINUTE, "target": "a"} | r
         for n, r in enumerate(rows_)]
    )  # fmt: skip


def read(*rows_: dict[str, object]):
    return columns(rows(frame(*rows_)))


def failed(operation: str, failure: str = "connection_reset", **more: object) -> dict:
    return {"failed_operation": operation, "failure": failure, **more}


def test_a_failure_leaves_no_value_of_its_stage_nor_of_a_later_one():
    of = read(
        {"connect_s": 0.1, "tls_handshake_s": 0.2},
        failed("connect", connect_s=0.1, tls_handshake_s=0.2),
        failed("tls_handshake", connect_s=0.1, tls_handshake_s=0.2),
        failed("read", connect_s=0.1, tls_handshake_s=0.2),
        failed("", connect_s=0.1),
        {"connect_s": 0.1},
    )
    logs, is_lost = slowness(of, "connect_s")
    assert logs[0] == pytest.approx(log(0.1))
    assert is_lost.tolist() == [False, True, False, False, False, False]
    _, is_lost = slowness(of, "tls_handshake_s")
    assert is_lost.tolist() == [False, True, True, False, True, False]


def test_a_transfer_cut_by_the_time_limit_keeps_its_rate_and_no_duration():
    cut = {"goodput_bps": 1e6, "duration_s": 10.0, "encoded_body_bytes": 5e5}
    of = read(
        failed("read", "generic_timeout_error", **cut),
        failed("read", "generic_timeout_error", goodput_bps=nan, duration_s=10.0),
        failed("read", "connection_reset", **cut),
        failed("connect", "generic_timeout_error", **cut),
        {"goodput_bps": 2e6, "duration_s": 1.0},
    )
    logs, is_lost = slowness(of, "goodput_bps")
    assert logs[0] == pytest.approx(-log(1e6))
    assert is_lost.tolist() == [False, True, True, True, False]
    _, is_lost = slowness(of, "duration_s")
    assert is_lost.tolist() == [True, True, True, True, False]


def runs(*rows_: dict[str, object]):
    table = rows(frame(*rows_))
    return table, lanes(table, np.unique(table.lane))


def test_the_usual_interval_is_that_of_most_series():
    every = [("a", 5), ("b", 5), ("c", 15)]
    made = [
        {"target": name, "connect_s": 0.1, "started_at_utc": NOON + n * step * MINUTE}
        for name, step in every
        for n in range(8)
    ]
    table, of = runs(*made)
    assert interval_s(table.time_us, of) == 300.0
    table, of = runs(*made[16:])
    assert interval_s(table.time_us, of) == 900.0
    table, of = runs(made[0])
    assert interval_s(table.time_us, of) == 300.0
    often = [r | {"probe": "download"} | {"started_at_utc": r["started_at_utc"]
             + MINUTE} for r in made[:8]]  # fmt: skip
    table, of = runs(*made[16:], *often)
    assert interval_s(table.time_us, of) == 600.0


def test_a_site_is_what_most_of_its_rows_and_its_newest_row_say():
    made = [
        {"target": "a", "role": "control", "connect_s": 0.1, "service": "old"},
        {"target": "a", "role": "control", "connect_s": 0.1, "part": "api"},
        {"target": "a", "role": "target", "connect_s": 0.1, "service": "new"},
        {"target": "b", "role": "control", "connect_s": 0.1},
        {"target": "b", "role": "target", "connect_s": 0.1},
        {"target": "c", "connect_s": 0.1, "part": "twin", "service": "a"},
        {"target": "router", "probe": "gateway", "connect_s": 0.1},
    ]
    table, of = runs(*made)
    told = {
        key.target: (key.role, key.service, key.part)
        for key in series_keys(columns(table), of)
    }
    assert told == {
        "a": ("control", "new", "page"),
        "b": ("target", "b", "page"),
        "c": ("twin", "a", "twin"),
    }


@pytest.mark.parametrize(
    ("apart_s", "is_spoiled"), [(0, True), (60, True), (61, False), (-60, True)]
)
def test_a_round_is_spoiled_within_a_minute_of_what_failed_here(
    apart_s: int, is_spoiled: bool
):
    clock = failed("", "clock_stepped", target="clock", probe="clock")
    table, of = runs(
        clock | {"started_at_utc": NOON},
        clock | {"started_at_utc": NOON + 60 * MINUTE},
        {"connect_s": 0.1, "started_at_utc": NOON + pd.Timedelta(seconds=apart_s)},
        {"connect_s": 0.1, "started_at_utc": NOON + 30 * MINUTE},
        {"connect_s": 0.1, "started_at_utc": NOON + 90 * MINUTE},
        {"target": "well", "probe": "clock", "started_at_utc": NOON + 30 * MINUTE},
    )
    is_it = spoiled(table, columns(table), of)
    (site,) = [run for run in of if run.target == "a"]
    when_us = table.time_us[site.rows]
    assert when_us[is_it[site.rows]].tolist() == [when_us.min()] * is_spoiled


def test_nothing_is_spoiled_where_nothing_failed():
    table, of = runs({"connect_s": 0.1}, {"target": "x", "probe": "clock"})
    assert not spoiled(table, columns(table), of).any()


# What is set aside.


def test_a_slot_is_an_outage_when_four_of_five_and_the_controls_fail():
    share = np.array([[1.0, 1, 1, nan], [1, 1, 0, nan], [1, 1, 1, nan],
                      [1, 1, 1, nan], [1, 0, 0, nan]], np.float32)  # fmt: skip
    assert _mostly_dead(share[:, None])[0].tolist() == [True, True, False, False]
    of = grid()
    every = np.ones(of.n_rows.shape, np.float32)
    assert outages(of, every).all()
    alone = every.copy()
    controls = [i for i, key in enumerate(of.keys) if key.role == "control"]
    alone[controls] = 0.0
    assert not outages(of, alone).any()
    lone = [key for key in of.keys if key.role != "control"]
    (bare,) = grids(
        samples(Home(days=1, targets=("a",), controls=())),
        timezone=TIMEZONE, window=WINDOW,
    )  # fmt: skip
    assert len(lone) == 1
    assert not outages(bare, np.ones(bare.n_rows.shape, np.float32)).any()
    untried = dead_share(of)
    assert np.isnan(untried[of.n_rows == 0]).all()
    assert (untried[of.n_rows > 0] == 0).all()


def test_without_a_meter_nobody_loads_the_line():
    assert not own_load(grid()).any()


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_the_best_transfers_tell_how_wide_the_line_is_at_least(share: float):
    """A meter that never saw much alone takes a part of the line for all of it."""
    home = Home(days=2, targets=("a",), controls=("b",), metrics=("goodput_bps",))
    (of,) = grids(samples(home), timezone=TIMEZONE, window=WINDOW)
    rates = -of.values[:, METRICS.index("goodput_bps")]  # noqa: PD011
    line_bps = np.exp(np.quantile(rates[np.isfinite(rates)], _RATE_QUANTILE))
    load_bps = np.full(of.load_bps.shape, (_LOAD_SHARE + share - 0.1) * line_bps)
    assert own_load(replace(of, load_bps=load_bps)).all() == bool(share)


def test_without_an_address_nobody_is_told_of_one():
    table = rows(pd.DataFrame({"started_at_utc": [NOON], "target": "a"}))
    assert nobodys_networks(table).tolist() == [-1]
