"""Old samples go, their roll-ups stay, and nobody else can remove anything."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from monitor.daemon.chores import COMPACT_PAUSE_S
from monitor.evidence.ledger import close_days, stored_differences
from monitor.model import Sample
from monitor.store import Store
from monitor.store.engine import make_engine
from monitor.store.retention import ROWS_AT_ONCE, Retention
from monitor.store.rollups import Rollups
from monitor.store.tables import hourly, hourly_stale, samples
from tests.store.test_database import T0
from tests.store.writing_process import numbered

START = datetime(2026, 1, 1, tzinfo=UTC)
CUT = START + timedelta(days=3)
NOW = START + timedelta(days=100)


def history(days: int = 6, every_min: int = 10) -> Iterator[Sample]:
    for number in range(days * 24 * 60 // every_min):
        for target in ("a", "b"):
            yield Sample(
                started_at_utc=START + number * timedelta(minutes=every_min),
                target=target,
                connect_s=0.01 * (1 + number % 7),
                encoded_body_bytes=number,
            )


@pytest.fixture
def retention(store: Store, database: str) -> Iterator[Retention]:
    store.append(history())
    opened = Retention(database)
    yield opened
    opened.close()


def remove(retention: Retention, before: datetime = CUT) -> int:
    retention.decide(before, decided_at_utc=NOW)
    n_steps = 1
    while retention.step():
        n_steps += 1
    return n_steps


def rollups_of(url: str) -> list[tuple[object, ...]]:
    return rows(url, sa.select(hourly).order_by(hourly.c.series_id, hourly.c.hour_us))


def rows(url: str, query: sa.Select[tuple[object, ...]]) -> list[tuple[object, ...]]:
    engine = make_engine(url)
    with engine.begin() as connection:
        found = [tuple(row) for row in connection.execute(query)]
    engine.dispose()
    return found


def refresh(url: str, phase_us: int = 0) -> None:
    rollups = Rollups(url, phase_us=phase_us)
    while rollups.refresh():
        pass
    rollups.close()


def test_old_samples_go_and_young_ones_stay(store: Store, retention: Retention) -> None:
    young = [s for s in history() if s.started_at_utc >= CUT]
    remove(retention)
    assert sorted(map(repr, store.samples())) == sorted(map(repr, young))
    assert retention.kept_from() == CUT


def test_roll_ups_are_made_first_and_stay(
    store: Store, database: str, retention: Retention
) -> None:
    refresh(database)
    before = rollups_of(database)
    remove(retention)
    assert rollups_of(database) == before
    assert len(before) == 2 * 6 * 24


def test_roll_ups_that_were_not_made_yet_are_made_before_the_samples_go(
    store: Store, database: str, retention: Retention
) -> None:
    remove(retention)
    refresh(database)
    found = rollups_of(database)
    assert len(found) == 2 * 6 * 24
    assert {row[2] for row in found} == {6}


def test_roll_ups_outlive_a_late_row_and_a_change_of_the_zone(
    store: Store, database: str, retention: Retention
) -> None:
    refresh(database)
    n_frozen = 2 * 3 * 24
    frozen = [r for r in rollups_of(database) if r[1] < CUT.timestamp() * 1e6]
    assert len(frozen) == n_frozen
    remove(retention)
    late = Sample(started_at_utc=START + timedelta(minutes=1), target="a", connect_s=9)
    store.append([late])
    refresh(database)
    assert [r for r in rollups_of(database) if r[1] < CUT.timestamp() * 1e6] == frozen
    remove(retention)
    refresh(database, phase_us=1_800_000_000)
    after = rollups_of(database)
    assert set(frozen[:24]) <= set(after)
    halves = [r for r in after if int(str(r[1])) % 3_600_000_000]
    assert len(halves) >= n_frozen


def test_nobody_else_can_remove_anything_before_during_or_after(
    store: Store, database: str, retention: Retention
) -> None:
    engine = make_engine(database)

    def is_refused() -> bool:
        with (
            pytest.raises(sa.exc.DBAPIError, match="rows are only added"),
            engine.begin() as connection,
        ):
            connection.execute(sa.delete(samples))
        return True

    assert is_refused()
    retention.decide(CUT, decided_at_utc=NOW)
    while retention.step():
        assert is_refused()
    assert is_refused()
    engine.dispose()


def test_work_is_cut_into_small_pieces(
    store: Store, database: str, retention: Retention
) -> None:
    store.append(numbered(n) for n in range(3 * ROWS_AT_ONCE))
    refresh(database)
    before = len(list(store.samples()))
    retention.decide(NOW + timedelta(days=10_000), decided_at_utc=NOW)
    while retention.step():
        now = len(list(store.samples()))
        assert 0 < before - now <= ROWS_AT_ONCE
        before = now
    assert before == 0


def test_writer_never_waits_long(
    store: Store, database: str, retention: Retention
) -> None:
    store.append(numbered(-n) for n in range(3601, 20_000))
    done, pieces = threading.Event(), list[int]()

    def work() -> None:
        hour_ago = T0.replace(minute=0, second=0, microsecond=0)
        retention.decide(hour_ago, decided_at_utc=NOW)
        while retention.step():
            pieces.append(number)
            time.sleep(COMPACT_PAUSE_S)
        done.set()

    number = 0
    thread = threading.Thread(target=work)
    thread.start()
    while not done.is_set():
        store.append([numbered(number)])
        number += 1
        time.sleep(0.01)
    thread.join()
    # How many pieces went by while one sample was written: the machine may be busy.
    longest_wait = max(pieces.count(written) for written in pieces)
    assert len(pieces) >= 15
    assert longest_wait < len(pieces) / 3


def test_earlier_decision_does_not_replace_a_later_one(retention: Retention) -> None:
    retention.decide(CUT, decided_at_utc=NOW)
    retention.decide(START, decided_at_utc=NOW)
    assert retention.kept_from() == CUT


def test_days_that_were_allowed_to_go_are_no_differences(
    store: Store, database: str, retention: Retention
) -> None:
    close_days(database, now_utc=NOW)
    assert list(stored_differences(database)) == []
    remove(retention)
    assert list(stored_differences(database)) == []


def test_nothing_goes_without_a_decision(store: Store, retention: Retention) -> None:
    n = len(list(store.samples()))
    assert not retention.step()
    assert len(list(store.samples())) == n
    assert retention.kept_from() is None


def test_marks_of_removed_hours_do_not_stay(
    store: Store, database: str, retention: Retention
) -> None:
    remove(retention)
    refresh(database)
    assert rows(database, sa.select(hourly_stale)) == []
