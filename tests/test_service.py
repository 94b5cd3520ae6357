"""What the service manager hears and what the journal reads."""

import asyncio
import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from monitor.service import JournalFormatter, log_formatter, service_manager
from tests.fakes import FakeClock
from tests.servers.tcp import serve
from tests.servers.web import says
from tests.test_daemon import PAGE, configuration, stopped


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    """A service manager's socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "notify"))
        sock.settimeout(20)
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


def start_daemon(folder: Path) -> subprocess.Popen[str]:
    environment = {
        **os.environ,
        "NOTIFY_SOCKET": str(folder / "notify"),
        "WATCHDOG_USEC": "2000000",
        "JOURNAL_STREAM": "1:1",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "monitor", "run"],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


async def test_daemon_tells_that_it_is_ready_alive_and_stopping(
    manager: socket.socket, tmp_path: Path, port: int
) -> None:
    configuration(tmp_path, port)
    process = start_daemon(tmp_path)
    first = await asyncio.to_thread(manager.recv, 100)
    signs = [await asyncio.to_thread(manager.recv, 100) for _ in range(3)]
    assert await stopped(process, signal.SIGTERM) < 5
    assert process.stderr is not None
    lines = process.stderr.read().splitlines()
    process.stderr.close()
    assert first == b"READY=1"
    assert signs == 3 * [b"WATCHDOG=1"]
    assert heard(manager)[-1] == b"STOPPING=1"
    assert any(line.startswith("<6>monitor.daemon started") for line in lines)


def test_every_line_of_a_traceback_has_its_priority() -> None:
    record = logging.LogRecord(
        "monitor", logging.WARNING, "x", 1, "two\nlines", None, None
    )
    assert JournalFormatter("%(message)s").format(record) == "<4>two\n<4>lines"
    assert not isinstance(log_formatter({}), JournalFormatter)
