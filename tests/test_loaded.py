"""What the two processes that run for months load: each module takes memory in each."""

import os
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import pytest

from monitor.config import load
from monitor.config.apart import handed_over, load_apart, taken_over
from monitor.errors import ConfigError, InputError
from tests.fresh_daemon import fresh_daemon
from tests.servers.tcp import serve
from tests.servers.web import says, whole
from tests.test_daemon import configuration, stopped, wait_for
from tests.waiting import until

# Python runs a module of this name before anything else.
NOTES_MODULES = """
import atexit, os, sys
words = [w for w in sys.orig_argv if w in ("run", "web")]
def note():
    names = {name.partition(".")[0] for name in sys.modules}
    # Of one database only the dialect in use.
    names |= {n.rpartition(".")[2] for n in sys.modules if n.startswith("sqlalchemy.d")}
    with open(os.path.join(os.environ["LOADED"], words[0]), "w") as file:
        file.write(" ".join(names))
if words:
    atexit.register(note)
if "monitor.config.apart" in sys.orig_argv:
    with open(os.path.join(os.environ["LOADED"], "readings"), "a") as file:
        file.write("x")
"""
ONCE = {"alembic", "rich", "pandas", "numpy", "postgresql", "psycopg", "babel"}
"""Loaded by neither: needed once, at the start, by the night, or with a server."""
MEASURING = {"pydantic", "pydantic_core", "ruamel", "jinja2", "aiohttp"}
"""Not by the process that measures."""
SHOWING = {"prometheus_client", "apscheduler", "cryptography", "h11", "ruamel", "dns"}
"""Not by the dashboard, before Prometheus asks it."""


@pytest.fixture
async def port() -> AsyncIterator[int]:
    async with serve(says(whole(b"<html>"))) as served:
        yield served.port


@contextmanager
def running(home: Path) -> Iterator[subprocess.Popen[str]]:
    """A daemon of which each process notes its modules at its end."""
    (home / "sitecustomize.py").write_text(NOTES_MODULES)
    paths = [str(home), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {"PYTHONPATH": os.pathsep.join(paths), "LOADED": str(home)}
    with fresh_daemon(home, "--yes", **environment) as process:
        yield process


async def test_what_is_needed_once_is_not_kept_for_months(
    tmp_path: Path, port: int
) -> None:
    """The database is made at this start, and the file is read."""
    configuration(tmp_path, port, notify={"urls": []})
    log = tmp_path / "log"
    with running(tmp_path) as process:
        await wait_for(tmp_path, "SELECT * FROM rounds WHERE status = 'complete'")
        line = await until(lambda: "Dashboard: " in log.read_text() and log, log=log)
        address = line.read_text().partition("Dashboard: ")[2].split()[0]
        async with aiohttp.ClientSession() as session, session.get(address) as answer:
            assert answer.status == 200
        assert await stopped(process, signal.SIGTERM) == 0
    measuring, showing = (
        set((tmp_path / word).read_text().split()) for word in ("run", "web")
    )
    # The dashboard is handed what the daemon has read.
    assert (tmp_path / "readings").read_text() == "x"
    assert not measuring & (ONCE | MEASURING)
    assert not showing & (ONCE | SHOWING)


def test_a_child_reads_the_same(tmp_path: Path) -> None:
    path = Path("config.yaml")
    url = f"sqlite:///{tmp_path / 'monitor.db'}"
    assert load_apart(path, database=url) == load(path, database=url)


def test_what_is_handed_over_is_what_was_read() -> None:
    config = load(Path("config.yaml"))
    assert taken_over(handed_over(config)) == config
    with pytest.raises(InputError):
        taken_over(handed_over(InputError("no configuration")))


@pytest.mark.parametrize(
    ("text", "kind"), [("timezone: Mars\nx: 1\n", ConfigError), ("a: [", InputError)]
)
def test_a_child_tells_the_same_mistakes(
    tmp_path: Path, text: str, kind: type[InputError]
) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(text)
    told = []
    for read in (load, load_apart):
        with pytest.raises(kind) as caught:
            read(path)
        told.append(str(caught.value))
    assert told[0] == told[1]
