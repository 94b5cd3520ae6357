"""Points in time as whole microseconds since 1970 in UTC, and back; exact both ways."""

from datetime import datetime, timedelta
from typing import Final

from monitor.wallclock import EPOCH, clock_named

_HOUR: Final = timedelta(hours=1)
_MICROSECOND: Final = timedelta(microseconds=1)


def to_us(moment: datetime) -> int:
    """Microseconds [us] since 1970-01-01 UTC.

    Raises
    ------
    ValueError : the moment has no zone.
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no zone")
    return (moment - EPOCH) // _MICROSECOND


def from_us(moment_us: int) -> datetime:
    """The moment, aware, in UTC."""
    return EPOCH + timedelta(microseconds=moment_us)


def phase_us(zone: str, moment: datetime) -> int:
    """How far the local hour is ahead of the hour of UTC [us]; 0 in most zones."""
    offset = moment.astimezone(clock_named(zone)).utcoffset() or timedelta(0)
    return offset % _HOUR // _MICROSECOND
