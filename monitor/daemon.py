"""`monitor run`: opens everything, lets the scheduler tick, closes in reverse.

The scheduler's jobs only hand work to tasks that are owned here, because its asyncio
executor cannot wait for running jobs. Nothing here loads pandas: the nightly analysis
is a child process, so that it cannot disturb the probes' timing.
"""

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger

from monitor.clock import Clock
from monitor.config import Config
from monitor.errors import StoreError
from monitor.model import Round, RoundStatus, Sample
from monitor.probe import Prober, ProbeSettings
from monitor.probe.gateway import Gateway
from monitor.probe.local import received_on_wire_bytes
from monitor.sampling.budget import Budget
from monitor.sampling.ration import Ration, Timetable, first_costs
from monitor.sampling.reload import reloaded
from monitor.sampling.round import RoundRunner, Write
from monitor.sampling.sampler import Pace, Sampler
from monitor.service import service_manager
from monitor.store import open_store
from monitor.store.retention import Retention
from monitor.store.spool import SpooledWriter
from monitor.store.spool_file import spool_path
from monitor.web.child import Dashboard
from monitor.web.local import phase_us

_log = logging.getLogger(__name__)

TICK_S = 1
CLOCK_STEP_S = 2.0
NIGHTLY_AFTER_WINDOW = timedelta(hours=10, minutes=10)
"""From the window's begin to the nightly analysis: the evening's day ends ten hours
after it, and the last round is stored by then."""
NIGHTLY_AFTER_START_S = 90
"""A night that was interrupted is made up for, after the first round."""
FLUSH_EVERY_S = 60
COMPACT_EVERY_S = 3600
COMPACT_PAUSE_S = 0.2
"""Between two pieces of the work: a round's writes come first."""


def probe_settings(config: Config) -> ProbeSettings:
    """What the probe needs to know of the configuration."""
    return ProbeSettings(
        vantage=config.vantage,
        resolvers=config.probing.resolvers,
        stage_timeout_s=config.probing.stage_timeout.total_seconds(),
        download_max_bytes=config.throughput.max_bytes,
        download_max_s=config.throughput.max_time.total_seconds(),
        block_page_addresses=config.probing.block_page_addresses,
        allow_private_answers=config.probing.allow_private_answers,
    )


def new_ration(config: Config) -> Ration:
    """The account of a configuration's data budget, with nothing received yet."""
    window = config.window
    return Ration(
        budget=Budget(
            per_day_bytes=config.budget.per_day,
            per_month_bytes=config.budget.per_month,
        ),
        timetable=Timetable(
            zone=ZoneInfo(config.timezone),
            window=(window.start, window.end),
            every=config.every,
            downloads_every=config.throughput.every or config.every,
        ),
        costs_bytes=_expected_costs(config),
    )


def _expected_costs(config: Config) -> dict[tuple[str, str], float]:
    sites = config.all_targets()
    return first_costs(sites, download_bytes=config.throughput.max_bytes)


