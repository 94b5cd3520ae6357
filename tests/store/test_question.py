"""Questions in SQL: answered from the views, never able to write, bounded."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from monitor.errors import InputError, StoreError
from monitor.store import Store, open_store
from monitor.store import question as questions
from monitor.store.engine import make_engine
from monitor.store.question import VIEWS, ask
from tests.evidence.samples import some_samples
from tests.postgres import PostgresServer


@pytest.fixture
def filled(store: Store, database: str) -> str:
    store.samples.append(some_samples())
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


def test_nothing_else_may_be_asked(filled: str):
    before = _everything(filled)
    for question in WRITING:
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
        "WITH v_samples AS (SELECT * FROM samples) SELECT * FROM v_samples",
        "WITH v_notes AS (SELECT * FROM notes) SELECT * FROM v_notes",
        "SELECT fts3_tokenizer('simple')",
        "SELECT sqlite_compileoption_get(1)",
    ],
)
def test_sqlite_keeps_to_the_views(tmp_path: Path, question: str):
    url = f"sqlite:///{tmp_path / 'monitor.db'}"
    open_store(url).close()
    with pytest.raises(InputError, match="sql: "):
        ask(url, question, max_rows=5)


BEYOND = [
    "SELECT schema_to_xml('public', true, false, '')",
    "SELECT database_to_xml(true, false, '')",
    "SELECT table_to_xml('chain_secret', true, false, '')",
    "SELECT query_to_xmlschema('TABLE chain_secret', true, false, '')",
    "SELECT cursor_to_xml('answer', 1, true, false, '')",
    "TABLE samples",
    "TABLE ONLY samples",
    "TABLE ONLY (samples)",
    "table chain_secret",
    "SELECT target FROM v_samples UNION ALL TABLE consents",
    "SELECT EXISTS (TABLE chain_secret)",
    "SELECT current_setting('data_directory')",
    "SELECT pg_catalog.current_setting('port')",
    "SELECT set_config('role', 'postgres', true)",
    "SELECT * FROM pg_stat_activity",
    "SELECT query FROM pg_stat_get_activity(NULL)",
    "SELECT pg_ls_dir('.')",
    "SELECT pg_stat_file('PG_VERSION')",
    "SELECT lo_get(1)",
    "SELECT * FROM dblink('', 'TABLE chain_secret') AS (secret text)",
    "SELECT * FROM v_notes, dblink('x') AS (a int)",
    "WITH a AS (SELECT 1), dblink(x) AS (a int) SELECT 1",
    "SELECT current_user",
    "SELECT session_user, user",
    "SELECT current_database()",
    "SELECT version()",
    "SELECT inet_server_addr()",
    "SELECT has_table_privilege('chain_secret', 'SELECT')",
    "SELECT pg_size_pretty(pg_database_size('postgres'))",
    "SELECT 'chain_secret'::regclass",
    "SELECT 'chain_secret' :: pg_catalog.regclass",
    "SELECT CAST('chain_secret' AS regclass)",
    "SELECT cast((('chain_secret')) AS \"regclass\")",
    "SELECT regclass 'chain_secret'",
    "SELECT regclass('chain_secret')",
    "SELECT to_regclass('chain_secret')",
    "SELECT NULL::chain_secret",
    "SELECT 1 OPERATOR(pg_catalog.+) 1",
    "SELECT * FROM v_samples, samples",
    "SELECT * FROM v_samples CROSS JOIN chain_secret",
    "SELECT * FROM (v_notes CROSS JOIN (chain_secret))",
    "SELECT * FROM (samples)",
    "SELECT * FROM ONLY (samples)",
    'SELECT * FROM "samples"',
    'SELECT * FROM public . "samples"',
    "SELECT * FROM --\nsamples",
    "SELECT * FROM/**/samples",
    "SELECT * FROM/*/**/samples--*/v_samples",
    "SELECT DISTINCT FROM chain_secret",
    'SELECT 1 FROM (SELECT 1 AS "where") a JOIN v_notes ON a.where = 1, samples',
    "SELECT 1 FROM v_notes AS where, samples",
    "SELECT extract(day FROM (SELECT max(noted_at_us) FROM notes))",
    "SELECT substring((SELECT secret FROM chain_secret) FROM 1)",
    "SELECT (SELECT secret FROM chain_secret)",
    "SELECT 1 IS DISTINCT FROM 2, (SELECT 1 FROM series LIMIT 1)",
    "SELECT E'\\x41'",
    "SELECT $$a$$",
    "SELECT * FROM xmltable('/a' PASSING '<a/>' COLUMNS b text)",
    "SELECT * FROM json_to_recordset('[]') AS t(a regclass)",
    "SELECT * FROM v_samples TABLESAMPLE system(1)",
    "SELECT txid_current()",
    "SELECT count(*) FROM pg_locks",
    "SELECT * FROM v_samples WHERE pg_read_file('x') > ''",
    # A point and a name is a call where there is no such column.
    "SELECT ('port'::text).current_setting",
    "SELECT ('port'::text).\"current_setting\"",
    "SELECT x.current_setting FROM unnest(ARRAY['port']) AS x",
    "SELECT (1.5).pg_sleep",
    "SELECT (1).pg_cancel_backend",
    "SELECT (1).pg_terminate_backend",
    "SELECT (1::bigint).pg_advisory_lock",
    "SELECT (16400).lo_get",
    "SELECT ('chain_secret'::text).to_regclass",
    "SELECT ('chain_secret'::text).regclass",
]
"""Ways past the views, in PostgreSQL."""

USEFUL = [
    "SELECT target, count(*) AS samples FROM v_samples GROUP BY target ORDER BY 2",
    "SELECT target, count(*) AS rounds FROM v_samples GROUP BY 1 ORDER BY rounds",
    "SELECT * FROM v_samples s JOIN v_rounds r USING (round_id) WHERE s.role IN ('x')",
    "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY connect_s) FROM v_samples",
    "SELECT date_trunc('day', started_at_utc AT TIME ZONE 'Asia/Almaty') AS day,"
    " avg(connect_s) FILTER (WHERE failure IS NULL) FROM v_samples GROUP BY day",
    "SELECT extract(hour FROM started_at_utc) FROM v_samples",
    "SELECT lag(connect_s) OVER (PARTITION BY target ORDER BY started_at_us)"
    " FROM v_samples",
    "SELECT document::json ->> 'verdict' FROM v_verdicts",
    "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 3)"
    " SELECT x::numeric(10, 2), CAST(x AS text) FROM c",
    "WITH a(b, c) AS NOT MATERIALIZED (SELECT 1, 2) SELECT * FROM a AS d(e, f);",
    "SELECT CASE WHEN connect_s > 1 THEN 'slow' ELSE 'quick' END FROM v_samples"
    " WHERE started_at_utc > now() - interval '7 days' AND target LIKE 'f%'",
    'SELECT count(*) AS "samples per day" FROM v_samples -- a remark\n LIMIT 3',
    "SELECT max(x) FROM (VALUES (1), (2)) AS numbers(x)",
    "SELECT 1 WHERE 1 IS NOT DISTINCT FROM 1",
    "SELECT day FROM v_days, generate_series(1, 3) AS n WHERE n_rows > n",
    "SELECT s.path, n.text, d.x FROM v_samples s, v_notes n, (SELECT 1 AS x) d",
    "SELECT a.samples, a.count FROM (SELECT count(*) AS samples, count(*)"
    " FROM v_samples) a",
    "SELECT timestamp '2026-01-01 20:00' - INTERVAL '1' DAY",
    "SELECT t.x FROM (SELECT unnest(ARRAY[1, 2]) AS x) t ORDER BY x DESC LIMIT 1",
]
"""What people ask."""


@pytest.fixture(scope="module")
def on_postgres(postgres_server: PostgresServer) -> str:
    """One database for all questions: none of them can change it."""
    url = postgres_server.create_database("questions")
    open_store(url).close()
    return url


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


@pytest.mark.parametrize("question", BEYOND)
def test_postgresql_reads_nothing_beyond_the_views(on_postgres: str, question: str):
    """Refused by its words: the server would answer, or fail for its own reasons."""
    with pytest.raises(InputError, match=r"sql: .* may not be used; allowed"):
        ask(on_postgres, question, max_rows=5)


@pytest.mark.parametrize("question", USEFUL)
def test_ordinary_questions_are_answered_by_postgresql(on_postgres: str, question: str):
    ask(on_postgres, question, max_rows=5)


@pytest.fixture(params=["NOCREATEROLE", "CREATEROLE"])
def owner(
    request: pytest.FixtureRequest, postgres_url: str
) -> Iterator[tuple[str, bool]]:
    """A database as an ordinary user owns it; whether that one may make roles."""
    name = f"owner_{request.param.lower()}"
    plain = postgres_url.replace("+psycopg", "")
    database = postgres_url.rpartition("/")[2]
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN {request.param}")
        connection.execute(f"ALTER DATABASE {database} OWNER TO {name}")
    url = postgres_url.replace("postgres@", f"{name}@")
    open_store(url).close()
    yield url, request.param == "CREATEROLE"
    role = f"monitor_questions_{name}"
    with psycopg.connect(plain, autocommit=True) as connection:
        if request.param == "CREATEROLE":
            connection.execute(f"DROP OWNED BY {role}")
            connection.execute(f"DROP ROLE {role}")
        connection.execute(f"REASSIGN OWNED BY {name} TO postgres")
        connection.execute(f"DROP OWNED BY {name}")
        connection.execute(f"DROP ROLE {name}")


def test_an_ordinary_user_asks_and_gets_no_further(
    owner: tuple[str, bool], monkeypatch: pytest.MonkeyPatch
):
    url, may_make_roles = owner
    assert ask(url, "SELECT count(*) FROM v_samples", max_rows=5).rows == [(0,)]
    assert ask(url, "SELECT count(*) FROM v_days", max_rows=5).rows == [(0,)]
    # Were the words not looked at, the role would still hold, or the server's locks.
    monkeypatch.setattr(questions, "_check_sources", lambda *_: None)
    hidden = "permission denied" if may_make_roles else "chain_secret may not be used"
    with pytest.raises(InputError, match=hidden):
        ask(url, "SELECT count(*) FROM chain_secret", max_rows=5)


@pytest.mark.parametrize("name", ["chain_secret", "consents", "series"])
def test_what_words_miss_the_server_refuses(
    on_postgres: str, monkeypatch: pytest.MonkeyPatch, name: str
):
    monkeypatch.setattr(questions, "_check_sources", lambda *_: None)
    with pytest.raises(InputError, match="permission denied"):
        ask(on_postgres, f"SELECT * FROM {name}", max_rows=5)


def test_a_table_of_another_schema_is_no_view(on_postgres: str):
    with psycopg.connect(on_postgres.replace("+psycopg", "")) as connection:
        connection.execute("CREATE SCHEMA other")
        connection.execute("CREATE TABLE other.v_samples (secret text)")
    for source in ("other.v_samples", '"other"."v_samples"'):
        with pytest.raises(InputError, match=r"other\.v_samples may not be used"):
            ask(on_postgres, f"SELECT * FROM {source}", max_rows=5)
    ask(on_postgres, "SELECT * FROM public.v_samples", max_rows=5)


def test_a_text_ends_where_it_is_seen_to_end(on_postgres: str):
    plain = on_postgres.replace("+psycopg", "")
    database = on_postgres.rpartition("/")[2]
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(
            f"ALTER DATABASE {database} SET standard_conforming_strings = off"
        )
    trick = "SELECT 'a\\' || current_setting(' || 'port') || 'b'"
    with pytest.raises(InputError, match="sql: "):
        ask(on_postgres, trick, max_rows=5)
    assert ask(on_postgres, r"SELECT 'a\'", max_rows=5).rows == [("a\\",)]


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
