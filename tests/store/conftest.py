"""What the tests of the store share."""

from collections.abc import Iterator

import pytest

from monitor.store import Store, open_store


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    """An open store, once on each kind of database."""
    with open_store(database) as opened:
        yield opened
