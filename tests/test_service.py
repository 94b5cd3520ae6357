"""What the service manager hears and what the journal reads."""

import asyncio
import logging
import os
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import IO

import pytest

from monitor.cli.root import EXIT_INPUT
from monitor.service import JournalFormatter, log_formatter, service_manager
from tests import forks
from tests.fakes import FakeClock
from tests.servers.tcp import serve
from tests.servers.web import says
from tests.test_daemon import PAGE, configuration, stopped
from tests.waiting import PATIENCE_S


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    """A service manager's socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "notify"))
        sock.settimeout(PATIENCE_S)
        yield sock


@pytest.fixture
async def port() -> AsyncIterator[int]:
    async with serve(says(PAGE)) as served:
        yield served.port


def heard(manager: socket.socket) -> list[bytes]:
    manager.setblocking(False)
    found = []
    try:
        while True:
            found.append(manager.recv(100))
    except BlockingIOError:
        return found


def test_signs_of_life_come_twice_per_limit(
    manager: socket.socket, tmp_path: Path
) -> None:
    clock = FakeClock()
    environment = {
        "NOTIFY_SOCKET": str(tmp_path / "notify"),
        "WATCHDOG_USEC": "60000000",
        "WATCHDOG_PID": str(os.getpid()),
    }
    told = service_manager(clock, environment)
    told.ready()
    for _ in range(120):
        told.alive()
        clock.advance(1)
    told.stopping()
    assert heard(manager) == [b"READY=1", *4 * [b"WATCHDOG=1"], b"STOPPING=1"]


@pytest.mark.parametrize(
    "more", [{}, {"WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"}], ids=["none", "other"]
)
def test_without_a_watchdog_of_its_own_it_gives_no_signs(
    manager: socket.socket, tmp_path: Path, more: dict[str, str]
) -> None:
    told = service_manager(
        FakeClock(), {"NOTIFY_SOCKET": str(tmp_path / "notify"), **more}
    )
    told.alive()
    assert heard(manager) == []


def test_abstract_socket_is_reached() -> None:
    name = f"monitor-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(f"\0{name}")
        service_manager(FakeClock(), {"NOTIFY_SOCKET": f"@{name}"}).ready()
        assert heard(sock) == [b"READY=1"]


def test_manager_that_is_gone_is_no_reason_to_end(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    service_manager(FakeClock(), {"NOTIFY_SOCKET": str(tmp_path / "gone")}).ready()
    assert "event=not_told" in caplog.text
    service_manager(FakeClock(), {}).ready()


def journal_of(file: IO[str]) -> str:
    """What the service manager tells of the journal that this file stands for."""
    found = os.fstat(file.fileno())
    return f"{found.st_dev}:{found.st_ino}"


def start(
    folder: Path,
    *arguments: str,
    stdin: int = subprocess.DEVNULL,
    **environment: str,
) -> tuple[subprocess.Popen[str], Path]:
    """The program with a file in place of the journal; and that file."""
    journal = folder / "journal"
    with journal.open("w") as file:
        process = forks.Command(
            *arguments,
            cwd=folder,
            env={**os.environ, "JOURNAL_STREAM": journal_of(file), **environment},
            stdin=stdin,
            stderr=file,
            text=True,
        )
    return process, journal


def exit_status(process: subprocess.Popen[str]) -> int:
    """With which the program ends by itself, once its standard input has ended."""
    try:
        process.communicate(timeout=PATIENCE_S)
    finally:
        process.kill()
    return process.returncode


async def test_daemon_tells_that_it_is_ready_alive_and_stopping(
    manager: socket.socket, tmp_path: Path, port: int
) -> None:
    configuration(tmp_path, port)
    process, journal = start(
        tmp_path,
        "run",
        NOTIFY_SOCKET=str(tmp_path / "notify"),
        WATCHDOG_USEC="2000000",
    )
    first = await asyncio.to_thread(manager.recv, 100)
    signs = [await asyncio.to_thread(manager.recv, 100) for _ in range(3)]
    assert await stopped(process, signal.SIGTERM) == 0
    lines = journal.read_text().splitlines()
    assert first == b"READY=1"
    assert signs == 3 * [b"WATCHDOG=1"]
    assert heard(manager)[-1] == b"STOPPING=1"
    assert any(line.startswith("<6>monitor.daemon started") for line in lines)


def test_every_line_of_a_traceback_has_its_priority() -> None:
    record = logging.LogRecord(
        "monitor", logging.WARNING, "x", 1, "two\nlines", None, None
    )
    assert JournalFormatter("%(message)s").format(record) == "<4>two\n<4>    lines"


def test_marks_are_only_for_the_journal_itself(tmp_path: Path) -> None:
    """A terminal of a desktop session inherits the variable, and gets times."""
    with (tmp_path / "a").open("w") as a, (tmp_path / "b").open("w") as b:
        environment = {"JOURNAL_STREAM": journal_of(a)}
        assert isinstance(log_formatter(environment, a.fileno()), JournalFormatter)
        assert not isinstance(log_formatter(environment, b.fileno()), JournalFormatter)
        assert not isinstance(log_formatter({}, a.fileno()), JournalFormatter)
        closed = a.fileno()
    assert not isinstance(log_formatter(environment, closed), JournalFormatter)


async def test_dashboards_lines_are_for_the_journal_too(
    tmp_path: Path, port: int
) -> None:
    configuration(tmp_path, port)
    process, journal = start(tmp_path, "web", "serve", "--child", stdin=subprocess.PIPE)
    assert await asyncio.to_thread(exit_status, process) == 0
    lines = journal.read_text().splitlines()
    assert any("parent_gone" in line for line in lines)
    assert all(line.startswith("<6>monitor.") for line in lines)


@pytest.mark.parametrize("command", ["run", "nightly"])
def test_reason_of_an_end_is_an_error_in_the_journal(
    tmp_path: Path, command: str
) -> None:
    (tmp_path / "config.yaml").write_text("tz: Asia/Almaty\n")
    process, journal = start(tmp_path, command)
    assert exit_status(process) == EXIT_INPUT
    lines = journal.read_text().splitlines()
    assert any("tz: unknown key" in line for line in lines)
    assert all(line.startswith("<3>") for line in lines)
