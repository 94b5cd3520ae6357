"""What a page sets going: one of our own commands in a child process, one at a time.

The dashboard itself loads neither the analysis nor the probes, and a report takes
seconds of a processor.
"""

import asyncio
import contextlib
import os
import sys
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from monitor.errors import MonitorError
from monitor.text import printable

LONGEST_S: Final = 900
_LINES_KEPT: Final = 40
_LONGEST_LINE: Final = 500


class BusyError(MonitorError):
    """Another errand is not done yet."""


class ErrandState(StrEnum):
    """How far an errand is."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(slots=True)
class Errand:
    """One command and what it printed last."""

    name: str
    state: ErrandState = ErrandState.RUNNING
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=_LINES_KEPT))


class Errands:
    """Runs commands of `monitor` with this configuration.

    Parameters
    ----------
    config_path : the configuration file.
    database : the URL in force, whatever the file says.
    """

    def __init__(self, config_path: Path, database: str) -> None:
        self.config_path = config_path
        self._database = database
        self._task: asyncio.Task[None] | None = None
        self.last: Errand | None = None

    def begin(
        self,
        name: str,
        arguments: Sequence[str],
        given: bytes = b"",
        *,
        language: str = "",
    ) -> Errand:
        """Start a command.

        Parameters
        ----------
        given : what it reads from its standard input.
        language : of who reads what it prints; empty: as the daemon's surroundings say.

        Raises
        ------
        BusyError : one is running.
        """
        if self._task is not None and not self._task.done():
            raise BusyError("another errand is not done yet; try again later")
        self.last = Errand(name)
        self._task = asyncio.create_task(
            self._run(self.last, arguments, given, language)
        )
        return self.last

    async def close(self) -> None:
        """End what is running."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(
        self, errand: Errand, arguments: Sequence[str], given: bytes, language: str
    ) -> None:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "monitor", "--config", str(self.config_path)),
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={
                **os.environ,
                "MONITOR_DATABASE": self._database,
                "MONITOR_LANGUAGE": language,
            },
        )
        try:
            async with asyncio.timeout(LONGEST_S):
                await _follow(child, errand, given)
                code = await child.wait()
            errand.state = ErrandState.FAILED if code else ErrandState.DONE
        except TimeoutError:
            errand.lines.append(f"ended: it took more than {LONGEST_S} s")
            errand.state = ErrandState.FAILED
        finally:
            with contextlib.suppress(ProcessLookupError):
                child.kill()


async def _follow(
    child: asyncio.subprocess.Process, errand: Errand, given: bytes
) -> None:
    if child.stdin is None or child.stdout is None:
        return
    child.stdin.write(given)
    child.stdin.close()
    async for line in child.stdout:
        text = printable(line.decode(errors="replace").rstrip())
        errand.lines.append(text[:_LONGEST_LINE])
