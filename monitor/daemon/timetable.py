"""When the daemon does what, on a wall clock that may be stepped."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta

from apscheduler.job import Job
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger

from monitor.clock import Clock
from monitor.config import Config
from monitor.evening_rule import DAY_MIN
from monitor.store.clock_steps import ClockStep

_log = logging.getLogger(__package__)

CHECK_CLOCK_EVERY_S = 1
CLOCK_STEP_S = 2.0
_LATE = timedelta(seconds=CLOCK_STEP_S)
NIGHTLY_AFTER_DAY_MIN = 10
"""From the end of the evening's day to the nightly analysis: the last round is stored
by then."""

Work = Callable[[], Awaitable[None]]


class Every(BaseTrigger):  # type: ignore[misc]  # the library has no types
    """Now and then: a fixed time after the last run, however late that was.

    Unlike an interval of the library it knows no grid of instants. After a step of the
    clock from 1970 to today that grid would have thousands of millions of them to go
    through, and after a step back it would wait for its begin to come again.
    """

    def __init__(self, span: timedelta) -> None:
        self._span = span

    def get_next_fire_time(self, _previous: datetime | None, now: datetime) -> datetime:
        """The next instant, counted from now."""
        return now + self._span


def new_scheduler(jobs: Iterable[tuple[Work, BaseTrigger]]) -> AsyncIOScheduler:
    """A scheduler, not yet started, that begins each job when its trigger says."""
    # A late job still runs, once: what was missed is recorded by the sampler.
    defaults = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    scheduler = AsyncIOScheduler(timezone=UTC, job_defaults=defaults)
    for job, trigger in jobs:
        scheduler.add_job(job, trigger)
    return scheduler


def nightly_trigger(config: Config) -> CronTrigger:
    """Every day when the evening's day is over, in local time."""
    due_min = (config.window.span.day_end_min + NIGHTLY_AFTER_DAY_MIN) % DAY_MIN
    hour, minute = divmod(due_min, 60)
    return CronTrigger(hour=hour, minute=minute, timezone=config.timezone)


async def follow_clock(
    scheduler: AsyncIOScheduler, clock: Clock, note: Callable[[ClockStep], object]
) -> None:
    """Set the scheduler right when the wall clock was stepped; never returns.

    What is due at a wall-clock time would, after a step back, be due in hours only.
    After a step forward, or a sleep, it is due now, and must not be put off.

    Parameters
    ----------
    note : told of each step at once.
    """
    offset_s = _wall_minus_elapsed_s(clock)
    while True:
        await asyncio.sleep(CHECK_CLOCK_EVERY_S)
        now_s = _wall_minus_elapsed_s(clock)
        step_s = now_s - offset_s
        if abs(step_s) > CLOCK_STEP_S:
            _log.warning("clock_step seconds=%.1f", step_s)
            now_utc = clock.now_utc()
            before_utc = now_utc - timedelta(seconds=step_s)
            note(ClockStep(before_utc=before_utc, after_utc=now_utc))
        for job in _put_off(scheduler, clock.now_utc()):
            job.reschedule(job.trigger)
        offset_s = now_s


def _put_off(scheduler: AsyncIOScheduler, now_utc: datetime) -> Iterator[Job]:
    """Jobs that are due later than their trigger says now.

    Asked for every time, not after a step back alone: a clock that stood in the future
    for less than a look shows no step, and what was done meanwhile is due years later.
    """
    for job in scheduler.get_jobs():
        due = job.trigger.get_next_fire_time(None, now_utc)
        if due is not None and job.next_run_time - due > _LATE:
            yield job


def _wall_minus_elapsed_s(clock: Clock) -> float:
    # A sleep of the machine is no step: time has passed.
    return clock.now_utc().timestamp() - clock.since_boot_s()
