"""One round: every target and control once, in random order, each outcome stored.

Latency probes may overlap and are begun first; throughput transfers follow one by one,
so that none disturbs another. What is asked over HTTP/3 is among them: whether TCP or
QUIC comes first is drawn with the order. What cannot be begun in time, or has nothing
to measure, is counted as not tried.
"""

import asyncio
import contextlib
import logging
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Protocol
from urllib.parse import urlsplit

from asyncio_throttle.throttler import Throttler

from monitor.clock import Clock
from monitor.model import (
    Operation,
    Probe,
    Round,
    RoundStatus,
    Sample,
    Target,
    Transport,
)
from monitor.probe.failure import NotTriedError
from monitor.probe.this_machine import RoundWatch
from monitor.probe.traffic import Traffic

_log = logging.getLogger(__name__)

DOWNLOADS_WAIT_S = 15.0
"""How long transfers wait for the latency probes: a stuck one only waits for an answer
and no longer disturbs them."""
LONGEST = 1.25
"""How long a round may last at the most, in units of its limit."""
LAST_START_S = 15.0
"""No transfer is begun with less than this left: it could not end in the round."""

Write = Callable[[Sample | Round], Awaitable[None]]
Account = Callable[[datetime, "Errand", int], None]
"""(when, errand, bytes): gets what was received for each errand."""


class Measures(Protocol):
    """What makes one sample of one target."""

    async def measure(self, target: Target, probe: str, *, traffic: Traffic) -> Sample:
        """The outcome of one probe; `traffic` gets what is received for it.

        Raises
        ------
        NotTriedError
            If there is nothing to measure now.
        """

    async def measure_over_quic(
        self, target: Target, probe: str, *, traffic: Traffic
    ) -> Sample:
        """The same over HTTP/3."""


class AsksNext(Protocol):
    """What tells whether another resolver answers while the first is silent."""

    async def measure(
        self, host: str, traffic: Traffic, round_id: str | None = None
    ) -> Sample | None:
        """A sample of that; None: none answers."""


