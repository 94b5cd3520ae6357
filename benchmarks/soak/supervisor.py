"""The daemon under the soak: started, watched, stopped, killed."""

import asyncio
import json
import os
import resource
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.process import ROOT
from benchmarks.soak.network import proc_text
from benchmarks.soak.simulated import CLOCK_FOLDER

TROUBLES = ("Traceback", "task_failed", "probe_failed", "CRITICAL")
LOG_LINE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Vitals:
    """What a process holds at one moment."""

    rss_mib: float
    n_files: int
    n_threads: int


class Supervisor:
    """Runs one daemon at a time and reads what it says.

    Parameters
    ----------
    place : its working folder.
    environment : beside that of this process.
    command : goes before the interpreter.
    notes : open file for all lines of its log.
    """

    def __init__(self, place: Path, environment, command, notes) -> None:
        self._place = place
        paths = os.pathsep.join((str(CLOCK_FOLDER), str(ROOT)))
        self._environment = {**os.environ, **environment, "PYTHONPATH": paths}
        self._command = command
        self._notes = notes
        self._news = asyncio.Condition()
        self._readers = set()
        self.process = None
        self.end_s = 5.0
        self.n_starts = 0
        self.heard = {"round status=": 0, "monitor.daemon nightly e": 0}
        self.troubles = []
        self.exits = []

    def configure(self, document) -> None:
        """Write the configuration file."""
        (self._place / "config.yaml").write_text(json.dumps(document))

    async def start(self) -> None:
        """Start the daemon."""
        program = (sys.executable, "-m", "benchmarks.soak.witness", "run")
        self.process = await asyncio.create_subprocess_exec(
            *self._command,
            *program,
            cwd=self._place,
            env=self._environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            limit=LOG_LINE_BYTES,
        )
        self.n_starts += 1
        reader = asyncio.create_task(self._read(self.process.stdout))
        self._readers.add(reader)
        reader.add_done_callback(self._readers.discard)

    async def beside(self, *words: str, output=None) -> asyncio.subprocess.Process:
        """Another command in the same folder, by the same clock."""
        return await asyncio.create_subprocess_exec(
            *self._command,
            *(sys.executable, "-m", "monitor", *words),
            cwd=self._place,
            env=self._environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output or self._notes,
            stderr=asyncio.subprocess.STDOUT,
        )

    async def _read(self, lines) -> None:
        async for raw in lines:
            line = raw.decode(errors="replace").rstrip()
            self._notes.write(line + "\n")
            self._notes.flush()
            if any(word in line for word in TROUBLES):
                self.troubles.append(line)
            async with self._news:
                for words in self.heard:
                    self.heard[words] += words in line
                self._news.notify_all()

    async def hears(self, words: str, n: int, limit_s: float) -> bool:
        """Whether the log has said these words n times before the time is up."""
        try:
            async with asyncio.timeout(limit_s), self._news:
                await self._news.wait_for(lambda: self.heard[words] >= n)
        except TimeoutError:
            return False
        return True

    def send(self, signum: int) -> None:
        """Send a signal."""
        os.kill(self.process.pid, signum)

    async def stop(self) -> None:
        """End it as a service manager does; note if it ends badly or late."""
        self.send(signal.SIGTERM)
        try:
            status = await asyncio.wait_for(self.process.wait(), self.end_s)
        except TimeoutError:
            status = f"not ended within {self.end_s:g} s"
            await self.kill()
        if status != 0:
            self.exits.append(f"SIGTERM: {status}")
        await self._silence()

    async def kill(self) -> None:
        """End it as a power cut does."""
        self.send(signal.SIGKILL)
        await self.process.wait()
        await self._silence()

    async def _silence(self) -> None:
        # The dashboard ends by itself when it misses the daemon.
        if self._readers:
            await asyncio.wait(self._readers, timeout=20)

    def check(self) -> None:
        """Raise when the daemon has ended by itself."""
        if self.process.returncode is not None:
            raise RuntimeError(f"the daemon ended by itself: {self.process.returncode}")

    def limit_files(self, size_bytes: int) -> None:
        """Let no file of the daemon grow beyond a size: a full disk without root."""
        hard = resource.RLIM_INFINITY
        limits = (size_bytes, hard)
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, limits)

    def vitals(self) -> dict[str, Vitals]:
        """Of the daemon and of its dashboard."""
        pid = self.process.pid
        found = {"daemon": _vitals(pid)}
        for child in proc_text(pid, f"task/{pid}/children").split():
            if "serve" in proc_text(int(child), "cmdline").split("\0"):
                found["dashboard"] = _vitals(int(child))
        return found


def _vitals(pid: int) -> Vitals:
    lines = (line.split(":") for line in proc_text(pid, "status").splitlines())
    status = {name: value.split() for name, value in lines}
    return Vitals(
        rss_mib=int(status["VmRSS"][0]) / 1024,
        n_files=len(list(Path(f"/proc/{pid}/fd").iterdir())),
        n_threads=int(status["Threads"][0]),
    )
