"""One random instant in every slot; gaps are recorded, bursts never happen."""

from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from monitor.sampling.schedule import Schedule, Tick, round_limit

EVERY = timedelta(minutes=5)
START = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)


def run(times: list[datetime]) -> list[Tick]:
    schedule = Schedule(every=EVERY, round_limit=round_limit(EVERY))
    rng, ticks = Random(1), []
    for now in times:
        schedule, tick = schedule.advance(now, rng)
        ticks.append(tick)
    return ticks


def seconds(first: datetime, n: int, step_s: float = 1) -> list[datetime]:
    return [first + timedelta(seconds=step_s * i) for i in range(n)]


def test_first_round_begins_at_once() -> None:
    assert run([START])[0].slot_start_utc == datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_every_slot_of_a_day_gets_exactly_one_round() -> None:
    ticks = run(seconds(START, 86_400))
    slots = [tick.slot_start_utc for tick in ticks if tick.slot_start_utc]
    assert len(slots) == len(set(slots)) == 289
    assert all(tick.gap is None for tick in ticks)


def test_instants_spread_over_the_slot_and_leave_room_for_the_round() -> None:
    times = seconds(START, 5 * 86_400, step_s=5)[100:]
    offsets = [
        now - tick.slot_start_utc
        for now, tick in zip(times, run(times), strict=True)
        if tick.slot_start_utc
    ][1:]
    assert max(offsets) <= EVERY - timedelta(seconds=60) + timedelta(seconds=5)
    assert max(offsets) > timedelta(seconds=220)
    assert min(offsets) < timedelta(seconds=20)


def test_suspended_machine_records_one_gap_and_one_round() -> None:
    later = START + timedelta(hours=2)
    ticks = run([START, *seconds(later, 600)])
    gaps = [tick.gap for tick in ticks if tick.gap]
    assert len(gaps) == 1
    assert gaps[0].n_slots == 23
    assert gaps[0].start_utc == datetime(2026, 3, 1, 12, 5, tzinfo=UTC)
    assert gaps[0].duration == timedelta(minutes=115)


def test_slot_whose_instant_was_slept_through_counts_as_missed() -> None:
    before_instant = START + timedelta(minutes=5) - timedelta(seconds=30)
    ticks = run([START, before_instant, before_instant + timedelta(minutes=5)])
    assert ticks[1].slot_start_utc is None
    assert ticks[2].gap is not None
    assert ticks[2].gap.start_utc == datetime(2026, 3, 1, 12, 5, tzinfo=UTC)


def test_clock_stepped_back_goes_on_from_there_without_a_gap() -> None:
    back = START - timedelta(hours=3)
    ticks = run([START, *seconds(back, 700)])
    slots = [tick.slot_start_utc for tick in ticks[1:] if tick.slot_start_utc]
    assert len(slots) >= 2
    assert slots[0] == datetime(2026, 3, 1, 9, tzinfo=UTC)
    assert all(tick.gap is None for tick in ticks)


@given(
    st.lists(st.integers(-4000, 4000), min_size=1, max_size=60),
    st.sampled_from([10, 60, 300, 3600]),
)
def test_no_slot_is_begun_twice_in_a_row_however_the_clock_jumps(
    jumps: list[int], every_s: int
) -> None:
    every = timedelta(seconds=every_s)
    schedule = Schedule(every=every, round_limit=round_limit(every))
    now, rng, is_begun = START, Random(0), False
    for jump in jumps:
        now += timedelta(seconds=jump)
        before = schedule.slot
        schedule, tick = schedule.advance(now, rng)
        is_begun = is_begun and schedule.slot == before
        if tick.slot_start_utc is not None:
            assert tick.slot_start_utc <= now < tick.slot_start_utc + every
            assert not is_begun
            is_begun = True


def test_round_fits_into_its_slot() -> None:
    assert round_limit(timedelta(minutes=5)) == timedelta(seconds=60)
    assert round_limit(timedelta(seconds=30)) == timedelta(seconds=24)
