"""One question in SQL over the views, asked so that it cannot write or run for ever.

SQLite: the file is opened read-only, and an authorizer allows reading the views and
nothing else. PostgreSQL: only listed functions, types and sources may be named
(`question_words`); a read-only transaction and a cursor, which takes one query only; a
role that may read the views only, where one can be made (`viewer`); and the server is
asked which tables it has locked. Both: limits of rows and time.
"""

import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import Final
from urllib.parse import quote

import psycopg
from psycopg import sql

from monitor.errors import InputError, StoreError
from monitor.masking import without_secrets
from monitor.store import question_words, viewer
from monitor.store.engine import database_url
from monitor.store.postgres_server import Server
from monitor.store.sql_types import Connection, Cursor

VIEWS: Final = ("v_samples", "v_hours", "v_rounds", "v_verdicts", "v_notes", "v_days")
"""What may be asked; the columns are described in docs/anomalies.md."""

MAX_TIME_S: Final = 30.0
_MAX_VALUE_BYTES: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Rows of one question."""

    columns: Sequence[str]
    rows: Sequence[Sequence[object]]
    is_cut: bool
    """Whether there were more rows than were asked for."""


def ask(
    url: str, question: str, *, max_rows: int, max_time_s: float = MAX_TIME_S
) -> Answer:
    """The answer of a database that exists and is up to date.

    Raises
    ------
    InputError : no question, or one that may not be asked; the database's own words.
    StoreError : the database is out of reach, or time ran out.
    """
    parsed = database_url(url)
    if parsed.drivername == "sqlite":
        return _ask_sqlite(Path(str(parsed.database)), question, max_rows, max_time_s)
    return _ask_postgresql(Server.of(parsed), question, max_rows, max_time_s)


def _ask_sqlite(path: Path, question: str, max_rows: int, max_time_s: float) -> Answer:
    uri = f"file:{quote(str(path.absolute()))}?mode=ro"
    try:
        connection = sqlite3.connect(uri, uri=True, isolation_level=None)
    except sqlite3.Error as error:
        raise StoreError(f"database {path}: {error}") from None
    with closing(connection), _time_limit(connection, max_time_s):
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MAX_VALUE_BYTES)
        connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        inner = _inner_views(connection)
        connection.execute("PRAGMA query_only=ON")
        connection.set_authorizer(_Guard(_tables(connection), inner))
        try:
            cursor = connection.execute(question)
            rows = cursor.fetchmany(max_rows + 1)
        except sqlite3.OperationalError as error:
            raise _sqlite_error(error, max_time_s) from None
        except (sqlite3.Error, sqlite3.Warning, ValueError, OverflowError) as error:
            raise InputError(f"sql: {error}; {_ALLOWED}") from None
        if cursor.description is None:
            raise InputError(f"sql: this is no question; {_ALLOWED}")
        return _answer([column[0] for column in cursor.description], rows, max_rows)


def _tables(connection: sqlite3.Connection) -> frozenset[str]:
    rows = connection.execute("SELECT name FROM sqlite_master").fetchall()
    return frozenset({name for (name,) in rows} | {"sqlite_master", "sqlite_schema"})


def _inner_views(connection: sqlite3.Connection) -> frozenset[str]:
    """Put the views under names that nobody can guess, and ours over them.

    The authorizer is told from within which name a table is read. A part of the
    question may bear any name, that of a view, too; it cannot bear one of these.
    """
    prefix = f"_{secrets.token_hex(16)}_"
    for name in VIEWS:
        (made,) = connection.execute(_VIEW, (name,)).fetchone() or ("",)
        inner, query = f"{prefix}{name}", made.partition(f" {name} AS ")[2]
        connection.execute(f"CREATE TEMP VIEW {inner} AS {query}")
        connection.execute(f"CREATE TEMP VIEW {name} AS SELECT * FROM {inner}")  # noqa: S608
    return frozenset(f"{prefix}{name}" for name in VIEWS)


_VIEW: Final = "SELECT sql FROM main.sqlite_schema WHERE type = 'view' AND name = ?"
_ALLOWED: Final = f"allowed: one SELECT over {', '.join(VIEWS)}"


def _sqlite_error(error: sqlite3.OperationalError, max_time_s: float) -> Exception:
    if "interrupted" in str(error):
        return StoreError(f"sql: stopped after {max_time_s:g} s; ask for less")
    return InputError(f"sql: {error}; {_ALLOWED}")


@contextmanager
def _time_limit(connection: sqlite3.Connection, max_time_s: float) -> Iterator[None]:
    timer = Timer(max_time_s, connection.interrupt)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()


_FREE: Final = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE)
_UNDER_VIEWS: Final = frozenset(
    {"series", "samples", "hourly", "rounds", "verdicts", "analyses", "notes"}
    | {"day_digests", "local_offsets"}
)


class _Guard:
    """SQLite's authorizer: called for each table, column and function of a question."""

    def __init__(self, tables: frozenset[str], inner: frozenset[str]) -> None:
        self._tables = tables
        self._inner = inner

    def __call__(
        self, action: int, first: str | None, two: str | None, _db: object, via: object
    ) -> int:
        if action in _FREE:
            return sqlite3.SQLITE_OK
        is_allowed = (
            action == sqlite3.SQLITE_FUNCTION
            and str(two).lower() in question_words.SQLITE_FUNCTIONS
        ) or (action == sqlite3.SQLITE_READ and self._may_read(first or "", two, via))
        return sqlite3.SQLITE_OK if is_allowed else sqlite3.SQLITE_DENY

    def _may_read(self, table: str, column: str | None, via: object) -> bool:
        if table in VIEWS or table in self._inner:
            return True
        if table in _UNDER_VIEWS:
            # How many rows there are may be counted past the view, by the optimizer.
            return via in self._inner or not column
        # A name for a part of the question itself, read as a whole.
        return not column and table not in self._tables


