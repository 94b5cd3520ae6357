"""The migrations build the tables that the program uses, whoever starts first."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError

from monitor.errors import InputError
from monitor.store import migration, open_store
from monitor.store.engine import make_engine, reading, writing
from monitor.store.migration import scripts
from monitor.store.tables import REVISION, VERSION_TABLE, metadata
from tests import forks, tables
from tests.postgres import PostgresServer
from tests.store.analyses import an_analysis
from tests.store.test_database import T0, sample


@pytest.fixture
def database(empty_database: str) -> str:
    """Without tables: these tests are about that, or make their own."""
    return empty_database


@pytest.fixture(autouse=True)
def migrations(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here they run, in every database."""
    monkeypatch.setattr(migration, "_run_missing", tables.by_migrations)


@pytest.fixture
def engine(database: str):
    made = make_engine(database)
    yield made
    made.dispose()


@pytest.mark.every_run
def test_the_migrations_build_what_the_program_uses(database: str, engine):
    open_store(database).close()
    with reading(engine) as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": VERSION_TABLE}
        )
        assert compare_metadata(context, metadata) == []


SCHEMA = {
    "sqlite": ["SELECT type, name, tbl_name, sql FROM sqlite_master"],
    "postgresql": [
        "SELECT table_name, column_name, ordinal_position, data_type, is_nullable,"
        " column_default FROM information_schema.columns WHERE table_schema = 'public'",
        "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'",
        "SELECT viewname, definition FROM pg_views WHERE schemaname = 'public'",
        "SELECT tgrelid::regclass::text, pg_get_triggerdef(oid) FROM pg_trigger"
        " WHERE NOT tgisinternal",
        "SELECT conrelid::regclass::text, pg_get_constraintdef(oid)"
        " FROM pg_constraint WHERE connamespace = 'public'::regnamespace",
        "SELECT proname, prosrc FROM pg_proc"
        " WHERE pronamespace = 'public'::regnamespace",
    ],
}


def schema(url: str) -> list[list[tuple]]:
    made = make_engine(url)
    queries = [*SCHEMA[made.dialect.name], f"SELECT * FROM {VERSION_TABLE}"]
    with reading(made) as connection:
        found = [sorted(map(repr, connection.execute(text(q)))) for q in queries]
    made.dispose()
    return found


def test_other_tests_have_databases_as_the_migrations_make_them(
    database: str, postgres_server: PostgresServer, tmp_path: Path
):
    def new(name: str) -> str:
        if database.startswith("sqlite"):
            return f"sqlite:///{tmp_path / name}"
        return postgres_server.create_database(name)

    open_store(database).close()
    with tables.made_at_once():
        urls = [new("noted"), new("repeated")]
        for url in urls:
            open_store(url).close()
    assert schema(urls[1]) == schema(database)
    assert all(schema(database))


def test_the_revision_in_the_program_is_the_head_of_the_scripts(database: str):
    config = Config()
    config.set_main_option("script_location", str(scripts()))
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_heads() == [REVISION]
    open_store(database).close()


def test_upgrading_twice_changes_nothing(database: str, engine):
    open_store(database).close()
    with open_store(database) as store:
        store.samples.append([sample()])
    open_store(database).close()
    with open_store(database) as store:
        assert list(store.samples.read()) == [sample()]


def test_a_newer_database_is_refused_with_advice(database: str, engine):
    open_store(database).close()
    with writing(engine) as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    with pytest.raises(InputError, match="update the program"):
        open_store(database)


@pytest.mark.every_run
def test_processes_that_start_at_once_make_one_database(database: str, engine):
    code = (
        "import sys, warnings; warnings.simplefilter('error')\n"
        "from monitor.store import open_store; open_store(sys.argv[1]).close()"
    )
    with ThreadPoolExecutor(4) as pool:
        done = pool.map(lambda _: forks.run("-c", code, database), range(4))
        assert [result.returncode for result in done] == [0] * 4
    with reading(engine) as connection:
        versions = connection.execute(text(f"SELECT * FROM {VERSION_TABLE}")).all()
    assert versions == [(REVISION,)]


def test_a_migration_that_fails_leaves_nothing_behind(database: str, engine):
    """The tables of a foreign program stop the work before its first step."""
    with writing(engine) as connection:
        connection.execute(text("CREATE TABLE samples (id integer)"))
    with pytest.raises(InputError, match="another program"):
        open_store(database).close()
    with reading(engine) as connection:
        assert inspect(connection).get_table_names() == ["samples"]


def test_the_database_refuses_to_change_what_was_measured(database: str, engine):
    fill(database)
    for table in ("samples", "rounds", "analyses", "verdicts"):
        column = list(metadata.tables[table].columns)[-1].name
        for change in (f"DELETE FROM {table}", f"UPDATE {table} SET {column} = NULL"):
            with (
                pytest.raises(DBAPIError, match="rows are only added"),
                engine.begin() as connection,
            ):
                connection.execute(text(change))


def fill(url: str) -> None:
    from tests.store.test_spool import ROUND

    with open_store(url) as store:
        store.samples.append([sample()])
        store.rounds.append(ROUND)
        store.analyses.append(an_analysis("facebook"), computed_at_utc=T0)


def test_an_ordinary_start_loads_neither_alembic_nor_pandas(database: str):
    open_store(database).close()
    code = (
        "import sys; from monitor.store import open_store;"
        "from monitor.store.spool import SpooledWriter;"
        "open_store(sys.argv[1]).close();"
        "print({'alembic', 'pandas', 'numpy', 'pyarrow'} & set(sys.modules))"
    )
    command = [sys.executable, "-c", code, database]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout == "set()\n"
