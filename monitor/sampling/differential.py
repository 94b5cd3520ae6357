"""Sentinels and blocks: after a round, before the next, never beside a transfer.

A sentinel is one C and one D at the neutral server, all day. Two of the last three with
a cost of the name, slow transfers of the site while the controls' are well, or most
blocks of the evening before are reason enough for a block in each slot of the evening,
up to so many; some blocks are made in the calm, at random moments. Orders are drawn by
coin. One target in each slot, by turns, and a minute of silence towards the neutral
server before a block. Where its address stays slow after the name, all of it is made
half as often.
"""

import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby
from math import exp, log
from operator import attrgetter
from random import Random
from statistics import median
from typing import Final
from zoneinfo import ZoneInfo

from monitor.evening_rule import DAY_MIN, GUARD_MIN, LEAD_MIN, Window
from monitor.model import Operation, Probe, Sample, Target
from monitor.pair_rule import LEAST_BPS, RESIDUE, RESIDUE_BLOCKS
from monitor.probe.host_names import is_like
from monitor.probe.legs import Leg, legs_of, name_of
from monitor.sampling.block_reasons import SLOWER, NameReasons, Transfers
from monitor.sampling.leg_runs import Means

_log = logging.getLogger(__name__)

SILENCE_S: Final = 60.0
"""Towards the neutral server before a block."""
STOPPED_FOR: Final = timedelta(hours=24)
REMEMBERED: Final = timedelta(days=7)
"""Of the legs before a start."""
CALM_BLOCKS: Final = 3
"""A day, until there are enough to hold an evening against; then one."""
ENOUGH_CALM: Final = 10
_FAILED_IN_A_ROW: Final = 2
_LOOK: Final = "s"
_BLOCK: Final = "b"
"""With these the names of blocks begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferentialPlan:
    """What is compared, and how often.

    Attributes
    ----------
    neutral : URL of a large file at a server of the user's.
    leg_bytes : most of one leg.
    """

    neutral: str
    targets: tuple[Target, ...]
    sentinel_every: timedelta
    blocks_per_evening: int
    leg_bytes: int
    zone: ZoneInfo
    window: Window


@dataclass(slots=True)
class _History:
    """What was done about one target."""

    name: str | None
    """That the neutral server is asked under; None: not known yet."""
    reasons: NameReasons = field(default_factory=NameReasons)
    last_look: datetime | None = None
    last_turn: datetime | None = None
    """When anything was done for it: a look, or a block of the evening, too."""
    blocks: dict[int, int] = field(default_factory=dict)
    """Evening (days since 1970) -> blocks in its window."""
    calm: dict[int, int] = field(default_factory=dict)
    """The same of blocks in the calm of its day."""
    n_calm: int = 0

    def begin_look(self, now: datetime) -> None:
        """Note that the neutral server is looked at."""
        self.last_look = self.last_turn = now

    def note_look(self, samples: Sequence[Sample]) -> None:
        """Note what that showed."""
        cost = _cost(samples)
        if cost is not None:
            self.reasons.looks.append(cost > SLOWER)


def sentinel_order(rng: Random) -> tuple[str, ...]:
    """C and D, the first by coin."""
    return _turned((Probe.PAIR_BASE, Probe.SNI_AWAY), rng)


def block_order(rng: Random, *, has_object: bool) -> tuple[str, ...]:
    """ABBA or BAAB where the target has an object, then CDDC or DCCD, each by coin."""
    first, second = _turned((Probe.PAIR_OWN, Probe.SNI_SWAP), rng)
    base, away = _turned((Probe.PAIR_BASE, Probe.SNI_AWAY), rng)
    inner = (first, second, second, first) if has_object else ()
    return (*inner, base, away, away, base)


def n_legs_of_block(target: Target) -> int:
    """Transfers of one block of a target."""
    return 4 if target.download_url is None else 8


def _turned(pair: tuple[str, str], rng: Random) -> tuple[str, str]:
    return pair if rng.random() < 0.5 else (pair[1], pair[0])


PastLegs = Callable[[datetime], Awaitable[Sequence[Sample] | None]]
"""The legs at the neutral server since a moment; None: they cannot be had now."""


class Differential:
    """Makes what is due between two rounds.

    Parameters
    ----------
    past : asked once, before anything is done: a limit of an evening, a rest of a day
        and what looks showed hold beyond a restart. None: there is no past.
    """

    def __init__(
        self,
        plan: DifferentialPlan,
        means: Means,
        rng: Random,
        past: PastLegs | None = None,
    ) -> None:
        self._past = past
        self._plan = plan
        self._means = means
        self._rng = rng
        self._histories = {t: _History(name_of(t)) for t in plan.targets}
        self._transfers = Transfers()
        self._after: deque[float] = deque(maxlen=RESIDUE_BLOCKS)
        """How much slower C was after D than before it, block by block [log]."""
        self._touched: datetime | None = None
        self._stopped_until: datetime | None = None
        self._n_failed = 0

    def hear(self, sample: Sample) -> None:
        """Take note of an ordinary sample."""
        self._transfers.hear(sample)
        name = sample.server_name
        for target, history in self._histories.items():
            is_named = target.name == sample.target and target.host_like is not None
            if is_named and name and is_like(name, target.host_like or ""):
                history.name = name

    async def between_rounds(self, next_slot_utc: datetime) -> None:
        """Do what is due and ends in time, for one target."""
        now = self._means.clock.now_utc()
        if not await self._knows_the_past(now) or self._rests(now):
            return
        targets = self._longest_waiting_first()
        with_block = [t for t in targets if self._is_block_due(t, now)]
        # what is looked for leaves room for what there was reason to measure
        factor = 2 if with_block else 1
        for target in targets:
            legs = self._legs(target)
            if target in with_block and self._is_silent(now):
                order = block_order(self._rng, has_object=Probe.PAIR_OWN in legs)
                if self._fits(order, next_slot_utc):
                    await self._do_block(target, [legs[probe] for probe in order], now)
                    return
            order = sentinel_order(self._rng)
            is_due = self._is_look_due(target, now, factor)
            if is_due and self._fits(order, next_slot_utc):
                await self._look(target, [legs[probe] for probe in order], now)
                return

    async def _knows_the_past(self, now: datetime) -> bool:
        if self._past is None:
            return True
        legs = await self._past(now - REMEMBERED)
        if legs is None:
            return False
        self._past = None
        targets = {target.name: target for target in self._plan.targets}
        for (name, block), made in groupby(legs, attrgetter("target", "block")):
            if name in targets and block is not None:
                self._recall(self._histories[targets[name]], block, list(made))
        if self._rests(now):
            _log.warning(
                "differential event=still_stopped until=%s", self._stopped_until
            )
        return True

    def _recall(self, history: _History, block: str, samples: Sequence[Sample]) -> None:
        """Take note of a look or a block of before this start."""
        begun = samples[0].started_at_utc
        if block.startswith(_LOOK):
            history.begin_look(begun)
            history.note_look(samples)
        elif block.startswith(_BLOCK):
            evening = self._begin_block(history, begun)
            self._note_block(history, evening, samples)
        for place, sample in enumerate(samples):
            if self._is_poisoned(sample, has_followed=_has_name(samples[:place])):
                self._stopped_until = sample.started_at_utc + STOPPED_FOR
        self._touched = samples[-1].started_at_utc

    def _rests(self, now: datetime) -> bool:
        return self._stopped_until is not None and now < self._stopped_until

    @property
    def has_residue(self) -> bool:
        """Whether the neutral address stays slow after a target's name."""
        is_known = len(self._after) == RESIDUE_BLOCKS
        return is_known and median(self._after) >= log(RESIDUE)

    def _longest_waiting_first(self) -> list[Target]:
        """Those whose name is known; they share an evening's slots by turns."""
        turns = {t: h.last_turn for t, h in self._histories.items() if h.name}
        never = datetime.min.replace(tzinfo=UTC)
        return sorted(turns, key=lambda target: turns[target] or never)

    def _legs(self, target: Target) -> dict[str, Leg]:
        return legs_of(target, self._plan.neutral, self._histories[target].name or "")

    def _fits(self, order: Sequence[str], next_slot_utc: datetime) -> bool:
        return self._means.fits(len(order), self._plan.leg_bytes, next_slot_utc)

    def _is_silent(self, now: datetime) -> bool:
        return self._is_past(self._touched, timedelta(seconds=SILENCE_S), now)

    def _is_look_due(self, target: Target, now: datetime, factor: int = 1) -> bool:
        last = self._histories[target].last_look
        return self._is_past(last, factor * self._plan.sentinel_every, now)

    def _is_past(self, last: datetime | None, least: timedelta, now: datetime) -> bool:
        """Whether enough time has passed; twice of it where there is a residue."""
        # a clock that went back is no reason to wait until it is there again
        return last is None or not (
            timedelta(0) <= now - last < least * (2 if self.has_residue else 1)
        )

    def _is_block_due(self, target: Target, now: datetime) -> bool:
        history = self._histories[target]
        evening, minute = self._evening(now)
        window = self._plan.window
        since_begin_min = minute - LEAD_MIN
        if 0 <= since_begin_min < window.length_min:
            is_slow = self._transfers.is_slow(target.name)
            return (
                history.reasons.are_enough(evening, is_slow=is_slow)
                and history.blocks.get(evening, 0) < self._most_blocks
            )
        if -GUARD_MIN <= since_begin_min < window.length_min + GUARD_MIN:
            return False
        is_drawn = self._rng.random() < self._calm_chance(history, evening, minute, now)
        return is_drawn and self._is_look_due(target, now)

    @property
    def _most_blocks(self) -> int:
        most = self._plan.blocks_per_evening
        return most // 2 if self.has_residue else most

    def _calm_chance(
        self, history: _History, evening: int, minute: float, now: datetime
    ) -> float:
        """That a block is made now: as many as are left, at any time of the calm."""
        most = CALM_BLOCKS if history.n_calm < ENOUGH_CALM else 1
        n_left = min(most, self._plan.blocks_per_evening) - history.calm.get(evening, 0)
        if history.last_look is None:
            return 0.0
        left_min = DAY_MIN - minute
        if minute < LEAD_MIN:
            left_min -= self._plan.window.length_min + 2 * GUARD_MIN
        since_min = (now - history.last_look) / timedelta(minutes=1)
        return n_left * since_min / max(left_min, since_min)

    def _evening(self, now: datetime) -> tuple[int, int]:
        """The evening that a moment belongs to, and the minute of its day."""
        local = now.astimezone(self._plan.zone)
        return self._plan.window.evening(local.date(), 60 * local.hour + local.minute)

    async def _look(self, target: Target, legs: Sequence[Leg], now: datetime) -> None:
        history = self._histories[target]
        history.begin_look(now)
        samples = await self._measured(legs, f"{_LOOK}{int(now.timestamp())}")
        history.note_look(samples)

    async def _do_block(
        self, target: Target, legs: Sequence[Leg], now: datetime
    ) -> None:
        history = self._histories[target]
        evening = self._begin_block(history, now)
        samples = await self._measured(legs, f"{_BLOCK}{int(now.timestamp())}")
        self._note_block(history, evening, samples)
        _log.info("block target=%s legs=%d", target.name, len(samples))

    def _begin_block(self, history: _History, now: datetime) -> int | None:
        """Count a block; its evening, None for one of the calm."""
        history.last_turn = now
        evening, minute = self._evening(now)
        is_inside = 0 <= minute - LEAD_MIN < self._plan.window.length_min
        counts = history.blocks if is_inside else history.calm
        n_before = counts.get(evening, 0)
        counts.clear()
        counts[evening] = n_before + 1
        if is_inside:
            history.reasons.fired = evening
            return evening
        history.n_calm += 1
        history.last_look = now
        return None

    def _note_block(
        self, history: _History, evening: int | None, samples: Sequence[Sample]
    ) -> None:
        cost = _cost(samples)
        if evening is not None and cost is not None:
            history.reasons.note_block(evening, cost)
        had_residue = self.has_residue
        self._after.extend(_after_log(samples))
        if self.has_residue and not had_residue:
            _log.warning(
                "differential event=residue times=%.1f reason=%r",
                exp(median(self._after)),
                "the neutral server stays slow after the target's name: half as often",
            )

    async def _measured(self, legs: Sequence[Leg], block: str) -> list[Sample]:
        """Each leg after the other; ended early where the server seems poisoned."""
        samples: list[Sample] = []
        for sequence, leg in enumerate(legs):
            sample = await self._means.measured(leg, block=block, sequence=sequence)
            samples.append(sample)
            if self._is_poisoned(sample, has_followed=_has_name(samples[:-1])):
                self._stop()
                break
        self._touched = self._means.clock.now_utc()
        return samples

    def _is_poisoned(self, sample: Sample, *, has_followed: bool) -> bool:
        """Whether the neutral server fails under its own name after the target's."""
        if sample.probe != Probe.PAIR_BASE:
            return False
        if sample.failure is None or not has_followed:
            self._n_failed = 0
            return False
        self._n_failed += 1
        if self._n_failed < _FAILED_IN_A_ROW:
            return False
        self._n_failed = 0
        return True

    def _stop(self) -> None:
        self._stopped_until = self._means.clock.now_utc() + STOPPED_FOR
        _log.warning(
            "differential event=stopped hours=24 reason=%r",
            "the neutral server fails after the target's name",
        )


