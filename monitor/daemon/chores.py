"""What the daemon does beside measuring: the nightly analysis, removal of old rows."""

import asyncio
import contextlib
import logging
import os
import sys
from datetime import UTC, datetime, time, timedelta
from functools import partial
from pathlib import Path

from monitor.clock import Clock
from monitor.config import Config
from monitor.store.instants import phase_us
from monitor.store.retention import Retention

_log = logging.getLogger(__package__)

COMPACT_PAUSE_S = 0.2
"""Between two pieces of the work: a round's writes come first."""


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
