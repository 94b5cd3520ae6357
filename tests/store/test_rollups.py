"""Hourly roll-ups on both databases, against the samples themselves."""

from datetime import UTC, datetime, timedelta
from statistics import median

import pytest
from sqlalchemy import select

from monitor.model import Operation, Sample
from monitor.store import Store, open_store
from monitor.store.engine import make_engine, reading, writing
from monitor.store.rollups import HOUR_US, Rollups
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
    rollups = Rollups(url, phase_us=phase_us)
    try:
        while rollups.refresh():
            pass
    finally:
        rollups.close()


def test_an_hour_holds_medians_counts_and_bytes(database: str):
    """The median is over what was measured, failed or not."""
    waits = [0.1, 0.2, 0.9]
    with open_store(database) as store:
        store.append(
            _sample(i * 5, waiting_s=w, encoded_body_bytes=100)
            for i, w in enumerate(waits)
        )
        store.append([_sample(40, failure="connection_reset", connect_s=0.03)])
    _refresh(database)
    (row,) = _rows(database)
    assert (row.n, row.n_failed, row.body_bytes) == (4, 1, 300)
    assert row.waiting_s == median(waits)
    assert row.connect_s == 0.03


def test_the_duration_of_a_failure_is_left_out(database: str):
    """A refused connection is quick, and not because the site is."""
    failed = {"failure": "connection_refused", "failed_operation": Operation.CONNECT}
    with open_store(database) as store:
        store.append(
            [_sample(1, duration_s=0.5), _sample(6, duration_s=0.01, **failed)]
        )
    _refresh(database)
    assert _rows(database)[0].duration_s == 0.5


def test_a_late_sample_changes_its_hour(database: str):
    """Imports and spooled samples come after the roll-up of their hour."""
    with open_store(database) as store:
        store.append([_sample(0, waiting_s=0.1), _sample(90, waiting_s=0.1)])
        _refresh(database)
        store.append([_sample(30, waiting_s=0.3)])
    _refresh(database)
    assert [(row.n, row.waiting_s) for row in _rows(database)] == [
        (2, pytest.approx(0.2)),
        (1, 0.1),
    ]


def test_nothing_is_stale_after_a_refresh(database: str):
    with open_store(database) as store:
        store.append(_sample(60 * i) for i in range(700))
    rollups = Rollups(database)
    assert [rollups.refresh() for _ in range(9)] == [
        600,
        500,
        400,
        300,
        200,
        100,
        0,
        0,
        0,
    ]
    rollups.close()
    assert len(_rows(database)) == 700


def test_hours_begin_with_the_local_hour(database: str):
    """Half past the hour of UTC in India; a change of zone makes all anew."""
    with open_store(database) as store:
        store.append([_sample(10), _sample(20), _sample(50)])
    _refresh(database)
    assert [row.n for row in _rows(database)] == [3]
    _refresh(database, phase_us=HOUR_US // 2)
    rows = _rows(database)
    assert [row.n for row in rows] == [2, 1]
    assert {row.hour_us % HOUR_US for row in rows} == {HOUR_US // 2}


def test_a_sample_stored_twice_counts_once(store: Store, database: str):
    for _ in range(2):
        store.append([_sample(3, waiting_s=0.1)])
    _refresh(database)
    assert _rows(database)[0].n == 1


def test_hours_whose_samples_are_gone_outlive_a_change_of_zone(database: str):
    """Retention removes samples; their roll-ups cannot be made again."""
    with open_store(database) as store:
        store.append([_sample(10), _sample(20)])
    _refresh(database)
    engine = make_engine(database)
    with writing(engine) as connection:
        old = {**_rows(database)[0]._mapping, "hour_us": 0, "n": 7}
        connection.execute(hourly.insert(), old)
    engine.dispose()
    _refresh(database, phase_us=HOUR_US // 2)
    assert [row.n for row in _rows(database)] == [7, 2]
