"""Days of a real database: closed once, checked, lodged, carried into a bundle."""

import subprocess
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from monitor.errors import InputError
from monitor.evidence import verify_bundle
from monitor.evidence.branches import breaks
from monitor.evidence.canonical_rows import row_of, stored_rows
from monitor.evidence.chain import GENESIS, linked
from monitor.evidence.ledger import (
    _of_rows,
    close_days,
    ledger,
    lodge,
    stored_differences,
    stored_notes,
    whole_days,
)
from monitor.evidence.timestamp import roots
from monitor.store import Store, open_store
from monitor.store.engine import make_engine
from monitor.store.instants import to_us
from tests import forks
from tests.databases import on_each_database
from tests.door import ask_store
from tests.evidence.authority import make_authority, serving
from tests.evidence.samples import START, some_samples
from tests.evidence.test_bundle import bundle

LATER = datetime(2026, 10, 20, tzinfo=UTC)


@pytest.fixture
def filled(database: str) -> str:
    with open_store(database) as store:
        store.samples.append(some_samples())
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


@on_each_database
def test_rows_of_the_database_are_those_of_its_samples(filled):
    span = {"since": START, "until": LATER}
    with open_store(filled) as store:
        rows = list(stored_rows(store, **span))
        assert rows == [row_of(sample) for sample in store.samples.read(**span)]
    assert len(rows) == len(some_samples())


def test_a_row_of_the_last_day_of_the_calendar_stops_no_closing(filled):
    with open_store(filled) as store:
        last = datetime(9999, 12, 31, 12, tzinfo=UTC)
        store.samples.append([replace(some_samples()[0], started_at_utc=last)])
    assert ask_store(filled, close_days, now_utc=LATER)


def test_ended_days_are_closed_once(filled):
    assert ask_store(filled, close_days, now_utc=START + timedelta(hours=26)) == []
    first = ask_store(filled, close_days, now_utc=START + timedelta(hours=27))
    assert [(k.vantage, k.day) for k in first] == [
        ("home", "2026-10-01"),
        ("office", "2026-10-01"),
    ]
    rest = ask_store(filled, close_days, now_utc=LATER)
    assert len(rest) == 4
    assert ask_store(filled, close_days, now_utc=LATER) == []
    assert ask_store(filled, stored_differences) == []


def test_rows_that_come_late_give_a_second_link(filled):
    ask_store(filled, close_days, now_utc=LATER)
    late = replace(some_samples()[0], target="late")
    with open_store(filled) as store:
        store.samples.append([late])
    again = ask_store(filled, close_days, now_utc=LATER)
    assert [(k.vantage, k.day) for k in again] == [("home", "2026-10-01")]
    days = [k.day for k in ask_store(filled, ledger).links if k.vantage == "home"]
    assert days == ["2026-10-01", "2026-10-02", "2026-10-03", "2026-10-01"]
    assert ask_store(filled, stored_differences) == []


def test_rows_of_a_day_long_closed_or_long_past_are_chained_too(filled):
    ask_store(filled, close_days, now_utc=LATER)
    first = some_samples()[0]
    with open_store(filled) as store:
        store.samples.append(
            [
                replace(first, target="late"),
                replace(first, started_at_utc=START - timedelta(days=200)),
                replace(first, started_at_utc=START + timedelta(days=300)),
            ]
        )
    again = ask_store(filled, close_days, now_utc=LATER + timedelta(days=400))
    assert [k.day for k in again] == ["2026-03-15", "2026-10-01", "2027-07-28"]
    assert ask_store(filled, stored_differences) == []


def test_days_of_another_vantage_are_left_to_it(filled):
    assert {
        k.vantage for k in ask_store(filled, close_days, now_utc=LATER, vantage="home")
    } == {"home"}
    assert {k.vantage for k in ask_store(filled, ledger).links} == {"home"}


