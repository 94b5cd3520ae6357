"""What an evening is, and what it was like: the rule by itself."""

from datetime import date
from math import inf, log

import numpy as np
import pytest

from monitor.errors import InputError
from monitor.evening_reading import (
    Cell,
    outage_evenings,
    readings,
    without_outages,
)
from monitor.evening_rule import (
    CEILING,
    EveningState,
    Reading,
    Window,
    dates_between,
    is_dead,
    is_outage,
    is_slow,
    judged,
    middle,
    mostly_dead,
    needed,
    parse_window,
    ratio_of,
    slowness_log,
    state_of,
    times_slower,
)
from monitor.wallclock import day_number
from tests.cells import cell_of, rows, site_cells

WINDOW = parse_window("20:00-22:00")
DAY = date(2026, 10, 20)
SLOW, DEAD, FINE = EveningState.SLOW, EveningState.DEAD, EveningState.FINE
UNUSABLE = EveningState.UNUSABLE


def site(times: float | None = 1.0, failed: int = 0, **more: object) -> Reading:
    """A site so many times slower in the window, of 100 probes there and by day."""
    values = {
        "window_log": None if times is None else log(0.2 * times),
        "rest_log": log(0.2),
        "n": 100,
        "n_failed": failed,
        "n_rest": 100,
        "n_failed_rest": 0,
    }
    return Reading(**values | more)


WELL = [site(), site(), site()]


@pytest.mark.parametrize(
    ("own", "controls", "state"),
    [
        (site(1.251), WELL, SLOW),
        (site(1.249), WELL, FINE),
        (site(1.251), [], SLOW),
        (site(1.249), [], FINE),
        (site(2.0), [site(1.61)] * 3, FINE),
        (site(2.0), [site(1.59)] * 3, SLOW),
        (site(failed=50), WELL, DEAD),
        (site(failed=49), WELL, FINE),
        (site(failed=50), [site(failed=10)] * 3, DEAD),
        (site(failed=50), [site(failed=11)] * 3, FINE),
        (site(failed=50), [], DEAD),
        (site(None, failed=50, n_failed_rest=50), [], UNUSABLE),
        (site(failed=50, n_failed_rest=49), [], DEAD),
        (site(3.0, is_tried=False), WELL, SLOW),
        (site(None, is_tried=False), WELL, UNUSABLE),
        (site(None, rest_log=None), WELL, FINE),
        (site(None, n=0), WELL, UNUSABLE),
        (site(failed=100, is_tried=False, window_log=None), WELL, UNUSABLE),
    ],
)
def test_states_of_an_evening(own, controls, state):
    assert judged(own, controls).state is state


def test_a_night_without_a_line_is_no_evening_of_any_site():
    silent = Reading(window_log=None, rest_log=None, is_tried=False)
    assert judged(site(9.0), [silent] * 3).state is UNUSABLE
    assert judged(site(failed=100), [silent] * 3).state is UNUSABLE


def test_dead_controls_say_nothing_of_how_busy_the_line_is():
    gone = site(window_log=inf, failed=100)
    assert judged(site(2.0), [site(), site(), gone]).ratio == pytest.approx(2.0)
    assert judged(site(2.0), [gone]).ratio is None


def test_what_has_no_answer_has_no_size():
    assert judged(site(window_log=inf, failed=60), WELL).ratio is None
    assert judged(site(rest_log=inf), WELL).ratio is None


def test_the_delay_law_takes_away_what_the_queue_adds():
    # A near site behind 30 ms of queue: four times slower by nobody's will.
    own = site(window_log=log(0.040), rest_log=log(0.010))
    controls = [site(window_log=log(r + 0.030), rest_log=log(r)) for r in (0.1, 0.2)]
    assert judged(own, controls, "delay").state is FINE
    assert judged(own, controls, "delay").ratio == pytest.approx(1.0)
    assert judged(own, controls, "factor").state is SLOW


def test_an_emptier_queue_makes_nobody_more_than_twice_as_quick():
    controls = [site(window_log=log(0.1), rest_log=log(1.0))] * 2
    own = site(window_log=log(0.01), rest_log=log(0.01))
    assert judged(own, controls, "delay").ratio == pytest.approx(2.0)


def test_sizes_are_bounded():
    huge = judged(site(window_log=50.0), WELL)
    assert (huge.state, huge.ratio) == (SLOW, None)
    assert ratio_of(CEILING) is None
    assert ratio_of(-CEILING) is None
    assert ratio_of(None) is None
    assert ratio_of(log(2.0)) == pytest.approx(2.0)


def test_arrays_and_numbers_have_one_rule():
    shares, others = np.array([0.5, 0.49, 0.5, np.nan]), np.array([0.1, 0.0, 0.11, 0.0])
    expected = [True, False, False, False]
    assert is_dead(shares, others).tolist() == expected
    assert [is_dead(a, b) for a, b in zip(shares, others, strict=True)] == expected
    excess = np.array([log(1.2501), log(1.25), np.nan])
    assert is_slow(excess).tolist() == [True, False, False]


