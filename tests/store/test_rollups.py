"""Hourly roll-ups on both databases, against the samples themselves."""

import runpy
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from statistics import median

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, select, text

from monitor.model import Operation, Sample
from monitor.store import Store, open_store
from monitor.store.engine import make_engine, reading, writing
from monitor.store.hourly_days import HOUR_US, read_days, unpacked
from monitor.store.tables import hourly

START = datetime(2026, 10, 1, 14, tzinfo=UTC)


def _sample(minute: float, **values: object) -> Sample:
    return Sample(
        started_at_utc=START + timedelta(minutes=minute),
        target="facebook",
        **values,
    )


def _rows(url: str) -> list[object]:
    engine = make_engine(url)
    try:
        with reading(engine) as connection:
            return connection.execute(select(hourly).order_by(hourly.c.hour_us)).all()
    finally:
        engine.dispose()


def _refresh(url: str, phase_us: int = 0) -> None:
    rollups = Store(url).rollups(phase_us=phase_us)
    try:
        while rollups.refresh():
            pass
    finally:
        rollups.database.close()


def test_an_hour_holds_medians_counts_and_bytes(database: str):
    """The median is over what was measured, failed or not."""
    waits = [0.1, 0.2, 0.9]
    with open_store(database) as store:
        store.samples.append(
            _sample(i * 5, waiting_s=w, encoded_body_bytes=100)
            for i, w in enumerate(waits)
        )
        store.samples.append([_sample(40, failure="connection_reset", connect_s=0.03)])
    _refresh(database)
    (row,) = _rows(database)
    assert (row.n, row.n_failed, row.body_bytes) == (4, 1, 300)
    assert row.waiting_s == median(waits)
    assert row.connect_s == 0.03


def test_the_duration_of_a_failure_is_left_out(database: str):
    """A refused connection is quick, and not because the site is."""
    failed = {"failure": "connection_refused", "failed_operation": Operation.CONNECT}
    with open_store(database) as store:
        store.samples.append(
            [_sample(1, duration_s=0.5), _sample(6, duration_s=0.01, **failed)]
        )
    _refresh(database)
    assert _rows(database)[0].duration_s == 0.5


def test_a_late_sample_changes_its_hour(database: str):
    """Imports and spooled samples come after the roll-up of their hour."""
    with open_store(database) as store:
        store.samples.append([_sample(0, waiting_s=0.1), _sample(90, waiting_s=0.1)])
        _refresh(database)
        store.samples.append([_sample(30, waiting_s=0.3)])
    _refresh(database)
    assert [(row.n, row.waiting_s) for row in _rows(database)] == [
        (2, pytest.approx(0.2)),
        (1, 0.1),
    ]


def test_the_newest_days_come_first_and_nothing_is_left(database: str):
    with open_store(database) as store:
        store.samples.append(_sample(60 * i) for i in range(400))
    rollups = Store(database).rollups()
    # From 14:00 on; the last day has six hours.
    left = [rollups.refresh()]
    assert _rows(database)[-1].hour_us - _rows(database)[0].hour_us < 160 * HOUR_US
    left += [rollups.refresh() for _ in range(3)]
    rollups.database.close()
    assert left == [250, 82, 0, 0]
    assert len(_rows(database)) == 400


def test_a_day_that_never_rests_does_not_hold_up_the_others(database: str):
    rollups = Store(database).rollups()
    with open_store(database) as store:
        store.samples.append(_sample(60 * i) for i in range(400))
        for minute in range(1, 4):
            store.samples.append([_sample(399 * 60 + minute)])
            n_left = rollups.refresh()
    rollups.database.close()
    assert n_left == 0


def test_hours_come_once_more_packed_by_day(database: str):
    """What the charts read is what the hours say."""
    with open_store(database) as store:
        store.samples.append(_sample(60 * i, waiting_s=i / 7) for i in range(0, 70, 3))
        store.samples.append([_sample(61, failure="connection_reset")])
    _refresh(database)
    assert _unpacked(database, "waiting_s") == {
        row.hour_us: (row.n, row.n_failed, row.waiting_s) for row in _rows(database)
    }