CLOSER = """
import sys
from datetime import datetime
from monitor.evidence.ledger import close_days
from monitor.store import open_store
store = open_store(sys.argv[1])
sys.stdin.readline()
for day in range(2, 21):
    now = datetime.fromisoformat(f"2026-10-{day:02}T04:00:00+00:00")
    close_days(store, now_utc=now)
"""


@pytest.mark.every_run
@on_each_database
def test_several_closings_at_once_do_not_fork_the_chain(filled):
    """While rows of closed days go on arriving, as they do from a spool."""
    with ExitStack() as running:
        closers = [
            running.enter_context(
                forks.Command("-c", CLOSER, filled, stdin=subprocess.PIPE)
            )
            for _ in range(3)
        ]
        for closer in closers:
            closer.stdin.close()
        with open_store(filled) as store:
            for n in range(40):
                store.samples.append([replace(some_samples()[n], target=f"late-{n}")])
    assert [closer.returncode for closer in closers] == [0] * 3
    ask_store(filled, close_days, now_utc=LATER)
    links = ask_store(filled, ledger).links
    for vantage in ("home", "office"):
        own = [link for link in links if link.vantage == vantage]
        assert breaks(own) == []
    assert ask_store(filled, stored_differences) == []


@pytest.fixture
def forked(filled):
    """A chain as two closings at once left it at df32d66: one read a later row."""
    ask_store(filled, close_days, now_utc=START + timedelta(hours=27))
    with open_store(filled) as store:
        store.samples.append([replace(some_samples()[0], target="late")])
    digests = Store(filled).digests
    first = [k for k in digests.links() if k.vantage == "home"][-1]
    with open_store(filled) as store:
        lost, kept, last = (
            _of_rows(store, digests.secret(), "home", f"2026-10-0{n}", GENESIS)
            for n in (1, 2, 3)
        )
    lost = relinked(lost, first.digest)
    kept = relinked(kept, lost.digest)
    # The other closing's second link stands where `lost` would.
    other = relinked(first, first.digest)
    with digests.extending("home") as chain:
        links = [other, kept, relinked(last, kept.digest)]
        chain.append(links, closed_at_utc=LATER)
    digests.database.close()
    return filled


def relinked(link, previous):
    return linked(link.vantage, link.day, link.n_rows, link.root, previous)


def test_a_chain_that_forked_is_told_and_mended_by_the_next_closing(forked, tmp_path):
    before = ask_store(forked, stored_differences)
    assert any("does not continue" in found.what for found in before)
    ask_store(forked, close_days, now_utc=LATER)
    assert ask_store(forked, stored_differences) == []
    (note,) = ask_store(forked, stored_notes)
    assert "forked at 2026-10-02" in note
    assert ask_store(forked, close_days, now_utc=LATER) == []
    with open_store(forked) as store:
        samples = list(store.samples.read())
    for level in ("private", "trusted", "public"):
        path = tmp_path / f"{level}.zip"
        info = bundle(path, level, samples, ledger=ask_store(forked, ledger))
        given = list(info.heads.values())
        result = verify_bundle(path, digest=given, scope="rows")
        assert result.findings == []
        assert any("forked" in told for told in result.notes)


def test_a_bundle_of_a_chain_that_is_not_mended_does_not_pass(forked, tmp_path):
    with open_store(forked) as store:
        samples = [s for s in store.samples.read() if s.target != "late"]
    bundle(tmp_path / "a.zip", samples=samples, ledger=ask_store(forked, ledger))
    (found,) = verify_bundle(tmp_path / "a.zip").findings
    assert (found.file, found.day) == ("chain.ndjson", "2026-10-02")


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
    ask_store(filled, close_days, now_utc=LATER)
    forced(filled, statement)
    found = ask_store(filled, stored_differences)
    assert [f.day for f in found] == ["2026-10-01"]
    assert "are not those of the day's digest" in found[0].what


