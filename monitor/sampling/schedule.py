"""When rounds are due: one random instant in every slot of the wall clock.

Pure: time comes in as an argument. A slot that passed without a round becomes a gap,
never a burst; a clock that was stepped back starts anew from where it now stands.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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
    instant_utc: datetime = _EPOCH
    is_done: bool = True

    def advance(self, now_utc: datetime, rng: Random) -> tuple["Schedule", Tick]:
        """The state after `now_utc` and what is due then."""
        current = (now_utc - _EPOCH) // self.every
        state, gap = self, None
        if current != self.slot:
            gap = self._gap(current)
            state = self._enter(current, now_utc, rng)
        if state.is_done or now_utc < state.instant_utc:
            return state, Tick(gap=gap)
        begun = replace(state, is_done=True)
        return begun, Tick(slot_start_utc=_start(current, self.every), gap=gap)

    def _enter(self, slot: int, now_utc: datetime, rng: Random) -> "Schedule":
        if self.slot is None:
            return replace(self, slot=slot, instant_utc=now_utc, is_done=False)
        room = max(self.every - self.round_limit, timedelta(0))
        instant = _start(slot, self.every) + room * rng.random()
        return replace(self, slot=slot, instant_utc=instant, is_done=False)

    def _gap(self, current: int) -> Gap | None:
        if self.slot is None or current < self.slot:
            return None
        first = self.slot + 1 if self.is_done else self.slot
        if first >= current:
            return None
        return Gap(
            start_utc=_start(first, self.every),
            duration=(current - first) * self.every,
            n_slots=current - first,
        )


def round_limit(every: timedelta) -> timedelta:
    """The longest a round may take: 60 s, or four fifths of a shorter slot."""
    return min(timedelta(seconds=60), every * 0.8)


def downloads_are_due(
    slot_start_utc: datetime, every: timedelta, downloads_every: timedelta
) -> bool:
    """Whether the round of a slot makes throughput transfers."""
    return (slot_start_utc - _EPOCH) // every % max(
        1, round(downloads_every / every)
    ) == 0


def _start(slot: int, every: timedelta) -> datetime:
    return _EPOCH + slot * every
