"""Turns ticks of the scheduler into rounds and gaps."""

import logging
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Final

from monitor.model import Probe, Round, RoundStatus, Target
from monitor.probe import probes_of
from monitor.sampling.budget import Grant
from monitor.sampling.differential import PastLegs
from monitor.sampling.leg_runs import Comparing
from monitor.sampling.quic_turns import QuicTurns
from monitor.sampling.ration import Ration
from monitor.sampling.round import LONGEST, Errand, RoundRunner, plan
from monitor.sampling.schedule import (
    Gap,
    Schedule,
    downloads_are_due,
    gap_between,
    round_limit,
    slot_of,
    slot_start,
)
from monitor.sampling.turns import whose_turn_it_is

_log = logging.getLogger(__name__)

Spawn = Callable[[Coroutine[object, object, object]], object]
Unrecorded = Callable[[Gap], Awaitable[Sequence[Gap]]]
"""The parts of a gap that are not on record."""
IsPaused = Callable[[], Awaitable[bool]]
PAUSED: Final = "paused by the owner"
"""Why a slot was not measured: `monitor pause`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Questions:
    """What is asked of the stored facts.

    Attributes
    ----------
    unrecorded : asked before a gap is stored; None: every gap is stored whole.
    is_paused : asked before each round; None: never.
    past_legs : asked before the first block; None: there are none.
    """

    unrecorded: Unrecorded | None = None
    is_paused: IsPaused | None = None
    past_legs: PastLegs | None = None


NO_QUESTIONS: Final = Questions()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often and how densely the sites are measured.

    Attributes
    ----------
    every : length of a slot; one round in each.
    downloads_every : least time between two throughput transfers of one site.
    per_second : most probes begun in one second.
    """

    every: timedelta
    downloads_every: timedelta
    per_second: int


