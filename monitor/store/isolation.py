"""Row security for a PostgreSQL database that several homes share.

Each home signs in as a role of its own, named as its vantage; the server itself then
shows and takes only that home's rows. Whoever owns the tables is not bound: homes must
not be owners. All statements may run again, and do after an update that brings tables.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from psycopg import sql
from sqlalchemy import Connection, Table, text

from monitor.errors import InputError
from monitor.store.fitness import CHANGED
from monitor.store.question import VIEWS
from monitor.store.tables import (
    VERSION_TABLE,
    analyses,
    attachments,
    chain_secret,
    consents,
    lodgings,
    metadata,
    notes,
    retentions,
)
from monitor.store.trouble import quoted

POLICY: Final = "monitor_own_home"
_OF_ALL: Final = (notes, attachments, consents, retentions)
"""Their rows without a vantage are of all: everybody reads them, nobody adds one."""
_OWN: Final = "vantage = session_user"
# A role that is taken on for a question must see what its session may.
_RULES: Final = {
    analyses: (
        "NOT EXISTS (SELECT FROM jsonb_array_elements(document::jsonb -> 'verdicts') v"
        " WHERE v ->> 'vantage' IS DISTINCT FROM session_user)"
    ),
    lodgings: "digest IN (SELECT d.digest FROM day_digests d)",
    chain_secret: "true",
}
"""Tables without a column that says whose a row is."""
_OF_SERIES: Final = "series_id IN (SELECT s.id FROM series s)"
"""The policy on `series` holds in here, too."""


def isolate(connection: Connection, roles: Sequence[str]) -> None:
    """Switch row security on, and let the roles in.

    Parameters
    ----------
    connection : in a writing transaction, as the owner of the tables.
    roles : of the homes, each named as its vantage; they are there already.

    Raises
    ------
    InputError : no PostgreSQL, or a role that is missing or not bound by policies.
    """
    if connection.dialect.name != "postgresql":
        raise InputError(
            "database: found a SQLite file; allowed: PostgreSQL, which has roles"
        )
    for role in roles:
        _check_role(connection, role)
    for statement in statements(roles):
        connection.exec_driver_sql(statement.replace("%", "%%"))


def _check_role(connection: Connection, role: str) -> None:
    row = connection.execute(
        text(
            "SELECT rolsuper OR rolbypassrls OR pg_has_role(r.oid, (SELECT relowner"
            " FROM pg_class WHERE oid = to_regclass('samples')), 'MEMBER')"
            " FROM pg_roles r WHERE rolname = :role"
        ),
        {"role": role},
    ).first()
    if row is None:
        raise InputError(
            f"--role: found no role {role!r}; make it first: CREATE ROLE {quoted(role)}"
            " LOGIN PASSWORD '...'"
        )
    if row[0]:
        raise InputError(
            f"--role: {role!r} owns the tables or passes by row security: no policy"
            " binds it; allowed: a plain role"
        )


def statements(roles: Sequence[str]) -> Iterator[str]:
    """The SQL, one statement after the other."""
    for table in metadata.sorted_tables:
        yield f"ALTER TABLE {table.name} ENABLE ROW LEVEL SECURITY"
        yield f"DROP POLICY IF EXISTS {POLICY} ON {table.name}"
        yield (
            f"CREATE POLICY {POLICY} ON {table.name}"
            f" USING ({_readable(table)}) WITH CHECK ({_rule(table)})"
        )
    for view in VIEWS:
        yield f"ALTER VIEW IF EXISTS {view} SET (security_invoker = true)"
    for role in roles:
        yield from _rights(sql.Identifier(role).as_string())


def _rule(table: Table) -> str:
    """Which rows a home may add."""
    if table in _RULES:
        return _RULES[table]
    return _OWN if "vantage" in table.c else _OF_SERIES


def _readable(table: Table) -> str:
    rule = _rule(table)
    return f"{rule} OR vantage IS NULL" if table in _OF_ALL else rule


def _rights(role: str) -> Iterator[str]:
    for table in metadata.sorted_tables:
        words = "SELECT, INSERT"
        if table in CHANGED:
            words += ", UPDATE, DELETE"
        yield f"GRANT {words} ON {table.name} TO {role}"
    yield f"GRANT SELECT ON {VERSION_TABLE} TO {role}"
    for view in VIEWS:
        yield f"GRANT SELECT ON {view} TO {role}"
    for what in ("USAGE ON SCHEMA", "USAGE ON ALL SEQUENCES IN SCHEMA"):
        grant = sql.Literal(f"GRANT {what} %I TO {role.replace('%', '%%')}")
        told = grant.as_string()
        yield f"DO $$ BEGIN EXECUTE format({told}, current_schema()); END $$"
