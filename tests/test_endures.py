"""Faults that stay for hours: what is on record of them, and that they end.

The hours pass quickly: see `benchmarks.soak`, where the same faults come for a month.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import psycopg
import pytest

from benchmarks.soak.checks import Findings, check_ledger, check_slots
from benchmarks.soak.run import Settings, laid_out
from benchmarks.soak.soaking import Soak
from monitor.model import Probe, Sample
from monitor.store import open_store
from tests.postgres import PostgresServer, make_server
from tests.waiting import PATIENCE_S

Outcomes = list[tuple[str | None, str | None]]
# Root may write everywhere; without these rights it is as everybody else.
WITHOUT_RIGHTS = (
    ("setpriv", "--bounding-set", "-dac_override,-dac_read_search")
    if os.geteuid() == 0
    else ()
)


@asynccontextmanager
async def hours(
    folder: Path, *, command: tuple[str, ...] = (), **base: str
) -> AsyncIterator[Soak]:
    settings = Settings(
        every_min=60,
        has_root=False,
        has_pdf=False,
        end_s=PATIENCE_S,
        command=command,
    )
    async with AsyncExitStack() as stack:
        soak = await laid_out(stack, folder, settings)
        soak.base |= base
        soak.configure()
        try:
            yield soak
        finally:
            await soak.daemon.stop()
        found = Findings()
        check_slots(found, soak.base["database"], soak)
        check_ledger(found, soak.base["database"], soak.ledger)
        assert found.wrong == []
        assert soak.daemon.troubles == soak.daemon.exits == []


def pages(soak: Soak, target: str) -> list[Sample]:
    with open_store(soak.base["database"]) as store:
        found = store.samples.read(targets=[target])
        return [sample for sample in found if sample.probe == Probe.HTTPS]


def outcomes(soak: Soak, target: str) -> Outcomes:
    return [(s.failed_operation, s.failure) for s in pages(soak, target)]


WELL = (None, None)


@pytest.mark.long
async def test_boot_before_the_network_is_on_record_and_ends(tmp_path: Path) -> None:
    async with hours(tmp_path) as soak:
        soak.sites.keep_silent()
        await soak.start()
        soak.sites.answer_again()
        await soak.slots(2)
    silent = ("resolve", "generic_timeout_error")
    assert outcomes(soak, "control1") == [silent, silent, WELL, WELL]


@pytest.mark.long
async def test_site_that_is_gone_for_good_harms_no_other(tmp_path: Path) -> None:
    async with hours(tmp_path) as soak:
        await soak.start()
        await soak.sites.close_one()
        await soak.sites.forget_one()
        await soak.slots(3)
    refused = ("connect", "connection_refused")
    unknown = ("resolve", "dns_nxdomain_error")
    assert outcomes(soak, "closing") == [WELL, WELL, refused, refused, refused]
    assert outcomes(soak, "vanishing") == [WELL, WELL, unknown, unknown, unknown]
    assert set(outcomes(soak, "steady")) == {WELL}


@pytest.mark.parametrize(
    "is_fresh",
    [
        pytest.param(True, id="fresh"),
        pytest.param(False, id="used", marks=pytest.mark.long),
    ],
)
async def test_folder_that_may_not_be_written_at_first(
    tmp_path: Path, is_fresh: bool
) -> None:
    """Measuring goes on in memory; everything is stored when writing is allowed."""
    async with hours(tmp_path, command=WITHOUT_RIGHTS) as soak:
        folder = soak.disk.folder
        if not is_fresh:
            await soak.start()
            await soak.daemon.stop()
        files = [folder, *folder.glob("monitor.db*")]
        for path in files:
            path.chmod(path.stat().st_mode & ~0o222)
        await soak.start()
        for path in files:
            path.chmod(path.stat().st_mode | 0o200)
        await soak.slots(2)
    log = (tmp_path / "log").read_text()
    assert "spool event=unwritable" in log
    assert outcomes(soak, "steady") == [WELL] * len(soak.measured)
    assert len(soak.measured) == 4 + 2 * (not is_fresh)


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[tuple[PostgresServer, PostgresServer]]:
    """A server and one that follows it, synchronously."""
    first, second = make_server(), make_server()
    try:
        await asyncio.to_thread(first.start)
        await asyncio.to_thread(follow, first, second)
        yield first, second
    finally:
        first.remove()
        second.remove()


def follow(first: PostgresServer, second: PostgresServer) -> None:
    second.follow(first)
    plain = first.url().replace("+psycopg", "")
    with psycopg.connect(plain, autocommit=True) as connection:
        # What is acknowledged is on both; else a fail-over would lose the last of it.
        connection.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        connection.execute("SELECT pg_reload_conf()")


@pytest.mark.long
async def test_postgresql_fails_over_to_its_standby(
    tmp_path: Path, pair: tuple[PostgresServer, PostgresServer]
) -> None:
    """Several hosts in the URL: the one that takes writes is found."""
    first, second = pair
    hosts = "&".join(f"host=127.0.0.1:{server.port}" for server in pair)
    url = f"postgresql+psycopg://postgres@/postgres?{hosts}"
    async with hours(
        tmp_path, database=f"{url}&target_session_attrs=read-write"
    ) as soak:
        await soak.start()
        await asyncio.to_thread(first.stop, "immediate")
        await soak.slots(2)
        await asyncio.to_thread(second.promote)
        await soak.slots(2)
    assert "event=away" in (tmp_path / "log").read_text()
    assert outcomes(soak, "steady") == [WELL] * 6
