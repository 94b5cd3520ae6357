"""One question in SQL over the views, asked so that it cannot write or run for ever.

SQLite: the file is opened read-only, and an authorizer allows reading the views and
nothing else. PostgreSQL: a read-only transaction and a cursor, which takes one query
only; no function with side effects may be named. Both: limits of rows, time and width.
"""

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import Any, Final
from urllib.parse import quote

import psycopg
from psycopg import sql

from monitor.errors import InputError, StoreError
from monitor.store.engine import database_url
from monitor.store.server import Server

VIEWS: Final = ("v_samples", "v_hours", "v_rounds", "v_verdicts", "v_notes", "v_days")
"""What may be asked; the columns are described in docs/anomalies.md."""

MAX_TIME_S: Final = 30.0
_MAX_VALUE_BYTES: Final = 1_000_000
_WORD: Final = re.compile(r"U&|[A-Za-z_][A-Za-z0-9_$]*", re.IGNORECASE)
_SOURCE: Final = re.compile(
    r'(?:\bfrom|\bjoin|,)[\s(]*(?:only\s+)?(?:"?public"?\s*\.\s*)?"?(\w+)',
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Rows of one question."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
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
        connection.execute("PRAGMA query_only=ON")
        connection.set_authorizer(_Guard(_tables(connection)))
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
    | {"day_digests"}
)


class _Guard:
    """SQLite's authorizer: called for each table, column and function of a question."""

    def __init__(self, tables: frozenset[str]) -> None:
        self._tables = tables

    def __call__(
        self, action: int, one: str | None, two: str | None, _db: object, via: object
    ) -> int:
        if action in _FREE:
            return sqlite3.SQLITE_OK
        is_allowed = (
            action == sqlite3.SQLITE_FUNCTION and two != "load_extension"
        ) or (action == sqlite3.SQLITE_READ and self._may_read(one or "", two, via))
        return sqlite3.SQLITE_OK if is_allowed else sqlite3.SQLITE_DENY

    def _may_read(self, table: str, column: str | None, via: object) -> bool:
        if table in VIEWS:
            return True
        if table in _UNDER_VIEWS:
            # How many rows there are may be counted past the view, by the optimizer.
            return via in VIEWS or not column
        # A name for a part of the question itself, read as a whole.
        return not column and table not in self._tables


def _ask_postgresql(
    server: Server, question: str, max_rows: int, max_time_s: float
) -> Answer:
    plain = server.url.set(drivername="postgresql")
    url = plain.render_as_string(hide_password=False)
    timeout = {"statement_timeout": str(int(1e3 * max_time_s))}
    try:
        with psycopg.connect(url, **server.arguments) as connection:
            connection.read_only = True
            connection.execute(*server.setting({**server.settings, **timeout}))
            _check_words(connection, question)
            return _cursor_answer(connection, question, max_rows)
    except psycopg.errors.QueryCanceled:
        raise StoreError(f"sql: stopped after {max_time_s:g} s; ask for less") from None
    except psycopg.OperationalError as error:
        raise StoreError(f"database: {_one_line(error)}") from None
    except psycopg.Error as error:
        raise InputError(f"sql: {_one_line(error)}; {_ALLOWED}") from None


def _cursor_answer(
    connection: psycopg.Connection[Any], question: str, max_rows: int
) -> Answer:
    # A cursor takes one SELECT and refuses everything else, in the server itself.
    with connection.cursor() as cursor:
        declared = sql.SQL("DECLARE answer NO SCROLL CURSOR FOR ").as_bytes()
        # Not as plain text, which may hold several; nor prepared, which a pooler's
        # session would keep.
        cursor.execute(declared + question.encode(), binary=True)
        cursor.execute(
            sql.SQL("FETCH {} FROM answer").format(sql.Literal(max_rows + 1))
        )
        rows = cursor.fetchall()
        names = [column.name for column in cursor.description or ()]
    return _answer(names, rows, max_rows)


def _check_words(connection: psycopg.Connection[Any], question: str) -> None:
    words = {word.lower() for word in _WORD.findall(question)}
    if "u&" in words:
        raise InputError(f"sql: names in U& form may not be used; {_ALLOWED}")
    sources = [name.lower() for name in _SOURCE.findall(question)]
    given = {"words": list(words), "sources": sources}
    found = connection.execute(_FORBIDDEN, given).fetchall()
    if found:
        names = ", ".join(sorted({name for (name,) in found}))
        raise InputError(f"sql: {names} may not be used; {_ALLOWED}")


# Functions with side effects, the catalogues, and tables that are not for questions.
_FORBIDDEN: Final = """
SELECT proname FROM pg_proc WHERE provolatile = 'v' AND proname = ANY(%(words)s)
UNION
SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
 WHERE nspname = 'pg_catalog' AND relname = ANY(%(words)s)
UNION
SELECT nspname FROM pg_namespace
 WHERE nspname = ANY(%(words)s) AND nspname <> current_schema()
UNION
SELECT relname FROM pg_class
 WHERE relkind IN ('r', 'p', 'f', 'm') AND relname = ANY(%(sources)s)
UNION
SELECT 'chain_secret' WHERE 'chain_secret' = ANY(%(words)s)
"""


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]


def _answer(
    columns: Sequence[str], rows: Sequence[Sequence[Any]], max_rows: int
) -> Answer:
    return Answer(columns=columns, rows=rows[:max_rows], is_cut=len(rows) > max_rows)
