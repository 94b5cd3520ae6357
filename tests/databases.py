"""On which kinds of database a test runs."""

from pathlib import Path

import pytest

on_each_database = pytest.mark.parametrize(
    "database", ["sqlite", "postgresql"], indirect=True
)
"""Both kinds in every run, above the store, too: its locks and its rights differ."""


def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a new database without a row, of the kind that was asked for."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'monitor.db'}"
    return request.getfixturevalue("postgres_store_url")
