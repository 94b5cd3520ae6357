"""Local dates, and the instants of their times, also where the clock jumps."""

import re
from bisect import bisect_left
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib import import_module
from importlib.resources import files
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from monitor.errors import InputError

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Where instants and days are counted from."""
YEARS: Final = range(EPOCH.year, 2200)
"""What a question may be about; nobody measured before, or will for a while."""

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_NOWHERE: Final = {"Factory", "localtime", "posixrules"}
"""In some lists of zones, but the time of no place: browsers do not know them."""
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")


def is_date(text: str) -> bool:
    """Whether a text is a date that exists, as the folders of nights are named."""
    if not _DATE.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def tzdata_version() -> str:
    """Version of the rules of time zones that this program carries."""
    return str(import_module("tzdata").IANA_VERSION)


def parsed_date(text: str) -> date:
    """The date that a text such as 2026-10-20 names.

    Raises
    ------
    ValueError
        There is no such date, or it is far away; the message says what is allowed.
    """
    if not _DATE.fullmatch(text):
        raise ValueError("a date such as 2026-10-20")
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError("a date that exists") from None
    if day.year not in YEARS:
        raise ValueError(f"a date between {YEARS[0]} and {YEARS[-1]}")
    return day


@cache
def zone_named(name: str) -> ZoneInfo:
    """The zone of an IANA name, as every browser knows it, too.

    Raises
    ------
    ValueError
        There is none. Other files beside the zones are none: browsers refuse names like
        `posix/...`, and the clock of `right/...` counts leap seconds.
    """
    if name in _NOWHERE or not (name in _packaged() or name in available_timezones()):
        raise ValueError("an IANA time zone such as Asia/Almaty")
    return ZoneInfo(name)


def asked_zone(name: str, *, option: str = "timezone") -> ZoneInfo:
    """The zone that somebody asked for; raises `InputError`, which names the option."""
    try:
        return zone_named(name)
    except (ValueError, TypeError) as error:
        raise InputError(f"{option}: found {name!r}; allowed: {error}") from None


@cache
def _packaged() -> frozenset[str]:
    """The names that the tzdata package has: to read one list is quick."""
    return frozenset(files("tzdata").joinpath("zones").read_text().split())


def instant_shown(shown: datetime, zone: ZoneInfo) -> datetime:
    """The one moment [UTC] at which the clocks of a zone showed a date and a time.

    Parameters
    ----------
    shown : without a zone.

    Raises
    ------
    ValueError
        There is no such moment, or there are two of them, or it is beyond the calendar.
    """
    try:
        first, second = (
            shown.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)
        )
    except OverflowError:
        raise ValueError("a time beyond the calendar") from None
    if first > second:
        raise ValueError(f"a time that clocks in {zone.key} showed")
    if first < second:
        raise ValueError(f"a time that clocks in {zone.key} showed only once")
    return first


def day_number(day: date) -> int:
    """Days from 1 January 1970 to a date."""
    return (day - EPOCH.date()).days


def numbered_day(number: int) -> date:
    """The date so many days after 1 January 1970."""
    return EPOCH.date() + timedelta(days=number)


def local_instant(day: date, zone: ZoneInfo, *, minute: int = 0) -> datetime:
    """The first moment [UTC] at which a local clock shows a time of day, or is past it.

    Parameters
    ----------
    day : local date.
    minute : after midnight on the clock [min]; without it the day's first moment.

    Notes
    -----
    When the clock goes forward some times of day do not exist; some zones leave out
    midnight. When it goes back some come twice: the first one counts. So days that
    begin at this moment touch and do not overlap.
    """
    shown = datetime.combine(day, time()) + timedelta(minutes=minute)
    before, after = (
        shown.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)
    )
    if before <= after:
        return before
    # The clock jumps over the wanted time, somewhere from `after` to `before`.
    return after + timedelta(
        seconds=bisect_left(
            range(int((before - after).total_seconds())),
            shown,
            key=lambda s: _shown(after + timedelta(seconds=s), zone),
        )
    )


def _shown(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)
