"""A database that cannot be used is refused at once, in one sentence that helps."""

import re
import subprocess
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from monitor.errors import InputError, RightsError
from monitor.store import Store, open_store
from tests import forks
from tests.ports import free_port
from tests.postgres import PostgresServer

CONFIG = """timezone: Asia/Almaty
every: 10s
targets: [{{name: a, url: "http://127.0.0.1:1/"}}]
web: {{port: {port}}}
report: {{pdf: false}}
database: {database}
"""


@pytest.fixture
def database(empty_database: str) -> str:
    """Without tables: these tests are about that, or make their own."""
    return empty_database


def monitor(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return forks.run(*words, cwd=folder, capture_output=True, text=True, check=False)


def configured(folder: Path, url: str) -> Path:
    text = CONFIG.format(port=free_port(), database=url)
    (folder / "config.yaml").write_text(text)
    return folder


def run_as_owner(url: str, *statements: str) -> None:
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


@pytest.fixture(params=["SQL_ASCII", "LATIN1"])
def encoded(request, postgres_server: PostgresServer):
    """A database in another encoding than UTF8."""
    name = f"as_{request.param.lower()}"
    made = sql.SQL(
        "CREATE DATABASE {} ENCODING {} LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
    ).format(sql.Identifier(name), sql.Literal(request.param))
    plain = postgres_server.url().replace("+psycopg", "")
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(made)
    yield postgres_server.url(name), request.param
    postgres_server.drop_database(name)


def check(url: str) -> None:
    with Store(url) as store:
        store.check(writes=True)


def test_another_encoding_is_refused_by_everything(encoded, tmp_path: Path):
    url, encoding = encoded
    said = f"its encoding is {encoding}; allowed: UTF8"
    with pytest.raises(InputError, match=said):
        open_store(url)
    folder = configured(tmp_path, url)
    for words in (["config", "check"], ["run", "--yes"], ["db", "upgrade"]):
        done = monitor(folder, *words)
        assert (done.returncode, said in done.stderr) == (2, True), done.stderr
        assert "Traceback" not in done.stderr
        assert len(done.stderr.strip().splitlines()[-1:]) == 1
    done = monitor(folder, "doctor")
    assert done.returncode == 1
    assert said in done.stdout


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_the_encoding_of_the_environment_does_not_matter(
    postgres_url: str, encoding: str, monkeypatch
):
    """A client in LATIN1 could not store a name in Cyrillic."""
    from dataclasses import replace

    from tests.store.test_database import sample

    monkeypatch.setenv("PGCLIENTENCODING", encoding)
    russian = replace(sample(), certificate_issuer="CN=Минцифры")
    with open_store(postgres_url) as store:
        store.samples.append([russian])
        assert list(store.samples.read()) == [russian]


@pytest.fixture
def guest(postgres_server: PostgresServer, postgres_url: str):
    """The URL of the new database for a role that owns nothing in it."""
    run_as_owner(postgres_server.url(), 'CREATE ROLE "Gast-1" LOGIN')
    yield postgres_url.replace("postgres@", "Gast-1@")
    run_as_owner(
        postgres_url,
        'DROP OWNED BY "Gast-1" CASCADE',
        'DROP ROLE "Gast-1"',
    )


def grant_in(text: str) -> str:
    """The statement that a message tells somebody to run."""
    return re.search(r"(GRANT .+?)\)", text)[1]


def test_a_schema_that_may_not_be_written_ends_the_daemon(
    guest: str, postgres_url: str, tmp_path: Path
):
    """PostgreSQL 15 and later let nobody create in `public` who does not own it."""
    folder = configured(tmp_path, guest)
    for words in (["config", "check"], ["run", "--yes"]):
        done = monitor(folder, *words)
        assert done.returncode == 2, done.stderr
        assert "permission denied for schema public" in done.stderr
        assert "is it running" not in done.stderr
    assert list(folder.glob("*.spool")) == []
    grant = grant_in(done.stderr)
    assert grant == 'GRANT USAGE, CREATE ON SCHEMA public TO "Gast-1"'
    run_as_owner(postgres_url, grant)
    open_store(guest).close()
    check(guest)


def test_tables_and_numbers_of_another_role_are_told_with_their_grants(
    guest: str, postgres_url: str
):
    open_store(postgres_url).close()
    with pytest.raises(RightsError, match="permission denied for table") as first:
        open_store(guest)
    run_as_owner(postgres_url, grant_in(str(first.value)))
    with pytest.raises(RightsError, match="permission denied for table") as second:
        check(guest)
    run_as_owner(postgres_url, grant_in(str(second.value)))
    with pytest.raises(RightsError, match="permission denied for sequence") as third:
        check(guest)
    run_as_owner(postgres_url, grant_in(str(third.value)))
    check(guest)


def test_rights_taken_away_later_only_put_samples_off(
    guest: str, postgres_url: str, tmp_path: Path
):
    """Whoever measures already does not end for it."""
    from monitor.clock import SystemClock
    from monitor.store.spool import SpooledWriter
    from tests.store.test_database import sample

    run_as_owner(postgres_url, 'GRANT USAGE, CREATE ON SCHEMA public TO "Gast-1"')
    writer = SpooledWriter(Store(guest), tmp_path / "spool", SystemClock())
    run_as_owner(postgres_url, 'REVOKE INSERT ON samples FROM "Gast-1"')
    writer.write(sample())
    assert writer.pending == 1
    run_as_owner(postgres_url, 'GRANT INSERT ON samples TO "Gast-1"')
    assert writer.flush()
    writer.close()


def test_a_database_that_is_away_is_no_mistake_of_the_configuration(tmp_path: Path):
    url = f"postgresql+psycopg://x@127.0.0.1:{free_port()}/x"
    done = monitor(configured(tmp_path, url), "config", "check")
    assert done.returncode == 0
    assert "is it running" in done.stdout
