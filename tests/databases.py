"""On which kinds of database a test runs."""

from pathlib import Path

import pytest

from tests.costs import in_brief

KINDS = ["sqlite", "postgresql"]
KINDS_IN_BRIEF = in_brief(KINDS, "sqlite")
on_each_database = pytest.mark.parametrize("database", KINDS, indirect=True)
"""Both kinds in every run, above the store, too: its locks and its rights differ."""


def sqlite_in_brief(fixture: str = "database") -> pytest.MarkDecorator:
    """SQLite in every run: for what is costly, and not about what the kinds differ in.

    Parameters
    ----------
    fixture : which of them the test takes, `database` or `empty_database`.
    """
    return pytest.mark.parametrize(fixture, KINDS_IN_BRIEF, indirect=True)


def new_database(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    on_server: str = "postgres_store_url",
) -> str:
    """The URL of a new database of the kind that was asked for.

    Parameters
    ----------
    on_server : the fixture that makes one in PostgreSQL, with tables or without.
    """
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'monitor.db'}"
    return request.getfixturevalue(on_server)
