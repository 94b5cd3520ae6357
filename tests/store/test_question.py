"""Questions in SQL: answered from the views, never able to write, bounded."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from monitor.errors import InputError, StoreError
from monitor.store import Store, open_store
from monitor.store.engine import make_engine
from monitor.store.question import VIEWS, ask
from tests.evidence.samples import some_samples


@pytest.fixture
def filled(store: Store, database: str) -> str:
    store.append(some_samples())
    return database


def _everything(url: str) -> list[object]:
    engine = make_engine(url)
    with engine.begin() as connection:
        tables = sorted(sa.inspect(connection).get_table_names())
        found = [
            connection.execute(sa.text(f"SELECT count(*), '{name}' FROM {name}")).all()
            for name in tables
        ]
    engine.dispose()
    return found


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_can_be_asked(filled: str, view: str):
    answer = ask(filled, f"SELECT * FROM {view}", max_rows=5)
    assert len(answer.columns) > 3
    assert answer.is_cut == (view == "v_samples")


@pytest.mark.parametrize(
    "question",
    [
        "SELECT count(*) AS samples FROM v_samples",
        "WITH a AS (SELECT target, connect_s FROM v_samples) SELECT count(*) FROM a",
        "SELECT sum(n) FROM (SELECT target, count(*) AS n FROM v_samples"
        " GROUP BY target HAVING count(*) > 0) AS x",
    ],
)
def test_ordinary_questions_are_answered(filled: str, question: str):
    assert ask(filled, question, max_rows=5).rows[0][0] == len(some_samples())


WRITING = [
    "DELETE FROM samples",
    "INSERT INTO notes (noted_at_us, first_date, last_date, text) VALUES (1,'','','')",
    "UPDATE rounds SET reason = 'x'",
    "DROP VIEW v_samples",
    "DROP TABLE notes",
    "CREATE TABLE x (a int)",
    "CREATE TEMP TABLE x (a int)",
    "SELECT 1; DELETE FROM hourly_stale",
    "DELETE FROM hourly_stale",
    "COMMIT; DELETE FROM hourly_stale",
    "BEGIN",
    "ROLLBACK",
    "EXPLAIN DELETE FROM hourly_stale",
    "",
    "-- nothing",
    "SELECT secret FROM chain_secret",
    "SELECT * FROM samples",
    "SELECT * FROM series AS v_samples",
    "WITH v_samples AS (SELECT * FROM chain_secret) SELECT * FROM v_samples",
]


@pytest.mark.parametrize("question", WRITING)
def test_nothing_else_may_be_asked(filled: str, question: str):
    before = _everything(filled)
    with pytest.raises(InputError, match="allowed: one SELECT"):
        ask(filled, question, max_rows=5)
    assert _everything(filled) == before


@pytest.mark.parametrize(
    "question",
    [
        "ATTACH DATABASE '/tmp/x.db' AS x",
        "VACUUM INTO '/tmp/x.db'",
        "PRAGMA writable_schema=ON",
        "PRAGMA query_only=OFF",
        "SELECT load_extension('x')",
        "SELECT * FROM sqlite_master",
        "SELECT * FROM pragma_table_info('samples')",
        "SELECT length(zeroblob(100000000))",
    ],
)
def test_sqlite_keeps_to_the_views(tmp_path: Path, question: str):
    url = f"sqlite:///{tmp_path / 'monitor.db'}"
    open_store(url).close()
    with pytest.raises(InputError, match="sql: "):
        ask(url, question, max_rows=5)


@pytest.fixture
def on_postgres(postgres_url: str) -> str:
    open_store(postgres_url).close()
    return postgres_url


@pytest.mark.parametrize(
    "question",
    [
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT pg_sleep(100)",
        "SELECT pg_terminate_backend(1)",
        "SELECT set_config('transaction_read_only', 'off', false)",
        "SELECT lo_import('/etc/passwd')",
        "SELECT * FROM pg_authid",
        "SELECT * FROM pg_catalog.pg_shadow",
        'SELECT "pg_sleep"(1)',
        'SELECT U&"\\0070g_sleep"(1)',
        "SELECT query_to_xml('DELETE FROM notes', true, true, '')",
        "COPY notes TO PROGRAM 'true'",
        "WITH x AS (DELETE FROM hourly_stale RETURNING *) SELECT * FROM x",
        "SELECT nextval('notes_id_seq')",
        "SELECT * FROM v_days FOR UPDATE",
        "SET TRANSACTION READ WRITE",
        "DO $$ BEGIN END $$",
        "SELECT * INTO x FROM v_notes",
        "SELECT * FROM information_schema.tables",
    ],
)
def test_postgresql_keeps_to_the_views(on_postgres: str, question: str):
    with pytest.raises(InputError, match="sql: "):
        ask(on_postgres, question, max_rows=5)


def test_an_endless_question_is_stopped(filled: str):
    endless = (
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c)"
        " SELECT count(*) FROM c"
    )
    with pytest.raises(StoreError, match=r"stopped after 0\.3 s"):
        ask(filled, endless, max_rows=5, max_time_s=0.3)


def test_rows_are_limited(filled: str):
    answer = ask(filled, "SELECT target FROM v_samples", max_rows=7)
    assert len(answer.rows) == 7
    assert answer.is_cut
