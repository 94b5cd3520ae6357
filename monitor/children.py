"""Processes that end, whatever a server or a fault does to them.

What talks to strangers, or may need much memory, runs in a process of its own that the
kernel itself ends at a limit of time or of memory, and that ends with its parent.
"""

import asyncio
import errno
import json
import math
import os
import resource
import selectors
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from typing import IO, Any, Final

from monitor.clock import SystemClock
from monitor.untyped import Json

OUT_OF_MEMORY: Final = 64 + errno.ENOMEM
"""Exit status of a child that got no more memory."""
GRACE_S: Final = 5.0
"""A child that the kernel did not end at its time is killed this much later."""

_SECRETS: Final = ("MONITOR_DATABASE",)
"""Variables that no child needs which is not given them."""
_PIECE_BYTES: Final = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a child may use."""

    time_s: float
    memory_bytes: int
    """Of memory that is its own: code and files that are shared do not count."""
    cpu_s: float | None = None
    """Of the processor; None: as much as its time allows."""


def night_limits() -> Limits:
    """What the nightly analysis may use on this machine."""
    machine_bytes = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return Limits(time_s=2 * 3600, memory_bytes=min(machine_bytes * 3 // 4, 4 << 30))


@contextmanager
def confined(limits: Limits) -> Iterator[None]:
    """In the child: from here on the kernel holds the limits; no memory is an end.

    To be entered before what takes much memory is imported.
    """
    # Arrow's own allocator sets a gigabyte aside, used or not.
    os.environ["ARROW_DEFAULT_MEMORY_POOL"] = "system"
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_DATA, (limits.memory_bytes,) * 2)
    if limits.cpu_s is not None:
        resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(limits.cpu_s),) * 2)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, limits.time_s)
    try:
        yield
    except MemoryError:
        os._exit(OUT_OF_MEMORY)


def end_with_parent() -> None:
    """In the child: end at once when standard input ends, as it does with its owner."""

    def watch() -> None:
        while os.read(sys.stdin.fileno(), _PIECE_BYTES):
            pass
        os._exit(1)

    threading.Thread(target=watch, name="parent", daemon=True).start()


def kill(pid: int) -> None:
    """Kill a child and whatever it has started; it must lead a session of its own."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def how_it_ended(status: int, limits: Limits) -> str:
    """Why a child ended that did not end well; empty when it did.

    Parameters
    ----------
    status : its exit status; negative: the signal that ended it.
    """
    if status == 0:
        return ""
    if status in (-signal.SIGALRM, -signal.SIGKILL):
        return f"took longer than {limits.time_s:.0f} s"
    if status == -signal.SIGXCPU:
        return f"needed more than {limits.cpu_s:.0f} s of the processor"
    if status == OUT_OF_MEMORY:
        return f"needed more than {limits.memory_bytes >> 20} MiB of memory"
    if status < 0:
        return f"was ended by {signal.Signals(-status).name}"
    return f"ended with status {status}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What is left of a child."""

    answers: Sequence[Json]
    """What it told, in its order; all of it, or what it told before it was ended."""
    trouble: str
    """Why it ended; empty: it was done."""


def run(module: str, request: object, limits: Limits) -> Ended:
    """Run a module of ours as a child until it is done or is ended.

    Parameters
    ----------
    module : is run by its name; it calls `answer`.
    request : for the child, as JSON has it.
    """
    with subprocess.Popen(  # noqa: S603 - our own module
        _command(module), **_pipes(), start_new_session=True
    ) as child:
        try:
            line = _question(request, limits)
            lines = _talked(child, line, limits.time_s + GRACE_S)
        finally:
            kill(child.pid)
    return Ended(
        answers=[json.loads(line) for line in lines],
        trouble=how_it_ended(child.returncode, limits),
    )


async def run_beside(
    module: str, request: object, limits: Limits, answers: list[Json]
) -> str:
    """As `run`, beside an event loop; the child ends with the task that waits for it.

    Parameters
    ----------
    answers : gets what the child tells, also when it is ended or not waited for.

    Returns
    -------
    Why it ended; empty: it was done.
    """
    child = await asyncio.create_subprocess_exec(
        *_command(module), **_pipes(), start_new_session=True
    )
    assert child.stdin is not None  # noqa: S101 - both are pipes
    assert child.stdout is not None  # noqa: S101
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(limits.time_s + GRACE_S):
                child.stdin.write(_question(request, limits))
                # A child that is killed may leave a torn line at the end.
                while (line := await child.stdout.readline()).endswith(b"\n"):
                    answers.append(json.loads(line))
                await child.wait()
    finally:
        kill(child.pid)
        await asyncio.shield(child.wait())
    return how_it_ended(child.returncode or 0, limits)


def _command(module: str) -> list[str]:
    return [sys.executable, "-m", module]


def _pipes() -> dict[str, Any]:
    return {
        "stdin": subprocess.PIPE,
        "stdout": subprocess.PIPE,
        # What libraries say there may hold the secret of an address.
        "stderr": subprocess.DEVNULL,
        "env": {k: v for k, v in os.environ.items() if k not in _SECRETS},
    }


def _question(request: object, limits: Limits) -> bytes:
    return json.dumps({"limits": asdict(limits), "request": request}).encode() + b"\n"


def _talked(child: subprocess.Popen[bytes], line: bytes, limit_s: float) -> list[bytes]:
    assert child.stdin is not None  # noqa: S101 - both are pipes
    assert child.stdout is not None  # noqa: S101
    with suppress(BrokenPipeError):
        child.stdin.write(line)
        child.stdin.flush()
    *lines, _torn = b"".join(_pieces(child.stdout, limit_s)).split(b"\n")
    with suppress(subprocess.TimeoutExpired):
        child.wait(GRACE_S)
    return lines


def _pieces(pipe: IO[bytes], limit_s: float) -> Iterator[bytes]:
    """What comes through a pipe until it ends, or until time is up."""
    clock = SystemClock()
    end_s = clock.monotonic_s() + limit_s
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while selector.select(max(0.0, end_s - clock.monotonic_s())):
            piece = os.read(pipe.fileno(), _PIECE_BYTES)
            if not piece:
                return
            yield piece


def answer(work: Callable[[Json], Iterable[object]]) -> None:
    """In a child of `run`: tell what comes of its request, and end; never returns."""
    # Whatever a library prints is no answer.
    told = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    given = json.loads(sys.stdin.buffer.readline())
    end_with_parent()
    with confined(Limits(**given["limits"])):
        for item in work(given["request"]):
            told.write(json.dumps(item).encode() + b"\n")
            told.flush()
    # Threads of a library that still wait for somebody are not waited for.
    os._exit(0)
