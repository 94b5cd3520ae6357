"""The hours of the local day and of the week, with the spread of their values."""

from datetime import datetime
from math import inf
from zoneinfo import ZoneInfo

import pytest

from monitor.hour_profile import (
    HOURS_OF_DAY,
    Spread,
    hour_of_week,
    hour_of_week_s,
    hour_profile,
)

EMPTY = Spread(None, None, None, 0)


def test_an_hour_has_its_median_and_nine_of_ten_on_either_side():
    profile = hour_profile((20, float(value)) for value in range(1, 21))
    assert profile.week[20] == Spread(low=2.0, middle=11.0, high=18.0, n=20)
    assert profile.day[20] == profile.week[20]
    assert {*profile.week[:20], *profile.week[21:]} == {EMPTY}


def test_a_day_s_hour_is_that_of_all_days_of_the_week():
    profile = hour_profile((day * HOURS_OF_DAY + 8, 1.0 + day) for day in range(7))
    assert profile.day[8] == Spread(low=1.0, middle=4.0, high=7.0, n=7)
    assert [spread.n for spread in profile.week[8::24]] == [1] * 7


def test_a_few_values_have_no_tenth():
    assert hour_profile([(0, 2.0)] * 4).day[0] == Spread(None, 2.0, None, 4)


def test_an_hour_without_answers_is_infinitely_slow_not_empty():
    assert hour_profile([(0, inf)] * 5).day[0] == Spread(inf, inf, inf, 5)


@pytest.mark.parametrize(
    ("local", "hour"),
    [("2026-10-19T00:59", 0), ("2026-10-20T20:15", 44), ("2026-10-25T23:00", 167)],
)
def test_the_week_begins_on_monday(local: str, hour: int):
    moment = datetime.fromisoformat(local)
    assert hour_of_week(moment.date(), moment.hour) == hour
    as_utc = moment.replace(tzinfo=ZoneInfo("UTC"))
    assert hour_of_week_s(int(as_utc.timestamp())) == hour