def test_a_day_that_vanished_shows(filled):
    ask_store(filled, close_days, now_utc=LATER)
    forced(filled, "DELETE FROM samples")
    assert len(ask_store(filled, stored_differences)) == 6


def test_a_bundle_of_the_database_has_its_chain_and_its_time_stamps(filled, tmp_path):
    ask_store(filled, close_days, now_utc=LATER)
    make_authority(tmp_path)
    trusted = roots(tmp_path / "root.pem")
    with serving(tmp_path) as url:
        assert len(ask_store(filled, lodge, url, now_utc=LATER, trusted=trusted)) == 2
    with open_store(filled) as store:
        samples = list(store.samples.read())
    for level in ("private", "trusted", "public"):
        path = tmp_path / f"{level}.zip"
        info = bundle(path, level, samples, ledger=ask_store(filled, ledger))
        assert set(info.heads.values()) == {
            k.digest for k in ask_store(filled, ledger).links if k.day == "2026-10-03"
        }
        result = verify_bundle(path, trusted=trusted)
        assert result.findings == []
        assert sum("was time-stamped at" in note for note in result.notes) == 2


def test_a_forged_time_stamp_is_named(filled, tmp_path):
    ask_store(filled, close_days, now_utc=LATER)
    kept = ask_store(filled, ledger)
    digest = kept.links[-1].digest
    bundle(tmp_path / "a.zip", ledger=replace(kept, lodged={digest: b"forged"}))
    (found,) = verify_bundle(tmp_path / "a.zip").findings
    assert found.file == f"lodged/{digest}.tsr"


def test_there_is_nothing_to_lodge_before_a_day_is_closed(filled):
    with pytest.raises(InputError, match="no day has been closed"):
        ask_store(filled, lodge, "http://127.0.0.1:9/", now_utc=LATER)


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
    ask_store(filled, close_days, now_utc=LATER)
    for vantage in {sample.vantage for sample in some_samples()}:
        retention = Store(filled).retention(vantage)
        retention.decide(START.date() + timedelta(days=1), decided_at_utc=LATER)
        while retention.step():
            pass
        retention.database.close()
    assert ask_store(filled, stored_differences) == []
    assert ask_store(filled, close_days, now_utc=LATER) == []
    forced(filled, "DELETE FROM samples")
    assert {f.day for f in ask_store(filled, stored_differences)} == {
        "2026-10-02",
        "2026-10-03",
    }


def test_rows_that_go_beside_retention_are_an_alteration(filled):
    ask_store(filled, close_days, now_utc=LATER)
    (vantage, *_) = sorted({sample.vantage for sample in some_samples()})
    retention = Store(filled).retention(vantage)
    retention.decide(START.date() + timedelta(days=1), decided_at_utc=LATER)
    while not retention.removed().n_rows:
        assert retention.step()
    retention.database.close()
    n_gone = sum(ask_store(filled, Store.removed_rows).values())
    forced(filled, f"DELETE FROM samples WHERE started_at_us < {to_us(START) + 10**10}")
    (finding, *_) = ask_store(filled, stored_differences)
    assert f"{n_gone} removed by retention" in finding.what


def test_day_later_than_now_is_not_closed_and_hides_none_before_it(filled):
    """A clock that stood in 2028 left rows there, and closed them."""
    ahead = datetime(2028, 5, 1, 12, tzinfo=UTC)
    with open_store(filled) as store:
        store.samples.append([replace(some_samples()[0], started_at_utc=ahead)])
    assert "2028-05-01" not in {
        x.day for x in ask_store(filled, close_days, now_utc=LATER)
    }
    ask_store(filled, close_days, now_utc=ahead + timedelta(days=2))
    later = LATER + timedelta(days=1)
    with open_store(filled) as store:
        store.samples.append([replace(some_samples()[0], started_at_utc=LATER)])
    closed = ask_store(filled, close_days, now_utc=later + timedelta(days=1))
    assert [link.day for link in closed] == [LATER.date().isoformat()]