def _ask_postgresql(
    server: Server, question: str, max_rows: int, max_time_s: float
) -> Answer:
    plain = server.url.set(drivername="postgresql")
    url = plain.render_as_string(hide_password=False)
    ours = {
        "statement_timeout": str(int(1e3 * max_time_s)),
        # What stands between quotation marks ends where it was seen to end.
        "standard_conforming_strings": "on",
    }
    setting = server.setting({**server.settings, **ours})
    try:
        asked = question_words.read(question)
        with psycopg.connect(url, **server.arguments) as connection:
            connection.execute(*setting)
            viewer.ensure_role(connection, VIEWS)
            connection.read_only = True
            connection.execute(*setting)
            _check_sources(connection, asked.sources)
            _check_members(connection, asked.members)
            return _cursor_answer(connection, asked.sql, max_rows)
    except question_words.NotAskedError as error:
        raise InputError(f"sql: {error} may not be used; {_ALLOWED}") from None
    except psycopg.errors.QueryCanceled:
        raise StoreError(f"sql: stopped after {max_time_s:g} s; ask for less") from None
    except psycopg.OperationalError as error:
        raise StoreError(f"database: {_told(error, url)}") from None
    except psycopg.Error as error:
        raise InputError(f"sql: {_told(error, url)}; {_ALLOWED}") from None


def _cursor_answer(connection: Connection, question: str, max_rows: int) -> Answer:
    # A cursor takes one SELECT and refuses everything else, in the server itself.
    with connection.cursor() as cursor:
        viewer.become(connection)
        before = _locked(cursor)
        declared = sql.SQL("DECLARE answer NO SCROLL CURSOR FOR ").as_bytes()
        # Not as plain text, which may hold several; nor prepared, which a pooler's
        # session would keep.
        cursor.execute(declared + question.encode(), binary=True)
        _refuse_strangers(_locked(cursor) - before)
        cursor.execute(
            sql.SQL("FETCH {} FROM answer").format(sql.Literal(max_rows + 1))
        )
        rows = cursor.fetchall()
        names = [column.name for column in cursor.description or ()]
    return _answer(names, rows, max_rows)


def _locked(cursor: Cursor) -> frozenset[str]:
    """The tables and views that this transaction reads, as the server sees it."""
    return frozenset(name for (name,) in cursor.execute(_LOCKED).fetchall())


_LOCKED: Final = """
SELECT c.relname FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
 WHERE l.pid = pg_backend_pid() AND l.locktype = 'relation'
   AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
   AND c.relkind IN ('r', 'p', 'f', 'm', 'v')
"""


def _refuse_strangers(names: frozenset[str]) -> None:
    strangers = names - {*VIEWS, *_UNDER_VIEWS}
    if strangers:
        raise question_words.NotAskedError(", ".join(sorted(strangers)))


def _check_sources(connection: Connection, sources: Sequence[Sequence[str]]) -> None:
    """Refuse every table and view but ours; a name of the question itself is none."""
    schema = connection.execute(_SCHEMA, (VIEWS[0],)).fetchone()
    plain = []
    for *place, name in sources:
        if place and place != list(schema or ()):
            raise question_words.NotAskedError(".".join((*place, name)))
        if name not in VIEWS:
            plain.append(name)
    rows = connection.execute(_TABLES, (plain,)).fetchall()
    if rows:
        raise question_words.NotAskedError(", ".join(sorted(n for (n,) in rows)))


_SCHEMA: Final = """
SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.oid = to_regclass(%s)
"""
_TABLES: Final = "SELECT DISTINCT relname FROM pg_class WHERE relname = ANY(%s)"


def _check_members(connection: Connection, members: Sequence[str]) -> None:
    """Refuse `('port'::text).current_setting`: a function that looks like a column."""
    rows = connection.execute(_CALLABLE, (list(members), list(members), list(VIEWS)))
    names = sorted(name for (name,) in rows)
    if names:
        raise question_words.NotAskedError(f"after a point {', '.join(names)}")


_CALLABLE: Final = """
SELECT proname FROM pg_proc WHERE proname = ANY(%s)
 UNION SELECT typname FROM pg_type WHERE typname = ANY(%s) AND typtype <> 'c'
EXCEPT SELECT attname FROM pg_attribute JOIN unnest(%s::text[]) v
    ON attrelid = to_regclass(v)
"""


def _told(error: BaseException, url: str) -> str:
    return without_secrets(_one_line(error), url)


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]


def _answer(
    columns: Sequence[str], rows: Sequence[Sequence[object]], max_rows: int
) -> Answer:
    return Answer(columns=columns, rows=rows[:max_rows], is_cut=len(rows) > max_rows)
