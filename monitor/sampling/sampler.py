"""Turns ticks of the scheduler into rounds and gaps."""

import logging
import uuid
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from monitor.model import Probe, Round, RoundStatus, Target
from monitor.probe import probes_of
from monitor.sampling.round import Errand, RoundRunner, plan
from monitor.sampling.schedule import Gap, Schedule, round_limit

_log = logging.getLogger(__name__)

Spawn = Callable[[Coroutine[object, object, object]], object]


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
    """Begins the rounds that are due and records the slots that were missed."""

    def __init__(
        self, targets: Sequence[Target], pace: Pace, runner: RoundRunner, rng: Random
    ) -> None:
        self._targets = tuple(targets)
        self._pace = pace
        self._runner = runner
        self._rng = rng
        self._limit = round_limit(pace.every)
        self._schedule = Schedule(every=pace.every, round_limit=self._limit)

    def tick(self, spawn: Spawn) -> None:
        """Look at the clock and hand what is due to `spawn`."""
        self._schedule, due = self._schedule.advance(
            self._runner.clock.now_utc(), self._rng
        )
        if due.gap is not None:
            spawn(self.record_gap(due.gap, reason="no round was begun in time"))
        if due.slot_start_utc is not None:
            spawn(self.run_round(due.slot_start_utc))

    async def run_round(
        self, slot_start_utc: datetime, *, with_downloads: bool | None = None
    ) -> Round:
        """Run one round now; transfers as they are due, or as told."""
        if with_downloads is None:
            with_downloads = self._downloads_are_due(slot_start_utc)
        record = await self._runner.run(
            plan(
                self._errands(with_downloads=with_downloads),
                slot_start_utc=slot_start_utc,
                limit=self._limit,
                per_second=self._pace.per_second,
                rng=self._rng,
            )
        )
        _log.info(
            "round status=%s done=%d planned=%d duration_s=%.1f",
            record.status,
            record.n_done,
            record.n_planned,
            record.duration_s or 0.0,
        )
        return record

    async def record_gap(self, gap: Gap, *, reason: str) -> None:
        """Store the slots that passed without a round as one missed record."""
        n_errands = len(self._errands(with_downloads=True))
        _log.warning(
            "gap start=%s slots=%d reason=%r", gap.start_utc, gap.n_slots, reason
        )
        await self._runner.write(
            Round(
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
        )

    def gap_since(self, recorded_until_utc: datetime) -> Gap | None:
        """The whole slots from a time up to now; None when there are none."""
        every = self._pace.every
        n_slots = (self._runner.clock.now_utc() - recorded_until_utc) // every
        if n_slots < 1:
            return None
        return Gap(
            start_utc=recorded_until_utc, duration=n_slots * every, n_slots=n_slots
        )

    def _errands(self, *, with_downloads: bool) -> list[Errand]:
        return [
            Errand(target=target, probe=probe)
            for target in self._targets
            for probe in probes_of(target)
            if with_downloads or probe != Probe.DOWNLOAD
        ]

    def _downloads_are_due(self, slot_start_utc: datetime) -> bool:
        slot = int(slot_start_utc.timestamp() // self._pace.every.total_seconds())
        return slot % max(1, round(self._pace.downloads_every / self._pace.every)) == 0