def test_dead_goes_before_slow_and_unusable_before_both():
    assert state_of(is_usable=True, is_dead=True, excess_log=9.0) is DEAD
    assert state_of(is_usable=False, is_dead=True, excess_log=9.0) is UNUSABLE
    assert state_of(is_usable=True, is_dead=False, excess_log=9.0) is SLOW
    assert state_of(is_usable=True, is_dead=False, excess_log=None) is FINE


@pytest.mark.parametrize(
    ("n_dead", "n_usable", "is_it"),
    [(0, 0, False), (0, 1, False), (1, 1, True), (1, 2, True), (1, 3, False)],
)
def test_half_of_the_evenings_dead_is_mostly_dead(n_dead, n_usable, is_it):
    assert mostly_dead(n_dead, n_usable) is is_it


@pytest.mark.parametrize(
    ("text", "minute", "evening", "of_day"),
    [
        ("20:00-22:00", 20 * 60, 0, 840),
        ("20:00-22:00", 6 * 60, 0, 0),
        ("20:00-22:00", 5 * 60 + 59, -1, 1439),
        ("23:00-01:00", 0, -1, 900),
        ("12:00-14:00", 22 * 60, 1, 0),
    ],
)
def test_an_evening_s_day_begins_fourteen_hours_before(text, minute, evening, of_day):
    found = parse_window(text).evening(DAY, minute)
    assert found == (day_number(DAY) + evening, of_day)


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("20:00-22:00", (1200, 1319), (1199, 1320, 0)),
        ("23:00-01:00", (1380, 1439, 0, 59), (1379, 60)),
    ],
)
def test_the_window_is_open_from_its_begin_to_its_end(text, inside, outside):
    window = parse_window(text)
    assert all(window.has_clock(minute) for minute in inside)
    assert not any(window.has_clock(minute) for minute in outside)


def test_sides_of_an_evening_s_day():
    assert WINDOW.is_inside(840, 960)
    assert not WINDOW.is_inside(839, 900)
    assert not WINDOW.is_inside(900, 961)
    assert WINDOW.is_before(810)
    assert not WINDOW.is_before(811)
    assert WINDOW.is_after(990)
    assert not WINDOW.is_after(989)


def test_a_window_is_told_as_it_is_read():
    assert str(WINDOW) == "20:00-22:00"
    assert parse_window(WINDOW) is WINDOW
    assert Window(1200, 120) == WINDOW
    assert (WINDOW.day_start_min, WINDOW.day_end_min) == (360, 1800)


def test_half_of_a_usual_evening_is_needed():
    assert needed([24, 24, 24, 24]) == 12
    assert needed([0, 0, 0, 25]) == 13
    assert needed([2, 4, 8, 100]) == 4
    assert needed([]) == needed([1]) == 1


def test_an_outage_needs_the_controls_to_fail_too():
    assert is_outage([True] * 4 + [False], [True])
    assert not is_outage([True] * 3 + [False] * 2, [True])
    assert not is_outage([True] * 4 + [False], [True, False])
    assert not is_outage([True] * 4, [])


def test_medians_rates_and_dates():
    assert middle([3.0, None, 1.0]) == 2.0
    assert middle([5.0, 1.0, 2.0]) == 2.0
    assert middle([None]) is None
    assert slowness_log("goodput_bps", 4.0) == -log(4.0)
    assert slowness_log("connect_s", 4.0) == log(4.0)
    assert times_slower("goodput_bps", 1.0, 2.0) == 2.0
    assert times_slower("connect_s", 1.0, 2.0) == 0.5
    assert times_slower("connect_s", 1.0, 0.0) is None
    assert times_slower("connect_s", None, 2.0) is None
    assert dates_between(DAY, DAY) == [DAY]


def hours(
    value: float | None = 0.2, *, failed: int = 0, evening: int = 7
) -> list[Cell]:
    """Every hour of an evening's day, twelve probes each."""
    return [
        cell_of((evening, 60 * h, 60 * h + 60), "duration_s", value, 12, failed)
        for h in range(24)
    ]


def test_an_hour_of_failures_has_no_value():
    assert cell_of((0, 0, 60), "duration_s", 0.2, 12, 6).slow_log == inf
    assert cell_of((0, 0, 60), "duration_s", 0.2, 12, 5).slow_log == log(0.2)
    assert cell_of((0, 0, 60), "duration_s", None, 12, 0).slow_log is None
    assert cell_of((0, 0, 60), "duration_s", 0.0, 12, 0).slow_log is None


@pytest.mark.parametrize("metric", ["connect_s", "domain_lookup_s", "goodput_bps"])
def test_what_was_measured_before_the_failure_stands(metric):
    value = slowness_log(metric, 0.2)
    assert cell_of((0, 0, 60), metric, 0.2, 12, 12).slow_log == value
    assert cell_of((0, 0, 60), metric, None, 12, 12).slow_log == inf


