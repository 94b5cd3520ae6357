"""The counts of rounds are those of all rounds, whatever was counted before."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from monitor.model import Round, RoundStatus
from monitor.store import open_store
from monitor.store.reader import Reader
from monitor.store.round_totals import StatusTotals
from tests.store.test_database import T0

NOW = T0 + timedelta(days=200, hours=1)


def a_round(day: int, status: RoundStatus = RoundStatus.COMPLETE) -> Round:
    slot = T0 + timedelta(days=day)
    return Round(
        round_id=f"{status}-{day}",
        vantage="home",
        slot_start_utc=slot,
        started_at_utc=slot,
        duration_s=10.0,
        status=status,
        n_planned=9,
        n_done=7,
    )


@pytest.fixture
def reader(database: str) -> Iterator[Reader]:
    with open_store(database) as store:
        for day in (0, 100, 199, 200):
            store.rounds.append(a_round(day))
        store.rounds.append(a_round(50, RoundStatus.MISSED))
        yield store.reader


def test_old_and_new_rounds_are_counted(reader: Reader) -> None:
    assert reader.round_totals("home", as_of=NOW) == {
        "complete": StatusTotals(4, 36, 28, 40.0),
        "missed": StatusTotals(1, 9, 7, 10.0),
    }
    assert reader.round_totals("elsewhere", as_of=NOW) == {}


def test_new_rounds_are_added_at_once_and_old_ones_the_next_day(
    reader: Reader, database: str
) -> None:
    reader.round_totals("home", as_of=NOW)
    with open_store(database) as store:
        store.rounds.append(a_round(198, RoundStatus.MISSED))
        store.rounds.append(a_round(1))
    counted = {
        name: found.n for name, found in reader.round_totals("home", as_of=NOW).items()
    }
    assert counted == {"complete": 4, "missed": 2}
    with open_store(database) as store:
        store.rounds.append(a_round(201))
    tomorrow = reader.round_totals("home", as_of=NOW + timedelta(days=1))
    counted = {name: found.n for name, found in tomorrow.items()}
    assert counted == {"complete": 6, "missed": 2}
