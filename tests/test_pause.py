"""The owner's pause: nothing is measured, the gap is on record, and it can be ended."""

import asyncio
import signal
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

import monitor
from monitor.cli.root import cli
from monitor.machine import hardware
from monitor.store import open_store
from tests.servers.tcp import serve
from tests.servers.web import says
from tests.test_daemon import PAGE, configuration, daemon, rows, stopped, wait_for

NOW = datetime(2026, 10, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
async def port() -> AsyncIterator[int]:
    async with serve(says(PAGE)) as served:
        yield served.port


def said(folder: Path, *words: str) -> str:
    config = ("--config", str(folder / "config.yaml"))
    database = ("--database", f"sqlite:///{folder / 'monitor.db'}")
    result = CliRunner().invoke(cli, [*config, *database, *words])
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.every_run
async def test_the_daemon_pauses_and_goes_on(tmp_path: Path, port: int) -> None:
    configuration(tmp_path, port, every="10s")
    with daemon(tmp_path) as process:
        await wait_for(tmp_path, "SELECT 1 FROM rounds WHERE status = 'complete'")
        assert "paused until" in await asyncio.to_thread(said, tmp_path, "pause", "1h")
        (gap, *_) = await wait_for(
            tmp_path,
            "SELECT reason, n_done, slot_start_us FROM rounds WHERE status = 'missed'",
        )
        assert gap[:2] == ("paused by the owner; 1 slot(s)", 0)
        assert "goes on" in await asyncio.to_thread(said, tmp_path, "resume")
        await wait_for(
            tmp_path,
            "SELECT 1 FROM rounds WHERE status = 'complete'"
            f" AND slot_start_us > {gap[2]}",
        )
        assert await stopped(process, signal.SIGTERM) == 0
    # That it began is on record, too.
    (start,) = rows(tmp_path, "SELECT software, hardware, vantage FROM starts")
    assert start == (monitor.__version__, hardware(), "home")
    assert "no pause" in said(tmp_path, "resume")
    with pytest.raises(Exception, match="only added"):
        with_writes(tmp_path, "DELETE FROM pauses")


def with_writes(folder: Path, statement: str) -> None:
    import sqlite3

    connection = sqlite3.connect(folder / "monitor.db")
    try:
        connection.execute(statement)
    finally:
        connection.close()


def test_the_last_word_counts_and_the_future_does_not(database: str) -> None:
    with open_store(database) as store:

        def ask(now: datetime) -> datetime | None:
            return store.pauses.paused_until("home", now_utc=now)

        assert ask(NOW) is None
        store.pauses.append("home", asked_at_utc=NOW, until_utc=NOW + 2 * HOUR)
        assert ask(NOW) == NOW + 2 * HOUR
        assert ask(NOW + 2 * HOUR) is None
        assert ask(NOW - HOUR) is None, "asked for later than now"
        assert store.pauses.paused_until("cottage", now_utc=NOW) is None
        store.pauses.append("home", asked_at_utc=NOW + HOUR, until_utc=NOW + HOUR)
        assert ask(NOW + HOUR) is None


@pytest.mark.parametrize("duration", ["", "2", "-1h", "0m", "10000h", "2 weeks"])
def test_an_impossible_duration_is_named(tmp_path: Path, duration: str) -> None:
    configuration(tmp_path, 1)
    config = str(tmp_path / "config.yaml")
    result = CliRunner().invoke(cli, ["--config", config, "pause", "--", duration])
    assert result.exit_code == 2
    assert "DURATION: found" in result.stderr
    assert not (tmp_path / "monitor.db").exists()
    assert rows(tmp_path, "SELECT 1") == []
