"""The only place that asks the machine what time it is."""

import ctypes
import ctypes.util
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final, Protocol

_TIME_ERROR: Final = 5
"""State that adjtimex(2) returns while the clock is not synchronised."""
_TIMEX_BYTES: Final = 512


class Clock(Protocol):
    """Wall time for stamps, monotonic time for durations."""

    def now_utc(self) -> datetime:
        """Wall-clock time, aware, in UTC."""

    def monotonic_s(self) -> float:
        """Seconds on a clock that never steps; only differences have a meaning."""

    def since_boot_s(self) -> float:
        """As `monotonic_s`, but while the machine sleeps this goes on."""


class SystemClock:
    """The machine's own clocks."""

    def now_utc(self) -> datetime:
        """Wall-clock time, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic_s(self) -> float:
        """Seconds on a clock that never steps; only differences have a meaning."""
        return time.monotonic()

    def since_boot_s(self) -> float:
        """As `monotonic_s`, but while the machine sleeps this goes on."""
        # Where a system has no such clock, a sleep looks like a step.
        number = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
        return time.clock_gettime(number)


def is_synchronised() -> bool | None:
    """Whether the system's clock is disciplined; None where that cannot be asked."""
    with suppress(AttributeError, OSError):
        libc = ctypes.CDLL(ctypes.util.find_library("c"), use_errno=True)
        # An all-zero timex asks and changes nothing.
        state = libc.adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
        return None if state < 0 else bool(state != _TIME_ERROR)
    return None
