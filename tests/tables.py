"""New databases of tests, which get at once what the migrations made in an earlier one.

The nine migrations take a tenth of a second of CPU, for each of a thousand databases.
Their statements are noted when they run for the first time in a process, and repeated
in every later database that is new; one that is not is migrated as ever.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, event, inspect

from monitor.store import migration

Statements = list[tuple[str, object]]
by_migrations = migration._run_missing
"""What the program itself does."""


@contextmanager
def made_at_once() -> Iterator[None]:
    """Meanwhile a new database is made by repeating what another has seen."""
    before = migration._run_missing
    noted: dict[str, Statements] = {}

    def run(connection: Connection) -> None:
        kind = connection.dialect.name
        if inspect(connection).get_table_names():
            by_migrations(connection)
        elif kind not in noted:
            statements: Statements = []
            with _noting(connection, statements):
                by_migrations(connection)
            noted[kind] = statements
        else:
            for statement, parameters in noted[kind]:
                connection.exec_driver_sql(statement, parameters or None)

    migration._run_missing = run
    try:
        yield
    finally:
        migration._run_missing = before


@contextmanager
def _noting(connection: Connection, statements: Statements) -> Iterator[None]:
    def note(_c, _cursor, statement, parameters, _context, _is_many) -> None:
        if not statement.lstrip().upper().startswith(("SELECT", "PRAGMA")):
            statements.append((statement, parameters))

    event.listen(connection, "after_cursor_execute", note)
    try:
        yield
    finally:
        event.remove(connection, "after_cursor_execute", note)
