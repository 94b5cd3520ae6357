"""Databases of before row format 2 get its columns and keep every row."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import MetaData, Table, insert, inspect, text
from sqlalchemy.exc import DBAPIError

from monitor.model import Sample, Transport
from monitor.store import Store, open_store
from monitor.store.engine import make_engine, reading
from monitor.store.migration import scripts
from monitor.store.question import ask
from monitor.store.samples import to_row
from monitor.store.spool_lines import from_line, to_line
from monitor.store.tables import hourly
from monitor.store.upgrade_turns import migrating
from tests.store.test_database import FULL, T0, sample

OLD_NAMES = ("vantage", "target", "path", "probe", "server_name")
NEW = ("service", "part", "block", "tcp_segs_in")


@pytest.fixture
def database(empty_database: str) -> str:
    """Without tables: these tests are about that, or make their own."""
    return empty_database


def old_database(url: str, samples: list[Sample], revision: str = "0009") -> None:
    """A database of an older version, with samples as it had them."""
    engine = make_engine(url)
    config = Config()
    config.set_main_option("script_location", str(scripts()))
    config.set_main_option("path_separator", "os")
    with migrating(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        meta = MetaData()
        series, rows = (Table(n, meta, autoload_with=connection) for n in _TABLES)
        ids: dict[tuple[str, ...], int] = {}
        for one in samples:
            names = tuple(getattr(one, name) or "" for name in OLD_NAMES)
            if names not in ids:
                ids[names] = len(ids) + 1
                known = dict(zip(OLD_NAMES, names, strict=True))
                connection.execute(insert(series), {"id": ids[names], **known})
        stored = [to_row(one, ids[_names(one)]) for one in samples]
        old = [{k: v for k, v in row.items() if k not in NEW} for row in stored]
        connection.execute(insert(rows), old)
        if engine.dialect.name == "postgresql":
            connection.execute(text(f"SELECT setval('series_id_seq', {len(ids)})"))
    engine.dispose()


_TABLES = ("series", "samples")


def _names(one: Sample) -> tuple[str, ...]:
    return tuple(getattr(one, name) or "" for name in OLD_NAMES)


OLD = [sample(n, target=t) for n in range(3) for t in ("a", "b")]


def test_rows_of_before_are_there_and_went_over_tcp(database: str):
    old_database(database, OLD)
    open_store(database).close()
    with open_store(database) as store:
        assert list(store.samples.read()) == OLD
        assert {s.transport for s in store.samples.read()} == {Transport.TCP}
        assert store.samples.append(OLD) == 0
        over_quic = sample(0, target="a", transport=Transport.QUIC)
        assert store.samples.append([over_quic, over_quic, FULL]) == 2
        assert store.samples.append([over_quic]) == 0


def test_an_upgrade_keeps_numbers_of_series_and_guards(database: str):
    old_database(database, OLD)
    open_store(database).close()
    engine = make_engine(database)
    with reading(engine) as connection:
        found = connection.execute(text("SELECT id, target, transport FROM series"))
        assert sorted(found) == [(1, "a", "tcp"), (2, "b", "tcp")]
        keys = inspect(connection).get_foreign_keys("samples")
        assert [key["referred_table"] for key in keys] == ["series"]
    for change in ("DELETE FROM samples", "UPDATE samples SET block = 'x'"):
        with (
            pytest.raises(DBAPIError, match="rows are only added"),
            engine.begin() as connection,
        ):
            connection.execute(text(change))
    orphan = "INSERT INTO samples (series_id, started_at_us, is_control)"
    with (
        pytest.raises(DBAPIError, match=r"(?i)foreign key"),
        engine.begin() as connection,
    ):
        connection.execute(text(f"{orphan} VALUES (77, 1, false)"))
    engine.dispose()


def test_an_upgrade_writes_no_sample_anew_in_sqlite(tmp_path: Path):
    """Else it would take hours where there are millions."""
    path = tmp_path / "monitor.db"
    url = f"sqlite:///{path}"
    old_database(url, [sample(n, certificate_issuer="x" * 100) for n in range(20_000)])
    assert path.stat().st_size > 3_000_000
    with closing(sqlite3.connect(path)) as other:
        # While another connection is open, what was written stays in the log.
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        open_store(url).close()
        assert (tmp_path / "monitor.db-wal").stat().st_size < 500_000


def test_an_upgrade_writes_no_sample_anew_in_postgresql(postgres_url: str):
    old_database(postgres_url, OLD)
    engine = make_engine(postgres_url)
    place = text("SELECT pg_relation_filenode('samples')")
    with reading(engine) as connection:
        before = connection.scalar(place)
    open_store(postgres_url).close()
    with reading(engine) as connection:
        assert connection.scalar(place) == before
    engine.dispose()


def test_views_that_somebody_made_over_ours_survive(database: str):
    old_database(database, OLD)
    engine = make_engine(database)
    with engine.begin() as connection:
        connection.execute(text("CREATE VIEW mine AS SELECT target FROM v_samples"))
        connection.execute(text("CREATE VIEW own AS SELECT target FROM series"))
    open_store(database).close()
    with reading(engine) as connection:
        assert len(connection.execute(text("SELECT * FROM mine")).all()) == len(OLD)
        assert len(connection.execute(text("SELECT * FROM own")).all()) == 2
    engine.dispose()


def test_the_views_show_the_new_columns(database: str):
    with open_store(database) as store:
        store.samples.append([FULL, sample(1)])
    columns = "transport, service, part, block, tcp_rcv_rtt_s, tcp_rcv_ooopack"
    asked = f"SELECT {columns}, tcp_segs_in, timeline, resolver, dns_answers"
    answer = ask(database, f"{asked} FROM v_samples ORDER BY 1", max_rows=5)
    assert [tuple(row) for row in answer.rows] == [
        (
            *("quic", "meta", "media", "b-20261001-7", 0.07, 12, 1234),
            "[[0.1, 1000], [9.75, 180000]]",
            "192.0.2.53",
            "192.0.2.1 2001:db8::1",
        ),
        ("tcp", *[None] * 9),
    ]


def test_each_transport_has_roll_ups_and_a_series_of_its_own(database: str):
    over_quic = sample(0, transport=Transport.QUIC, connect_s=0.5)
    with open_store(database) as store:
        store.samples.append([sample(0), over_quic])
    store = Store(database)
    store.rollups().refresh()
    reader = store.reader
    infos = reader.series()
    assert [info.transport for info in infos] == ["quic", "tcp"]
    assert reader.sample(infos[0].series_id, _us(over_quic)) == over_quic
    store.close()
    engine = make_engine(database)
    with reading(engine) as connection:
        found = connection.execute(hourly.select()).mappings().all()
        assert sorted((row["n"], row["connect_s"]) for row in found) == [
            (1, 0.1),
            (1, 0.5),
        ]
    asked = "SELECT transport, n FROM v_hours ORDER BY 1"
    answer = ask(database, asked, max_rows=5)
    assert [tuple(row) for row in answer.rows] == [("quic", 1), ("tcp", 1)]
    engine.dispose()


def _us(one: Sample) -> int:
    return round(one.started_at_utc.timestamp() * 1e6)


def test_lines_that_an_older_version_spooled_are_read():
    line = (
        '{"sample": {"started_at_utc": "2026-10-01T15:00:00.123456+00:00",'
        ' "target": "facebook", "role": "target", "vantage": "home",'
        ' "path": "direct", "probe": "https", "connect_s": 0.1, "resolver": "hosts",'
        ' "dns_answers": ["192.0.2.1"], "cdn": [], "tcp_rcv_ooopack": 1,'
        ' "timeline": [[0.0, 10], [0.5, 20]]}}'
    )
    read = from_line(line)
    assert read == sample(
        resolver="hosts",
        dns_answers=("192.0.2.1",),
        tcp_rcv_ooopack=1,
        timeline=((0.0, 10), (0.5, 20)),
    )
    assert read.transport is Transport.TCP
    assert from_line(to_line(FULL)) == FULL
    assert read.started_at_utc == T0


def test_a_row_with_a_value_that_no_curve_has_is_stored_without_it(database: str):
    odd = sample(timeline=((0.0, 10), (float("nan"), 20), (0.5, 30)))
    with open_store(database) as store:
        store.samples.append([odd])
        assert [s.timeline for s in store.samples.read()] == [((0.0, 10), (0.5, 30))]
