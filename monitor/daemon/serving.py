"""`monitor run`: opens everything, lets the scheduler tick, closes in reverse.

The scheduler's jobs only hand work to tasks that are owned here, because its asyncio
executor cannot wait for running jobs.
"""

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.date import DateTrigger

from monitor.clock import Clock, is_synchronised
from monitor.config import Config
from monitor.daemon.chores import (
    SyncWatch,
    remove_old_samples,
    run_nightly,
    tell_present,
)
from monitor.daemon.dashboard import Dashboard
from monitor.daemon.lease import DaemonLease
from monitor.daemon.startup import (
    History,
    check_database,
    fill_ration,
    history,
    is_paused,
    note_clock_step,
    note_start,
    parts_off_record,
    past_legs,
    state_terms,
    this_start,
)
from monitor.daemon.tasks import OneAtATime, Tasks, cancel
from monitor.daemon.timetable import (
    Every,
    follow_clock,
    new_scheduler,
    nightly_trigger,
)
from monitor.daemon.wiring import expected_costs, new_ration, new_sampler
from monitor.errors import StoreError
from monitor.heap import give_back, share_heaps
from monitor.model import Round, Sample
from monitor.sampling.reload import reloaded
from monitor.sampling.sampler import Questions
from monitor.sampling.schedule import Gap
from monitor.service import service_manager
from monitor.store import Store
from monitor.store.clock_steps import ClockStep
from monitor.store.spool import SpooledWriter
from monitor.store.spool_file import spool_path

_log = logging.getLogger(__package__)

Answer = TypeVar("Answer")

TICK = timedelta(seconds=1)
NIGHTLY_AFTER_START = timedelta(seconds=90)
"""A night that was interrupted is made up for, after the first round."""
FLUSH_EVERY = timedelta(minutes=1)
COMPACT_EVERY = timedelta(hours=1)


async def serve(
    store: Store,
    config: Config,
    *,
    config_path: Path,
    clock: Clock,
    announce: Callable[[str], None],
) -> None:
    """Measure until SIGTERM or SIGINT, with the dashboard beside it.

    Parameters
    ----------
    store : the database, opened here and let go of at the end.
    announce : called with the dashboard's address.

    Raises
    ------
    InputError
        The database is not one that this version can use.
    HeldError
        Another daemon measures this vantage into it.
    """
    share_heaps()
    await asyncio.to_thread(check_database, store)
    lease = DaemonLease(store, config, clock)
    await asyncio.to_thread(lease.hold)
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="store") as thread:
        writer = await asyncio.get_running_loop().run_in_executor(
            thread,
            partial(
                SpooledWriter,
                store,
                spool_path(config.database),
                clock,
                every=config.every,
            ),
        )
        dashboard = Dashboard(config_path, config, announce)
        try:
            opened = _Opened(store, writer, thread)
            daemon = _Daemon(config, config_path, clock, opened, dashboard)
            await daemon.run(lease)
        finally:
            # At once: each may have to give up a database that is away.
            await asyncio.gather(
                asyncio.shield(
                    asyncio.get_running_loop().run_in_executor(thread, writer.close)
                ),
                asyncio.to_thread(lease.let_go),
            )
            await asyncio.to_thread(store.close)


class _Opened(NamedTuple):
    """What is open while the daemon runs."""

    store: Store
    writer: SpooledWriter
    thread: ThreadPoolExecutor
    """The one in which the writer works."""


