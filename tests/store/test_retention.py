"""Old samples go, their roll-ups stay, and nobody else can remove anything."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from datetime import time as datetime_time
from pathlib import Path

import pytest
import sqlalchemy as sa

from benchmarks.soak.older import build
from monitor.daemon.chores import COMPACT_PAUSE_S
from monitor.evidence.ledger import close_days, stored_differences
from monitor.model import Round, RoundStatus, Sample
from monitor.store import Store, open_store
from monitor.store.clock_steps import ClockStep
from monitor.store.engine import make_engine, writing
from monitor.store.instants import to_us
from monitor.store.retention import (
    ROWS_AT_ONCE,
    Age,
    Removed,
    Retention,
    _lift_guard,
)
from monitor.store.tables import hourly, hourly_stale, samples
from tests.databases import sqlite_in_brief
from tests.door import ask_store
from tests.evidence.chains import day_digests
from tests.store.test_database import T0
from tests.store.writing_process import numbered

START = datetime(2026, 1, 1, tzinfo=UTC)
KEPT_FROM = date(2026, 1, 4)
CUT = datetime(2026, 1, 4, tzinfo=UTC)
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
def retention(store: Store) -> Retention:
    store.samples.append(history())
    return store.retention("home")


def remove(retention: Retention, first_kept: date = KEPT_FROM) -> int:
    retention.decide(first_kept, decided_at_utc=NOW)
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
    rollups = Store(url).rollups(phase_us=phase_us)
    while rollups.refresh():
        pass
    rollups.database.close()


def test_old_samples_go_and_young_ones_stay(store: Store, retention: Retention) -> None:
    young = [s for s in history() if s.started_at_utc >= CUT]
    remove(retention)
    assert sorted(map(repr, store.samples.read())) == sorted(map(repr, young))
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


@sqlite_in_brief()
def test_roll_ups_outlive_a_late_row_and_a_change_of_the_zone(
    store: Store, database: str, retention: Retention
) -> None:
    refresh(database)
    n_frozen = 2 * 3 * 24
    frozen = [r for r in rollups_of(database) if r[1] < CUT.timestamp() * 1e6]
    assert len(frozen) == n_frozen
    remove(retention)
    late = Sample(started_at_utc=START + timedelta(minutes=1), target="a", connect_s=9)
    store.samples.append([late])
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
    retention.decide(KEPT_FROM, decided_at_utc=NOW)
    while retention.step():
        assert is_refused()
    assert is_refused()
    engine.dispose()


@sqlite_in_brief()
def test_work_is_cut_into_small_pieces(
    store: Store, database: str, retention: Retention
) -> None:
    store.samples.append(numbered(n) for n in range(3 * ROWS_AT_ONCE))
    refresh(database)
    before = len(list(store.samples.read()))
    retention.decide(date(2053, 1, 1), decided_at_utc=NOW)
    while retention.step():
        now = len(list(store.samples.read()))
        assert 0 < before - now <= ROWS_AT_ONCE
        before = now
    assert before == 0


@pytest.mark.long
def test_writer_never_waits_long(
    store: Store, database: str, retention: Retention
) -> None:
    store.samples.append(numbered(-n) for n in range(86_400, 103_000))
    done, pieces = threading.Event(), list[int]()

    def work() -> None:
        retention.decide(T0.date(), decided_at_utc=NOW)
        while retention.step():
            pieces.append(number)
            time.sleep(COMPACT_PAUSE_S)
        done.set()

    number = 0
    thread = threading.Thread(target=work)
    thread.start()
    while not done.is_set():
        store.samples.append([numbered(number)])
        number += 1
        time.sleep(0.01)
    thread.join()
    # How many pieces went by while one sample was written: the machine may be busy.
    longest_wait = max(pieces.count(written) for written in pieces)
    assert len(pieces) >= 15
    assert longest_wait < len(pieces) / 3


def test_decision_can_be_taken_back(store: Store, retention: Retention) -> None:
    retention.decide(date(2028, 5, 1), decided_at_utc=NOW)
    retention.decide(KEPT_FROM, decided_at_utc=NOW)
    assert retention.kept_from() == CUT
    while retention.step():
        pass
    assert min(s.started_at_utc for s in store.samples.read()) == CUT


@sqlite_in_brief()
def test_days_that_were_allowed_to_go_are_no_differences(
    store: Store, database: str, retention: Retention
) -> None:
    ask_store(database, close_days, now_utc=NOW)
    assert list(ask_store(database, stored_differences)) == []
    remove(retention)
    assert list(ask_store(database, stored_differences)) == []


def test_nothing_goes_without_a_decision(store: Store, retention: Retention) -> None:
    n = len(list(store.samples.read()))
    assert not retention.step()
    assert len(list(store.samples.read())) == n
    assert retention.kept_from() is None


def test_marks_of_removed_hours_do_not_stay(
    store: Store, database: str, retention: Retention
) -> None:
    remove(retention)
    refresh(database)
    assert rows(database, sa.select(hourly_stale)) == []


N_DAYS = 62


def measured_round(day: date, vantage: str = "home") -> Round:
    slot = datetime.combine(day, datetime_time(), UTC)
    return Round(
        round_id=f"{day}",
        vantage=vantage,
        slot_start_utc=slot,
        started_at_utc=slot,
        duration_s=20.0,
        status=RoundStatus.COMPLETE,
        n_planned=9,
        n_done=9,
    )


def lived(store: Store, n_days: int, vantage: str = "home") -> None:
    """Days from `START` on, each measured."""
    for number in range(n_days):
        day = START.date() + timedelta(days=number)
        store.rounds.append(measured_round(day, vantage))


def evening_of(number: int) -> datetime:
    return START + timedelta(days=number, hours=22)


def test_day_is_old_when_enough_measured_days_that_are_over_lie_after_it(
    store: Store, retention: Retention
) -> None:
    lived(store, N_DAYS)
    today = evening_of(N_DAYS - 1)
    assert retention.age(N_DAYS, now=today).first_kept is None
    lived(store, N_DAYS + 3)
    # The day that is not over yet does not count, nor do those after it.
    age = retention.age(N_DAYS, now=evening_of(N_DAYS))
    assert age.first_kept == START.date()
    age = retention.age(N_DAYS, now=evening_of(N_DAYS + 2))
    assert age.first_kept == date(2026, 1, 3)


def test_days_without_a_measurement_make_nothing_old(
    store: Store, retention: Retention
) -> None:
    lived(store, 30)
    long_after = evening_of(400)
    assert retention.age(N_DAYS, now=long_after) == Age(n_measured=30)
    for number in range(32):
        day = long_after.date() - timedelta(days=40 - number)
        store.rounds.append(measured_round(day))
    assert retention.age(N_DAYS, now=long_after).first_kept == START.date()


def test_clock_that_stands_in_the_future_makes_nothing_old(
    store: Store, retention: Retention
) -> None:
    """The minute in 2028 that cost all of a home's samples."""
    lived(store, 70)
    now = evening_of(70)
    before = retention.age(N_DAYS, now=now)
    ahead = datetime(2028, 6, 1, 12, tzinfo=UTC)
    for number in range(3):
        store.rounds.append(measured_round(ahead.date() + timedelta(days=number)))
    assert retention.age(N_DAYS, now=ahead).first_kept == before.first_kept
    # And what it measured there makes nothing old when it is back.
    assert retention.age(N_DAYS, now=now) == before


