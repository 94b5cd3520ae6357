"""PostgreSQL behind a pooler that shares sessions, and in a schema of one's own."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import psycopg
import pytest

from monitor.clock import SystemClock
from monitor.errors import InputError, StoreError
from monitor.store import Store, open_store
from monitor.store.backup import backup
from monitor.store.postgres_server import Server
from monitor.store.question import ask
from monitor.store.spool import SpooledWriter
from monitor.store.wiping import wipe
from tests.costs import in_brief
from tests.door import ask_store_as_it_is
from tests.pgbouncer import pooler
from tests.postgres import PostgresServer
from tests.store.test_database import T0, sample
from tests.store.test_spool import ROUND

NETMON = "?options=-csearch_path%3Dnetmon"
TABLES = """SELECT schemaname, count(*) FROM pg_tables
WHERE schemaname IN ('public', 'netmon') GROUP BY 1"""


@pytest.fixture(scope="module")
def pooler_port(postgres_server: PostgresServer) -> Iterator[int]:
    with pooler(postgres_server) as port:
        yield port


@pytest.fixture
def pooled(postgres_url: str, pooler_port: int, postgres_server) -> str:
    """A new database, seen through a stock pooler in transaction mode."""
    return postgres_url.replace(f":{postgres_server.port}/", f":{pooler_port}/")


def asked(url: str, question: str) -> list[tuple]:
    plain = url.replace("+psycopg", "").partition("?")[0]
    with psycopg.connect(plain, autocommit=True) as connection:
        return connection.execute(question).fetchall()


def use_everything(url: str, tmp_path: Path) -> None:
    """One call of each part of the store, readers and writers in turn."""
    writer = SpooledWriter(Store(url), tmp_path / "spool", SystemClock())
    reading = Store(url)
    reader = reading.reader
    for minute in range(20):
        writer.write(sample(minute))
        assert len(reader.series()) == 1
    writer.write(ROUND)
    assert writer.pending == 0
    with open_store(url) as opened:
        rollups = opened.rollups()
        while rollups.refresh():
            pass
    with open_store(url) as opened:
        notes = opened.notes
        notes.add(date(2026, 10, 1), date(2026, 10, 1), "x", noted_at_utc=T0)
    with open_store(url) as opened:
        retention = opened.retention("home")
        retention.step()
    for _ in range(4):
        assert len(ask(url, "SELECT * FROM v_samples", max_rows=100).rows) == 20
    assert list(ask_store_as_it_is(url, backup, tmp_path / "copy"))
    with open_store(url) as store:
        assert len(list(store.samples.read())) == 20
        assert (
            store.samples.append(sample(minute) for minute in range(20, 5000)) == 4980
        )
    reading.close()
    writer.close()


@pytest.mark.every_run
def test_all_of_the_store_works_through_a_stock_pooler(pooled: str, tmp_path: Path):
    use_everything(pooled, tmp_path)
    assert asked(pooled, "SELECT count(*) FROM pg_prepared_statements") == [(0,)]
    # The sessions are others' too: none was left read-only or with our limits.
    for _ in range(5):
        names = ("default_transaction_read_only", "statement_timeout", "lock_timeout")
        values = ", ".join(f"current_setting('{name}')" for name in names)
        assert asked(pooled, f"SELECT {values}") == [("off", "0", "0")]


def test_times_are_in_utc_whatever_the_server_thinks(pooled: str, postgres_url: str):
    name = postgres_url.rpartition("/")[2]
    asked_of = postgres_url.rpartition("/")[0] + "/postgres"
    plain = asked_of.replace("+psycopg", "")
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} SET TimeZone = 'Asia/Almaty'")
    with open_store(postgres_url) as store:
        store.samples.append([sample()])
    ((moment,),) = ask(
        postgres_url, "SELECT started_at_utc FROM v_samples", max_rows=1
    ).rows
    assert moment.utcoffset().total_seconds() == 0


@pytest.mark.parametrize("through", in_brief(["postgres_url", "pooled"], "pooled"))
def test_everything_lies_in_the_schema_that_the_url_names(
    request, through: str, tmp_path: Path
):
    url = request.getfixturevalue(through)
    asked_directly = request.getfixturevalue("postgres_url")
    with psycopg.connect(asked_directly.replace("+psycopg", "")) as connection:
        connection.execute("CREATE SCHEMA netmon")
    use_everything(url + NETMON, tmp_path)
    assert [schema for schema, _ in asked(asked_directly, TABLES)] == ["netmon"]
    outside = """SELECT 'view ' || viewname FROM pg_views WHERE schemaname = 'public'
    UNION ALL SELECT 'function ' || proname FROM pg_proc
     WHERE pronamespace = 'public'::regnamespace"""
    assert asked(asked_directly, outside) == []
    ask_store_as_it_is(url + NETMON, wipe, "home", now_utc=T0)
    assert asked(asked_directly, TABLES) == []


def test_a_second_monitor_in_public_is_another_one(postgres_url: str):
    with open_store(postgres_url) as store:
        store.samples.append([sample(0)])
    asked_directly = postgres_url.replace("+psycopg", "")
    with psycopg.connect(asked_directly) as connection:
        connection.execute("CREATE SCHEMA netmon")
    with open_store(postgres_url + NETMON) as store:
        assert list(store.samples.read()) == []
    both = "?options=-csearch_path%3Dnetmon,public"
    with open_store(postgres_url + both) as store:
        assert list(store.samples.read()) == []
    with psycopg.connect(asked_directly) as connection:
        connection.execute("DROP SCHEMA netmon CASCADE")
        connection.execute("CREATE SCHEMA netmon")
    with pytest.raises(InputError, match="but the tables lie in public"):
        open_store(postgres_url + both)


def test_a_schema_that_is_not_there_is_refused(postgres_url: str):
    with pytest.raises(InputError, match="names schema netmon, which is not there"):
        open_store(postgres_url + NETMON)
    assert asked(postgres_url, TABLES) == []


def test_options_of_the_environment_count_as_those_of_the_url(
    pooled: str, postgres_url: str, monkeypatch
):
    monkeypatch.setenv("PGOPTIONS", "-c search_path=netmon")
    with pytest.raises(InputError, match="names schema netmon"):
        open_store(pooled)
    with pytest.raises(InputError, match="names schema netmon"):
        open_store(postgres_url)


def test_options_that_are_no_settings_are_refused(postgres_url: str):
    with pytest.raises(InputError, match=r"options: found '-B'; allowed: -c NAME"):
        open_store(postgres_url + "?options=-B%208")
    with pytest.raises(StoreError, match="unrecognized configuration parameter"):
        open_store(postgres_url + "?options=-cno_such=1")


def test_what_the_url_says_of_the_connection_is_not_overruled(postgres_url: str):
    from monitor.store.engine import database_url

    server = Server.of(database_url(postgres_url + "?application_name=mine"))
    assert "application_name" not in server.arguments


@pytest.mark.parametrize(
    ("path", "schema"),
    [
        ("netmon", "netmon"),
        ("NetMon,public", "netmon"),
        ('"Net Mon", public', "Net Mon"),
        ('"$user", public', None),
    ],
)
def test_the_first_name_of_a_search_path_is_the_schema(path: str, schema: str | None):
    from sqlalchemy import URL

    options = "-c search_path=" + path.replace(" ", "\\ ")
    url = URL.create("postgresql+psycopg", query={"options": options})
    assert Server.of(url).schema == schema


def test_a_failover_behind_the_pooler_loses_nothing(
    postgres_server, pooled: str, tmp_path: Path
):
    """The pooler hides a server's restart only from those who are not in the midst."""
    writer = SpooledWriter(Store(pooled), tmp_path / "spool", SystemClock())
    end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
    mine = f"{end} WHERE datname = '{pooled.rpartition('/')[2]}'"
    for minute in range(30):
        writer.write(sample(minute))
        if minute % 10 == 5:
            asked(postgres_server.url(), mine)
    assert writer.flush()
    writer.close()
    with open_store(pooled) as store:
        assert len(list(store.samples.read())) == 30
