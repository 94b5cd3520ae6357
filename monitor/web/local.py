"""UTC instants to hours and days of the home's clock; bounded tables, no numpy."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

from monitor.wallclock import local_instant

HOUR_US: Final = 3_600_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def to_us(moment: datetime) -> int:
    """Microseconds since 1970 [us] of an aware moment."""
    return (moment - _EPOCH) // _MICROSECOND


def from_us(moment_us: int) -> datetime:
    """The moment, aware, in UTC."""
    return _EPOCH + timedelta(microseconds=moment_us)


def day_start_us(day: date, zone: str) -> int:
    """Instant of the first moment of a local day [us since 1970]."""
    return to_us(local_instant(day, ZoneInfo(zone)))


def days_between(since: date, until: date) -> list[date]:
    """Every local date from `since` to `until`, both included."""
    return [since + timedelta(days=i) for i in range((until - since).days + 1)]


def phase_us(zone: str, at: datetime) -> int:
    """How far the local hour begins from the hour of UTC [us]; 0 in most zones."""
    offset = at.astimezone(ZoneInfo(zone)).utcoffset() or timedelta(0)
    return (offset // _MICROSECOND) % HOUR_US


class LocalHours:
    """Local date and hour of instants; each hour is worked out once."""

    def __init__(self, zone: str) -> None:
        self._zone = ZoneInfo(zone)
        self._known: dict[int, tuple[date, int]] = {}

    def of(self, start_us: int) -> tuple[date, int]:
        """Local date and hour of day (0-23) of an instant."""
        found = self._known.get(start_us)
        if found is None:
            local = from_us(start_us).astimezone(self._zone)
            found = self._known[start_us] = (local.date(), local.hour)
        return found


@cache
def local_hours(zone: str) -> LocalHours:
    """The table of a zone, shared; it grows by an entry for each hour on record."""
    return LocalHours(zone)


def window_hours(start: str, end: str) -> list[int]:
    """Hours of the day that a window such as 20:00-22:00 touches, in its order."""
    first, last = _minutes(start), _minutes(end)
    length = (last - first) % (24 * 60)
    return list(_hours(first, length))


def _hours(first_min: int, length_min: int) -> Iterator[int]:
    hour = first_min // 60
    while hour * 60 < first_min + length_min:
        yield hour % 24
        hour += 1


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)
