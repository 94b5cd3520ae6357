"""A gap is recorded once: what is on record already is no part of it."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from monitor.model import Round, RoundStatus
from monitor.sampling.schedule import gap_between, slot_of, slot_start, unrecorded

EVERY = timedelta(minutes=5)
START = datetime(2026, 3, 1, 12, tzinfo=UTC)


def on_record(slot: int, n_missed: int = 0) -> Round:
    return Round(
        round_id=f"{slot}",
        vantage="home",
        slot_start_utc=START + slot * EVERY,
        started_at_utc=None,
        duration_s=n_missed * 300.0 or 1.0,
        status=RoundStatus.MISSED if n_missed else RoundStatus.COMPLETE,
        n_planned=1,
        n_done=0,
    )


def parts(n_slots: int, rounds: list[Round]) -> list[tuple[int, int]]:
    gap = gap_between(START, START + n_slots * EVERY, EVERY)
    assert gap is not None
    found = unrecorded(gap, rounds, EVERY)
    return [((part.start_utc - START) // EVERY, part.n_slots) for part in found]


def test_gap_without_any_record_stays_whole() -> None:
    assert parts(12, []) == [(0, 12)]


def test_measured_and_missed_slots_are_left_out() -> None:
    assert parts(12, [on_record(-1), on_record(2), on_record(5, n_missed=3)]) == [
        (0, 2),
        (3, 2),
        (8, 4),
    ]


def test_missed_record_that_reaches_into_the_gap_counts() -> None:
    assert parts(12, [on_record(-5, n_missed=10)]) == [(5, 7)]


def test_gap_that_is_on_record_is_none() -> None:
    assert parts(3, [on_record(0, n_missed=3)]) == []


@given(
    st.lists(st.tuples(st.integers(-5, 25), st.integers(0, 6)), max_size=12).map(sorted)
)
def test_parts_and_records_cover_every_slot_once(
    records: list[tuple[int, int]],
) -> None:
    covered = {s for slot, n in records for s in range(slot, slot + max(1, n))}
    found = parts(20, [on_record(slot, n) for slot, n in records])
    free = [s for slot, n in found for s in range(slot, slot + n)]
    assert free == [s for s in range(20) if s not in covered]


def test_round_that_began_inside_its_slot_covers_the_slot() -> None:
    slot = slot_of(START + timedelta(minutes=2), EVERY)
    assert slot_start(slot, EVERY) == START
