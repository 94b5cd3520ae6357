"""`monitor run`: opens everything, lets the scheduler tick, closes in reverse.

The scheduler's jobs only hand work to tasks that are owned here, because its asyncio
executor cannot wait for running jobs.
"""

import asyncio
import logging
import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.date import DateTrigger

from monitor.clock import Clock
from monitor.config import Config
from monitor.daemon.chores import remove_old_samples, run_nightly
from monitor.daemon.startup import (
    check_database,
    fill_ration,
    parts_off_record,
    recorded_until,
)
from monitor.daemon.tasks import Tasks, cancel
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
from monitor.sampling.schedule import Gap
from monitor.service import service_manager
from monitor.store.spool import SpooledWriter
from monitor.store.spool_file import spool_path
from monitor.web.child import Dashboard

_log = logging.getLogger(__package__)

TICK = timedelta(seconds=1)
NIGHTLY_AFTER_START = timedelta(seconds=90)
"""A night that was interrupted is made up for, after the first round."""
FLUSH_EVERY = timedelta(minutes=1)
COMPACT_EVERY = timedelta(hours=1)


async def serve(
    config: Config,
    *,
    config_path: Path,
    clock: Clock,
    announce: Callable[[str], None],
) -> None:
    """Measure until SIGTERM or SIGINT, with the dashboard beside it.

    Parameters
    ----------
    announce : called with the dashboard's address.

    Raises
    ------
    InputError
        The database is not one that this version can use.
    """
    share_heaps()
    await asyncio.to_thread(check_database, config.database)
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="store") as thread:
        writer = await asyncio.get_running_loop().run_in_executor(
            thread,
            partial(SpooledWriter, config.database, spool_path(config.database), clock),
        )
        dashboard = Dashboard(config_path, config.database, announce)
        try:
            await _Daemon(config, config_path, clock, thread, writer, dashboard).run()
        finally:
            await asyncio.shield(
                asyncio.get_running_loop().run_in_executor(thread, writer.close)
            )


class _Daemon:
    def __init__(
        self,
        config: Config,
        config_path: Path,
        clock: Clock,
        thread: ThreadPoolExecutor,
        writer: SpooledWriter,
        dashboard: Dashboard,
    ) -> None:
        self._config = config
        self._config_path = config_path
        self._clock = clock
        self._thread = thread
        self._writer = writer
        self._dashboard = dashboard
        self._ration = new_ration(config)
        self._sampler = new_sampler(
            config,
            clock=clock,
            write=self._write,
            ration=self._ration,
            unrecorded=self._unrecorded,
        )
        self._tasks = Tasks()
        self._reloading = asyncio.Lock()
        self._manager = service_manager(clock, os.environ)

    async def run(self) -> None:
        """Run until a signal asks to end."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for signum in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(signum, stop.set)
        loop.add_signal_handler(
            signal.SIGHUP, lambda: self._tasks.spawn(self._reload())
        )
        await asyncio.to_thread(fill_ration, self._ration, self._config, self._clock)
        self._tasks.spawn(self._record_downtime(self._clock.now_utc()))
        scheduler = self._scheduler()
        scheduler.start()
        watch = asyncio.create_task(follow_clock(scheduler, self._clock))
        self._dashboard_task = self._tasks.spawn(self._dashboard.run())
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
        if self._config.retention.samples_days is not None:
            self._tasks.spawn(remove_old_samples(self._config, self._clock))

    async def _start_nightly(self) -> None:
        self._tasks.spawn(self._night())

    async def _night(self) -> None:
        await run_nightly(self._config, self._config_path)
        give_back()

    async def _write(self, record: Sample | Round) -> None:
        await self._in_thread(partial(self._writer.write, record))

    async def _in_thread(self, call: Callable[[], object]) -> object:
        # Shielded: a cancelled round must not take a queued write with it.
        loop = asyncio.get_running_loop()
        return await asyncio.shield(loop.run_in_executor(self._thread, call))

    async def _record_downtime(self, began_utc: datetime) -> None:
        """Tell in which slots no daemon ran, as soon as the database answers."""
        end = await self._recorded_until(self._sampler.slot_of(began_utc))
        gap = None if end is None else self._sampler.downtime(end, began_utc)
        if gap is not None:
            reason = "the monitor was not running"
            await self._sampler.record_missed(gap, reason=reason)

    async def _recorded_until(self, before_utc: datetime) -> datetime | None:
        while True:
            await self._in_thread(self._writer.flush)
            try:
                return await asyncio.to_thread(recorded_until, self._config, before_utc)
            except StoreError:
                await asyncio.sleep(FLUSH_EVERY.total_seconds())

    async def _unrecorded(self, gap: Gap) -> list[Gap]:
        # What waits in the spool is on record, too.
        await self._in_thread(self._writer.flush)
        return await asyncio.to_thread(parts_off_record, gap, self._config)
