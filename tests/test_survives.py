"""Faults of a long life: each is survived and on record."""

import asyncio
import resource
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from monitor.store.engine import make_engine
from tests.postgres import PostgresServer
from tests.servers import dns
from tests.servers.tcp import serve
from tests.servers.web import says
from tests.test_daemon import PAGE, configuration, daemon, rows, stopped, wait_for
from tests.test_reload import log_says
from tests.waiting import until

SLOTS = "SELECT slot_start_us / 10000000, status FROM rounds ORDER BY 1"


@pytest.fixture
async def port() -> AsyncIterator[int]:
    async with serve(says(PAGE)) as served:
        yield served.port


@pytest.mark.every_run
async def test_full_disk_loses_nothing(tmp_path: Path, port: int) -> None:
    """No file may grow: neither database nor spool take anything for a while."""
    configuration(tmp_path, port)
    with daemon(tmp_path) as process:
        await wait_for(tmp_path, "SELECT * FROM rounds")
        no_limit = resource.RLIM_INFINITY
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (6_000, no_limit))
        await log_says(tmp_path, "event=away")
        await asyncio.sleep(22)
        before = rows(tmp_path, SLOTS)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (no_limit, no_limit))
        found = await wait_for(tmp_path, SLOTS, n=len(before) + 3)
        assert await stopped(process, signal.SIGTERM) == 0
    numbers = [int(str(number)) for number, _ in found]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert {status for _, status in found} == {"complete"}
    # A round that was cut by the end of the daemon may have less.
    n_samples = (
        "SELECT count(*) FROM samples JOIN rounds USING (round_id)"
        " WHERE NOT is_control AND status = 'complete' GROUP BY round_id"
    )
    counts = [n for (n,) in rows(tmp_path, n_samples)]
    assert counts == [2] * len(counts)
    assert len(counts) >= len(found)
    assert not (tmp_path / "monitor.db.spool").exists()


async def test_time_asleep_is_a_gap_and_no_burst(tmp_path: Path, port: int) -> None:
    configuration(tmp_path, port)
    with daemon(tmp_path) as process:
        await wait_for(tmp_path, "SELECT * FROM rounds")
        process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(25)
        process.send_signal(signal.SIGCONT)
        await wait_for(tmp_path, "SELECT * FROM rounds WHERE status = 'missed'")
        n = len(rows(tmp_path, SLOTS))
        found = await wait_for(tmp_path, SLOTS, n=n + 1)
        assert await stopped(process, signal.SIGTERM) == 0
    numbers = [number for number, _ in found]
    assert len(numbers) == len(set(numbers))
    gap = "SELECT duration_s, reason FROM rounds WHERE status = 'missed'"
    ((duration_s, reason),) = rows(tmp_path, gap)
    assert duration_s in (10.0, 20.0)
    assert str(reason).startswith("no round was begun in time")


@pytest.mark.long
async def test_resolver_that_is_gone_is_a_failure_and_comes_back(
    tmp_path: Path, port: int
) -> None:
    knows = dns.addresses("127.0.0.1")
    async with dns.name_server({"site.test": dns.keeps_silent}) as names:
        url = f"http://site.test:{port}/"
        configuration(
            tmp_path,
            port,
            targets=[{"name": "site", "url": url, "download": False}],
            probing={
                "resolvers": [names.resolver],
                "allow_private_answers": True,
                "stage_timeout": "1s",
            },
        )
        outcome = (
            "SELECT DISTINCT failed_operation, failure FROM samples JOIN series ON"
            " series_id = id WHERE target = 'site'"
        )
        with daemon(tmp_path) as process:
            found = await wait_for(tmp_path, outcome)
            assert found == [("resolve", "generic_timeout_error")]
            names.rules["site.test"] = knows
            found = await wait_for(tmp_path, outcome, n=2)
            await stopped(process, signal.SIGTERM)
    assert (None, None) in found


@pytest.mark.long
async def test_postgresql_may_restart_in_the_middle(
    tmp_path: Path, port: int, postgres_server: PostgresServer, postgres_url: str
) -> None:
    configuration(tmp_path, port, database=postgres_url)

    def counted() -> list[tuple[object, ...]]:
        engine = make_engine(postgres_url)
        try:
            with engine.begin() as connection:
                return [tuple(row) for row in connection.execute(sa.text(SLOTS))]
        except sa.exc.DBAPIError:
            return []
        finally:
            engine.dispose()

    async def wait_for_rounds(n: int) -> list[tuple[object, ...]]:
        def enough() -> list[tuple[object, ...]]:
            found = counted()
            return found if len(found) >= n else []

        return await until(enough, log=tmp_path / "log")

    with daemon(tmp_path) as process:
        before = len(await wait_for_rounds(1))
        await asyncio.to_thread(postgres_server.stop)
        await asyncio.sleep(12)
        await asyncio.to_thread(postgres_server.start)
        found = await wait_for_rounds(before + 3)
        assert await stopped(process, signal.SIGTERM) == 0
    numbers = [int(str(number)) for number, _ in found]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert {status for _, status in found} == {"complete"}
    assert "event=away" in (tmp_path / "log").read_text()
    assert not (tmp_path / "monitor.spool").exists()
