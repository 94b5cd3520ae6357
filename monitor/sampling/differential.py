"""Sentinels and blocks: after a round, before the next, never beside a transfer.

A sentinel is one C and one D at the neutral server, all day. Two of the last three with
D slower than half of C are reason enough for a block in each slot of the window, up to
so many an evening; one block a day is made in the calm, at a random moment. Orders are
drawn by coin. One target in each slot, and a minute of silence towards the neutral
server before a block.
"""

import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from monitor.evening_rule import GUARD_MIN, Window
from monitor.model import Probe, Sample, Target
from monitor.probe.legs import Leg, legs_of
from monitor.sampling.leg_runs import Means

_log = logging.getLogger(__name__)

SILENCE_S: Final = 60.0
"""Towards the neutral server before a block."""
STOPPED_FOR: Final = timedelta(hours=24)
_LEGS: Final = 8
_LOOKED_AT: Final = 3
_TRIGGERING: Final = 2
_FAILED_IN_A_ROW: Final = 2
_CALM_CHANCES: Final = 8
"""Looks in the calm among which one block a day falls, on average."""


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

    last_look: datetime | None = None
    is_slow: deque[bool] = field(default_factory=lambda: deque(maxlen=_LOOKED_AT))
    blocks: dict[date, int] = field(default_factory=dict)
    calm_day: date | None = None


def sentinel_order(rng: Random) -> tuple[str, ...]:
    """C and D, the first by coin."""
    return _turned((Probe.PAIR_BASE, Probe.SNI_AWAY), rng)


def block_order(rng: Random, *, has_object: bool) -> tuple[str, ...]:
    """ABBA or BAAB where the target has an object, then CDDC or DCCD, each by coin."""
    first, second = _turned((Probe.PAIR_OWN, Probe.SNI_SWAP), rng)
    base, away = _turned((Probe.PAIR_BASE, Probe.SNI_AWAY), rng)
    inner = (first, second, second, first) if has_object else ()
    return (*inner, base, away, away, base)


def _turned(pair: tuple[str, str], rng: Random) -> tuple[str, str]:
    return pair if rng.random() < 0.5 else (pair[1], pair[0])


class Differential:
    """Makes what is due between two rounds."""

    def __init__(self, plan: DifferentialPlan, means: Means, rng: Random) -> None:
        self._plan = plan
        self._means = means
        self._rng = rng
        self._histories = {target: _History() for target in plan.targets}
        self._touched: datetime | None = None
        self._stopped_until: datetime | None = None
        self._n_failed = 0

    async def between_rounds(self, next_slot_utc: datetime) -> None:
        """Do what is due and ends in time, for one target."""
        now = self._means.clock.now_utc()
        if self._stopped_until is not None and now < self._stopped_until:
            return
        target = self._longest_waiting()
        legs = legs_of(target, self._plan.neutral)
        if self._is_block_due(target, now):
            order = block_order(self._rng, has_object=Probe.PAIR_OWN in legs)
            if self._fits(order, next_slot_utc) and self._is_silent(now):
                await self._do_block(target, [legs[probe] for probe in order], now)
                return
        order = sentinel_order(self._rng)
        if self._is_look_due(target, now) and self._fits(order, next_slot_utc):
            await self._look(target, [legs[probe] for probe in order], now)

    def _longest_waiting(self) -> Target:
        histories = self._histories
        never = datetime.min.replace(tzinfo=UTC)
        return min(histories, key=lambda target: histories[target].last_look or never)

    def _fits(self, order: Sequence[str], next_slot_utc: datetime) -> bool:
        return self._means.fits(len(order), self._plan.leg_bytes, next_slot_utc)

    def _is_silent(self, now: datetime) -> bool:
        silence = timedelta(seconds=SILENCE_S)
        return self._touched is None or now - self._touched >= silence

    def _is_look_due(self, target: Target, now: datetime) -> bool:
        last = self._histories[target].last_look
        return last is None or now - last >= self._plan.sentinel_every

    def _is_block_due(self, target: Target, now: datetime) -> bool:
        history = self._histories[target]
        local = now.astimezone(self._plan.zone)
        clock_min = _clock_min(local)
        if self._plan.window.has_clock(clock_min):
            is_triggered = sum(history.is_slow) >= _TRIGGERING
            n_done = history.blocks.get(local.date(), 0)
            return is_triggered and n_done < self._plan.blocks_per_evening
        if history.calm_day == local.date() or self._is_near(clock_min):
            return False
        is_drawn = self._rng.random() < 1 / _CALM_CHANCES
        return is_drawn and self._is_look_due(target, now)

    def _is_near(self, clock_min: int) -> bool:
        """Whether the window is so near that it is neither evening nor calm."""
        window = self._plan.window
        return any(window.has_clock(clock_min + d) for d in (-GUARD_MIN, GUARD_MIN))

    async def _look(self, target: Target, legs: Sequence[Leg], now: datetime) -> None:
        history = self._histories[target]
        history.last_look = now
        samples = await self._measured(legs, f"s{int(now.timestamp())}")
        rates = {sample.probe: sample.goodput_bps or 0.0 for sample in samples}
        base = rates.get(Probe.PAIR_BASE, 0.0)
        if base > 0:
            history.is_slow.append(rates.get(Probe.SNI_AWAY, 0.0) < base / 2)

    async def _do_block(
        self, target: Target, legs: Sequence[Leg], now: datetime
    ) -> None:
        history = self._histories[target]
        local = now.astimezone(self._plan.zone)
        if self._plan.window.has_clock(_clock_min(local)):
            history.blocks = {local.date(): history.blocks.get(local.date(), 0) + 1}
        else:
            history.calm_day = local.date()
        samples = await self._measured(legs, f"b{int(now.timestamp())}")
        _log.info("block target=%s legs=%d", target.name, len(samples))

    async def _measured(self, legs: Sequence[Leg], block: str) -> list[Sample]:
        """Each leg after the other; ended early where the server seems poisoned."""
        samples: list[Sample] = []
        for sequence, leg in enumerate(legs):
            sample = await self._means.measured(leg, block=block, sequence=sequence)
            samples.append(sample)
            if self._is_poisoned(sample, has_followed=_has_name(samples[:-1])):
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
        self._stopped_until = self._means.clock.now_utc() + STOPPED_FOR
        _log.warning(
            "differential event=stopped hours=24 reason=%r",
            "the neutral server fails after the target's name",
        )
        return True


def _clock_min(local: datetime) -> int:
    return 60 * local.hour + local.minute


def _has_name(samples: Sequence[Sample]) -> bool:
    return any(sample.probe == Probe.SNI_AWAY for sample in samples)