class _Daemon:
    def __init__(
        self,
        config: Config,
        config_path: Path,
        clock: Clock,
        opened: _Opened,
        dashboard: Dashboard,
    ) -> None:
        self._store, self._writer, self._thread = opened
        self._config = config
        self._config_path = config_path
        self._clock = clock
        self._dashboard = dashboard
        self._ration = new_ration(config)
        self._sampler = new_sampler(
            config,
            clock=clock,
            write=self._write,
            ration=self._ration,
            questions=Questions(
                unrecorded=self._unrecorded,
                is_paused=self._is_paused,
                past_legs=self._past_legs,
            ),
        )
        self._tasks = Tasks()
        self._nights = OneAtATime("nightly", self._night, self._tasks)
        self._tellings = OneAtATime("notify", self._tell_present, self._tasks)
        self._reloading = asyncio.Lock()
        self._round_ended = asyncio.Event()
        self._manager = service_manager(clock, os.environ)
        self._steps: list[ClockStep] = []
        self._sync_watch = SyncWatch(clock)
        self._measured_since = clock.now_utc()
        self._downtime: Gap | None = None

    async def run(self, lease: DaemonLease) -> None:
        """Run until a signal asks to end; raises HeldError when the lease is lost."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for signum in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(signum, stop.set)
        loop.add_signal_handler(
            signal.SIGHUP, lambda: self._tasks.spawn(self._reload())
        )
        await asyncio.to_thread(state_terms, self._store, self._config, self._clock)
        await asyncio.to_thread(
            fill_ration, self._store, self._ration, self._config, self._clock
        )
        began_utc = self._clock.now_utc()
        self._tasks.spawn(self._record_downtime(began_utc))
        start = await asyncio.to_thread(this_start, began_utc)
        self._tasks.spawn(self._until_answered(note_start, self._config, start))
        scheduler = self._scheduler()
        scheduler.start()
        watch = asyncio.create_task(follow_clock(scheduler, self._clock, self._note))
        self._dashboard_task = self._tasks.spawn(self._dashboard.run())
        holding = asyncio.create_task(self._keep_lease(lease, stop))
        _log.info("started vantage=%s pid=%d", self._config.vantage, os.getpid())
        self._manager.ready()
        try:
            await stop.wait()
        finally:
            self._manager.stopping()
            _log.info("stopping running_tasks=%d", len(self._tasks))
            scheduler.shutdown(wait=False)
            await cancel(watch)
            await self._tasks.end()
            holding.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await holding

    async def _keep_lease(self, lease: DaemonLease, stop: asyncio.Event) -> None:
        """Renew the lease after each round; end the daemon when another has it."""
        try:
            while True:
                await self._round_ended.wait()
                self._round_ended.clear()
                await asyncio.to_thread(lease.hold)
        finally:
            stop.set()

    def _scheduler(self) -> AsyncIOScheduler:
        soon = self._clock.now_utc() + NIGHTLY_AFTER_START
        return new_scheduler(
            (
                (self._tick, Every(TICK)),
                (self._flush, Every(FLUSH_EVERY)),
                (self._start_nightly, nightly_trigger(self._config)),
                (self._compact, Every(COMPACT_EVERY)),
                (self._start_nightly, DateTrigger(soon)),
            )
        )

    async def _reload(self) -> None:
        # One at a time: two would leave two dashboards behind.
        async with self._reloading:
            await self._take_new_sites()

    async def _take_new_sites(self) -> None:
        config = await asyncio.to_thread(reloaded, self._config_path, self._config)
        if config is self._config:
            return
        self._config = config
        self._sampler.replace_targets(config.all_targets())
        self._ration.expect(expected_costs(config))
        # It reads the file for itself.
        await cancel(self._dashboard_task)
        self._dashboard_task = self._tasks.spawn(self._dashboard.run())

    async def _tick(self) -> None:
        self._manager.alive()
        self._sampler.tick(self._tasks.spawn)

    async def _flush(self) -> None:
        self._tasks.spawn(self._in_thread(self._writer.flush))

    async def _compact(self) -> None:
        self._sync_watch.look(is_synchronised())
        if self._config.retention.samples_days is not None:
            work = remove_old_samples(
                self._store,
                self._config,
                self._clock,
                is_steady=lambda: not self._steps,
            )
            self._tasks.spawn(work)

    def _note(self, step: ClockStep) -> None:
        self._steps.append(step)
        self._tasks.spawn(self._store_step(step))

    async def _store_step(self, step: ClockStep) -> None:
        await self._until_answered(note_clock_step, self._config, step)
        self._steps.remove(step)

    async def _start_nightly(self) -> None:
        self._nights.begin()

    async def _night(self) -> None:
        await run_nightly(self._store, self._config, self._config_path, self._clock)
        give_back()

    async def _tell_present(self) -> None:
        await tell_present(self._config, self._config_path)

    async def _write(self, record: Sample | Round) -> None:
        await self._in_thread(partial(self._writer.write, record))
        if isinstance(record, Round):
            self._round_ended.set()
            self._tellings.begin()

    async def _in_thread(self, call: Callable[[], object]) -> object:
        # Shielded: a cancelled round must not take a queued write with it.
        loop = asyncio.get_running_loop()
        return await asyncio.shield(loop.run_in_executor(self._thread, call))

    async def _record_downtime(self, began_utc: datetime) -> None:
        """Tell in which slots no daemon ran, as soon as the database answers."""
        slot = self._sampler.slot_of(began_utc)
        past: History = await self._until_answered(history, self._config, slot)
        if past.first_utc is not None:
            self._measured_since = max(self._measured_since, past.first_utc)
        if past.step is not None:
            self._note(past.step)
        end = past.recorded_until_utc
        gap = None if end is None else self._sampler.downtime(end, began_utc)
        self._downtime = gap
        if gap is not None:
            reason = "the monitor was not running"
            await self._sampler.record_missed(gap, reason=reason)

    async def _until_answered(
        self, ask: Callable[..., Answer], *arguments: object
    ) -> Answer:
        while True:
            # What waits in the spool is on record, too.
            await self._in_thread(self._writer.flush)
            try:
                return await asyncio.to_thread(ask, self._store, *arguments)
            except StoreError:
                await asyncio.sleep(FLUSH_EVERY.total_seconds())

    async def _is_paused(self) -> bool:
        return await asyncio.to_thread(
            is_paused, self._store, self._config, self._clock
        )

    async def _past_legs(self, since: datetime) -> list[Sample] | None:
        await self._in_thread(self._writer.flush)
        return await asyncio.to_thread(past_legs, self._store, self._config, since)

    async def _unrecorded(self, gap: Gap) -> list[Gap]:
        await self._in_thread(self._writer.flush)
        # A gap that begins before is no time that passed: the clock had gone back.
        since_utc = None if gap == self._downtime else self._measured_since
        return await asyncio.to_thread(
            parts_off_record, self._store, gap, self._config, since_utc
        )
