"""What the tests of the store share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.store import Store, open_store
from tests.databases import KINDS, new_database


@pytest.fixture(params=KINDS, name="database")
def _database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a new database without a row, of each kind in every run."""
    return new_database(request, tmp_path)


@pytest.fixture(params=KINDS, name="empty_database")
def _empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without tables, of each kind in every run."""
    return new_database(request, tmp_path, on_server="postgres_url")


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    """An open store, once on each kind of database."""
    with open_store(database) as opened:
        yield opened
