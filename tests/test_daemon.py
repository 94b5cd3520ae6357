"""`monitor run` as a process of its own: starts, measures, ends, survives."""

import asyncio
import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.clock import SystemClock
from monitor.model import Round, RoundStatus, Sample
from monitor.store import open_store
from tests import forks
from tests.servers.tcp import serve
from tests.servers.web import says, whole
from tests.waiting import PATIENCE_S, until

PAGE = whole(b"<html>" + b"x" * 20_000)


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """A page on loopback."""
    async with serve(says(PAGE)) as served:
        yield served.port


def configuration(folder: Path, port: int, **more: object) -> Path:
    url = f"http://localhost:{port}/"
    document = {
        "timezone": "Asia/Almaty",
        "every": "10s",
        "targets": [{"name": "site", "url": url, "download_url": url}],
        "controls": [{"name": "control", "url": url, "download": False}],
        "web": {"port": 0},
        **more,
    }
    path = folder / "config.yaml"
    path.write_text(json.dumps(document))
    return path


@contextmanager
def daemon(folder: Path) -> Iterator[subprocess.Popen[str]]:
    with (folder / "log").open("a") as log:
        process = forks.Command("run", cwd=folder, stdout=log, stderr=log, text=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def rows(folder: Path, query: str) -> list[tuple[object, ...]]:
    database = folder / "monitor.db"
    if not database.exists():
        return []
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        return connection.execute(query).fetchall()
    except sqlite3.OperationalError:
        return []
    finally:
        connection.close()


async def wait_for(folder: Path, query: str, *, n: int = 1) -> list[tuple[object, ...]]:
    def enough() -> list[tuple[object, ...]]:
        found = rows(folder, query)
        return found if len(found) >= n else []

    return await until(enough, log=folder / "log")


async def stopped(process: subprocess.Popen[str], signum: int) -> int:
    """With which status it ends; how soon it does is in docs/soak.md."""
    process.send_signal(signum)
    return await asyncio.to_thread(process.wait, PATIENCE_S)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.every_run
async def test_fresh_directory_gets_a_database_and_a_first_round(
    tmp_path: Path, port: int
) -> None:
    configuration(tmp_path, port)
    with daemon(tmp_path) as process:
        found = await wait_for(tmp_path, "SELECT status, n_done, n_planned FROM rounds")
        assert found[0] == ("complete", 3, 3)
        assert await stopped(process, signal.SIGTERM) == 0
    assert names(tmp_path) <= {
        "config.yaml",
        "log",
        "monitor.db",
        "monitor.db-wal",
        "monitor.db-shm",
    }


@pytest.mark.long
async def test_interrupt_ends_it_too(tmp_path: Path, port: int) -> None:
    configuration(tmp_path, port)
    with daemon(tmp_path) as process:
        await wait_for(tmp_path, "SELECT * FROM rounds")
        assert await stopped(process, signal.SIGINT) == 0


async def test_stop_in_the_middle_of_a_round_keeps_what_was_measured(
    tmp_path: Path, port: int
) -> None:
    async with serve(says(PAGE, after_s=30)) as slow:
        stuck = {"name": "stuck", "url": f"http://localhost:{slow.port}/"}
        free = {"name": "free", "url": f"http://localhost:{port}/", "download": False}
        configuration(tmp_path, port, targets=[stuck], controls=[free])
        with daemon(tmp_path) as process:
            await wait_for(tmp_path, "SELECT * FROM series WHERE target = 'free'")
            assert await stopped(process, signal.SIGTERM) == 0
    (record,) = rows(tmp_path, "SELECT status, n_done, reason FROM rounds")
    assert record[:2] == ("overlong", 1)
    assert str(record[2]).startswith("stopped")


@pytest.mark.every_run
async def test_time_without_the_daemon_is_a_gap(tmp_path: Path, port: int) -> None:
    configuration(tmp_path, port)
    an_hour_ago = SystemClock().now_utc() - timedelta(hours=1)
    with open_store(f"sqlite:///{tmp_path / 'monitor.db'}") as store:
        store.rounds.append(
            Round(
                round_id="before",
                vantage="home",
                slot_start_utc=an_hour_ago,
                started_at_utc=an_hour_ago,
                duration_s=1.0,
                status=RoundStatus.COMPLETE,
                n_planned=3,
                n_done=3,
            )
        )
    with daemon(tmp_path) as process:
        await wait_for(tmp_path, "SELECT * FROM rounds WHERE n_done > 0", n=2)
        await stopped(process, signal.SIGTERM)
    gaps = rows(
        tmp_path, "SELECT reason, duration_s FROM rounds WHERE status = 'missed'"
    )
    assert len(gaps) == 1
    assert str(gaps[0][0]).startswith("the monitor was not running")
    assert 3500 < float(str(gaps[0][1])) < 3700


async def test_database_that_is_locked_at_first_gets_everything_later(
    tmp_path: Path, port: int
) -> None:
    configuration(tmp_path, port)
    with daemon(tmp_path) as process:
        await wait_for(tmp_path, "SELECT * FROM rounds")
        connection = sqlite3.connect(tmp_path / "monitor.db")
        connection.execute("BEGIN IMMEDIATE")
        before = connection.execute("SELECT count(*) FROM rounds").fetchone()[0]
        await asyncio.sleep(22)
        connection.rollback()
        connection.close()
        await wait_for(tmp_path, "SELECT * FROM rounds", n=before + 2)
        assert await stopped(process, signal.SIGTERM) == 0
    assert not (tmp_path / "monitor.db.spool").exists()


async def test_database_of_another_program_is_refused(
    tmp_path: Path, port: int
) -> None:
    configuration(tmp_path, port)
    (tmp_path / "monitor.db").write_bytes(b"not a database" * 1000)
    with daemon(tmp_path) as process:
        assert await asyncio.to_thread(process.wait, PATIENCE_S) == 2
    assert "monitor.db" in (tmp_path / "log").read_text()
    assert (tmp_path / "monitor.db").read_bytes() == b"not a database" * 1000


@pytest.mark.parametrize(
    "modules",
    [
        "monitor.daemon.serving",
        "monitor.cli.nightly_command, monitor.nights, monitor.notify",
    ],
    ids=["measuring", "a night that is not due"],
)
def test_no_number_crunchers_are_loaded_for(modules: str) -> None:
    code = (
        f"import {modules}, sys; "
        "heavy = {'pandas', 'numpy', 'scipy', 'pyarrow', 'matplotlib', 'psycopg'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("received", "reason"),
    [
        (10**6, "budget: throughput transfers left out"),
        (50 * 10**6, "budget: round left out"),
    ],
)
async def test_what_was_received_before_a_restart_counts_for_the_budget(
    tmp_path: Path, port: int, received: int, reason: str
) -> None:
    transfers = {"max_bytes": "100MB"}
    budget = {"per_day": "50MB"}
    configuration(tmp_path, port, every="1h", budget=budget, throughput=transfers)
    with open_store(f"sqlite:///{tmp_path / 'monitor.db'}") as store:
        now_utc = SystemClock().now_utc()
        sample = Sample(
            started_at_utc=now_utc, target="site", encoded_body_bytes=received
        )
        store.samples.append([sample])
    with daemon(tmp_path) as process:
        ((found,),) = await wait_for(tmp_path, "SELECT reason FROM rounds")
        await stopped(process, signal.SIGTERM)
    assert str(found).startswith(reason)
    assert "the budget is 50 MB a day" in (tmp_path / "log").read_text()