def test_packed_days_follow_a_change_of_zone(database: str):
    """Hours of two zones side by side are two rows of one day."""
    with open_store(database) as store:
        store.samples.append(_sample(10 * i, waiting_s=0.1) for i in range(9))
    _refresh(database)
    _keep_as_if_samples_were_gone(database)
    _refresh(database, phase_us=HOUR_US // 2)
    found = _unpacked(database, "waiting_s")
    assert {hour % HOUR_US for hour in found} == {0, HOUR_US // 2}
    assert found == {
        row.hour_us: (row.n, row.n_failed, row.waiting_s) for row in _rows(database)
    }


def test_a_sample_that_comes_while_medians_are_worked_out_is_counted(
    database: str, monkeypatch: pytest.MonkeyPatch
):
    """The samples are read before the lock is taken; who wrote in between is seen."""
    with open_store(database) as store:
        store.samples.append([_sample(1, waiting_s=0.1)])
        slow = Store(database)
        lock = slow.database.writing

        @contextmanager
        def late() -> Iterator[Connection]:
            store.samples.append([_sample(2, waiting_s=0.3)])
            with lock() as connection:
                yield connection

        monkeypatch.setattr(slow.database, "writing", late)
        assert slow.rollups().refresh() == 0
        slow.close()
    (row,) = _rows(database)
    assert (row.n, row.waiting_s) == (2, pytest.approx(0.2))


def test_the_migration_packs_the_hours_that_are_there(database: str):
    with open_store(database) as store:
        store.samples.append(_sample(60 * i, waiting_s=i / 7) for i in range(0, 70, 3))
    _refresh(database)
    packed = _unpacked(database, "waiting_s")
    engine = make_engine(database)
    with writing(engine) as connection:
        connection.execute(text("DROP TABLE hourly_days"))
        connection.execute(text("DROP INDEX ix_hourly_stale_hour"))
        with Operations.context(MigrationContext.configure(connection)):
            runpy.run_path("migrations/versions/0007_hourly_days.py")["upgrade"]()
    engine.dispose()
    assert len(packed) == 24
    assert _unpacked(database, "waiting_s") == packed


def _unpacked(url: str, metric: str) -> dict[int, tuple[int, int, float | None]]:
    engine = make_engine(url)
    try:
        with reading(engine) as connection:
            rows = read_days(connection, [1], metric, 0, 2**62)
            days = [unpacked(row) for row in rows]
    finally:
        engine.dispose()
    return {
        day.first_us + place * HOUR_US: cell
        for day in days
        for place, cell in enumerate(zip(day.n, day.n_failed, day.value, strict=True))
        if cell[0]
    }


def _keep_as_if_samples_were_gone(url: str) -> None:
    engine = make_engine(url)
    with writing(engine) as connection:
        hour_us = int(START.timestamp()) * 1_000_000 - 4 * HOUR_US
        row = {"series_id": 1, "hour_us": hour_us, "n": 9, "n_failed": 2}
        connection.execute(hourly.insert(), {**row, "body_bytes": 0})
    engine.dispose()


def test_hours_begin_with_the_local_hour(database: str):
    """Half past the hour of UTC in India; a change of zone makes all anew."""
    with open_store(database) as store:
        store.samples.append([_sample(10), _sample(20), _sample(50)])
    _refresh(database)
    assert [row.n for row in _rows(database)] == [3]
    _refresh(database, phase_us=HOUR_US // 2)
    rows = _rows(database)
    assert [row.n for row in rows] == [2, 1]
    assert {row.hour_us % HOUR_US for row in rows} == {HOUR_US // 2}


def test_a_sample_stored_twice_counts_once(store: Store, database: str):
    for _ in range(2):
        store.samples.append([_sample(3, waiting_s=0.1)])
    _refresh(database)
    assert _rows(database)[0].n == 1


def test_hours_whose_samples_are_gone_outlive_a_change_of_zone(database: str):
    """Retention removes samples; their roll-ups cannot be made again."""
    with open_store(database) as store:
        store.samples.append([_sample(10), _sample(20)])
    _refresh(database)
    engine = make_engine(database)
    with writing(engine) as connection:
        old = {**_rows(database)[0]._mapping, "hour_us": 0, "n": 7}
        connection.execute(hourly.insert(), old)
    engine.dispose()
    _refresh(database, phase_us=HOUR_US // 2)
    assert [row.n for row in _rows(database)] == [7, 2]
