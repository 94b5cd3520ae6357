"""What a record of missed slots holds as of a moment, on both kinds of database."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from monitor.model import Round, RoundStatus
from monitor.store import Store
from monitor.store.engine import make_engine, reading
from monitor.store.rounds import measured_days

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
SLOT = timedelta(minutes=10)
YEARS = timedelta(days=800)


def measured(n: float, vantage: str = "home") -> Round:
    return Round(
        round_id=f"r{n}",
        vantage=vantage,
        slot_start_utc=START + n * SLOT,
        started_at_utc=START + n * SLOT,
        duration_s=12.5,
        status=RoundStatus.COMPLETE,
        n_planned=1,
        n_done=1,
    )


def missed(n: float, length: timedelta) -> Round:
    seconds = length.total_seconds()
    status = RoundStatus.MISSED
    record = replace(measured(n), status=status, round_id=f"m{n}", duration_s=seconds)
    return replace(record, started_at_utc=None)


def told(store: Store, n: float) -> list[tuple[float, float | None]]:
    """Slot and duration [slots] of what is missed as of a slot."""
    rounds = store.rounds.read(vantage="home", as_of=START + n * SLOT)
    return [
        ((r.slot_start_utc - START) / SLOT, timedelta(seconds=r.duration_s) / SLOT)
        for r in rounds
        if r.status is RoundStatus.MISSED
    ]


@pytest.mark.parametrize(
    ("records", "now", "expected"),
    [
        ([missed(2, 3 * SLOT), measured(5)], 9, [(2, 3)]),
        ([missed(2, YEARS)], 9, [(2, 7)]),
        ([missed(2, YEARS), measured(4), measured(5)], 9, [(2, 2)]),
        ([missed(2, YEARS), measured(2)], 9, []),
        ([missed(2, YEARS), measured(YEARS / SLOT + 2)], 9, [(2, 7)]),
        ([missed(2, YEARS), measured(4), missed(6, 2 * SLOT)], 9, [(2, 2), (6, 2)]),
        ([missed(2, YEARS), measured(4, vantage="other")], 9, [(2, 7)]),
        ([missed(11, SLOT)], 9, []),
    ],
    ids=["past", "not over", "back", "at once", "ahead", "later gap", "other", "later"],
)
def test_missed_slots_hold_up_to_the_next_round_and_to_now(
    store: Store, records: list[Round], now: int, expected: list[tuple[float, float]]
) -> None:
    for record in records:
        store.rounds.append(record)
    assert told(store, now) == expected
    # The fact stays as it was written.
    assert sorted(store.rounds.read(), key=repr) == sorted(records, key=repr)


def test_last_round_is_before_the_moment_and_as_of_it(store: Store) -> None:
    for record in (measured(1), missed(2, YEARS), measured(YEARS / SLOT + 2)):
        store.rounds.append(record)
    last = store.rounds.last("home", before=START + 9 * SLOT)
    assert last is not None
    assert (last.status, last.duration_s) == (RoundStatus.MISSED, 7 * 600)
    assert store.rounds.last("home", before=START) is None
    bounds = store.rounds.bounds("home")
    assert bounds == (START + SLOT, START + 2 * SLOT + YEARS)


def test_measured_days_are_over_and_have_a_round(store: Store, database: str) -> None:
    day = timedelta(days=1) / SLOT
    for n in (0, 1, day, 3 * day, 4 * day, YEARS / SLOT):
        store.rounds.append(measured(n))
    store.rounds.append(measured(2 * day, vantage="other"))
    store.rounds.append(missed(2 * day, timedelta(days=1)))
    now = START + timedelta(days=4)
    engine = make_engine(database)
    with reading(engine) as connection:
        found = measured_days(connection, "home", now=now, limit=10)
        assert found == [date(2026, 3, n) for n in (4, 2, 1)]
        assert measured_days(connection, "home", now=now, limit=2) == found[:2]
        assert measured_days(connection, "nobody", now=now, limit=2) == []
    engine.dispose()
