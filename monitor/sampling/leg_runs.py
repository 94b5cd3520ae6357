"""How legs are made and kept, between two rounds and never beside a transfer."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Protocol

from monitor.clock import Clock
from monitor.model import Sample
from monitor.probe.legs import Leg
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

    def can_spare(self, n_bytes: int, now: datetime) -> bool:
        """Whether the data budget leaves so much for this."""
        return self.spare_bytes is None or self.spare_bytes(now) >= n_bytes
