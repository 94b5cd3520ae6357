"""The only place that asks the machine what time it is."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Wall time for stamps, monotonic time for durations."""

    def now_utc(self) -> datetime:
        """Wall-clock time, aware, in UTC."""

    def monotonic_s(self) -> float:
        """Seconds on a clock that never steps; only differences have a meaning."""


class SystemClock:
    """The machine's own clocks."""

    def now_utc(self) -> datetime:
        """Wall-clock time, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic_s(self) -> float:
        """Seconds on a clock that never steps; only differences have a meaning."""
        return time.monotonic()
