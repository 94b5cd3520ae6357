"""`monitor db isolate`: two homes that try to read and to write each other."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest
from click.testing import CliRunner
from psycopg import sql

from monitor.analysis import analysis, analyze
from monitor.cli import cli
from monitor.errors import InputError, StoreError
from monitor.evidence.ledger import close_days
from monitor.model import Round, RoundStatus, Sample
from monitor.store import Store, open_store
from monitor.store.frames import load_frame
from tests.postgres import PostgresServer

NOW = datetime(2026, 10, 20, tzinfo=UTC)
HOMES = ("home7", "home 8")


def sample(vantage: str, minute: int = 0) -> Sample:
    return Sample(
        started_at_utc=datetime(2026, 10, 1, 12, tzinfo=UTC)
        + timedelta(minutes=minute),
        target="facebook",
        vantage=vantage,
        connect_s=0.1,
    )


@pytest.fixture(scope="module")
def postgres_owner(postgres_server: PostgresServer) -> Iterator[str]:
    """The URL of a database of its own."""
    yield postgres_server.create_database("isolated")
    postgres_server.drop_database("isolated")


@pytest.fixture(scope="module")
def homes(postgres_owner: str) -> Iterator[tuple[str, str]]:
    """The URLs of two homes in one isolated database, where both have measured."""
    postgres_url = postgres_owner
    open_store(postgres_url).close()
    with roles(postgres_url):
        let_in = [word for role in HOMES for word in ("--role", role)]
        for _ in range(2):  # it may run again
            done = CliRunner().invoke(
                cli, ["--database", postgres_url, "db", "isolate", *let_in]
            )
            assert done.exit_code == 0, done.output
        urls = tuple(
            postgres_url.replace("postgres@", f"{role.replace(' ', '%20')}@")
            for role in HOMES
        )
        for url, vantage in zip(urls, HOMES, strict=True):
            measured(url, vantage)
        yield urls


@contextmanager
def roles(url: str) -> Iterator[None]:
    """Roles of the homes; they belong to the whole server."""
    names = [sql.Identifier(role) for role in HOMES]
    with signed_in(url) as connection:
        for name in names:
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(name))
        try:
            yield
        finally:
            for name in names:
                connection.execute(sql.SQL("DROP OWNED BY {}").format(name))
                connection.execute(sql.SQL("DROP ROLE {}").format(name))


@contextmanager
def signed_in(url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        yield connection


def measured(url: str, vantage: str) -> None:
    """All that a home stores of a night."""
    with open_store(url) as store:
        store.samples.append([sample(vantage, n) for n in range(5)])
        store.rounds.append(a_round(vantage))
        close_days(store, now_utc=NOW, vantage=vantage)
        store.analyses.append(judged(store), computed_at_utc=NOW)


def a_round(vantage: str) -> Round:
    start = datetime(2026, 10, 1, 12, tzinfo=UTC)
    return Round(
        round_id=f"round of {vantage}",
        vantage=vantage,
        slot_start_utc=start,
        started_at_utc=start,
        duration_s=1.0,
        status=RoundStatus.COMPLETE,
        n_planned=5,
        n_done=5,
    )


def judged(store: Store):
    verdicts = analyze(load_frame(store), timezone="UTC")
    assert verdicts
    return analysis(verdicts, timezone="UTC", until=date(2026, 10, 1))


def test_each_home_sees_its_own_rows_and_no_others(homes: tuple[str, str]) -> None:
    for url, vantage in zip(homes, HOMES, strict=True):
        with open_store(url) as store:
            assert {s.vantage for s in store.samples.read()} == {vantage}
            assert {r.vantage for r in store.rounds.read()} == {vantage}
            assert {k.vantage for k in store.digests.links()} == {vantage}
            assert {i.vantage for i in store.reader.series()} == {vantage}


@pytest.mark.parametrize(
    "table",
    [
        "series",
        "samples",
        "rounds",
        "verdicts",
        "analyses",
        "day_digests",
        "hourly_stale",
    ],
)
def test_another_homes_rows_are_not_there(
    homes: tuple[str, str], postgres_owner: str, table: str
) -> None:
    query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
    counts = []
    for url in (*homes, postgres_owner):
        with signed_in(url) as connection:
            counts.append(connection.execute(query).fetchone()[0])
    one, other, both = counts
    assert one > 0
    assert other > 0
    assert both == one + other


def test_the_views_of_questions_are_no_way_round(homes: tuple[str, str]) -> None:
    for url, vantage in zip(homes, HOMES, strict=True):
        with signed_in(url) as connection:
            rows = connection.execute("SELECT DISTINCT vantage FROM v_samples")
            assert rows.fetchall() == [(vantage,)]


def test_no_home_writes_as_another(homes: tuple[str, str]) -> None:
    with open_store(homes[0]) as store:
        for forged in ([sample(HOMES[1])], [sample("nobody")]):
            with pytest.raises(StoreError, match="row-level security"):
                store.samples.append(forged)
        (verdict, *_) = judged(store).verdicts
        accusing = replace(verdict, vantage=HOMES[1], verdict="targeted_blocking")
        with pytest.raises(StoreError, match="row-level security"):
            store.analyses.append(
                replace(judged(store), verdicts=(accusing,)), computed_at_utc=NOW
            )


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO samples (series_id, started_at_us, is_control)"
        " VALUES (2, 1, false)",
        "INSERT INTO retentions (decided_at_us, before_us) VALUES (1, 9)",
        "INSERT INTO consents (given_at_us, version, level, language, way)"
        " VALUES (1, 1, 'plain', 'en', 'x')",
        "INSERT INTO notes (noted_at_us, first_date, last_date, text, vantage)"
        " VALUES (1, 'a', 'b', 'c', 'home 8')",
        "ALTER TABLE samples DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE samples DISABLE TRIGGER samples_only_added",
        "DROP POLICY monitor_own_home ON samples",
        "SET SESSION AUTHORIZATION postgres",
        "DROP TABLE samples",
    ],
)
def test_what_a_home_may_not_do(homes: tuple[str, str], statement: str) -> None:
    with (
        signed_in(homes[0]) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement)


def test_only_a_plain_role_that_is_there_is_let_in(postgres_url: str) -> None:
    for role, said in (("nobody_here", "CREATE ROLE"), ("postgres", "owns the tables")):
        arguments = ["--database", postgres_url, "db", "isolate", "--role", role]
        done = CliRunner().invoke(cli, arguments)
        assert done.exit_code == 2
        assert said in done.stderr


def test_a_file_has_no_roles(tmp_path) -> None:
    from monitor.store.isolation import isolate

    with (
        open_store(f"sqlite:///{tmp_path}/x.db") as store,
        store.database.writing() as connection,
        pytest.raises(InputError, match="SQLite"),
    ):
        isolate(connection, [])
