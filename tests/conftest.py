"""Fixtures that every area may use."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from monitor.store import open_store
from tests import tables
from tests.databases import KINDS_IN_BRIEF, new_database
from tests.postgres import PostgresServer, make_server

_numbers = count(1)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What was measured to cost too much for every run is left to `make test-long`."""
    costly = set((Path(__file__).parent / "costly.txt").read_text().splitlines())
    for item in items:
        if item.nodeid in costly and not item.get_closest_marker("every_run"):
            item.add_marker(pytest.mark.long)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A running PostgreSQL, one for the whole session."""
    server = make_server()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The URL of a new, empty PostgreSQL database."""
    name = f"test{next(_numbers)}"
    yield postgres_server.create_database(name)
    # Hundreds of databases left to the end take minutes to delete.
    postgres_server.drop_database(name)


@pytest.fixture(scope="session")
def postgres_tables(postgres_server: PostgresServer, tables_at_once: None) -> str:
    """The name of a database that holds the tables and nothing else, to be copied."""
    with open_store(postgres_server.create_database("tables")):
        pass
    return "tables"


@pytest.fixture
def postgres_store_url(
    postgres_server: PostgresServer, postgres_tables: str
) -> Iterator[str]:
    """The URL of a new PostgreSQL database with the tables and no row."""
    name = f"test{next(_numbers)}"
    yield postgres_server.create_database(name, postgres_tables)
    postgres_server.drop_database(name)


@pytest.fixture(params=KINDS_IN_BRIEF, name="database")
def _database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a new database without a row; the test runs once on each kind.

    SQL stays in the store, whose tests take both kinds in every run, as do tests that
    are marked `on_each_database`; the others take PostgreSQL in `make test-long`. What
    is about a database without tables takes `empty_database`.
    """
    return new_database(request, tmp_path)


@pytest.fixture(params=KINDS_IN_BRIEF, name="empty_database")
def _empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without tables, of the kinds that `database` has."""
    return new_database(request, tmp_path, on_server="postgres_url")


@pytest.fixture
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports without pictures, which take most of the time that a report takes.

    They are looked at in `tests/report`, `test_one_evening` and the demo's test.
    """
    without_pictures(monkeypatch)


def without_pictures(patch: pytest.MonkeyPatch) -> None:
    """For whoever is no test, too."""
    patch.setattr("monitor.report.html._charts", lambda *_: ())
    patch.setattr("monitor.report.html._data_charts", lambda *_: ())


@pytest.fixture(scope="session", autouse=True)
def tables_at_once() -> Iterator[None]:
    """New databases get their tables at once; `test_migration` runs the migrations."""
    with tables.made_at_once():
        yield
