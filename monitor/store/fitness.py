"""Whether a PostgreSQL database can be used as it is; SQLite files always can."""

from typing import Final

from sqlalchemy import Connection, Table, text

from monitor.errors import InputError, RightsError
from monitor.store.postgres_server import Server
from monitor.store.tables import (
    VERSION_TABLE,
    hourly,
    hourly_days,
    hourly_stale,
    leases,
    local_offsets,
    metadata,
)
from monitor.store.trouble import quoted

ENCODING: Final = "UTF8"
CHANGED: Final = (hourly, hourly_days, hourly_stale, leases, local_offsets)
"""All other tables are only added to."""

_FACTS: Final = text(
    "SELECT current_setting('server_encoding'), current_schema(),"
    " (SELECT nspname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
    "  WHERE c.oid = to_regclass(:version))"
)
_MAY_CREATE: Final = text(
    "SELECT to_regclass(:version) IS NOT NULL OR current_schema() IS NULL"
    " OR has_schema_privilege(current_schema(), 'CREATE')"
)
_MISSING: Final = text(
    "SELECT r.word, c.relname FROM unnest(CAST(:tables AS text[]),"
    " CAST(:words AS text[])) AS r(relname, word)"
    " JOIN pg_class c ON c.relname = r.relname AND pg_table_is_visible(c.oid)"
    " WHERE NOT has_table_privilege(c.oid, r.word)"
)
_CLOSED: Final = text(
    "SELECT c.relname FROM unnest(CAST(:tables AS text[])) AS t(name),"
    " pg_get_serial_sequence(t.name, 'id') AS s(name), pg_class c"
    " WHERE c.oid = s.name::regclass AND NOT has_sequence_privilege(c.oid, 'USAGE')"
)


def refuse_unfit(connection: Connection) -> None:
    """Refuse a database whose texts or whose place are not what is needed.

    Raises
    ------
    InputError : an encoding other than UTF8, or not the schema that the URL names.
    """
    if connection.dialect.name != "postgresql":
        return
    encoding, current, used = connection.execute(
        _FACTS, {"version": VERSION_TABLE}
    ).one()
    if encoding != ENCODING:
        raise InputError(
            f"database: its encoding is {encoding}; allowed: {ENCODING}, as of CREATE"
            f" DATABASE ... ENCODING '{ENCODING}' TEMPLATE template0"
        )
    schema = Server.of(connection.engine.url).schema
    if schema is not None:
        _refuse_other_schema(schema, current, used)


def _refuse_other_schema(named: str, current: str | None, used: str | None) -> None:
    if current != named:
        raise InputError(
            f"database: search_path names schema {named}, which is not there or may"
            f" not be used; allowed: one that this role owns, as of CREATE SCHEMA"
            f" {quoted(named)}, or with GRANT USAGE, CREATE on it"
        )
    if used not in (None, named):
        raise InputError(
            f"database: search_path names schema {named} first, but the tables lie in"
            f" {used}; name {used} first, or {named} alone"
        )


def refuse_without_rights(connection: Connection) -> None:
    """Refuse tables that this role may not write, before there is something to write.

    Raises
    ------
    RightsError : with the GRANT that helps.
    """
    if connection.dialect.name != "postgresql":
        return
    if not connection.scalar(_MAY_CREATE, {"version": VERSION_TABLE}):
        raise _refusal(connection, "schema {schema}", "USAGE, CREATE ON")
    _refuse_tables(connection)
    _refuse_sequences(connection)


def _refuse_tables(connection: Connection) -> None:
    needed = [(t.name, word) for t in metadata.sorted_tables for word in _words(t)]
    names, words = zip(*needed, strict=True)
    missing = connection.execute(
        _MISSING, {"tables": list(names), "words": list(words)}
    ).first()
    if missing is not None:
        everything = "SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN"
        raise _refusal(connection, f"table {missing[1]}: {missing[0]}", everything)


def _words(table: Table) -> tuple[str, ...]:
    added = ("SELECT", "INSERT")
    return (*added, "UPDATE", "DELETE") if table in CHANGED else added


def _refuse_sequences(connection: Connection) -> None:
    numbered = [t.name for t in metadata.sorted_tables if "id" in t.c]
    closed = connection.scalar(_CLOSED, {"tables": numbered})
    if closed is not None:
        raise _refusal(connection, f"sequence {closed}", "USAGE ON ALL SEQUENCES IN")


def _refusal(connection: Connection, thing: str, rights: str) -> RightsError:
    role, schema = connection.execute(
        text("SELECT current_user, current_schema()")
    ).one()
    return RightsError(
        f"database: permission denied for {thing.format(schema=schema)} (let its owner"
        f" run: GRANT {rights} SCHEMA {quoted(str(schema))} TO {quoted(str(role))})"
    )
