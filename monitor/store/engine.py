"""A database URL in, an engine out that opens, locks and waits as this program needs.

Nothing here knows the tables. Failures of the database become StoreError with the place
and the advice in one message; passwords never appear in it.
"""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from monitor import private
from monitor.errors import InputError, RightsError, StoreError
from monitor.masking import has_stray_at, masked, without_secrets
from monitor.store.postgres_server import Server
from monitor.store.trouble import explained, is_refusal

ALLOWED: Final = (
    "allowed: sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST/NAME"
)

# Long enough for another process to finish a transaction; short enough that a daemon
# told to stop can wait it out and still end within five seconds.
BUSY_TIMEOUT_S: Final = 2.0

WAL_KEPT_BYTES: Final = 4_194_304
"""What the write-ahead log shrinks to once nobody reads it: SQLite's own measure."""

_TRIES: Final = 100
_BETWEEN_TRIES_S: Final = BUSY_TIMEOUT_S / _TRIES

_SMALLEST_PAGE_BYTES: Final = 512
"""No SQLite database is smaller, but an empty one."""


def database_url(url: str) -> URL:
    """The URL, parsed and checked.

    Raises
    ------
    InputError : not a URL, or of a kind of database that cannot be used.
    """
    if has_stray_at(url) and not url.startswith("sqlite:"):
        raise InputError("database: write %40 for an '@' in user, password or query")
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise InputError(f"database: not a URL; {ALLOWED}") from error
    if parsed.drivername in ("postgres", "postgresql"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in ("sqlite", "postgresql+psycopg"):
        raise InputError(f"database: found '{parsed.drivername}'; {ALLOWED}")
    if parsed.drivername == "sqlite":
        _check_sqlite_path(parsed.database)
    return parsed


def _check_sqlite_path(name: str | None) -> None:
    if name in (None, "", ":memory:") or str(name).startswith("file:"):
        told = f"found '{name or ''}', which is no file on disk"
        raise InputError(f"database: {told}; {ALLOWED}")
    path = Path(str(name))
    if path.is_dir():
        raise InputError(f"database: '{path}' is a folder; name a file in it")
    if not path.parent.is_dir():
        raise InputError(
            f"database: there is no folder '{path.parent}'; create it first"
        )
    # To SQLite a short file of any kind is an empty database, and it writes over it.
    # Only its size is asked: whoever opens and closes the file takes away the locks
    # that SQLite holds on it in this process.
    with suppress(OSError):
        if path.is_file() and 0 < path.stat().st_size < _SMALLEST_PAGE_BYTES:
            raise InputError(
                f"database: '{path}' is no SQLite database; name another file"
            )


def sqlite_path(engine: Engine) -> Path | None:
    """The file behind the engine; None when it is a server."""
    if engine.dialect.name != "sqlite":
        return None
    return Path(str(engine.url.database))


def sqlite_file(url: str) -> Path | None:
    """The file that the URL names, there or not; None: a server.

    Raises
    ------
    InputError : see `database_url`.
    """
    parsed = database_url(url)
    is_file = parsed.drivername == "sqlite"
    return Path(str(parsed.database)) if is_file else None


def missing_file(url: str) -> Path | None:
    """The file that the URL names, when it does not exist; None: it does, or a server.

    Raises
    ------
    InputError : see `database_url`.
    """
    path = sqlite_file(url)
    return None if path is None or path.exists() else path


def make_engine(url: str) -> Engine:
    """An engine for the URL; connects only when used.

    Raises
    ------
    InputError : see `database_url`.
    """
    parsed = database_url(url)
    if parsed.drivername == "sqlite":
        return _sqlite_engine(parsed)
    return _postgres_engine(Server.of(parsed))


def _postgres_engine(server: Server) -> Engine:
    engine = create_engine(
        server.url,
        connect_args=server.arguments,
        pool_pre_ping=True,
        pool_use_lifo=True,
    )
    event.listen(engine, "begin", partial(_begin_postgres, server))
    return engine


def _begin_postgres(server: Server, connection: Connection) -> None:
    # For this transaction only: behind a pooler the next one may run in another
    # session, and this session's next may be somebody else's.
    options = connection.get_execution_options()
    settings = dict(server.settings)
    if options.get("writes") is False:
        settings["transaction_read_only"] = "on"
    if "statement_timeout_ms" in options:
        settings["statement_timeout"] = str(options["statement_timeout_ms"])
    if "lock_timeout_ms" in options:
        settings["lock_timeout"] = str(options["lock_timeout_ms"])
    connection.exec_driver_sql(*server.setting(settings))


def _sqlite_engine(url: URL) -> Engine:
    engine = create_engine(
        url,
        connect_args={"timeout": BUSY_TIMEOUT_S},
        poolclass=QueuePool,
        pool_use_lifo=True,
    )
    event.listen(engine, "do_connect", _take_file)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _take_file(
    _dialect: object, _record: object, arguments: Sequence[object], _named: object
) -> None:
    """Make the database its owner's, before SQLite would make it everybody's.

    Its log and index get the rights of the database; older ones are set right here.
    """
    path = Path(str(arguments[0]))
    if not path.exists():
        with suppress(OSError):
            private.new_file(path)
    for companion in COMPANIONS:
        private.take_from_others(path.with_name(path.name + companion))


COMPANIONS: Final = ("", "-wal", "-shm", "-journal")
"""What SQLite keeps beside a database, by the end of its name."""


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    # The driver must not begin transactions by itself: `_begin_sqlite` does.
    connection.isolation_level = None
    if connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
        _enter_wal_mode(connection)
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute(f"PRAGMA journal_size_limit={WAL_KEPT_BYTES}")


def _enter_wal_mode(connection: sqlite3.Connection) -> None:
    # Of several that begin at once one enters; SQLite does not let the others wait.
    for _ in range(_TRIES):
        with suppress(sqlite3.OperationalError):
            connection.execute("PRAGMA journal_mode=WAL")
            return
        time.sleep(_BETWEEN_TRIES_S)
    connection.execute("PRAGMA journal_mode=WAL")


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later can fail at once when another
    # process wrote in between; a writer therefore takes the lock at its beginning.
    options = connection.get_execution_options()
    writes = options.get("writes")
    wait_ms = options.get("lock_timeout_ms", int(BUSY_TIMEOUT_S * 1000))
    # It answers with a row, and an answer that is not closed holds the tables.
    connection.exec_driver_sql(f"PRAGMA busy_timeout={wait_ms}").close()
    connection.exec_driver_sql(f"PRAGMA query_only={int(writes is False)}")
    # Not to be set within a transaction. A table that others refer to is made anew by a
    # migration: to drop it would look at every row of theirs.
    keys = int(not options.get("migrates"))
    connection.exec_driver_sql(f"PRAGMA foreign_keys={keys}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that only reads, also by force; failures as StoreError."""
    with reported(engine), engine.execution_options(writes=False).begin() as connection:
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that writes: all of it or nothing; failures as StoreError."""
    with reported(engine), engine.execution_options(writes=True).begin() as connection:
        yield connection


@contextmanager
def reported(engine: Engine) -> Iterator[None]:
    """Database failures inside the block as our errors, with place and advice.

    Raises
    ------
    InputError : the file is no database: waiting will not help.
    RightsError : the server refuses it to this role.
    StoreError : any other failure.
    """
    # The driver's own errors, too: the frame reader talks to it directly.
    try:
        yield
    except (SQLAlchemyError, engine.dialect.loaded_dbapi.Error) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        address = engine.url.render_as_string(hide_password=False)
        said = explained(cause or error, engine.url.username)
        # What the driver itself said may hold the password: a log shows causes, too.
        told = f"{place(engine)}: {without_secrets(said, address)}"
        raise _kind(cause, said)(told) from None


def _kind(cause: BaseException | None, said: str) -> type[InputError | StoreError]:
    if "not a database" in said:
        return InputError
    return RightsError if is_refusal(cause) else StoreError


def place(engine: Engine) -> str:
    """How messages name the database; without its password."""
    return f"database {masked(engine.url.render_as_string(hide_password=False))}"
