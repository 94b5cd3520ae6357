"""`monitor run` and its dashboard as two processes: they live and end together."""

import asyncio
import json
import os
import signal
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import aiohttp
import pytest

from monitor.errors import ServiceError
from monitor.web.http_server import listening_socket
from tests import forks
from tests.ports import free_port
from tests.waiting import PATIENCE_S, until
from tests.web import history


@contextmanager
def monitor(
    folder: Path, *arguments: str, port: int = 0, stdin: int = subprocess.DEVNULL
) -> Iterator[subprocess.Popen]:
    """A running `monitor` over a home that measures itself."""
    site = {"url": f"tcp://127.0.0.1:{free_port()}"}
    document = {
        "timezone": "Asia/Almaty",
        "every": "10s",
        "targets": [{"name": "site", **site}],
        "controls": [{"name": "control", **site}],
        "web": {"port": port},
    }
    (folder / "config.yaml").write_text(json.dumps(document))
    with (folder / "out").open("w") as out, (folder / "log").open("w") as log:
        process = forks.Command(
            *arguments, cwd=folder, stdin=stdin, stdout=out, stderr=log
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def address(folder: Path) -> str:
    """The address that was printed."""

    def printed() -> str | None:
        told = (folder / "out").read_text().rpartition("\n")[0].splitlines()
        lines = [line for line in told if line.startswith("Dashboard: ")]
        return lines[0].removeprefix("Dashboard: ") if lines else None

    return await until(printed, log=folder / "log")


def n_rounds(folder: Path) -> int:
    """Rounds on record."""
    url = f"file:{folder / 'monitor.db'}?mode=ro"
    try:
        with closing(sqlite3.connect(url, uri=True)) as found:
            return found.execute("SELECT count(*) FROM rounds").fetchone()[0]
    except sqlite3.OperationalError:
        return 0


async def status(url: str) -> int | None:
    """Status of an answer; None when nobody listens."""
    try:
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            return answer.status
    except aiohttp.ClientConnectionError:
        return None


async def test_a_fresh_home_has_a_page_within_its_first_minute(tmp_path: Path):
    with monitor(tmp_path, "run") as process:
        url = await address(tmp_path)
        assert await status(url) == 200
        await until(lambda: n_rounds(tmp_path) >= 1)
        async with aiohttp.ClientSession() as session:
            answer = await session.get(
                f"{url}api/v1/series?target=site&metric=failed_share&resolution=sample"
            )
            found = await answer.json()
        assert found["curve"]["time_s"]
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, PATIENCE_S) == 0
    assert await status(url) is None


@pytest.mark.every_run
async def test_a_killed_daemon_leaves_no_dashboard_behind(tmp_path: Path):
    with monitor(tmp_path, "run") as process:
        url = await address(tmp_path)
        process.kill()
        process.wait()
        async with asyncio.timeout(PATIENCE_S):
            # Nobody is left to tell it.
            while await status(url) is not None:  # noqa: ASYNC110
                await asyncio.sleep(0.1)


async def test_a_dashboard_without_a_database_ends_with_its_daemon(tmp_path: Path):
    away = f"postgresql+psycopg://nobody@127.0.0.1:{free_port()}/none"
    child = ("--database", away, "web", "serve", "--child")
    with monitor(tmp_path, *child, stdin=subprocess.PIPE) as process:
        await until(lambda: "database_away" in (tmp_path / "log").read_text())
        process.stdin.close()
        assert await asyncio.to_thread(process.wait, PATIENCE_S) == 0


async def test_a_taken_port_does_not_stop_the_measuring(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with monitor(tmp_path, "run", port=port):
            await until(lambda: n_rounds(tmp_path) >= 1)
            await until(lambda: "set web.port" in (tmp_path / "log").read_text())


def child_of(process: subprocess.Popen) -> int:
    """The process id of its one child."""
    told = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
    (child,) = told.split()
    return int(child)


@pytest.mark.long
async def test_the_dashboard_comes_back_when_it_dies(tmp_path: Path):
    with monitor(tmp_path, "run") as process:
        await address(tmp_path)
        os.kill(child_of(process), signal.SIGKILL)
        out = tmp_path / "out"
        await until(lambda: out.read_text().count("Dashboard: ") == 2)
        second = out.read_text().split("Dashboard: ")[2].split()[0]
        assert await status(second) == 200


async def test_the_dashboard_alone_shows_what_is_stored(tmp_path: Path):
    with monitor(tmp_path, "web", "serve") as process:
        url = await address(tmp_path)
        assert await status(f"{url}healthz") == 503
        process.send_signal(signal.SIGINT)
        assert await asyncio.to_thread(process.wait, PATIENCE_S) == 0


def test_of_two_that_want_a_port_one_is_refused_with_advice():
    with closing(listening_socket("127.0.0.1", 0)) as first:
        port = first.getsockname()[1]
        with pytest.raises(ServiceError, match=r"web\.port"):
            listening_socket("127.0.0.1", port)


async def test_a_taken_port_is_said_with_status_3(tmp_path: Path):
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        monitor(tmp_path, "web", "serve", port=taken.getsockname()[1]) as process,
    ):
        assert await asyncio.to_thread(process.wait, PATIENCE_S) == 3
    assert "set web.port" in (tmp_path / "log").read_text()


def test_token_and_password_hashes_are_what_the_configuration_takes(tmp_path: Path):
    token = forks.run("web", "token", capture_output=True, text=True)
    typed = "long enough words\n" * 2
    password = forks.run("web", "password", input=typed, capture_output=True, text=True)
    for text, key in ((token.stdout, "token_hash"), (password.stdout, "password_hash")):
        hashed = text.split(f'{key}: "')[1].split('"')[0]
        assert history.config("sqlite:///x.db", host="0.0.0.0", **{key: hashed})
