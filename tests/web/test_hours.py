"""Packed days laid out as hours, whatever zone, clock change or number of series."""

from datetime import UTC, datetime

from monitor.store.hourly_days import HOUR_US, HourlyDay
from monitor.web.answers.home_clock import next_hour_us
from monitor.web.answers.hours import Cell, Hours, laid_out, measured_span
from monitor.web.answers.schemas import Metric
from monitor.web.answers.slowness import beyond_controls

DAY = int(datetime(2026, 10, 1, tzinfo=UTC).timestamp()) * 1_000_000


def day(first_us: int, value: float, n: int = 1, series_id: int = 1) -> HourlyDay:
    return HourlyDay(series_id, first_us, [n] * 24, [0] * 24, [value] * 24)


def cells(found: Hours) -> list[Cell]:
    return [found.cell(place) for place in found.tried()]


def test_a_span_that_cuts_days_keeps_its_own_hours():
    days = [day(DAY, 1.0), day(DAY + 24 * HOUR_US, 2.0)]
    first, until = DAY + 19 * HOUR_US, DAY + 43 * HOUR_US
    found = laid_out(days, first, until, is_share=False)
    assert found.value == [1.0] * 5 + [2.0] * 19
    assert found.start_us(5) == DAY + 24 * HOUR_US


def test_hours_without_a_day_stay_open():
    found = laid_out([day(DAY, 1.0)], DAY - 2 * HOUR_US, DAY + HOUR_US, is_share=False)
    assert found.value == [None, None, 1.0]
    assert found.tried() == [2]


def test_two_series_of_a_site_are_weighted_by_their_probes():
    days = [day(DAY, 1.0, n=3), day(DAY, 5.0, n=1, series_id=2)]
    found = laid_out(days, DAY, DAY + HOUR_US, is_share=False)
    assert cells(found) == [Cell(2.0, 4, 0)]


def test_a_share_is_of_all_probes_of_the_hour():
    failed = HourlyDay(1, DAY, [4] * 24, [1] * 24, [None] * 24)
    found = laid_out([failed, day(DAY, 1.0, n=4)], DAY, DAY + HOUR_US, is_share=True)
    assert cells(found) == [Cell(0.125, 8, 1)]


def test_hours_of_india_begin_half_past():
    half = HOUR_US // 2
    first = next_hour_us(DAY, half)
    found = laid_out([day(DAY + half, 1.0)], first, first + HOUR_US, is_share=False)
    assert found.start_us(0) == DAY + half
    assert found.value == [1.0]


def test_an_hour_without_a_control_says_nothing():
    own = laid_out([day(DAY, 2.0)], DAY, DAY + 2 * HOUR_US, is_share=False)
    control = Hours(first_us=DAY, value=[1.0, None], n=[1, 0], n_failed=[0, 0])
    found = beyond_controls(Metric.DURATION, own, {"control": control})
    assert found == [1.0, None]
    assert beyond_controls(Metric.DURATION, own, {}) == [None, None]


def test_decades_are_as_short_as_what_was_measured():
    """Who asks for everything since 1970 gets no half a million empty hours."""
    days = [day(DAY, 1.0), day(DAY + 48 * HOUR_US, 1.0)]
    first, until = measured_span(days, 0, 2 * DAY)
    found = laid_out(days, first, until, is_share=False)
    assert found.first_us == DAY
    assert len(found.tried()) == 48
    assert len(found.n) == 73
    assert measured_span([], DAY, 2 * DAY) == (DAY, DAY)
