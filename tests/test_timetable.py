"""The scheduler goes on ticking however the wall clock is stepped."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.date import DateTrigger

from monitor.clock import SystemClock
from monitor.daemon import timetable
from monitor.daemon.timetable import Every, follow_clock, new_scheduler

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TICK = timedelta(seconds=0.05)


class Counter:
    """Counts how often it was called."""

    def __init__(self) -> None:
        self.n = 0
        self._called = asyncio.Condition()

    async def count(self) -> None:
        self.n += 1
        async with self._called:
            self._called.notify_all()

    async def calls(self, n: int) -> int:
        """Wait for n calls; how many there could have been meanwhile at the most."""
        loop, wanted = asyncio.get_running_loop(), self.n + n
        begun_s = loop.time()
        async with self._called:
            await self._called.wait_for(lambda: self.n >= wanted)
        return int((loop.time() - begun_s) / TICK.total_seconds()) + 1


@asynccontextmanager
async def ticking(*jobs: tuple[Counter, BaseTrigger]) -> AsyncIterator[None]:
    scheduler = new_scheduler((counter.count, when) for counter, when in jobs)
    scheduler.start()
    watch = asyncio.create_task(follow_clock(scheduler, SystemClock()))
    try:
        yield
    finally:
        watch.cancel()
        scheduler.shutdown(wait=False)


@pytest.mark.parametrize(
    "step",
    [timedelta(days=365 * 56), timedelta(hours=5), timedelta(hours=-5)],
    ids=["from 1970", "forward", "back"],
)
async def test_ticks_go_on_after_a_step_of_the_clock(
    step: timedelta, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also right after the start: neither a hole of hours nor a burst."""
    monkeypatch.setattr(timetable, "CHECK_CLOCK_EVERY_S", 0.1)
    tick = Counter()
    with time_machine.travel(NOW - max(step, timedelta(0)), tick=True) as clock:
        async with ticking((tick, Every(TICK))):
            at_most = await tick.calls(3)
            before = tick.n
            clock.shift(step)
            at_most_after = await tick.calls(10)
    assert before <= at_most
    assert tick.n - before <= at_most_after


async def test_what_was_due_during_a_sleep_is_done_on_waking(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A night's analysis is not put off to the next morning."""
    monkeypatch.setattr(timetable, "CHECK_CLOCK_EVERY_S", 0.01)
    tick, night = Counter(), Counter()
    due = DateTrigger(NOW + timedelta(hours=2))
    with time_machine.travel(NOW, tick=True) as clock:
        async with ticking((tick, Every(TICK)), (night, due)):
            await tick.calls(3)
            assert night.n == 0
            clock.shift(timedelta(hours=3))
            await night.calls(1)
            await tick.calls(10)
    assert night.n == 1
