"""The clock of a home that moved: a zone whose offset changes once more."""

import pickle
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from monitor.errors import InputError
from monitor.series.local_time import local_seconds
from monitor.wallclock import (
    asked_clock,
    asked_zone,
    clock_between,
    clock_named,
    local_instant,
    moved_name,
    zones_of,
)

WEST = "Asia/Almaty, 2026-10-15: Europe/Berlin"
EAST = "Europe/Berlin, 2026-10-15: Asia/Almaty"
MANY = "Asia/Almaty, 2026-10-15: Europe/Berlin, 2026-11-02: Asia/Kathmandu"
QUARTER = timedelta(minutes=15)
MOMENTS = [datetime(2026, 10, 8, tzinfo=UTC) + n * QUARTER for n in range(4 * 24 * 30)]


@pytest.mark.parametrize("name", [WEST, EAST, MANY])
def test_every_moment_is_shown_in_the_zone_of_its_time_and_read_back(name: str):
    clock, zones = clock_named(name), zones_of(clock_named(name))
    for moment in MOMENTS:
        holds = [zone for since, zone in zones if since is None or since <= moment][-1]
        shown = moment.astimezone(clock)
        expected = moment.astimezone(ZoneInfo(holds))
        assert shown.replace(tzinfo=None) == expected.replace(tzinfo=None)
        assert shown.tzname() == expected.tzname()
        assert shown.astimezone(UTC) == moment


@pytest.mark.parametrize("name", [WEST, EAST, MANY])
def test_arrays_of_moments_are_shown_alike(name: str):
    seconds = np.array([int(m.timestamp()) for m in MOMENTS], np.int64)
    local_s, _ = local_seconds(seconds, name)
    clock = clock_named(name)
    offsets = [m.astimezone(clock).utcoffset().total_seconds() for m in MOMENTS]
    assert (local_s - seconds).tolist() == offsets


@pytest.mark.parametrize("name", [WEST, EAST])
def test_days_touch_at_a_move_too(name: str):
    clock = clock_named(name)
    days = [date(2026, 10, 12) + timedelta(days=n) for n in range(6)]
    begins = [local_instant(day, clock) for day in days]
    assert begins == sorted(set(begins))
    assert all(
        begin.astimezone(clock).date() == day
        for begin, day in zip(begins, days, strict=True)
    )


def test_a_name_says_each_zone_once_since_when_it_holds():
    zones = [
        (date(2000, 1, 1), "Asia/Almaty"),
        (date(2026, 10, 1), "Asia/Almaty"),
        (date(2026, 10, 15), "Europe/Berlin"),
    ]
    assert moved_name(zones) == WEST
    assert moved_name(zones[:2]) == "Asia/Almaty"
    assert clock_named("Asia/Almaty") is ZoneInfo("Asia/Almaty")


@pytest.mark.parametrize(
    ("first", "last", "name"),
    [
        (None, None, MANY),
        (None, date(2026, 10, 14), "Asia/Almaty"),
        (date(2026, 10, 15), date(2026, 11, 1), WEST),
        (date(2026, 10, 16), date(2026, 11, 1), "Europe/Berlin"),
        (date(2026, 11, 3), None, "Asia/Kathmandu"),
    ],
)
def test_of_some_dates_only_their_zones_are_told(first, last, name: str):
    assert clock_between(MANY, first, last) == name
    assert clock_between(name, first, last) == name


@pytest.mark.parametrize(
    "name",
    [
        "Asia/Almaty, Europe/Berlin",
        "Asia/Almaty, 2026-10-15: Mars/Base",
        "Asia/Almaty, 2026-10-15: Europe/Berlin, 2026-10-01: Asia/Almaty",
        "Asia/Almaty, 2026-02-30: Europe/Berlin",
        "2026-10-15: Europe/Berlin, 2026-10-16: Asia/Almaty",
        "Asia/Almaty,2026-10-15:Europe/Berlin",
        5,
    ],
)
def test_other_names_are_refused(name: str):
    with pytest.raises(InputError, match="timezone: found"):
        asked_clock(name)


def test_where_one_zone_is_asked_for_a_clock_that_moved_is_refused():
    with pytest.raises(InputError, match="an IANA time zone"):
        asked_zone(WEST)


def test_it_is_named_and_kept_as_other_zones_are():
    clock = clock_named(WEST)
    assert str(clock) == clock.key == WEST
    assert pickle.loads(pickle.dumps(clock)).key == WEST
    shown = datetime(2026, 10, 20, 20, tzinfo=clock)
    assert shown.astimezone(UTC).hour == 18
    assert shown.dst() == timedelta(hours=1)
