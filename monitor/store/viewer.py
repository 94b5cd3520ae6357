"""A role of PostgreSQL that may read the views of `monitor sql` and nothing else.

Made once, where the database's user may make roles; otherwise questions are asked as
that user, and the list of `question_words` is what holds them.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Final

import psycopg
from psycopg import sql

from monitor.store.sql_types import Connection

_ROLE: Final = "'monitor_questions_' || current_user"
"""Roles belong to the whole server: every user of it that may make one has its own."""


def ensure_role(connection: Connection, views: Sequence[str]) -> None:
    """Make the role, or give it new views, where this user may; else nothing is done.

    Commits what it does, so that no question waits for another one's.
    """
    try:
        if not _may_be_taken(connection, views):
            _make(connection, views)
        connection.commit()
    except psycopg.errors.DatabaseError:
        # Not allowed, a server that cannot be written, or somebody makes it right now.
        connection.rollback()


def become(connection: Connection) -> None:
    """Be this role until the transaction ends, where that is allowed."""
    with suppress(psycopg.errors.DatabaseError), connection.transaction():
        connection.execute(f"SELECT set_config('role', {_ROLE}, true)")
        # Whoever may not read is refused here, and asks as the user that he is.
        connection.execute("SELECT FROM v_samples LIMIT 0")


def _may_be_taken(connection: Connection, views: Sequence[str]) -> bool:
    rows = connection.execute(
        f"""
        SELECT bool_and(has_table_privilege(r.oid, to_regclass(v), 'SELECT')
                        AND pg_has_role(r.oid, 'MEMBER'))
          FROM pg_roles r, unnest(%s::text[]) v WHERE r.rolname = ({_ROLE})::name
        """,  # noqa: S608 - a constant
        (list(views),),
    ).fetchone()
    return rows == (True,)


def _make(connection: Connection, views: Sequence[str]) -> None:
    name, schema = connection.execute(
        f"SELECT ({_ROLE})::name::text, relnamespace::regnamespace::text"  # noqa: S608
        " FROM pg_class WHERE oid = to_regclass(%s)",
        (views[0],),
    ).fetchone() or ("", "")
    role = sql.Identifier(name)
    if not _is_there(connection, name):
        connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(role))
    connection.execute(
        sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(sql.SQL(schema), role)
    )
    names = sql.SQL(", ").join(map(sql.Identifier, views))
    connection.execute(sql.SQL("GRANT SELECT ON {} TO {}").format(names, role))
    connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(role))


def _is_there(connection: Connection, name: str) -> bool:
    query = "SELECT 1 FROM pg_roles WHERE rolname = %s"
    return connection.execute(query, (name,)).fetchone() is not None
