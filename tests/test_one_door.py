"""A process opens its database once, whatever it asks: engines are counted."""

import json
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest

from monitor.model import Sample
from monitor.store import open_store
from tests.servers.tcp import serve
from tests.servers.web import says, whole
from tests.test_daemon import configuration, stopped, wait_for
from tests.waiting import until

# Python runs a module of this name before anything else.
NOTES_ENGINES = """
import os, sys, sqlalchemy
made = sqlalchemy.create_engine
def noted(url, **more):
    with open(os.environ["ENGINES"], "a") as file:
        words = [w for w in sys.orig_argv if w in ("run", "web", "nightly", "report")]
        file.write(f"{os.getpid()} {words[0] if words else sys.orig_argv}\\n")
    return made(url, **more)
sqlalchemy.create_engine = noted
"""


@pytest.fixture
async def port() -> AsyncIterator[int]:
    async with serve(says(whole(b"<html>"))) as served:
        yield served.port


@pytest.fixture
def home(tmp_path: Path, port: int) -> Path:
    """A home with an evening that has no report yet."""
    url = f"sqlite:///{tmp_path / 'monitor.db'}"
    configuration(tmp_path, port, database=url, notify={"urls": []})
    evening = (datetime.now(UTC) - timedelta(days=2)).replace(hour=16, minute=0)
    with open_store(url) as store:
        store.samples.append(
            Sample(
                started_at_utc=evening + timedelta(minutes=5 * n),
                target="site",
                connect_s=0.1,
            )
            for n in range(10)
        )
    (tmp_path / "sitecustomize.py").write_text(NOTES_ENGINES)
    return tmp_path


def command(home: Path, *words: str) -> subprocess.Popen[str]:
    paths = [str(home), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        "ENGINES": str(home / "engines"),
    }
    with (home / "log").open("a") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "monitor", *words],
            cwd=home,
            env=environment,
            stdout=log,
            stderr=log,
            text=True,
        )


def engines(home: Path) -> dict[str, list[int]]:
    """Command -> how many engines each of its processes made."""
    made = Counter((home / "engines").read_text().splitlines())
    by_command: dict[str, list[int]] = {}
    for line, n_made in made.items():
        by_command.setdefault(line.partition(" ")[2], []).append(n_made)
    return by_command


@pytest.mark.long
async def test_a_night_opens_the_database_once(home: Path) -> None:
    for words in (("nightly",), ("report", "--bundle")):
        assert command(home, *words).wait() == 0, (home / "log").read_text()
    assert len([*(home / "reports").iterdir()]) == 1
    assert engines(home) == {"nightly": [1], "report": [1]}


@pytest.mark.every_run
async def test_the_daemon_and_its_dashboard_open_it_once_each(home: Path) -> None:
    process = command(home, "run", "--yes")
    try:
        # Two rounds: the lease was renewed, gaps and the budget were asked for.
        await wait_for(home, "SELECT * FROM rounds WHERE status = 'complete'", n=2)
        found = await until(
            lambda: re.search(r"http://127[^\s]+", (home / "log").read_text()),
            log=home / "log",
        )
        async with aiohttp.ClientSession() as session:
            for page in ("", "api/v1/health", "api/v1/reports", "api/v1/verdicts"):
                async with session.get(found[0] + page) as answer:
                    assert answer.status == 200, json.dumps(await answer.text())
        assert await stopped(process, signal.SIGTERM) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    assert engines(home) == {"run": [1], "web": [1]}
