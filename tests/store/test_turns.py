"""Whoever waits for a migration waits as long as one runs, and says so."""

import signal
import subprocess
import time

import pytest
from sqlalchemy import text

from monitor.errors import StoreError
from monitor.store import open_store, upgrade_turns
from monitor.store.engine import make_engine, reading, sqlite_path
from monitor.store.tables import REVISION, VERSION_TABLE
from tests import forks

UPGRADE = (
    "import sys; from monitor.store import open_store; open_store(sys.argv[1]).close()"
)
BEYOND_ANY_LOCK_S = 4.0
SLOW = """
import sys
from monitor.store import migration, open_store
missing = migration._run_missing

def slowly(connection):
    missing(connection)
    print("at work", flush=True)
    sys.stdin.readline()

migration._run_missing = slowly
open_store(sys.argv[1]).close()
"""


@pytest.fixture
def database(empty_database: str) -> str:
    """Without tables: these tests are about that, or make their own."""
    return empty_database


def started(code: str, *arguments: str) -> subprocess.Popen[str]:
    strict = f"import warnings; warnings.simplefilter('error')\n{code}"
    pipe = subprocess.PIPE
    return forks.Command(
        *("-c", strict, *arguments), stdin=pipe, stdout=pipe, stderr=pipe, text=True
    )


def revisions(url: str) -> list[tuple]:
    engine = make_engine(url)
    with reading(engine) as connection:
        found = connection.execute(text(f"SELECT * FROM {VERSION_TABLE}")).all()
    engine.dispose()
    return list(map(tuple, found))


@pytest.mark.every_run
def test_a_slow_migration_is_waited_for(database: str):
    """Longer than any lock is waited for: three seconds at the server, two here."""
    first = started(SLOW, database)
    assert first.stdout.readline() == "at work\n"
    waiting = [started(UPGRADE, database) for _ in range(3)]
    for process in waiting:
        said = process.stderr.readline()
        assert "waiting for process" in said
        assert "which brings it to this version" in said
    time.sleep(BEYOND_ANY_LOCK_S)
    assert [process.poll() for process in waiting] == [None] * 3
    first.communicate("go on\n")
    ends = [process.communicate() for process in waiting]
    assert [process.returncode for process in (first, *waiting)] == [0] * 4, ends
    assert revisions(database) == [(REVISION,)]


def test_a_migration_that_stands_still_is_given_up(database: str, monkeypatch):
    monkeypatch.setattr(upgrade_turns, "STILL_POLLS", 12)
    stopped = started(SLOW, database)
    try:
        assert stopped.stdout.readline() == "at work\n"
        stopped.send_signal(signal.SIGSTOP)
        with pytest.raises(StoreError, match=r"process \d+.* and stands still"):
            open_store(database).close()
    finally:
        stopped.kill()
        stopped.communicate()
    # The dead hold nothing.
    open_store(database).close()


def test_a_migration_leaves_nothing_beside_the_file(database: str):
    open_store(database).close()
    path = sqlite_path(make_engine(database))
    if path is not None:
        assert {file.name for file in path.parent.iterdir()} == {path.name}


def test_a_lock_that_is_no_migration_is_given_up_in_seconds(database: str):
    """Another program that holds the database is not waited for without end."""
    open_store(database).close()
    engine = make_engine(database)
    with engine.connect() as other:
        if engine.dialect.name == "sqlite":
            other.connection.driver_connection.execute("BEGIN IMMEDIATE")
        else:
            other.execute(text("LOCK TABLE samples"))
        from tests.store.test_database import sample

        with open_store(database) as store, pytest.raises(StoreError, match="holds it"):
            store.samples.append([sample()])
    engine.dispose()