def _has_name(samples: Sequence[Sample]) -> bool:
    """Whether the name went over the line; a server that is away hears none."""
    return any(
        sample.probe == Probe.SNI_AWAY
        and sample.failed_operation not in (Operation.RESOLVE, Operation.CONNECT)
        for sample in samples
    )


def _cost(samples: Sequence[Sample]) -> float | None:
    """How many times slower D was than C; None without an answer to C."""
    base = [_rate_log(s) for s in samples if s.probe == Probe.PAIR_BASE]
    away = [_rate_log(s) for s in samples if s.probe == Probe.SNI_AWAY]
    if not base or not away or max(base) <= log(LEAST_BPS):
        return None
    return exp(sum(base) / len(base) - sum(away) / len(away))


def _after_log(samples: Sequence[Sample]) -> list[float]:
    """Of CDDC, how much slower the second C was than the first [log]; else nothing."""
    outer = [s for s in samples if s.probe in (Probe.PAIR_BASE, Probe.SNI_AWAY)]
    if [s.probe for s in outer] != [
        *(Probe.PAIR_BASE, Probe.SNI_AWAY),
        *(Probe.SNI_AWAY, Probe.PAIR_BASE),
    ]:
        return []
    return [_rate_log(outer[0]) - _rate_log(outer[-1])]


def _rate_log(sample: Sample) -> float:
    return log(max(sample.goodput_bps or 0.0, LEAST_BPS))
