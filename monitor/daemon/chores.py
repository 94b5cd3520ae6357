"""What the daemon does beside measuring: the nightly analysis, removal of old rows."""

import asyncio
import contextlib
import logging
import os
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from monitor.children import GRACE_S, how_it_ended, kill, night_limits
from monitor.clock import Clock
from monitor.config import Config
from monitor.daemon.timetable import CHECK_CLOCK_EVERY_S
from monitor.store import Store
from monitor.store.instants import phase_us
from monitor.store.notices import NIGHT_ENDED, Notice
from monitor.store.retention import Retention

_log = logging.getLogger(__package__)

COMPACT_PAUSE_S = 0.2
"""Between two pieces of the work: a round's writes come first."""
PRESENT_S = 250.0
"""Longest time for the messages of one round; it ends by itself before."""
UNSYNCHRONISED_S = 7 * 86_400
"""After so long it is told; nothing waits for the clock to be synchronised."""


async def run_nightly(
    store: Store, config: Config, config_path: Path, clock: Clock
) -> str:
    """Analyse in a child process of low priority, which is ended at its limits.

    Returns
    -------
    str : why it ended before its time; empty when it did not.

    Raises
    ------
    StoreError
        It was ended, and the database is out of reach to keep that.
    """
    limits = night_limits()
    words = ("nightly", "--child")
    status = await _ended(config, config_path, words, limits.time_s + GRACE_S)
    _log.info("nightly exit_status=%d", status)
    trouble = "" if status in _TOLD else how_it_ended(status, limits)
    if trouble:
        _log.error("nightly event=ended why=%s", trouble)
        await asyncio.to_thread(_note_ended, store, config, trouble, clock.now_utc())
    return trouble


async def tell_present(config: Config, config_path: Path) -> None:
    """Send the messages of this moment and the heartbeat, in a child with limits."""
    if not config.notify.urls and config.notify.heartbeat is None:
        return
    words = ("notify", "present", "--child")
    status = await _ended(config, config_path, words, PRESENT_S)
    if status not in (0, *_TOLD):
        _log.warning("notify event=ended status=%d", status)


async def _ended(
    config: Config, config_path: Path, words: Sequence[str], most_s: float
) -> int:
    """The exit status of a command in a child, which is killed after so long [s]."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "monitor", "--config", str(config_path)),
        *words,
        env={**os.environ, "MONITOR_DATABASE": config.database},
        # It ends when this does.
        stdin=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(most_s):
                await child.wait()
    finally:
        kill(child.pid)
        status = await child.wait()
    return status


_TOLD: Final = (2, 3)
"""Exit statuses of a child that has said what is wrong, and is tried another time."""


def _note_ended(store: Store, config: Config, trouble: str, now_utc: datetime) -> None:
    store.notices.add(
        Notice(
            told_at_utc=now_utc,
            kind=f"{NIGHT_ENDED} {trouble}",
            vantage=config.vantage,
            subject="",
            since=now_utc.isoformat(),
        )
    )


async def remove_old_samples(
    store: Store, config: Config, clock: Clock, *, is_steady: Callable[[], bool]
) -> None:
    """Remove what is older than `retention.samples_days`, in pieces with pauses.

    Parameters
    ----------
    is_steady : whether every step of the wall clock so far is on record.

    Raises
    ------
    StoreError
        The database is out of reach; the work goes on another time.
    """
    # A step that made this due is seen within a second.
    await asyncio.sleep(2 * CHECK_CLOCK_EVERY_S)
    if not is_steady():
        _log.info("retention event=waits reason=%r", "a step is not on record yet")
        return
    now_utc = clock.now_utc()
    phase = phase_us(config.timezone, now_utc)
    retention = store.retention(config.vantage, phase_us=phase)
    is_more = await asyncio.to_thread(_decided, retention, config, now_utc)
    while is_more:
        await asyncio.sleep(COMPACT_PAUSE_S)
        is_more = await asyncio.to_thread(retention.step)


def _decided(retention: Retention, config: Config, now_utc: datetime) -> bool:
    """Whether anything is old; what is so is noted."""
    age = retention.age(config.retention.samples_days or 0, now=now_utc)
    if age.step is not None:
        _log.info("retention event=waits reason=%r", "the clock was set a while ago")
    if age.first_kept is None:
        return False
    retention.decide(age.first_kept, decided_at_utc=now_utc)
    return True


class SyncWatch:
    """Tells when the system's clock has not been synchronised for a week; once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known_at_s = clock.since_boot_s()
        self._is_told = False

    def look(self, is_synchronised: bool | None) -> None:
        """Note how it is now; None: the system cannot be asked."""
        if is_synchronised is not False:
            self._known_at_s = self._clock.since_boot_s()
            self._is_told = False
            return
        free_s = self._clock.since_boot_s() - self._known_at_s
        if free_s >= UNSYNCHRONISED_S and not self._is_told:
            self._is_told = True
            _log.warning("clock event=unsynchronised days=%d", free_s // 86_400)