@sqlite_in_brief()
@pytest.mark.parametrize("case", ["ahead", "and back", "ahead, a boot, right"])
def test_nothing_is_old_for_a_day_after_the_clock_was_set(
    store: Store, retention: Retention, case: str
) -> None:
    lived(store, 70)
    now = evening_of(70)
    ahead, hour = now + timedelta(days=700), timedelta(hours=1)
    store.clock_steps.append("home", ClockStep(before_utc=now, after_utc=ahead))
    if case == "and back":
        back = ClockStep(before_utc=ahead + hour, after_utc=now + hour)
        store.clock_steps.append("home", back)
    near = (ahead if case == "ahead" else now) + 2 * hour
    age = retention.age(N_DAYS, now=near)
    assert age.first_kept is None
    assert age.step is not None
    later = near + timedelta(hours=24)
    assert retention.age(N_DAYS, now=later).first_kept is not None


def test_step_seen_by_another_vantage_is_of_another_machine(
    store: Store, retention: Retention
) -> None:
    lived(store, 70)
    now = evening_of(70)
    store.clock_steps.append("garage", ClockStep(before_utc=now, after_utc=now))
    assert retention.age(N_DAYS, now=now).first_kept is not None


@pytest.mark.every_run
def test_only_the_samples_of_the_own_vantage_go(
    store: Store, database: str, retention: Retention
) -> None:
    others = [replace(sample, vantage="dacha") for sample in history()]
    store.samples.append(others)
    other = store.retention("dacha")
    assert (other.kept_from(), other.step()) == (None, False)
    remove(retention)
    assert list(store.samples.read(vantage="dacha")) == others
    assert other.removed() == Removed()


