"""Keeps the dashboard's process running beside the daemon.

The dashboard has an interpreter of its own: a visitor can slow down other visitors, but
not the probes. It ends when the daemon ends, also when that is killed.
"""

import asyncio
import contextlib
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from monitor.config import Config
from monitor.config.apart import handed_over

_log = logging.getLogger(__name__)

RETRY_FIRST_S: Final = 5.0
RETRY_LONGEST_S: Final = 300.0
STOP_S: Final = 2.5


class Dashboard:
    """Starts `monitor web serve` again whenever it ends.

    Parameters
    ----------
    config_path : the daemon's configuration file.
    config : what the daemon read of it at its start, with the database in force. The
        first dashboard is handed it; later ones read the file: it may have changed.
    announce : called with the address each time the dashboard can be reached.
    """

    def __init__(
        self, config_path: Path, config: Config, announce: Callable[[str], None]
    ) -> None:
        self._config_path = config_path
        self._database = config.database
        self._handed: Config | None = config
        self._announce = announce

    async def run(self) -> None:
        """Keep the dashboard up until cancelled; measuring never waits for it."""
        retry_s = RETRY_FIRST_S
        while True:
            was_up = await self._run_once()
            retry_s = RETRY_FIRST_S if was_up else min(2 * retry_s, RETRY_LONGEST_S)
            _log.warning("dashboard_down retry_s=%.0f", retry_s)
            await asyncio.sleep(retry_s)

    async def _run_once(self) -> bool:
        handed, self._handed = self._handed, None
        command = ("--config", str(self._config_path), "web", "serve", "--child")
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "monitor",
            *command,
            *(("--handed",) if handed else ()),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={
                **os.environ,
                "MONITOR_DATABASE": self._database,
                # So that it tells us, and nobody else, of a changed file.
                "MONITOR_DAEMON_PID": str(os.getpid()),
            },
            start_new_session=True,
        )
        try:
            if handed and child.stdin is not None:
                child.stdin.write(handed_over(handed))
            was_up = await self._pass_on(child)
            await child.wait()
        finally:
            await _end(child)
        return was_up

    async def _pass_on(self, child: asyncio.subprocess.Process) -> bool:
        was_up = False
        if child.stdout is not None:
            async for line in child.stdout:
                was_up = True
                self._announce(line.decode(errors="replace").rstrip())
        return was_up


async def _end(child: asyncio.subprocess.Process) -> None:
    if child.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        child.terminate()
    try:
        async with asyncio.timeout(STOP_S):
            await child.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await child.wait()
