"""Processes forked from this one, in which all libraries are loaded already.

This process never loads the program itself: a fork loads it anew, changed in one place.
"""

import ctypes
import importlib
import io
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType

_DIE_WITH_PARENT = 1
IDLE_S = 600
"""Only for what waits for ever: so long without any computing."""
_LOOK_EVERY_S = 10


def warm(modules: Iterable[str]) -> None:
    """Load libraries, so that forks have them; what cannot be loaded is left out."""
    for name in modules:
        with suppress(Exception):
            importlib.import_module(name)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a fork ended: its exit status, or the negative number of a signal."""

    status: int

    @property
    def ran_out(self) -> bool:
        """Whether its time was up."""
        return self.status in (-signal.SIGXCPU, -signal.SIGKILL)


class _Idleness:
    """Since when a fork has computed nothing."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._cpu = ""
        self._since_s = self._looked_s = time.monotonic()

    def is_over(self, now_s: float) -> bool:
        """Whether it has computed nothing for too long, however busy the machine is."""
        if now_s - self._looked_s < _LOOK_EVERY_S:
            return False
        self._looked_s = now_s
        cpu = _cpu(self._pid)
        if cpu != self._cpu:
            self._cpu, self._since_s = cpu, now_s
        return now_s - self._since_s > IDLE_S


def _cpu(pid: int) -> str:
    """What a process has computed so far, with the children that it waited for."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return " ".join(fields[11:15])


class Forks:
    """Forks that run side by side.

    Parameters
    ----------
    jobs : most forks at once.
    """

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self._running: dict[int, tuple[object, _Idleness]] = {}

    def run(
        self, tasks: Iterable[tuple[object, Callable[[], int], int]]
    ) -> Iterator[tuple[object, Ended]]:
        """Run every (name, what to do, CPU seconds); gives names as they end."""
        for name, work, cpu_s in tasks:
            if len(self._running) >= self._jobs:
                yield self._next()
            pid = _forked(work, cpu_s)
            self._running[pid] = name, _Idleness(pid)
        while self._running:
            yield self._next()

    def _next(self) -> tuple[object, Ended]:
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid in self._running:
                name, _ = self._running.pop(pid)
                return name, Ended(os.waitstatus_to_exitcode(status))
            for running, (_, idleness) in self._running.items():
                if idleness.is_over(time.monotonic()):
                    os.killpg(running, signal.SIGKILL)
            time.sleep(0.02)


def _forked(work: Callable[[], int], cpu_s: int) -> int:
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        return pid
    status = 3
    try:
        os.setpgid(0, 0)
        # Whoever ends this program ends its forks, too.
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
        # CPU, not wall: a busy machine kills nobody.
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 5))
        status = work()
    except BaseException:  # noqa: BLE001  a fork ends here, whatever happened
        traceback.print_exc()
    finally:
        with suppress(Exception):
            sys.stdout.flush()
        os._exit(status)


def silence() -> None:
    """Nothing that this process says is read from now on."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    sys.stdout = sys.stderr = io.TextIOWrapper(io.FileIO(1, "w", closefd=False))


def load_as(path: Path, text: str) -> None:
    """Let the module in a file be made of another text when it is loaded."""
    whole = SourceFileLoader.get_code

    def get_code(loader: SourceFileLoader, name: str) -> CodeType | None:
        if Path(loader.path).resolve() == path:
            return compile(text, loader.path, "exec", dont_inherit=True)
        return whole(loader, name)

    SourceFileLoader.get_code = get_code  # type: ignore[method-assign]
