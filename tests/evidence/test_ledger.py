"""Days of a real database: closed once, checked, lodged, carried into a bundle."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from monitor.errors import InputError
from monitor.evidence import verify_bundle
from monitor.evidence.ledger import (
    close_days,
    ledger,
    lodge,
    stored_differences,
    whole_days,
)
from monitor.evidence.rows import row_of, stored_rows
from monitor.evidence.timestamp import roots
from monitor.store import open_store
from monitor.store.engine import make_engine
from monitor.store.instants import to_us
from monitor.store.retention import Retention, removed_rows
from tests.evidence.authority import make_authority, serving
from tests.evidence.samples import START, some_samples
from tests.evidence.test_bundle import bundle

LATER = datetime(2026, 10, 20, tzinfo=UTC)


@pytest.fixture
def filled(database: str) -> str:
    with open_store(database) as store:
        store.append(some_samples())
    return database


def forced(url: str, statement: str) -> None:
    """Change rows as someone with the database file would: past the triggers."""
    engine = make_engine(url)
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            for action in ("update", "delete"):
                connection.execute(sa.text(f"DROP TRIGGER samples_no_{action}"))
        else:
            connection.execute(sa.text("ALTER TABLE samples DISABLE TRIGGER USER"))
        connection.execute(sa.text(statement))
    engine.dispose()


def test_rows_of_the_database_are_those_of_its_samples(filled):
    span = {"since": START, "until": LATER}
    with open_store(filled) as store:
        rows = list(stored_rows(store, **span))
        assert rows == [row_of(sample) for sample in store.samples(**span)]
    assert len(rows) == len(some_samples())


def test_ended_days_are_closed_once(filled):
    assert close_days(filled, now_utc=START + timedelta(hours=26)) == []
    first = close_days(filled, now_utc=START + timedelta(hours=27))
    assert [(k.vantage, k.day) for k in first] == [
        ("home", "2026-10-01"),
        ("office", "2026-10-01"),
    ]
    rest = close_days(filled, now_utc=LATER)
    assert len(rest) == 4
    assert close_days(filled, now_utc=LATER) == []
    assert stored_differences(filled) == []


def test_rows_that_come_late_give_a_second_link(filled):
    close_days(filled, now_utc=LATER)
    late = replace(some_samples()[0], target="late")
    with open_store(filled) as store:
        store.append([late])
    again = close_days(filled, now_utc=LATER)
    assert [(k.vantage, k.day) for k in again] == [("home", "2026-10-01")]
    days = [k.day for k in ledger(filled).links if k.vantage == "home"]
    assert days == ["2026-10-01", "2026-10-02", "2026-10-03", "2026-10-01"]
    assert stored_differences(filled) == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE samples SET connect_s = connect_s * 2 WHERE started_at_us ="
        " (SELECT min(started_at_us) FROM samples)",
        "DELETE FROM samples WHERE started_at_us ="
        " (SELECT min(started_at_us) FROM samples)",
    ],
)
def test_a_later_edit_of_a_row_shows(filled, statement):
    close_days(filled, now_utc=LATER)
    forced(filled, statement)
    found = stored_differences(filled)
    assert [f.day for f in found] == ["2026-10-01"]
    assert "are not those of the day's digest" in found[0].what


def test_a_day_that_vanished_shows(filled):
    close_days(filled, now_utc=LATER)
    forced(filled, "DELETE FROM samples")
    assert len(stored_differences(filled)) == 6


def test_a_bundle_of_the_database_has_its_chain_and_its_time_stamps(filled, tmp_path):
    close_days(filled, now_utc=LATER)
    make_authority(tmp_path)
    trusted = roots(tmp_path / "root.pem")
    with serving(tmp_path) as url:
        assert len(lodge(filled, url, now_utc=LATER, trusted=trusted)) == 2
    with open_store(filled) as store:
        samples = list(store.samples())
    for level in ("private", "trusted", "public"):
        path = tmp_path / f"{level}.zip"
        info = bundle(path, level, samples, ledger=ledger(filled))
        assert set(info.heads.values()) == {
            k.digest for k in ledger(filled).links if k.day == "2026-10-03"
        }
        result = verify_bundle(path, trusted=trusted)
        assert result.findings == []
        assert sum("was time-stamped at" in note for note in result.notes) == 2


def test_a_forged_time_stamp_is_named(filled, tmp_path):
    close_days(filled, now_utc=LATER)
    kept = ledger(filled)
    digest = kept.links[-1].digest
    bundle(tmp_path / "a.zip", ledger=replace(kept, lodged={digest: b"forged"}))
    (found,) = verify_bundle(tmp_path / "a.zip").findings
    assert found.file == f"lodged/{digest}.tsr"


def test_there_is_nothing_to_lodge_before_a_day_is_closed(filled):
    with pytest.raises(InputError, match="no day has been closed"):
        lodge(filled, "http://127.0.0.1:9/", now_utc=LATER)


def test_whole_days_hold_the_local_evenings():
    start, end = whole_days(date(2026, 10, 1), date(2026, 10, 3), "Asia/Almaty")
    assert start == datetime(2026, 9, 30, tzinfo=UTC)
    assert end == datetime(2026, 10, 5, tzinfo=UTC)
    start, end = whole_days(date(2026, 10, 1), date(2026, 10, 1), "UTC")
    assert (start, end) == (START, START + timedelta(days=2))


def test_the_bundle_path_is_not_left_half_written(tmp_path: Path):
    with pytest.raises(InputError):
        bundle(tmp_path / "a.zip", samples=some_samples()[::-1])
    assert list(tmp_path.iterdir()) == []


def test_days_that_retention_let_go_are_no_alteration(filled):
    close_days(filled, now_utc=LATER)
    for vantage in {sample.vantage for sample in some_samples()}:
        retention = Retention(filled, vantage)
        retention.decide(START.date() + timedelta(days=1), decided_at_utc=LATER)
        while retention.step():
            pass
        retention.close()
    assert stored_differences(filled) == []
    assert close_days(filled, now_utc=LATER) == []
    forced(filled, "DELETE FROM samples")
    assert {f.day for f in stored_differences(filled)} == {"2026-10-02", "2026-10-03"}


def test_rows_that_go_beside_retention_are_an_alteration(filled):
    close_days(filled, now_utc=LATER)
    (vantage, *_) = sorted({sample.vantage for sample in some_samples()})
    retention = Retention(filled, vantage)
    retention.decide(START.date() + timedelta(days=1), decided_at_utc=LATER)
    retention.step()
    retention.step()
    retention.close()
    n_gone = sum(removed_rows(filled).values())
    assert n_gone > 0
    forced(filled, f"DELETE FROM samples WHERE started_at_us < {to_us(START) + 10**10}")
    (finding, *_) = stored_differences(filled)
    assert f"{n_gone} removed by retention" in finding.what


def test_day_later_than_now_is_not_closed_and_hides_none_before_it(filled):
    """A clock that stood in 2028 left rows there, and closed them."""
    ahead = datetime(2028, 5, 1, 12, tzinfo=UTC)
    with open_store(filled) as store:
        store.append([replace(some_samples()[0], started_at_utc=ahead)])
    assert "2028-05-01" not in {x.day for x in close_days(filled, now_utc=LATER)}
    close_days(filled, now_utc=ahead + timedelta(days=2))
    later = LATER + timedelta(days=1)
    with open_store(filled) as store:
        store.append([replace(some_samples()[0], started_at_utc=LATER)])
    closed = close_days(filled, now_utc=later + timedelta(days=1))
    assert [link.day for link in closed] == [LATER.date().isoformat()]
