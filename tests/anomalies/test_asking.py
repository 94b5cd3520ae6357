"""Hours are those of the home's clock, also where they do not begin with UTC's."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from monitor.anomalies.search import refresh_rollups
from monitor.model import Sample
from monitor.store import open_store
from monitor.store.engine import make_engine, reading
from monitor.store.instants import from_us
from monitor.store.tables import hourly
from tests.door import ask_store

START = datetime(2026, 10, 1, 14, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "begin"),
    [
        ("Asia/Almaty", "14:00"),
        ("Asia/Kolkata", "13:30"),
        # Five hours and three quarters ahead: an hour begins a quarter past UTC's.
        ("Asia/Kathmandu", "13:15"),
        ("America/St_Johns", "13:30"),
    ],
)
def test_an_hour_begins_with_the_hour_of_the_local_clock(
    database: str, zone: str, begin: str
) -> None:
    found_at = START + timedelta(minutes=5)
    with open_store(database) as store:
        store.samples.append(
            [Sample(started_at_utc=found_at, target="site", connect_s=0.1)]
        )
    list(ask_store(database, refresh_rollups, zone, START))
    engine = make_engine(database)
    with reading(engine) as connection:
        hour_us = connection.scalar(select(hourly.c.hour_us))
    engine.dispose()
    assert f"{from_us(hour_us):%H:%M}" == begin
