"""The nightly analysis ends: at its limits, alone, and on record."""

import asyncio
import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.children import Limits
from monitor.config import load
from monitor.daemon import chores
from monitor.model import Sample
from monitor.store import Store, open_store
from monitor.web.answers import overview
from monitor.web.answers.facts import Facts
from monitor.web.answers.metric_families import health_families
from monitor.web.answers.queries import NoQuery
from tests import forks
from tests.fakes import FakeClock
from tests.test_daemon import configuration

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A database with an evening that is over."""
    configuration(tmp_path, 1, database=f"sqlite:///{tmp_path / 'monitor.db'}")
    with open_store(f"sqlite:///{tmp_path / 'monitor.db'}") as store:
        store.samples.append(
            [
                Sample(
                    started_at_utc=NOW - timedelta(days=1, minutes=5 * n),
                    target="site",
                    connect_s=0.1,
                )
                for n in range(10)
            ]
        )
    return tmp_path


@contextmanager
def at_work(folder: Path) -> Iterator[None]:
    """Another nightly works on the database of this folder."""
    handle = os.open(folder, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(handle)


async def test_a_nightly_that_hangs_is_killed_and_that_is_on_record(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = Limits(time_s=3, memory_bytes=4 << 30)
    monkeypatch.setattr(chores, "night_limits", lambda: limits)
    clock = FakeClock(NOW)
    config = load(home / "config.yaml")
    with at_work(home):
        trouble = await chores.run_nightly(
            Store(config.database), config, home / "config.yaml", clock
        )
    assert trouble == "took longer than 3 s"
    with open_store(config.database) as opened:
        notices = opened.notices
        (found,) = notices.troubles("home", since=NOW, until=NOW)
        assert notices.last("home", "") is None
    assert found.kind == "night_ended took longer than 3 s"
    with open_store(config.database) as store:
        facts = Facts(config, store, clock)
        (told,) = overview.reports(facts, NoQuery()).troubles
        health = overview.health(facts, NoQuery())
    assert (told.what, told.reason) == ("night_ended", "took longer than 3 s")
    assert health.troubles == [told]
    (family,) = [
        f for f in health_families(health, {}) if f.name == "monitor_troubles_week"
    ]
    values = {s.labels["what"]: s.value for s in family.samples}
    assert values == {"night_ended": 1, "not_sent": 0}


async def test_a_nightly_that_is_done_leaves_no_trouble(home: Path) -> None:
    config = load(home / "config.yaml")
    store, path = Store(config.database), home / "config.yaml"
    assert await chores.run_nightly(store, config, path, FakeClock(NOW)) == ""


def test_only_one_looks_for_a_silence(home: Path) -> None:
    words = ("nightly", "--silence")
    with at_work(home):
        done = forks.run(*words, cwd=home, capture_output=True, text=True)
    assert "another one is at work" in done.stderr
    done = forks.run(*words, cwd=home, capture_output=True, text=True)
    assert "another one" not in done.stderr


CHILD = """
import sys
from monitor import children
children.night_limits = lambda: children.Limits(time_s=600, memory_bytes={memory} << 20)
sys.argv = ["monitor", "nightly", "--child"]
from monitor.__main__ import main
main()
"""


@pytest.mark.long
@pytest.mark.parametrize(
    ("memory_mib", "is_enough"), [(1500, True), (80, False)], ids=["much", "little"]
)
def test_the_kernel_holds_the_memory_of_the_analysis(
    home: Path, memory_mib: int, is_enough: bool
) -> None:
    """With numpy, pandas and Arrow, whose reserves would count as memory."""
    # One night is due; one more would be judged at the lowest priority, too.
    evening = (datetime.now(UTC) - timedelta(days=2)).replace(hour=16)
    with open_store(f"sqlite:///{home / 'monitor.db'}") as store:
        store.samples.append(
            [Sample(started_at_utc=evening, target="site", connect_s=0.1)]
        )
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD.format(memory=memory_mib)],
        cwd=home,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )
    said = child.stderr.read().decode()
    child.wait()
    child.stdin.close()
    child.stderr.close()
    assert (child.returncode == 0) is is_enough, said
    assert (home / "reports").exists() is is_enough, said


async def test_a_nightly_ends_with_a_daemon_that_is_killed(home: Path) -> None:
    with at_work(home):
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "monitor", "nightly", "--child"),
            cwd=home,
            stdin=asyncio.subprocess.PIPE,
        )
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(child.wait(), 3)
        child.stdin.close()
        assert await asyncio.wait_for(child.wait(), 60) != 0
