"""A backup is one instant of a running database, and comes back whole."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
import sqlalchemy as sa

from monitor.clock import SystemClock
from monitor.errors import InputError, StoreError
from monitor.evening_rule import parse_window
from monitor.model import OwnTerms, Round, RoundStatus
from monitor.store import Store, open_store
from monitor.store.backup import backup, restore
from monitor.store.clock_steps import ClockStep
from monitor.store.consents import Consent
from monitor.store.engine import make_engine
from monitor.store.notices import Notice
from monitor.store.spool import SpooledWriter
from monitor.store.tables import metadata
from tests.databases import KINDS_IN_BRIEF
from tests.door import ask_store_as_it_is
from tests.evidence.chains import day_digests
from tests.evidence.samples import some_samples
from tests.postgres import PostgresServer
from tests.store.analyses import an_analysis
from tests.store.test_custody import START
from tests.store.writing_process import numbered

_numbers = count(1)
NOW = datetime(2026, 10, 5, 12, tzinfo=UTC)


@pytest.fixture
def database(empty_database: str) -> str:
    """Without tables: these tests are about that, or make their own."""
    return empty_database


@pytest.fixture(params=KINDS_IN_BRIEF)
def other(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a second empty database of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'other.db'}"
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return server.create_database(f"other{next(_numbers)}")


def a_round(number: int) -> Round:
    start = NOW + number * timedelta(minutes=5)
    return Round(
        round_id=f"r{number}",
        vantage="home",
        slot_start_utc=start,
        started_at_utc=start,
        duration_s=1.5,
        status=RoundStatus.COMPLETE,
        n_planned=3,
        n_done=3,
    )


def fill(store: Store) -> None:
    """Put something into every table."""
    *most, last = some_samples()
    terms = OwnTerms(timezone="Asia/Almaty", window=parse_window("20:00-22:00"))
    store.terms.state_if_new("home", terms, "B-Net", NOW)
    store.samples.append(most)
    store.rounds.append(a_round(0))
    store.analyses.append(an_analysis("a"), computed_at_utc=NOW)
    store.rollups().refresh()
    store.notes.add(
        date(2026, 10, 1),
        date(2026, 10, 1),
        "a match",
        noted_at_utc=NOW,
        vantage="home",
        files={"test.pdf": b"of others"},
    )
    links = list(day_digests(some_samples(), secret=store.digests.secret()))
    with store.digests.extending("home") as chain:
        chain.append(links, closed_at_utc=NOW)
    store.pauses.append("home", asked_at_utc=NOW, until_utc=NOW)
    store.custody.append("home", START)
    store.notices.add(
        Notice(
            told_at_utc=NOW,
            kind="begin",
            vantage="home",
            subject="a",
            since="2026-10-01",
        )
    )
    store.consents.append(
        Consent(given_at_utc=NOW, version=1, level="plain", language="en", way="--yes")
    )
    store.clock_steps.append("home", ClockStep(before_utc=NOW, after_utc=NOW))
    store.samples.append([numbered(-20 * 86_400)])
    retention = store.retention("home")
    retention.decide(NOW.date() - timedelta(days=15), decided_at_utc=NOW)
    while retention.step():
        pass
    # An hour whose roll-up is still to be made.
    store.samples.append([last])


def contents(url: str) -> dict[str, list[tuple[object, ...]]]:
    engine = make_engine(url)
    with engine.begin() as connection:
        found = {
            name: sorted(map(tuple, connection.execute(sa.select(table))), key=repr)
            for name, table in metadata.tables.items()
        }
    engine.dispose()
    return found


def test_everything_comes_back_in_either_kind_of_database(
    store: Store, database: str, other: str, tmp_path: Path
) -> None:
    fill(store)
    copied = {
        c.table: c.n_rows
        for c in ask_store_as_it_is(database, backup, tmp_path / "copy")
    }
    assert copied["samples"] == len(some_samples())
    assert list(ask_store_as_it_is(other, restore, tmp_path / "copy"))
    before = contents(database)
    assert contents(other) == before
    empty = {name for name, rows in before.items() if not rows}
    assert empty == {"leases", "lodgings"}


def test_restored_database_goes_on_where_the_old_one_stood(
    store: Store, database: str, other: str, tmp_path: Path
) -> None:
    fill(store)
    list(ask_store_as_it_is(database, backup, tmp_path / "copy"))
    list(ask_store_as_it_is(other, restore, tmp_path / "copy"))
    with open_store(other) as restored:
        assert restored.samples.append(some_samples()) == 0
        assert restored.samples.append([numbered(1)]) == 1
    notes = Store(other).notes
    number = notes.add(date(2026, 10, 2), date(2026, 10, 2), "next", noted_at_utc=NOW)
    assert [n.number for n in notes.list()] == [number - 1, number]
    notes.database.close()


def test_backup_is_a_database_of_its_own_kind(
    store: Store, database: str, tmp_path: Path
) -> None:
    fill(store)
    file = tmp_path / "copy"
    list(ask_store_as_it_is(database, backup, file))
    assert file.stat().st_mode & 0o777 == 0o600
    assert {p.name for p in tmp_path.iterdir() if "copy" in p.name} == {"copy"}
    with open_store(f"sqlite:///{file}") as opened:
        assert list(opened.samples.read()) == list(store.samples.read())


@pytest.fixture
def writer(database: str, tmp_path: Path) -> Iterator[list[int]]:
    """Somebody who writes into the database all the time; what is safe so far."""
    stop, safe = threading.Event(), list[int]()

    def write() -> None:
        out = SpooledWriter(Store(database), tmp_path / "spool", SystemClock())
        while not stop.is_set():
            out.write(numbered(len(safe)))
            out.write(a_round(len(safe)))
            safe.append(len(safe))
        out.close()

    thread = threading.Thread(target=write)
    thread.start()
    yield safe
    stop.set()
    thread.join()


def test_backup_of_a_running_database_is_one_instant(
    database: str, other: str, writer: list[int], tmp_path: Path
) -> None:
    for number in range(3):
        while len(writer) < 30 * (number + 1):
            time.sleep(0.01)
        n_safe = len(writer)
        file = tmp_path / f"copy{number}"
        list(ask_store_as_it_is(database, backup, file))
        n_after = len(writer)
        with open_store(f"sqlite:///{file}") as copy:
            found = [s.sequence for s in copy.samples.read()]
            n_rounds = len(list(copy.rounds.read()))
        assert found == list(range(len(found)))
        assert n_safe <= len(found) <= n_after + 1
        assert len(found) - 1 <= n_rounds <= len(found)
    list(ask_store_as_it_is(other, restore, tmp_path / "copy2"))
    with open_store(other) as restored:
        assert len(list(restored.samples.read())) == len(found)
    assert not (tmp_path / "spool").exists()


def test_nothing_is_overwritten(
    store: Store, database: str, other: str, tmp_path: Path
) -> None:
    fill(store)
    file = tmp_path / "copy"
    list(ask_store_as_it_is(database, backup, file))
    before = file.read_bytes()
    with pytest.raises(InputError, match="is there already"):
        list(ask_store_as_it_is(database, backup, file))
    assert file.read_bytes() == before
    with pytest.raises(InputError, match="holds rows"):
        list(ask_store_as_it_is(database, restore, file))


def test_what_is_no_backup_is_refused(other: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        list(ask_store_as_it_is(other, restore, tmp_path / "nothing"))
    (tmp_path / "text").write_bytes(b"some text" * 1000)
    with pytest.raises(InputError, match="not a database"):
        list(ask_store_as_it_is(other, restore, tmp_path / "text"))


def test_looking_for_a_database_does_not_make_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        list(
            ask_store_as_it_is(
                f"sqlite:///{tmp_path / 'none.db'}", backup, tmp_path / "copy"
            )
        )
    assert list(tmp_path.iterdir()) == []


def test_backup_that_cannot_be_written_leaves_nothing(
    store: Store, database: str, tmp_path: Path
) -> None:
    with pytest.raises(StoreError):
        list(ask_store_as_it_is(database, backup, tmp_path / "no folder" / "copy"))


def test_restore_that_fails_in_the_middle_leaves_the_database_empty(
    store: Store, database: str, other: str, tmp_path: Path
) -> None:
    fill(store)
    list(ask_store_as_it_is(database, backup, tmp_path / "copy"))
    with Store(other) as target:
        copying = restore(target, tmp_path / "copy")
        next(copying)
        copying.close()
    assert not any(contents(other).values())
    assert list(ask_store_as_it_is(other, restore, tmp_path / "copy"))
