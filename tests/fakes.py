"""Hand-written stand-ins for time and for what needs a root of its own."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from monitor.clock import SystemClock


@dataclass
class SetClock(SystemClock):
    """A wall clock that is set by the test; durations are real."""

    now: datetime = datetime(2026, 3, 1, 15, tzinfo=UTC)
    """20:00 in Almaty."""

    def now_utc(self) -> datetime:
        return self.now


class FakeClock:
    """A clock that moves only when told."""

    def __init__(
        self, now_utc: datetime = datetime(2026, 3, 1, 12, tzinfo=UTC)
    ) -> None:
        self._now_utc = now_utc
        self._monotonic_s = 1000.0

    def now_utc(self) -> datetime:
        return self._now_utc

    def monotonic_s(self) -> float:
        return self._monotonic_s

    def since_boot_s(self) -> float:
        return self._monotonic_s

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._now_utc += timedelta(seconds=seconds)
        self._monotonic_s += seconds

    def step(self, seconds: float) -> None:
        """Set the wall clock without time passing."""
        self._now_utc += timedelta(seconds=seconds)
