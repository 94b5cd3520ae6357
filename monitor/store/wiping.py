"""Removes a database and what lies beside it, for a person who must leave no traces.

A file goes whole. Of a server that several homes share only the own vantage goes, and
the tables with the last one.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect, select, text, union

from monitor.errors import InputError, StoreError
from monitor.store import households
from monitor.store.backup import reported_file
from monitor.store.database import Database
from monitor.store.door import Store
from monitor.store.engine import COMPANIONS, sqlite_path
from monitor.store.holder import Holder
from monitor.store.leases import refuse_held
from monitor.store.spool_file import spool_path
from monitor.store.tables import VERSION_TABLE, metadata, rounds, series

_SPOOLS: Final = ("", ".unreadable")


def stored_things(store: Store, vantage: str | None) -> Sequence[str]:
    """What `wipe` would remove: files; tables of a server, or rows of one vantage.

    Raises
    ------
    InputError : the database is another program's.
    StoreError : a server is out of reach.
    """
    return [*map(str, _files(store)), *_on_server(store.database, vantage)]


def wipe(store: Store, vantage: str | None, *, now_utc: datetime) -> Sequence[str]:
    """Remove the database, its companions and the spool; what was removed.

    Parameters
    ----------
    vantage : whose rows go where others share a server; None: everybody's.
    now_utc : tells whether a daemon of the vantage still runs.

    Raises
    ------
    InputError : the database is another program's.
    StoreError : it is in use, or out of reach; then nothing was removed.
    """
    things, files = _on_server(store.database, vantage), _files(store)
    path = sqlite_path(store.database.engine)
    if path is not None and path.is_file():
        _refuse_in_use(path)
    if things:
        store.open()
        with store.database.writing() as connection:
            refuse_held(connection, vantage, Holder.this_process(), now_utc=now_utc)
            _remove(connection, vantage)
    store.close()
    for file in files:
        with reported_file(file):
            file.unlink(missing_ok=True)
    return [*map(str, files), *things]


def _remove(connection: Connection, vantage: str | None) -> None:
    if vantage is not None and _vantages(connection) - {vantage}:
        households.remove(connection, vantage)
        return
    names = ", ".join(_server_tables())
    connection.execute(text(f"DROP TABLE IF EXISTS {names} CASCADE"))
    for function in ("monitor_only_added", "monitor_mark_stale"):
        connection.execute(text(f"DROP FUNCTION IF EXISTS {function}"))


def _files(store: Store) -> list[Path]:
    spool = spool_path(store.url)
    files = [spool.with_name(f"{spool.name}{end}") for end in _SPOOLS]
    path = sqlite_path(store.database.engine)
    if path is not None:
        if path.is_file():
            _refuse_stranger(path)
        files = [path.with_name(f"{path.name}{end}") for end in COMPANIONS] + files
    return [file for file in files if file.exists()]


def _on_server(database: Database, vantage: str | None) -> list[str]:
    if sqlite_path(database.engine) is not None:
        return []
    with database.reading() as connection:
        inspector = inspect(connection)
        if not inspector.has_table(VERSION_TABLE):
            return []
        tables = set(inspector.get_table_names())
        vantages = _vantages(connection)
    if vantage is not None and vantages - {vantage}:
        return [f"all rows of vantage {vantage!r}"] if vantage in vantages else []
    return [f"table {name}" for name in _server_tables() if name in tables]


def _vantages(connection: Connection) -> set[str]:
    """Those that have anything in it."""
    names = union(select(series.c.vantage), select(rounds.c.vantage))
    return set(connection.scalars(names))


def _server_tables() -> list[str]:
    return [*sorted(metadata.tables), VERSION_TABLE]


def _refuse_stranger(path: Path) -> None:
    query = "SELECT 1 FROM sqlite_schema WHERE name = ?"
    with reported_file(path), closing(sqlite3.connect(path)) as connection:
        is_ours = connection.execute(query, (VERSION_TABLE,)).fetchone() is not None
    if not is_ours:
        raise InputError(f"{path}: is not this program's database; nothing is removed")


def _refuse_in_use(path: Path) -> None:
    # Leaving WAL mode needs the file alone.
    try:
        with closing(sqlite3.connect(path, timeout=0.5)) as connection:
            connection.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.OperationalError as error:
        raise StoreError(
            f"{path}: is in use ({error}); stop `monitor run` and `monitor web` first"
        ) from error
