"""The rounds of a simulated home: when they are, in UTC and on the wall clock.

Rounds follow UTC, as a daemon's do; people, congestion and throttling follow the local
clock. So a day has 23 or 25 hours of rounds when the clock changes.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from monitor.series.rows import Bools, Floats, Ints

_DAY_MIN = 1440.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Slots:
    """One entry per round, in order of time; `n` rounds in all."""

    started_at_us: Ints
    """Begin of the round [microseconds since 1970 UTC], shape (n,)."""
    local_min: Floats
    """Local time of day at the begin of the round [minutes], shape (n,)."""
    day: Ints
    """Local day of the round counted from the first, shape (n,)."""
    start: date
    days: int
    every_s: int

    @property
    def n(self) -> int:
        """Number of rounds."""
        return int(self.day.size)

    @property
    def is_weekend(self) -> Bools:
        """Whether each local day is a Saturday or Sunday, shape (days,)."""
        first = self.start.weekday()
        return np.asarray((first + np.arange(self.days)) % 7 >= 5)

    def date_of(self, day: int) -> date:
        """Local date of a day counted from the first."""
        return self.start + timedelta(days=day)

    def between(self, start_min: Floats, end_min: Floats) -> Bools:
        """Rounds inside a window that each day has of its own, shape (n,).

        Parameters
        ----------
        start_min, end_min : shape (days,) [minutes of the local day]
        """
        return (self.local_min >= start_min[self.day]) & (
            self.local_min < end_min[self.day]
        )


def slots_of(
    *, start: date, days: int, timezone: str, every_s: int, rng: np.random.Generator
) -> Slots:
    """Rounds every `every_s` over whole local days, each at a random instant."""
    midnights = pd.DatetimeIndex(
        [pd.Timestamp(start), pd.Timestamp(start + timedelta(days=days))]
    ).tz_localize(timezone, ambiguous=True, nonexistent="shift_forward")
    first_us, end_us = (int(stamp.timestamp()) * 1_000_000 for stamp in midnights)
    planned_us = np.arange(first_us, end_us, every_s * 1_000_000, dtype=np.int64)
    jitter_us = rng.integers(0, int(0.8 * every_s * 1e6), planned_us.size)
    started_at_us = planned_us + jitter_us
    local_us = _local_us(started_at_us, timezone)
    day_us = local_us - int(pd.Timestamp(start).timestamp()) * 1_000_000
    return Slots(
        started_at_us=started_at_us,
        local_min=(day_us / 60e6) % _DAY_MIN,
        day=np.clip(day_us // int(_DAY_MIN * 60e6), 0, days - 1),
        start=start,
        days=days,
        every_s=every_s,
    )


def _local_us(utc_us: Ints, timezone: str) -> Ints:
    stamps = pd.DatetimeIndex(utc_us.view("datetime64[us]")).tz_localize("UTC")
    local = stamps.tz_convert(timezone).tz_localize(None)
    return np.asarray(local.to_numpy().astype("datetime64[us]").view(np.int64))