def test_what_went_is_counted_by_day(
    store: Store, database: str, retention: Retention
) -> None:
    n_before = len(list(store.samples.read()))
    remove(retention)
    n_gone = n_before - len(list(store.samples.read()))
    assert retention.removed() == Removed(n_gone, 3, "2026-01-01", "2026-01-03")
    per_day = {("home", f"2026-01-0{n}"): 2 * 24 * 6 for n in (1, 2, 3)}
    assert ask_store(database, Store.removed_rows) == per_day


@pytest.fixture
def old(empty_database: str, tmp_path: Path) -> Iterator[sa.Engine]:
    """A database of the first versions with a history, and days that were closed."""
    new = f"sqlite:///{tmp_path / 'new.db'}"
    with open_store(new) as store:
        store.samples.append(history())
        digests = Store(new).digests
        secret = digests.secret()
        links = list(day_digests(store.samples.read(), secret=secret, row_format=1))
    with digests.extending("home") as chain:
        chain.append(links, closed_at_utc=NOW)
    digests.database.close()
    build(new, empty_database, "0007")
    engine = make_engine(empty_database)
    # Decided by a clock that stood in the future.
    decision = "INSERT INTO retentions (decided_at_us, before_us) VALUES (1, :us)"
    with writing(engine) as connection:
        connection.execute(sa.text(decision), {"us": to_us(NOW + timedelta(days=900))})
    yield engine
    engine.dispose()


@sqlite_in_brief("empty_database")
def test_decision_of_the_first_versions_in_the_future_is_healed(
    old: sa.Engine, empty_database: str
) -> None:
    """Samples went on being removed for ever: `before_us` could only grow."""
    with open_store(empty_database) as store:
        lived(store, N_DAYS + 3)
        retention = Store(empty_database).retention("home")
        assert (retention.kept_from(), retention.step()) == (None, False)
        age = retention.age(N_DAYS, now=evening_of(N_DAYS + 3))
        assert age.first_kept == KEPT_FROM
        remove(retention, KEPT_FROM)
        retention.database.close()
        assert min(s.started_at_utc for s in store.samples.read()) == CUT


@sqlite_in_brief("empty_database")
def test_what_the_first_versions_removed_is_counted_at_the_upgrade(
    old: sa.Engine, empty_database: str
) -> None:
    with writing(old) as connection:
        guard = _lift_guard(connection)
        is_old = samples.c.started_at_us < to_us(CUT)
        connection.execute(sa.delete(samples).where(is_old))
        connection.execute(sa.text(guard))
    open_store(empty_database).close()
    assert ask_store(empty_database, Store.removed_rows) == {
        ("home", f"2026-01-0{n}"): 2 * 24 * 6 for n in (1, 2, 3)
    }
    assert list(ask_store(empty_database, stored_differences)) == []


@sqlite_in_brief("empty_database")
def test_what_somebody_removes_after_the_upgrade_is_an_alteration(
    old: sa.Engine, empty_database: str
) -> None:
    open_store(empty_database).close()
    with writing(old) as connection:
        guard = _lift_guard(connection)
        connection.execute(sa.delete(samples).where(samples.c.series_id == 1))
        connection.execute(sa.text(guard))
    assert len(list(ask_store(empty_database, stored_differences))) == 6
