"""Local dates and times as instants, also where midnight is left out or comes twice."""

from datetime import UTC, date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.wallclock import local_instant, parsed_date, zone_named


def instant(day: str, zone: str, minute: int = 0) -> str:
    found = local_instant(date.fromisoformat(day), ZoneInfo(zone), minute=minute)
    assert found.tzinfo is UTC
    return f"{found:%Y-%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("day", "zone", "expected"),
    [
        ("2026-10-20", "Asia/Almaty", "2026-10-19 19:00"),
        # At midnight the clock goes forward to one o'clock.
        ("2018-11-04", "America/Sao_Paulo", "2018-11-04 03:00"),
        ("2023-03-26", "Asia/Beirut", "2023-03-25 22:00"),
        # At half past eleven the clock goes forward to half past twelve.
        ("1919-03-31", "America/Toronto", "1919-03-31 04:30"),
        # At one o'clock the clock goes back to midnight.
        ("2022-11-06", "America/Havana", "2022-11-06 04:00"),
        # At midnight the clock goes back to eleven: midnight comes an hour later.
        ("2018-02-18", "America/Sao_Paulo", "2018-02-18 03:00"),
        # A date that Samoa left out has no length.
        ("2011-12-30", "Pacific/Apia", "2011-12-30 10:00"),
        ("2011-12-31", "Pacific/Apia", "2011-12-30 10:00"),
        # Almaty went from UTC+6 to UTC+5: at midnight back to eleven.
        ("2024-03-01", "Asia/Almaty", "2024-02-29 19:00"),
    ],
)
def test_day_begins_at_its_first_moment(day: str, zone: str, expected: str) -> None:
    assert instant(day, zone) == expected


@pytest.mark.parametrize(
    ("minute", "expected"),
    [
        (-60, "2026-03-28 22:00"),
        (119, "2026-03-29 00:59"),
        # From two o'clock to three the clock shows nothing.
        (120, "2026-03-29 01:00"),
        (150, "2026-03-29 01:00"),
        (180, "2026-03-29 01:00"),
        (20 * 60, "2026-03-29 18:00"),
        (26 * 60, "2026-03-30 00:00"),
    ],
)
def test_minutes_are_those_of_the_clock_on_the_wall(minute: int, expected: str) -> None:
    assert instant("2026-03-29", "Europe/Berlin", minute) == expected


@given(
    day=st.dates(date(1919, 1, 1), date(2037, 12, 31)),
    zone=st.sampled_from(
        ["America/Toronto", "America/Sao_Paulo", "Asia/Beirut", "Africa/Cairo"]
    ),
)
@example(day=date(1919, 3, 31), zone="America/Toronto")
def test_days_touch_and_hold_only_their_own_date(day: date, zone: str) -> None:
    here = ZoneInfo(zone)
    begin = local_instant(day, here)
    just_before = begin - timedelta(microseconds=1)
    assert begin.astimezone(here).date() == day
    assert just_before.astimezone(here).date() == day - timedelta(days=1)
    assert timedelta(hours=22) < local_instant(day + timedelta(days=1), here) - begin


def test_text_names_a_date() -> None:
    assert parsed_date("2026-10-20") == date(2026, 10, 20)


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("yesterday", "a date such as 2026-10-20"),
        ("20261020", "a date such as 2026-10-20"),
        ("2026-02-30", "a date that exists"),
        ("9999-12-31", "a date between 1970 and 2199"),
        ("0001-01-01", "a date between 1970 and 2199"),
    ],
)
def test_text_that_names_no_usable_date_is_refused(text: str, allowed: str) -> None:
    with pytest.raises(ValueError, match=allowed):
        parsed_date(text)


@pytest.mark.parametrize(
    "name",
    ["localtime", "posix/Asia/Almaty", "right/Asia/Almaty", "Factory", "", "../x"],
)
def test_a_file_beside_the_zones_is_no_zone(name: str) -> None:
    with pytest.raises(ValueError, match="an IANA time zone"):
        zone_named(name)


def test_an_alias_is_a_zone() -> None:
    assert zone_named("Asia/Calcutta").key == "Asia/Calcutta"
