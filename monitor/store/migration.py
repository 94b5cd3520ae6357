"""Brings a database to this revision; loads Alembic only for work."""

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

import monitor
from monitor.errors import InputError
from monitor.store.engine import reading
from monitor.store.fitness import refuse_unfit
from monitor.store.tables import REVISION, VERSION_TABLE, metadata
from monitor.store.upgrade_turns import migrating


def migrate(engine: Engine) -> None:
    """Run what is missing; whoever comes while another does it waits for its end."""
    if is_current(engine):
        return
    with migrating(engine) as connection:
        # Another process may have done it in the meantime.
        if _revision(connection) != REVISION:
            _run_missing(connection)


def is_current(engine: Engine) -> bool:
    """Whether the database is at this revision; raises where it cannot be used."""
    with reading(engine) as connection:
        refuse_unfit(connection)
        return _revision(connection) == REVISION


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    row = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).first()  # noqa: S608 - a constant
    return None if row is None else str(row[0])


def _run_missing(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    # A percent sign in a path would be read as an interpolation.
    config.set_main_option("script_location", str(scripts()).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    revisions = [
        s.revision for s in ScriptDirectory.from_config(config).walk_revisions()
    ]
    _refuse_strangers(connection, revisions)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _refuse_strangers(connection: Connection, revisions: list[str]) -> None:
    current = _revision(connection)
    if current is not None and current not in revisions:
        raise InputError(
            f"database: its version is '{current}', this program knows up to"
            f" '{REVISION}'; update the program, or name another database"
        )
    is_sqlite = connection.dialect.name == "sqlite"
    schema = None if is_sqlite else connection.scalar(text("SELECT current_schema()"))
    tables = set(inspect(connection).get_table_names(schema=schema))
    ours = set(metadata.tables)
    strange = tables if is_sqlite else tables & ours
    if current is None and strange:
        names = ", ".join(sorted(strange)[:3])
        raise InputError(
            f"database: holds tables of another program ({names});"
            " name another database"
        )


def scripts() -> Path:
    """The folder of migrations: inside the installed package, or in the checkout."""
    package = Path(monitor.__file__).parent
    installed = package / "_migrations"
    return installed if installed.is_dir() else package.parent / "migrations"
