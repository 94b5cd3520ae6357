"""Backups: a consistent copy of a running database as one SQLite file, and back.

One form for both kinds of database, so that a backup can be opened with ordinary tools,
be named as `database` itself, and be restored into either kind. See dd-012.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from sqlalchemy import Connection, Engine, Table, delete, func, insert, select, text

from monitor import private
from monitor.errors import InputError, StoreError
from monitor.masking import masked
from monitor.store.door import Store, open_store
from monitor.store.engine import (
    COMPANIONS,
    reading,
    reported,
    sqlite_path,
    writing,
)
from monitor.store.tables import hourly_stale, leases, metadata

_ROWS_AT_ONCE: Final = 2000
_TABLES: Final = (
    *(t for t in metadata.sorted_tables if t not in (hourly_stale, leases)),
    # Last: the trigger on samples fills it, which the copy then sets right.
    hourly_stale,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """One table of a backup or of a restored database."""

    table: str
    n_rows: int


def backup(store: Store, file: Path) -> Iterator[Copied]:
    """Copy the database into a new file; tables as they are done.

    The file appears under its name only when it is whole and on disk. Others may write
    at the same time: the copy is the state of one instant.

    Raises
    ------
    InputError : the file is there already, or there is no database.
    StoreError : the database or the file is out of reach.
    """
    if file.exists():
        raise InputError(f"{file}: is there already; a backup overwrites nothing")
    engine = _of_what_is_there(store)
    with _new_file(file) as part:
        if sqlite_path(engine) is None:
            yield from _rows_to_file(engine, part)
        else:
            _pages_to_file(engine, part)
            yield from _counts(part)


def restore(store: Store, file: Path) -> Iterator[Copied]:
    """Copy a backup into a database that holds nothing yet; tables as they are done.

    All or nothing. A backup of an older version is brought to this one on the way; the
    file itself is only read.

    Raises
    ------
    InputError : no backup, a newer one, or a database that holds rows.
    StoreError : the database is out of reach.
    """
    if not file.is_file():
        raise InputError(f"{file}: there is no such file")
    with TemporaryDirectory(prefix="monitor-") as folder:
        copy = Path(folder) / "backup.db"
        with reported_file(file):
            _copy_pages(file, copy)
        with open_store(f"sqlite:///{copy}") as source:
            store.open()
            yield from _rows(source.database.engine, store.database.engine)


def _of_what_is_there(store: Store) -> Engine:
    """The engine of a database that is there: none is created by looking for it."""
    path = sqlite_path(store.database.engine)
    if path is not None and not path.is_file():
        raise InputError(f"database {path}: there is no such file")
    return store.database.engine


@contextmanager
def reported_file(file: Path) -> Iterator[None]:
    """Failures of a SQLite file inside the block as our errors."""
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        kind = InputError if "not a database" in str(error) else StoreError
        raise kind(f"{file}: {error}") from error


def _rows_to_file(engine: Engine, part: Path) -> Iterator[Copied]:
    with open_store(f"sqlite:///{part}") as target:
        yield from _rows(engine, target.database.engine)


def _pages_to_file(engine: Engine, part: Path) -> None:
    path = sqlite_path(engine)
    assert path is not None  # noqa: S101 - the caller asked
    with reported_file(path):
        _copy_pages(path, part)


def _copy_pages(source: Path, target: Path) -> None:
    # All pages in one step: with several, every write of the daemon would start the
    # copy anew. In WAL mode the writer does not wait for it.
    uri = f"{source.absolute().as_uri()}?mode=ro"
    with (
        closing(sqlite3.connect(uri, uri=True)) as read,
        closing(sqlite3.connect(target)) as written,
    ):
        read.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        read.backup(written, pages=-1)


@contextmanager
def _new_file(file: Path) -> Iterator[Path]:
    """A file under another name that gets its own when the block ends well."""
    part = file.with_name(f"{file.name}.part")
    with reported_file(part):
        # It holds the secret of the day digests: for its owner only.
        private.new_file(part)
    try:
        yield part
        with reported_file(part):
            _finish(part)
            part.rename(file)
            _sync(file.parent)
    finally:
        for leftover in COMPANIONS:
            part.with_name(f"{part.name}{leftover}").unlink(missing_ok=True)


def _finish(part: Path) -> None:
    """Make it one checked file without companions, and put it on disk."""
    with closing(sqlite3.connect(part)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
        _end_leases(connection)
        (outcome,) = connection.execute("PRAGMA quick_check").fetchone()
        if outcome != "ok":
            raise sqlite3.DatabaseError(f"the copy is damaged: {outcome}")
    _sync(part)


def _end_leases(connection: sqlite3.Connection) -> None:
    """Who measures into the original does not measure into the copy."""
    query = "SELECT 1 FROM sqlite_schema WHERE name = ?"
    if connection.execute(query, (leases.name,)).fetchone() is not None:
        connection.execute(f"DELETE FROM {leases.name}")  # noqa: S608 - our own name
        connection.commit()


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _counts(part: Path) -> Iterator[Copied]:
    with reported_file(part), closing(sqlite3.connect(part)) as connection:
        names = connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"
        ).fetchall()
        ours = {table.name for table in _TABLES}
        for (name,) in names:
            if name in ours:
                query = f"SELECT count(*) FROM {name}"  # noqa: S608 - our own names
                yield Copied(table=name, n_rows=connection.execute(query).fetchone()[0])


def _rows(source: Engine, target: Engine) -> Iterator[Copied]:
    """Copy every row in one transaction on either side."""
    with _snapshot(source) as read, writing(target) as written:
        _refuse_full(written, target)
        for table in _TABLES:
            with reported(source), reported(target):
                n_rows = _copy_table(read, written, table)
            yield Copied(table=table.name, n_rows=n_rows)


@contextmanager
def _snapshot(engine: Engine) -> Iterator[Connection]:
    """A transaction that sees one instant; SQLite's always do."""
    if engine.dialect.name == "postgresql":
        engine = engine.execution_options(isolation_level="REPEATABLE READ")
    with reading(engine) as connection:
        yield connection


def _refuse_full(connection: Connection, engine: Engine) -> None:
    for table in _TABLES:
        if connection.execute(select(table).limit(1)).first() is not None:
            place = masked(engine.url.render_as_string(hide_password=False))
            raise InputError(
                f"database {place}: holds rows ({table.name}); a backup is only"
                " restored into an empty database; name another one"
            )


def _copy_table(read: Connection, written: Connection, table: Table) -> int:
    if table is hourly_stale:
        written.execute(delete(table))
    n_rows = 0
    options = {"yield_per": _ROWS_AT_ONCE}
    with read.execute(select(table), execution_options=options) as cursor:
        for batch in cursor.mappings().partitions():
            written.execute(insert(table), [dict(row) for row in batch])
            n_rows += len(batch)
    if written.dialect.name == "postgresql" and "id" in table.c:
        _continue_numbers(written, table)
    return n_rows


def _continue_numbers(connection: Connection, table: Table) -> None:
    """Let new rows be numbered after those that came with their numbers."""
    highest = connection.scalar(select(func.max(table.c.id)))
    sequence = connection.scalar(
        text("SELECT pg_get_serial_sequence(:name, 'id')"), {"name": table.name}
    )
    if sequence is not None and highest is not None:
        connection.execute(
            text("SELECT setval(:name, :n)"), {"name": sequence, "n": highest}
        )