def new_sampler(
    config: Config, *, clock: Clock, write: Write, ration: Ration | None = None
) -> Sampler:
    """A sampler for a configuration, with its prober and gateway.

    Parameters
    ----------
    ration : keeps rounds within the data budget; None: rounds are as due.
    """
    runner = RoundRunner(
        prober=Prober(probe_settings(config), clock),
        gateway=Gateway(clock, vantage=config.vantage),
        clock=clock,
        vantage=config.vantage,
        write=write,
    )
    pace = Pace(
        every=config.every,
        downloads_every=config.throughput.every or config.every,
        per_second=config.probing.per_second,
    )
    rng = Random()  # noqa: S311  order and instants, not secrets
    return Sampler(config.all_targets(), pace, runner, rng, ration=ration)


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
    await asyncio.to_thread(_check_database, config.database)
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
            config, clock=clock, write=self._write, ration=self._ration
        )
        self._tasks: set[asyncio.Task[object]] = set()
        self._manager = service_manager(clock, os.environ)

    async def run(self) -> None:
        """Run until a signal asks to end."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for signum in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(signum, stop.set)
        loop.add_signal_handler(signal.SIGHUP, lambda: self._spawn(self._reload()))
        await asyncio.to_thread(_fill_ration, self._ration, self._config, self._clock)
        await self._record_downtime()
        scheduler = self._scheduler()
        scheduler.start()
        watch = asyncio.create_task(self._follow_clock(scheduler))
        self._dashboard_task = self._spawn(self._dashboard.run())
        _log.info("started vantage=%s pid=%d", self._config.vantage, os.getpid())
        self._manager.ready()
        try:
            await stop.wait()
        finally:
            self._manager.stopping()
            _log.info("stopping running_tasks=%d", len(self._tasks))
            scheduler.shutdown(wait=False)
            await _cancel([watch, *self._tasks])

    def _scheduler(self) -> AsyncIOScheduler:
        # A late job still runs, once: what was missed is recorded by the sampler.
        defaults = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        scheduler = AsyncIOScheduler(timezone=UTC, job_defaults=defaults)
        soon = self._clock.now_utc() + timedelta(seconds=NIGHTLY_AFTER_START_S)
        for job, trigger in (
            (self._tick, IntervalTrigger(seconds=TICK_S)),
            (self._flush, IntervalTrigger(seconds=FLUSH_EVERY_S)),
            (self._start_nightly, self._nightly_trigger()),
            (self._compact, IntervalTrigger(seconds=COMPACT_EVERY_S)),
            (self._start_nightly, DateTrigger(soon)),
        ):
            scheduler.add_job(job, trigger)
        return scheduler

    def _nightly_trigger(self) -> CronTrigger:
        begin = datetime.strptime(self._config.window.start, "%H:%M")  # noqa: DTZ007
        due = begin + NIGHTLY_AFTER_WINDOW
        return CronTrigger(
            hour=due.hour, minute=due.minute, timezone=self._config.timezone
        )

    async def _reload(self) -> None:
        config = await asyncio.to_thread(reloaded, self._config_path, self._config)
        if config is self._config:
            return
        self._config = config
        self._sampler.replace_targets(config.all_targets())
        self._ration.expect(_expected_costs(config))
        # It reads the file for itself.
        await _cancel([self._dashboard_task])
        self._dashboard_task = self._spawn(self._dashboard.run())

    async def _tick(self) -> None:
        self._manager.alive()
        self._sampler.tick(self._spawn)

    async def _flush(self) -> None:
        self._spawn(self._in_thread(self._writer.flush))

    async def _compact(self) -> None:
        if self._config.retention.samples_days is not None:
            self._spawn(remove_old_samples(self._config, self._clock))

    async def _start_nightly(self) -> None:
        self._spawn(run_nightly(self._config, self._config_path))

    def _spawn(self, work: Coroutine[object, object, object]) -> asyncio.Task[object]:
        task: asyncio.Task[object] = asyncio.create_task(_logged(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _write(self, record: Sample | Round) -> None:
        if isinstance(record, Sample):
            self._ration.count(record)
        await self._in_thread(partial(self._writer.write, record))

    async def _in_thread(self, call: Callable[[], object]) -> object:
        # Shielded: a cancelled round must not take a queued write with it.
        loop = asyncio.get_running_loop()
        return await asyncio.shield(loop.run_in_executor(self._thread, call))

    async def _record_downtime(self) -> None:
        end = await asyncio.to_thread(_recorded_until, self._config)
        gap = None if end is None else self._sampler.gap_since(end)
        if gap is not None:
            await self._sampler.record_gap(gap, reason="the monitor was not running")

    async def _follow_clock(self, scheduler: AsyncIOScheduler) -> None:
        """Wake the scheduler when the wall clock was stepped.

        It sleeps until a wall-clock time; after a step back that would be for hours.
        """
        offset_s = self._wall_minus_monotonic_s()
        while True:
            await asyncio.sleep(TICK_S)
            now_s = self._wall_minus_monotonic_s()
            if abs(now_s - offset_s) > CLOCK_STEP_S:
                _log.warning("clock_step seconds=%.1f", now_s - offset_s)
                for job in scheduler.get_jobs():
                    job.reschedule(job.trigger)
            offset_s = now_s

    def _wall_minus_monotonic_s(self) -> float:
        return self._clock.now_utc().timestamp() - self._clock.monotonic_s()


async def run_nightly(config: Config, config_path: Path) -> int:
    """Analyse in a child process of low priority; its exit status."""
    environment = {**os.environ, "MONITOR_DATABASE": config.database}
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "monitor", "--config", str(config_path), "nightly"),
        env=environment,
    )
    try:
        status = await child.wait()
    except asyncio.CancelledError:
        with contextlib.suppress(ProcessLookupError):
            child.terminate()
        await child.wait()
        raise
    _log.info("nightly exit_status=%d", status)
    return status


async def remove_old_samples(config: Config, clock: Clock) -> None:
    """Remove what is older than `retention.samples_days`, in pieces with pauses.

    Raises
    ------
    StoreError
        The database is out of reach; the work goes on another time.
    """
    now_utc = clock.now_utc()
    kept = timedelta(days=config.retention.samples_days or 0)
    before = datetime.combine((now_utc - kept).date(), time(), UTC)
    retention = Retention(config.database, phase_us=phase_us(config.timezone, now_utc))
    try:
        decide = partial(retention.decide, before, decided_at_utc=now_utc)
        await asyncio.to_thread(decide)
        is_more = True
        while is_more:
            await asyncio.sleep(COMPACT_PAUSE_S)
            is_more = await asyncio.to_thread(retention.step)
    finally:
        await asyncio.to_thread(retention.close)


def _check_database(url: str) -> None:
    """Open the database once; only a database that is away is not an obstacle."""
    try:
        open_store(url).close()
    except StoreError as error:
        _log.warning("database_away error=%s", error)


def _recorded_until(config: Config) -> datetime | None:
    """End of the last slot on record; None without one or without a database."""
    with contextlib.suppress(StoreError), open_store(config.database) as store:
        last = store.last_round(config.vantage)
        if last is not None and last.status is RoundStatus.MISSED:
            return last.slot_start_utc + timedelta(seconds=last.duration_s or 0.0)
        return None if last is None else last.slot_start_utc + config.every
    return None


def _fill_ration(ration: Ration, config: Config, clock: Clock) -> None:
    """Note what this month received before this start; only needed for a budget."""
    if config.budget.per_day is None and config.budget.per_month is None:
        return
    now_utc, zone = clock.now_utc(), ration.timetable.zone
    today = now_utc.astimezone(zone).date()
    midnight = _local_midnight(today, zone)
    month_start = _local_midnight(today.replace(day=1), zone)
    spans = ((today, midnight, now_utc), (today.replace(day=1), month_start, midnight))
    try:
        with open_store(config.database) as store:
            for day, since, until in spans:
                found = store.received(config.vantage, since=since, until=until)
                ration.add(
                    day, received_on_wire_bytes(found.n_probes, found.body_bytes)
                )
    except StoreError as error:
        _log.warning("budget event=counted_from_now reason=%s", error)


def _local_midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


async def _cancel(tasks: list[asyncio.Task[object]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _logged(work: Awaitable[object]) -> object:
    try:
        return await work
    except Exception:  # noqa: BLE001
        # One failed round must not end a daemon that is to run for months.
        _log.exception("task_failed")
        return None