class MeasuresGateway(Protocol):
    """What asks the home's gateway."""

    async def measure(self, round_id: str | None = None) -> Sample | None:
        """A sample of the gateway, or None when it cannot be judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """One probe of one target, to be done in a round."""

    target: Target
    probe: str
    transport: Transport = Transport.TCP

    @property
    def is_alone(self) -> bool:
        """Whether nothing else is measured meanwhile."""
        return self.probe == Probe.DOWNLOAD or self.transport is Transport.QUIC


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundPlan:
    """What a round is to do, in which order, and for how long.

    Attributes
    ----------
    latency, downloads : errands in the random order in which they are begun; the
        second ones one by one.
    limit_s : the time in which everything is begun [s].
    per_second : most probes begun in one second.
    left_out : what the slot was due but is not to do, and why; None: nothing.
    """

    slot_start_utc: datetime
    latency: tuple[Errand, ...]
    downloads: tuple[Errand, ...]
    limit_s: float
    per_second: int = 4
    left_out: str | None = None

    @property
    def n_planned(self) -> int:
        """Number of errands."""
        return len(self.latency) + len(self.downloads)

    @property
    def last_start_s(self) -> float:
        """Time from which no more transfer is begun [s since the round's start]."""
        return self.limit_s - min(LAST_START_S, self.limit_s / 4)

    @property
    def end_s(self) -> float:
        """Time at which whatever still runs is given up [s since the round's start].

        A slow transfer ends later than it should, and its bytes are evidence:
        it gets some time beyond the limit.
        """
        return LONGEST * self.limit_s


def plan(
    errands: Sequence[Errand],
    *,
    slot_start_utc: datetime,
    limit: timedelta,
    per_second: int,
    rng: Random,
    left_out: str | None = None,
) -> RoundPlan:
    """A round over all errands, in random order, transfers apart."""
    order = list(errands)
    rng.shuffle(order)
    return RoundPlan(
        slot_start_utc=slot_start_utc,
        latency=tuple(e for e in order if not e.is_alone),
        downloads=tuple(e for e in order if e.is_alone),
        limit_s=limit / timedelta(seconds=1),
        per_second=per_second,
        left_out=left_out,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundRunner:
    """Runs rounds, one at a time."""

    prober: Measures
    gateway: MeasuresGateway
    clock: Clock
    vantage: str
    write: Write
    account: Account | None = None
    next_resolver: AsksNext | None = None

    async def run(self, round_plan: RoundPlan) -> Round:
        """Do a round and store its samples and its record; the record is returned.

        When cancelled, the record is stored all the same, with what was done.
        """
        running = _RunningRound(self, round_plan)
        try:
            await running.measure_all()
        except asyncio.CancelledError:
            running.reason = "stopped"
            raise
        finally:
            record = await asyncio.shield(running.close())
        return record


class _RunningRound:
    def __init__(self, runner: RoundRunner, round_plan: RoundPlan) -> None:
        self._runner = runner
        self._plan = round_plan
        self._round_id = uuid.uuid4().hex
        self._throttler = Throttler(
            rate_limit=round_plan.per_second, period=1.0, retry_interval=0.02
        )
        self._started_at_utc = runner.clock.now_utc()
        self._begun_s = runner.clock.monotonic_s()
        self._watch = RoundWatch(
            runner.clock, vantage=runner.vantage, round_id=self._round_id
        )
        self._sequence = 0
        self._done: set[Errand] = set()
        self._n_failed = 0
        self._n_looked_up = 0
        self._unanswered: set[str] = set()
        """Names for which the resolver gave no answer at all."""
        self._not_tried: dict[Errand, str] = {}
        self.reason: str | None = None

    async def measure_all(self) -> None:
        lag = asyncio.create_task(self._watch.follow_loop())
        try:
            with contextlib.suppress(TimeoutError):
                async with (
                    asyncio.timeout(self._plan.end_s),
                    asyncio.TaskGroup() as g,
                ):
                    g.create_task(self._measure_gateway())
                    probes = [
                        g.create_task(self._measure(e)) for e in self._plan.latency
                    ]
                    if probes:
                        await asyncio.wait(probes, timeout=DOWNLOADS_WAIT_S)
                    await self._ask_next_resolver()
                    await self._download_all()
        finally:
            lag.cancel()

    async def close(self) -> Round:
        for sample in self._watch.samples():
            await self._runner.write(sample)
        record = self._record()
        await self._runner.write(record)
        _log.info(
            "round status=%s done=%d planned=%d failed=%d duration_s=%.1f",
            record.status,
            record.n_done,
            record.n_planned,
            self._n_failed,
            record.duration_s or 0.0,
        )
        return record

    async def _measure_gateway(self) -> None:
        sample = await self._runner.gateway.measure(self._round_id)
        if sample is not None:
            await self._runner.write(sample)

    async def _ask_next_resolver(self) -> None:
        """Where no name at all was looked up: whether another resolver would have."""
        ask = self._runner.next_resolver
        if ask is None or self._n_looked_up or not self._unanswered:
            return
        traffic = Traffic()
        sample = await ask.measure(min(self._unanswered), traffic, self._round_id)
        self._watch.count(traffic.received_bytes)
        if sample is not None:
            await self._runner.write(sample)

    def _note_lookup(self, errand: Errand, sample: Sample) -> None:
        host = urlsplit(errand.target.url).hostname
        is_silent = sample.failed_operation == Operation.RESOLVE and not (
            sample.failure or ""
        ).startswith("dns_")
        if is_silent and host is not None:
            self._unanswered.add(host)
        elif sample.resolver not in (None, "hosts", "localhost"):
            self._n_looked_up += 1

    async def _download_all(self) -> None:
        for errand in self._plan.downloads:
            if self._elapsed_s() > self._plan.last_start_s:
                return
            await self._measure(errand)

    async def _measure(self, errand: Errand) -> None:
        try:
            await self._measure_and_store(errand)
        except NotTriedError as error:
            self._not_tried[errand] = str(error)
        except Exception:  # noqa: BLE001
            # A bug in one probe must not take the others' samples with it.
            _log.exception("probe_failed target=%s", errand.target.name)

    async def _measure_and_store(self, errand: Errand) -> None:
        async with self._throttler:
            sequence, self._sequence = self._sequence, self._sequence + 1
            sample = await self._measure_and_count(errand)
        await self._runner.write(
            replace(sample, round_id=self._round_id, sequence=sequence)
        )
        self._note_lookup(errand, sample)
        self._done.add(errand)
        self._n_failed += sample.failure is not None

    async def _measure_and_count(self, errand: Errand) -> Sample:
        prober, traffic = self._runner.prober, Traffic()
        is_quic = errand.transport is Transport.QUIC
        measure = prober.measure_over_quic if is_quic else prober.measure
        try:
            return await measure(errand.target, errand.probe, traffic=traffic)
        finally:
            self._count(errand, traffic.received_bytes)

    def _count(self, errand: Errand, received_bytes: int) -> None:
        """Whatever came of it: somebody has to pay for it."""
        self._watch.count(received_bytes)
        if self._runner.account is not None:
            self._runner.account(self._runner.clock.now_utc(), errand, received_bytes)

    def _elapsed_s(self) -> float:
        return self._runner.clock.monotonic_s() - self._begun_s

    def _record(self) -> Round:
        missing = [
            _name(errand)
            for errand in (*self._plan.latency, *self._plan.downloads)
            if errand not in self._done and errand not in self._not_tried
        ]
        return Round(
            round_id=self._round_id,
            vantage=self._runner.vantage,
            slot_start_utc=self._plan.slot_start_utc,
            started_at_utc=self._started_at_utc,
            duration_s=self._elapsed_s(),
            status=RoundStatus.OVERLONG if missing else RoundStatus.COMPLETE,
            n_planned=self._plan.n_planned,
            n_done=len(self._done),
            reason=self._reason(missing),
        )

    def _reason(self, missing: Sequence[str]) -> str | None:
        cause = self.reason or ("time ran out" if missing else None)
        not_tried = [f"{_name(e)} ({why})" for e, why in self._not_tried.items()]
        parts = [
            self._plan.left_out,
            not_tried and f"not tried: {', '.join(not_tried)}",
            cause and f"{cause}; not done: {', '.join(missing)}",
        ]
        return "; ".join(part for part in parts if part) or None


def _name(errand: Errand) -> str:
    way = "/quic" if errand.transport is Transport.QUIC else ""
    return f"{errand.target.name}/{errand.probe}{way}"
