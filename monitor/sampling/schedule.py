"""When rounds are due: one random instant in every slot of the wall clock.

Pure: time comes in as an argument. A slot that passed without a round becomes a gap,
never a burst; a clock that was stepped back starts anew from where it now stands.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from monitor.model import Round, RoundStatus
from monitor.wallclock import EPOCH


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Slots that passed without a round."""

    start_utc: datetime
    duration: timedelta
    n_slots: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """What is to be done now."""

    slot_start_utc: datetime | None = None
    """Begin the round of this slot; None: nothing is due."""
    gap: Gap | None = None
    """Record these slots as missed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Where the schedule stands; `advance` gives the next state.

    Attributes
    ----------
    every : length of a slot [s].
    round_limit : longest round; instants are drawn so that it fits into the slot [s].
    slot : number of the slot whose instant was drawn last, counted from 1970.
    instant_utc : when that slot's round is due.
    is_done : whether that round was begun.
    """

    every: timedelta
    round_limit: timedelta
    slot: int | None = None
    instant_utc: datetime = EPOCH
    is_done: bool = True

    def advance(self, now_utc: datetime, rng: Random) -> tuple["Schedule", Tick]:
        """The state after `now_utc` and what is due then."""
        current = slot_of(now_utc, self.every)
        state, gap = self, None
        if current != self.slot:
            gap = self._gap(current)
            state = self._enter(current, now_utc, rng)
        if state.is_done or now_utc < state.instant_utc:
            return state, Tick(gap=gap)
        begun = replace(state, is_done=True)
        return begun, Tick(slot_start_utc=slot_start(current, self.every), gap=gap)

    def _enter(self, slot: int, now_utc: datetime, rng: Random) -> "Schedule":
        if self.slot is None:
            return replace(self, slot=slot, instant_utc=now_utc, is_done=False)
        room = max(self.every - self.round_limit, timedelta(0))
        instant = slot_start(slot, self.every) + room * rng.random()
        return replace(self, slot=slot, instant_utc=instant, is_done=False)

    def _gap(self, current: int) -> Gap | None:
        if self.slot is None or current < self.slot:
            return None
        first = self.slot + 1 if self.is_done else self.slot
        until_utc = slot_start(current, self.every)
        return gap_between(slot_start(first, self.every), until_utc, self.every)


def gap_between(
    since_utc: datetime, until_utc: datetime, every: timedelta
) -> Gap | None:
    """The whole slots that fit between two moments; None when there are none."""
    n_slots = (until_utc - since_utc) // every
    if n_slots < 1:
        return None
    return Gap(start_utc=since_utc, duration=n_slots * every, n_slots=n_slots)


def unrecorded(gap: Gap, rounds: Iterable[Round], every: timedelta) -> Iterator[Gap]:
    """The parts of a gap that no round covers.

    A clock that was stepped forth and back passes slots that are on record already.

    Parameters
    ----------
    rounds : by the begin of their slot; a missed one covers all of its slots.
    """
    free = slot_of(gap.start_utc, every)
    end = free + gap.n_slots
    for round_ in rounds:
        first, after = _covered(round_, every)
        yield from _slots(free, min(first, end), every)
        free = max(free, after)
    yield from _slots(free, end, every)


def _covered(round_: Round, every: timedelta) -> tuple[int, int]:
    first = slot_of(round_.slot_start_utc, every)
    if round_.status is not RoundStatus.MISSED:
        return first, first + 1
    missed = timedelta(seconds=round_.duration_s or 0.0)
    return first, max(first + 1, slot_of(round_.slot_start_utc + missed, every))


def _slots(first: int, end: int, every: timedelta) -> Iterator[Gap]:
    gap = gap_between(slot_start(first, every), slot_start(end, every), every)
    if gap is not None:
        yield gap


def slot_of(moment_utc: datetime, every: timedelta) -> int:
    """Number of the slot that a moment lies in, counted from 1970."""
    return (moment_utc - EPOCH) // every


def slot_start(slot: int, every: timedelta) -> datetime:
    """When a slot begins."""
    return EPOCH + slot * every


def round_limit(every: timedelta) -> timedelta:
    """The longest a round may take: 60 s, or four fifths of a shorter slot."""
    return min(timedelta(seconds=60), every * 0.8)


def downloads_are_due(
    slot_start_utc: datetime, every: timedelta, downloads_every: timedelta
) -> bool:
    """Whether the round of a slot makes throughput transfers."""
    n_slots = max(1, round(downloads_every / every))
    return slot_of(slot_start_utc, every) % n_slots == 0
