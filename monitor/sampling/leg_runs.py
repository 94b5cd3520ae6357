"""How legs are made and kept, between two rounds and never beside a transfer."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import inf
from typing import Final, Protocol

from monitor.clock import Clock
from monitor.model import Sample
from monitor.probe.legs import LEG_MAX_S, Leg
from monitor.probe.traffic import Traffic
from monitor.sampling.round import Account, Errand, Write

SPARE_S: Final = 20.0
"""So long before the next slot everything is ended."""


class Comparing(Protocol):
    """What is measured after a round and before the next."""

    async def between_rounds(self, next_slot_utc: datetime) -> None:
        """Do what is due and ends in time."""


class MeasuresLegs(Protocol):
    """What makes one leg."""

    async def measure(self, leg: Leg, *, traffic: Traffic) -> Sample:
        """Its outcome."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What makes and keeps the legs.

    Attributes
    ----------
    spare_bytes : what the data budget leaves for this; None: any.
    """

    prober: MeasuresLegs
    clock: Clock
    write: Write
    account: Account | None = None
    spare_bytes: Callable[[datetime], float] | None = None

    async def measured(self, leg: Leg, *, block: str, sequence: int) -> Sample:
        """A leg's outcome, counted and stored."""
        traffic = Traffic()
        try:
            sample = await self.prober.measure(leg, traffic=traffic)
        finally:
            if self.account is not None:
                errand = Errand(target=leg.target, probe=leg.probe)
                self.account(self.clock.now_utc(), errand, traffic.received_bytes)
        sample = replace(sample, block=block, sequence=sequence)
        await self.write(sample)
        return sample

    def fits(self, n_legs: int, leg_bytes: int, next_slot_utc: datetime) -> bool:
        """Whether so many legs end in time, and the data budget has room for them."""
        now_utc = self.clock.now_utc()
        left_s = (next_slot_utc - now_utc) / timedelta(seconds=1) - SPARE_S
        if left_s < n_legs * LEG_MAX_S:
            return False
        spare_bytes = inf if self.spare_bytes is None else self.spare_bytes(now_utc)
        return spare_bytes >= n_legs * leg_bytes
