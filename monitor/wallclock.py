"""Local dates, and the instants of their times, also where the clock jumps."""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib import import_module
from importlib.resources import files
from itertools import pairwise
from typing import Final, NamedTuple, Self
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


class MovedClock(ZoneInfo):
    """The clock of a home that moved: from midnight of a date on, another zone's.

    To whoever asks it is a zone like others, whose offset changes once more; at a move
    the clock goes back or forward by hours.
    """

    _name: str
    _first: ZoneInfo
    _moves: "list[_Move]"

    @classmethod
    def named(cls, name: str) -> Self:
        """The clock of a name as `moved_name` makes it.

        Raises
        ------
        ValueError : it is no such name.
        """
        first, *moves = _parts(name)
        clock = cls.no_cache(first.zone)
        clock._name, clock._first = name, zone_named(first.zone)
        zones = [zone_named(part.zone) for part in (first, *moves)]
        clock._moves = [
            _Move(local_instant(part.since, after), before, after)
            for part, (before, after) in zip(moves, pairwise(zones), strict=True)
        ]
        return clock

    @property
    def key(self) -> str:
        """Its name."""
        return self._name

    def utcoffset(self, dt: datetime | None, /) -> timedelta | None:
        """See `tzinfo`."""
        return self._zone_shown(dt).utcoffset(dt)

    def dst(self, dt: datetime | None, /) -> timedelta | None:
        """See `tzinfo`."""
        return self._zone_shown(dt).dst(dt)

    def tzname(self, dt: datetime | None, /) -> str | None:
        """See `tzinfo`."""
        return self._zone_shown(dt).tzname(dt)

    def fromutc(self, dt: datetime, /) -> datetime:
        """See `tzinfo`."""
        moment, zone, back = dt.replace(tzinfo=UTC), self._first, False
        for move in self._moves:
            if moment >= move.moment:
                zone = move.after
                shown = _shown(moment, zone)
                back = shown < _shown(move.moment, move.before)
        local = zone.fromutc(dt.replace(tzinfo=zone)).replace(tzinfo=self)
        return local.replace(fold=1) if back else local

    def zones(self) -> list[tuple[datetime | None, str]]:
        """See `zones_of`."""
        moves = [(move.moment, move.after.key) for move in self._moves]
        return [(None, self._first.key), *moves]

    def _zone_shown(self, dt: datetime | None) -> ZoneInfo:
        """The zone in which a clock shows a time; of two the one that `fold` says."""
        zone = self._first
        if dt is None:
            return zone
        shown = dt.replace(tzinfo=None, fold=0)
        for move in self._moves:
            sides = [_shown(move.moment, z) for z in (move.before, move.after)]
            if shown >= max(sides) or (dt.fold and shown >= min(sides)):
                zone = move.after
        return zone

    def __str__(self) -> str:
        return self._name

    def __repr__(self) -> str:
        return f"MovedClock.named({self._name!r})"

    def __reduce__(self) -> tuple[Callable[[str], ZoneInfo], tuple[str]]:
        return clock_named, (self._name,)


class _Move(NamedTuple):
    """From a moment [UTC] on the zone is another."""

    moment: datetime
    before: ZoneInfo
    after: ZoneInfo


class _Part(NamedTuple):
    """Since which local date which zone holds; the first of a clock holds ever."""

    since: date
    zone: str


def _parts(name: str) -> list[_Part]:
    first, *moves = name.split(", ")
    parts = [_Part(date.min, zone_named(first).key)]
    for move in moves:
        day, _, zone = move.partition(": ")
        parts.append(_Part(parsed_date(day), zone_named(zone).key))
        if parts[-2].since >= parts[-1].since:
            raise ValueError("dates that rise")
    return parts


def moved_name(zones: Iterable[tuple[date, str]]) -> str:
    """`Asia/Almaty, 2026-10-15: Europe/Berlin` of zones and since when they hold.

    Where all are the same it is the zone's own name. The first one holds ever.
    """
    told: list[str] = []
    last = None
    for since, zone in zones:
        if zone != last:
            told.append(f"{since}: {zone}" if told else zone)
            last = zone
    return ", ".join(told)


def clock_between(name: str, first: date | None, last: date | None) -> str:
    """The name of a clock as it is for some local dates, both included; None: all.

    Also of the day before the first, in which an evening may begin.
    """
    if ", " not in name:
        return name
    parts = [p for p in _parts(name) if last is None or p.since <= last]
    while first is not None and len(parts) > 1 and parts[1].since < first:
        del parts[0]
    return moved_name(parts)


@cache
def clock_named(name: str) -> ZoneInfo:
    """The clock of a zone, or of a home that moved.

    Raises
    ------
    ValueError : there is none; see `zone_named`.
    """
    try:
        return zone_named(name)
    except ValueError:
        if ", " not in str(name):
            raise
    return MovedClock.named(name)


def zones_of(clock: ZoneInfo) -> list[tuple[datetime | None, str]]:
    """Since when [UTC] which zone of a clock holds; None: ever."""
    return clock.zones() if isinstance(clock, MovedClock) else [(None, clock.key)]


def asked_zone(name: str, *, option: str = "timezone") -> ZoneInfo:
    """The zone that somebody asked for; raises `InputError`, which names the option."""
    return _asked(name, zone_named, option)


def asked_clock(name: str, *, option: str = "timezone") -> ZoneInfo:
    """The zone that somebody asked for, or the clock of a home that moved.

    Raises
    ------
    InputError : there is none; names the option.
    """
    return _asked(name, clock_named, option)


def _asked(name: str, named: Callable[[str], ZoneInfo], option: str) -> ZoneInfo:
    try:
        return named(name)
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
