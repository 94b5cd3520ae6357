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
from monitor.config import parse
from monitor.daemon import chores, timetable
from monitor.daemon.chores import SyncWatch, remove_old_samples
from monitor.daemon.tasks import OneAtATime, Tasks
from monitor.daemon.timetable import Every, follow_clock, new_scheduler
from monitor.model import Sample
from monitor.store import open_store
from monitor.store.clock_steps import ClockStep
from tests.fakes import FakeClock
from tests.store.test_retention import measured_round

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
async def ticking(
    *jobs: tuple[Counter, BaseTrigger],
) -> AsyncIterator[list[ClockStep]]:
    scheduler = new_scheduler((counter.count, when) for counter, when in jobs)
    scheduler.start()
    steps: list[ClockStep] = []
    watch = asyncio.create_task(follow_clock(scheduler, SystemClock(), steps.append))
    try:
        yield steps
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


@pytest.mark.parametrize("after", [timedelta(0), timedelta(minutes=12)])
async def test_a_clock_in_the_future_between_two_looks_puts_nothing_off(
    after: timedelta, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen is no step, or one ahead; what ran meanwhile would be due years later."""
    monkeypatch.setattr(timetable, "CHECK_CLOCK_EVERY_S", 0.3)
    tick = Counter()
    with time_machine.travel(NOW, tick=True) as clock:
        async with ticking((tick, Every(TICK))):
            await tick.calls(3)
            clock.shift(timedelta(days=700))
            await tick.calls(1)
            clock.shift(after - timedelta(days=700))
            async with asyncio.timeout(30):
                await tick.calls(5)


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


async def test_step_of_the_clock_is_noted_and_a_sleep_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(timetable, "CHECK_CLOCK_EVERY_S", 0.01)
    clock, steps = FakeClock(NOW), asyncio.Queue[ClockStep]()
    watch = asyncio.create_task(
        follow_clock(new_scheduler([]), clock, steps.put_nowait)
    )
    await asyncio.sleep(0.1)
    clock.advance(8 * 3600)
    await asyncio.sleep(0.1)
    assert steps.empty()
    clock.step(-86_400)
    step = await steps.get()
    watch.cancel()
    woken = NOW + timedelta(hours=8)
    assert step == ClockStep(before_utc=woken, after_utc=woken - timedelta(days=1))


def test_clock_that_nobody_sets_right_is_told_after_a_week_and_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = FakeClock(NOW)
    watch = SyncWatch(clock)
    told = []
    for is_synchronised in (True, *[False] * 20, None, *[False] * 8):
        watch.look(is_synchronised)
        told.append(len(caplog.records))
        clock.advance(86_400)
    assert told[6:8] == [0, 1]
    # Once, and once more when it was synchronised in between.
    assert told[21:] == [1] * 7 + [2, 2]
    assert "days=7" in caplog.text


@pytest.mark.parametrize("is_steady", [True, False])
async def test_nothing_is_removed_while_a_step_is_not_on_record(
    database: str, monkeypatch: pytest.MonkeyPatch, is_steady: bool
) -> None:
    monkeypatch.setattr(chores, "CHECK_CLOCK_EVERY_S", 0)
    monkeypatch.setattr(chores, "COMPACT_PAUSE_S", 0)
    config = parse(
        {
            "timezone": "Asia/Almaty",
            "database": database,
            "retention": {"samples_days": 62},
            "targets": [{"name": "a", "url": "https://a.example/"}],
        },
        source="test",
    )
    days = [NOW - timedelta(days=n) for n in range(70)]
    with open_store(database) as store:
        for day in days:
            store.samples.append(
                [Sample(started_at_utc=day, target="a", connect_s=0.1)]
            )
            store.rounds.append(measured_round(day.date()))
        await remove_old_samples(
            store, config, FakeClock(NOW), is_steady=lambda: is_steady
        )
        n_kept = len(list(store.samples.read()))
    # Today and 62 days that are over.
    assert n_kept == (63 if is_steady else 70)


async def test_a_night_that_comes_while_another_is_at_work_is_done_after_it() -> None:
    tasks, began, may_end = Tasks(), asyncio.Queue(), asyncio.Semaphore(0)

    async def night() -> None:
        began.put_nowait(None)
        await may_end.acquire()

    nights = OneAtATime("nightly", night, tasks)
    nights.begin()
    await began.get()
    for _ in range(3):
        nights.begin()
    may_end.release()
    await began.get()
    may_end.release()
    await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}))
    assert began.empty()
    nights.begin()
    await began.get()
    may_end.release()
    await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}))
