"""The database of the soak in the form of an older version, to be upgraded."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import MetaData, create_engine, text

from monitor.store.engine import database_url
from monitor.store.migration import scripts
from monitor.store.tables import metadata

OLDEST = "0005"
ROWS_AT_ONCE = 2000
_DERIVED = ("hourly", "hourly_days", "hourly_stale")
"""Made again by the program."""
LOST = ("tcp_segs_in", "service", "part")
"""What a sample of today has and one of the older version has not."""


def become(soak) -> None:
    """Replace the database by one of an older version with the same facts."""
    if soak.server is None:
        path = Path(database_url(soak.base["database"]).database)
        made = path.with_name("older.db")
        build(soak.base["database"], f"sqlite:///{made}")
        for ending in ("-wal", "-shm"):
            path.with_name(path.name + ending).unlink(missing_ok=True)
        made.replace(path)
        return
    soak.n_databases += 1
    name = f"older{soak.n_databases}"
    soak.server.create_database(name)
    url = database_url(soak.base["database"]).set(database=name)
    new = url.render_as_string(hide_password=False)
    build(soak.base["database"], new)
    soak.base["database"] = new
    soak.configure()


def build(url: str, new: str, revision: str = OLDEST) -> None:
    """Copy a database into an empty one, in the form of an older version.

    Days that were closed in a form that the older version does not know are open there.
    """
    source, target = (create_engine(database_url(one)) for one in (url, new))
    try:
        with target.begin() as connection:
            upgraded_to(connection, revision)
        with source.connect() as read, target.begin() as written:
            known = MetaData()
            known.reflect(target)
            for table in metadata.sorted_tables:
                if table.name not in _DERIVED and table.name in known.tables:
                    _copy(read, written, table, known.tables[table.name])
            _continue_numbers(written, known)
    finally:
        source.dispose()
        target.dispose()


def upgraded_to(connection, revision: str) -> None:
    """Make the tables of an older version in an empty database."""
    config = Config()
    config.set_main_option("script_location", str(scripts()))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _copy(read, written, table, old) -> None:
    names = [c.name for c in old.columns if c.name in table.columns]
    wanted = table.select().with_only_columns(*(table.c[n] for n in names))
    if "row_format" in table.c and "row_format" not in names:
        wanted = wanted.where(table.c.row_format == 1)
    rows = read.execute(wanted)
    for batch in rows.mappings().partitions(ROWS_AT_ONCE):
        written.execute(old.insert(), [dict(row) for row in batch])


def _continue_numbers(connection, known) -> None:
    if connection.dialect.name != "postgresql":
        return
    for table in known.tables.values():
        if "id" in table.columns:
            connection.execute(
                text(
                    f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'),"
                    f" coalesce(max(id), 0) + 1) FROM {table.name}"
                )
            )