def test_an_evening_is_read_by_its_sides():
    cells = [
        c._replace(slow_log=9.0 if c.begin_min in (780, 960) else 1.0) for c in hours()
    ]
    cells = [c._replace(slow_log=2.0) if 840 <= c.begin_min < 960 else c for c in cells]
    reading = readings(site_cells(cells, cells), WINDOW)[7]
    assert (reading.window_log, reading.rest_log) == (2.0, 1.0)
    # The hours beside the window belong to neither side.
    assert (reading.n, reading.n_rest) == (24, 240)
    assert reading.is_tried


def test_an_evening_with_half_of_its_probes_is_read_and_one_with_less_is_not():
    full, half = hours(evening=1), hours(evening=2)
    less = [c._replace(n=5) for c in hours(evening=3)]
    half = [c._replace(n=6) for c in half]
    cells = [*full, *half, *less]
    found = readings(site_cells(cells, cells), WINDOW)
    assert [found[k].is_tried for k in (1, 2, 3)] == [True, True, False]
    assert found[3].window_log is None


def test_hours_without_a_line_are_left_out():
    down = [c for c in hours(failed=12) if 840 <= c.begin_min < 960]
    up = [c for c in hours() if not 840 <= c.begin_min < 960]
    all_down = {name: site_cells(down + up, down + up) for name in "abc"}
    kept = without_outages(all_down, controls="c")
    assert all(
        rows(cells.values) == rows(cells.attempts) == up for cells in kept.values()
    )
    assert sum(kept["a"].attempts.n_failed) == 0
    # Without a control nobody can tell an outage from a site that fails.
    assert without_outages(all_down, controls="") == all_down
    well = all_down | {"c": site_cells(hours(), hours())}
    assert without_outages(well, controls="c") == well


def test_an_evening_of_an_outage_is_one_without_a_line_in_all_of_its_window():
    out = hours(failed=12, evening=7)
    partly = [
        c if c.begin_min < 900 else c._replace(n_failed=0)
        for c in hours(failed=12, evening=8)
    ]
    cells = site_cells([], [*out, *partly, *hours(evening=9)])
    sites = {"a": cells, "control": cells}
    assert outage_evenings(sites, ["control"], WINDOW) == {7}


def test_a_window_is_ten_minutes_to_ten_hours_long():
    assert parse_window("20:00-06:00").length_min == 600
    assert parse_window("20:59-21:09").length_min == 10
    for text in ("20:00-06:01", "20:00-20:09", "20:60-21:30", "25:00-01:00"):
        with pytest.raises(InputError, match="allowed"):
            parse_window(text)


def test_no_attempt_is_no_failure():
    lost = Reading(window_log=None, rest_log=None, n=2, n_failed=2)
    assert judged(lost, []).state is EveningState.DEAD
    assert Reading(window_log=None, rest_log=None, n=4).failed_share == 0


@pytest.mark.parametrize(
    ("value", "n", "expected"), [(0.1, 0, log(0.1)), (-0.1, 1, None), (0.0, 1, None)]
)
def test_a_cell_has_a_value_where_one_was_measured(value, n, expected):
    assert cell_of((0, 0, 60), "connect_s", value, n, 0).slow_log == expected


def test_an_hour_has_sixty_minutes_and_is_down_when_half_of_it_failed():
    lost, answered = Cell(0, 59, 60, inf, 1, 1), Cell(0, 60, 61, 0.0, 1, 0)
    cells = site_cells([lost, answered], [lost, answered])
    kept = without_outages({"a": cells, "control": cells}, ["control"])
    assert rows(kept["a"].values) == rows(kept["a"].attempts) == [answered]
    third = site_cells([], [Cell(0, 0, 60, 0.0, 3, 1)])
    assert without_outages({"a": third, "control": third}, ["control"])["a"] == third


def test_evenings_that_are_not_asked_for_tell_what_one_needs_all_the_same():
    full, less = hours(evening=1), [c._replace(n=5) for c in hours(evening=2)]
    cells = site_cells([*full, *less], [*full, *less])
    assert readings(cells, WINDOW, {2}) == {2: readings(cells, WINDOW)[2]}
    assert not readings(cells, WINDOW, {2})[2].is_tried


def test_an_evening_without_a_cell_says_nothing_and_a_site_without_has_none():
    silent = Reading(window_log=None, rest_log=None, is_tried=False)
    assert readings(site_cells(hours(), hours()), WINDOW, {9}) == {9: silent}
    assert readings(site_cells([], []), WINDOW, {9}) == {}
    nothing = [c._replace(n=0, n_failed=0, slow_log=None) for c in hours()]
    assert readings(site_cells(nothing, nothing), WINDOW) == {}
