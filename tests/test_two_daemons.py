"""A second daemon of one vantage is refused; the successor of a dead one is not."""

import asyncio
import signal
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from monitor.store import open_store
from tests import forks
from tests.servers.tcp import serve
from tests.servers.web import says, whole
from tests.test_daemon import configuration, daemon, stopped
from tests.waiting import PATIENCE_S, until


@pytest.fixture
async def port() -> AsyncIterator[int]:
    async with serve(says(whole(b"<html>"))) as served:
        yield served.port


@pytest.fixture
def homes(tmp_path: Path, port: int, database: str) -> list[Path]:
    """Two folders with configurations of one database and one vantage."""
    folders = [tmp_path / "first", tmp_path / "second"]
    for folder in folders:
        folder.mkdir()
        configuration(folder, port, database=database)
    return folders


async def measuring(database: str, *, beyond: int = 0, vantage: str = "home") -> int:
    """How many rounds there are, once there are more than so many."""

    def counted() -> int:
        with open_store(database) as store:
            n_rounds = sum(r.n_done > 0 for r in store.rounds.read(vantage=vantage))
        return n_rounds if n_rounds > beyond else 0

    return await until(counted)


async def ended(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(
        forks.run, *words, cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.mark.every_run
async def test_the_second_is_refused_and_the_first_goes_on(homes, database: str):
    first, second = homes
    with daemon(first) as process:
        n_rounds = await measuring(database)
        refused = await ended(second, "run")
        assert refused.returncode == 3, refused.stderr
        said = refused.stderr.splitlines()[-1]
        assert f"by process {process.pid} on" in said
        assert "a `vantage` of its own" in said
        assert not list(second.glob("*.spool"))
        # A person may look all the same, and is told.
        beside = await ended(second, "sample")
        assert "a daemon measures this vantage, too" in beside.stderr
        await measuring(database, beyond=n_rounds + 1)
        assert process.poll() is None
        await stopped(process, signal.SIGTERM)
    # Who ended well, or was killed, is followed at once.
    for signum in (signal.SIGKILL, signal.SIGTERM):
        n_rounds = await measuring(database)
        with daemon(second) as process:
            await measuring(database, beyond=n_rounds)
            await stopped(process, signum)


@pytest.mark.long
async def test_another_vantage_may_share_the_database(homes, port: int, database: str):
    first, second = homes
    configuration(second, port, database=database, vantage="garden")
    with daemon(first) as one, daemon(second) as other:
        await measuring(database)
        await measuring(database, vantage="garden")
        assert (one.poll(), other.poll()) == (None, None)


async def test_who_lost_the_lease_to_another_ends(homes, database: str):
    """As after a step of the server's clock: one of the two goes on."""
    from dataclasses import asdict, replace

    from sqlalchemy import update

    from monitor.clock import SystemClock
    from monitor.store.engine import make_engine, writing
    from monitor.store.holder import Holder
    from monitor.store.instants import to_us
    from monitor.store.tables import leases

    with daemon(homes[0]) as process:
        await measuring(database)
        other = asdict(replace(Holder.this_process(), host="attic"))
        engine = make_engine(database)
        with writing(engine) as connection:
            # At once: a lease left free for a moment may be renewed in it.
            span = {
                "renewed_at_us": to_us(SystemClock().now_utc()),
                "lasts_us": 9 * 10**8,
            }
            connection.execute(update(leases).values(**other, **span))
        engine.dispose()
        assert await asyncio.to_thread(process.wait, PATIENCE_S) == 3
    assert "'attic'" in (homes[0] / "log").read_text()