class Sampler:
    """Begins the rounds that are due and records the slots that were missed.

    Parameters
    ----------
    ration : the data budget; None: everything that is due is measured.
    """

    def __init__(
        self,
        targets: Sequence[Target],
        pace: Pace,
        runner: RoundRunner,
        rng: Random,
        *,
        ration: Ration | None = None,
        questions: Questions = NO_QUESTIONS,
    ) -> None:
        self._targets = tuple(targets)
        self._pace = pace
        self._runner = runner
        self._rng = rng
        self._ration = ration
        self._between: tuple[Comparing, ...] = ()
        self._quic: QuicTurns | None = None
        self._questions = questions
        # Anywhere, so that no site has all the first transfers after a start.
        self._turn = rng.randrange(1000)
        self._limit = round_limit(pace.every)
        longest = LONGEST * self._limit
        self._schedule = Schedule(every=pace.every, round_limit=longest)

    def replace_targets(self, targets: Sequence[Target]) -> None:
        """Measure these sites from the next round on."""
        self._targets = tuple(targets)

    def compare_between_rounds(self, *comparing: Comparing) -> None:
        """Do these, one after the other, after each round that is not left out."""
        self._between = comparing

    def ask_over_quic(self, turns: QuicTurns) -> None:
        """Make some of the transfers over QUIC, too, as far as the budget has room."""
        self._quic = turns

    def tick(self, spawn: Spawn) -> None:
        """Look at the clock and hand what is due to `spawn`."""
        self._schedule, due = self._schedule.advance(
            self._runner.clock.now_utc(), self._rng
        )
        if due.gap is not None:
            spawn(self.record_missed(due.gap, reason="no round was begun in time"))
        if due.slot_start_utc is not None:
            spawn(self.run_round(due.slot_start_utc))

    async def run_round(
        self, slot_start_utc: datetime, *, with_downloads: bool | None = None
    ) -> Round:
        """Run one round now; transfers as due and as the budget grants, or as told.

        Of the sites of one service, one at a time has a transfer when they are due;
        as told, all have.
        """
        if with_downloads is not None:
            errands = self._errands(self._targets if with_downloads else ())
            return await self._run(slot_start_utc, errands)
        is_paused = self._questions.is_paused
        if is_paused is not None and await is_paused():
            return await self._leave_out(slot_start_utc, reason=PAUSED)
        are_due = downloads_are_due(
            slot_start_utc, self._pace.every, self._pace.downloads_every
        )
        grant = self._granted(slot_start_utc, are_due=are_due)
        if not grant.has_pages:
            return await self._leave_out(
                slot_start_utc, reason="budget: round left out"
            )
        left_out = "budget: throughput transfers left out"
        transfers = self._next_transfers(slot_start_utc) if grant.has_downloads else ()
        record = await self._run(
            slot_start_utc,
            [*self._errands(transfers), *self._over_quic(transfers, slot_start_utc)],
            left_out=left_out if are_due and not grant.has_downloads else None,
        )
        for comparing in self._between:
            await comparing.between_rounds(slot_start_utc + self._pace.every)
        return record

    async def _run(
        self,
        slot_start_utc: datetime,
        errands: Sequence[Errand],
        *,
        left_out: str | None = None,
    ) -> Round:
        return await self._runner.run(
            plan(
                errands,
                slot_start_utc=slot_start_utc,
                limit=self._limit,
                per_second=self._pace.per_second,
                rng=self._rng,
                left_out=left_out,
            )
        )

    async def _leave_out(self, slot_start_utc: datetime, *, reason: str) -> Round:
        gap = Gap(start_utc=slot_start_utc, duration=self._pace.every, n_slots=1)
        return await self.record_gap(gap, reason=reason)

    async def record_missed(self, gap: Gap, *, reason: str) -> None:
        """Store what of a gap is not on record yet: the clock may have been stepped."""
        unrecorded = self._questions.unrecorded
        parts = [gap] if unrecorded is None else await unrecorded(gap)
        for part in parts:
            await self.record_gap(part, reason=reason)

    async def record_gap(self, gap: Gap, *, reason: str) -> Round:
        """Store the slots that passed without a round as one missed record."""
        if self._quic is not None and self._ration is not None:
            pace = self._pace
            n_rounds = gap.n_slots * pace.every // max(pace.downloads_every, pace.every)
            self._quic.have_been_left_out(n_rounds, self._ration.costs)
        n_errands = len(self._errands(whose_turn_it_is(self._targets, self._turn)))
        _log.warning(
            "gap start=%s slots=%d reason=%r", gap.start_utc, gap.n_slots, reason
        )
        record = Round(
            round_id=uuid.uuid4().hex,
            vantage=self._runner.vantage,
            slot_start_utc=gap.start_utc,
            started_at_utc=None,
            duration_s=gap.duration / timedelta(seconds=1),
            status=RoundStatus.MISSED,
            n_planned=n_errands * gap.n_slots,
            n_done=0,
            reason=f"{reason}; {gap.n_slots} slot(s)",
        )
        await self._runner.write(record)
        return record

    def slot_of(self, moment_utc: datetime) -> datetime:
        """When the slot of a moment began."""
        every = self._pace.every
        return slot_start(slot_of(moment_utc, every), every)

    def downtime(self, recorded_until_utc: datetime, began_utc: datetime) -> Gap | None:
        """The whole slots on no record before the one in which measuring began."""
        until_utc = self.slot_of(began_utc)
        return gap_between(recorded_until_utc, until_utc, self._pace.every)

    def _next_transfers(self, slot_start_utc: datetime) -> Sequence[Target]:
        """The sites whose transfers are made now."""
        # Counted by rounds that make transfers: what a budget leaves out is no turn.
        self._turn += 1
        transfers = whose_turn_it_is(self._targets, self._turn)
        quic, ration = self._quic, self._ration
        if quic is None or ration is None or ration.is_of_evening(slot_start_utc):
            return transfers
        return quic.made_up_for(transfers, ration.costs)

    def _errands(self, transfers: Sequence[Target]) -> list[Errand]:
        return [
            Errand(target=target, probe=probe)
            for target in self._targets
            for probe in probes_of(target)
            if probe != Probe.DOWNLOAD or target in transfers
        ]

    def _over_quic(
        self, transfers: Sequence[Target], slot_start_utc: datetime
    ) -> list[Errand]:
        """What is measured over QUIC: with what the budget leaves beside all else."""
        if self._quic is None:
            return []
        if self._ration is None:
            return self._quic.errands(transfers)
        quic, costs = self._quic, self._ration.costs
        is_evening = self._ration.is_of_evening(slot_start_utc)
        errands = quic.errands(
            [t for t in transfers if quic.may_ask(t, costs, is_evening=is_evening)]
        )
        of_tcp = ((e.target.name, Probe.DOWNLOAD) for e in errands)
        expected = sum(costs[key].n_bytes for key in of_tcp if key in costs)
        if self._ration.spare_bytes(slot_start_utc) < expected:
            return []
        quic.owe(errands, costs)
        return errands

    def _granted(self, slot_start_utc: datetime, *, are_due: bool) -> Grant:
        if self._ration is None:
            return Grant(has_pages=True, has_downloads=are_due)
        return self._ration.grant(slot_start_utc)
