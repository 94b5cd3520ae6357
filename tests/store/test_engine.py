"""Impossible, missing and foreign databases are said in one message with advice."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, event, text

from monitor.errors import InputError, StoreError
from monitor.store import open_store
from monitor.store.engine import database_url, make_engine, reading
from tests.ports import free_port
from tests.postgres import PostgresServer
from tests.store.test_database import T0, sample

COUNT = """import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
print(*connection.execute("SELECT count(*) FROM samples").fetchone())
connection.close()
"""


@pytest.fixture
def database(empty_database: str) -> str:
    """Without tables: these tests are about that, or make their own."""
    return empty_database


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nonsense", "not a URL; allowed: sqlite:///FILE"),
        ("mysql://localhost/x", "found 'mysql'"),
        ("sqlite://", "no file on disk"),
        ("sqlite:///:memory:", "no file on disk"),
        ("sqlite:////tmp", "is a folder"),
        ("sqlite:////no/such/folder/x.db", "no folder '/no/such/folder'"),
        ("postgresql+psycopg://h:port/x", "not a URL"),
    ],
)
def test_an_impossible_url_is_refused(url: str, said: str):
    with pytest.raises(InputError, match=said):
        open_store(url)


def test_a_server_that_is_not_there_is_out_of_reach():
    url = f"postgresql+psycopg://anna:secret@127.0.0.1:{free_port()}/x"
    with pytest.raises(StoreError, match="is it running") as caught:
        open_store(url)
    assert "secret" not in str(caught.value)


def test_a_missing_postgresql_database_is_named(postgres_server: PostgresServer):
    with pytest.raises(StoreError, match='"missing" does not exist'):
        open_store(postgres_server.url("missing"))


def test_a_plain_postgresql_url_works(postgres_url: str):
    with open_store(postgres_url.replace("+psycopg", "")) as store:
        assert store.samples.append([sample()]) == 1


def test_a_file_that_is_no_database_is_left_as_it_is(tmp_path: Path):
    file = tmp_path / "letter.db"
    file.write_text("Dear Sir, " * 200)
    with pytest.raises(InputError, match="no SQLite database"):
        open_store(f"sqlite:///{file}")
    assert file.read_text() == "Dear Sir, " * 200


def test_a_second_look_at_the_url_keeps_the_locks_of_an_open_store(tmp_path: Path):
    """Whoever opens and closes the file drops them; then others end our journal."""
    file = tmp_path / "monitor.db"
    others = [sys.executable, "-c", COUNT, str(file)]
    with open_store(f"sqlite:///{file}") as store:
        store.samples.append([sample(1)])
        database_url(f"sqlite:///{file}")
        assert subprocess.check_output(others) == b"1\n"
        store.samples.append([sample(2)])
        assert subprocess.check_output(others) == b"2\n"


def test_the_database_of_another_program_is_left_alone(tmp_path: Path):
    file = tmp_path / "bookmarks.db"
    with closing(sqlite3.connect(file)) as other:
        other.execute("CREATE TABLE bookmarks (id)")
    with pytest.raises(InputError, match=r"another program \(bookmarks\)"):
        open_store(f"sqlite:///{file}")


def test_a_damaged_file_is_said_to_be_damaged(tmp_path: Path):
    file = tmp_path / "monitor.db"
    url = f"sqlite:///{file}"
    with open_store(url) as store:
        store.samples.append([sample()])
    whole = file.read_bytes()
    file.write_bytes(whole[:100] + b"\xff" * 3996 + whole[4096:])
    with pytest.raises(StoreError, match="the file is damaged; keep it"):
        open_store(url)


def test_another_schema_in_the_same_postgresql_is_no_obstacle(postgres_url: str):
    engine = create_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE accounts (id integer)"))
    engine.dispose()
    with open_store(postgres_url) as store:
        assert store.samples.append([sample()]) == 1


def test_a_committed_sample_is_on_disk_and_readers_never_block(tmp_path: Path):
    engine = make_engine(f"sqlite:///{tmp_path / 'x.db'}")
    with reading(engine) as connection:
        mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar()
        full = connection.exec_driver_sql("PRAGMA synchronous").scalar()
        keys = connection.exec_driver_sql("PRAGMA foreign_keys").scalar()
    engine.dispose()
    assert (mode, full, keys) == ("wal", 2, 1)


def test_a_reader_that_stops_early_leaves_nothing_open(database: str):
    with open_store(database) as store:
        store.samples.append(sample(minute) for minute in range(5000))
        assert next(store.samples.read()).started_at_utc == T0
        assert store.samples.append([sample(9999)]) == 1


def test_a_connection_that_was_in_use_when_all_were_let_go_of_ends_with_its_use(
    database: str,
):
    with open_store(database) as store:
        closed: list[object] = []
        event.listen(store.database.engine, "close", lambda c, _: closed.append(c))
        with store.database.reading() as connection:
            inner = connection.connection.driver_connection
            store.close()
            assert inner not in closed
        assert inner in closed
        with store.database.reading() as connection:
            kept = connection.connection.driver_connection
        assert kept not in closed
        with store.database.reading() as connection:
            assert connection.connection.driver_connection is kept
