"""UTC instants to hours and days of the home's clock; bounded tables, no numpy."""

from datetime import date
from functools import cache

from monitor.store.hourly_days import HOUR_US
from monitor.store.instants import from_us, to_us
from monitor.wallclock import clock_named, local_instant


def day_start_us(day: date, zone: str) -> int:
    """Instant of the first moment of a local day [us since 1970]."""
    return to_us(local_instant(day, clock_named(zone)))


def next_hour_us(moment_us: int, phase: int) -> int:
    """First beginning of a local hour, not before a moment [us since 1970].

    Parameters
    ----------
    phase : see `phase_us`.
    """
    return moment_us + (-phase - moment_us) % HOUR_US


class LocalHours:
    """Local date and hour of instants; each hour is worked out once."""

    def __init__(self, zone: str) -> None:
        self._zone = clock_named(zone)
        self._known: dict[int, tuple[date, int]] = {}

    def of(self, start_us: int) -> tuple[date, int]:
        """Local date and hour of day (0-23) of an instant."""
        day_hour = self._known.get(start_us)
        if day_hour is None:
            local = from_us(start_us).astimezone(self._zone)
            day_hour = self._known[start_us] = (local.date(), local.hour)
        return day_hour


@cache
def local_hours(zone: str) -> LocalHours:
    """The table of a zone, shared; it grows by an entry for each hour on record."""
    return LocalHours(zone)
