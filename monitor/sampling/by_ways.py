"""Pairs of ways: a site directly and by a tunnel of the home's, in the same minute.

A site of the way's and a control, each twice, the order drawn by coin. A way that is
slow to controls says nothing of a site, and one that is down says nothing at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import cycle
from random import Random

from monitor.model import Target
from monitor.probe.legs import own_leg
from monitor.sampling.leg_runs import Means

LEGS = 4
"""Two of a site and two of a control."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WayPlan:
    """What is compared by one way, and how often.

    Attributes
    ----------
    controls : three at the most, by turns; none: the way cannot be told from the site.
    leg_bytes : most of one leg.
    """

    every: timedelta
    targets: tuple[Target, ...]
    controls: tuple[Target, ...]
    leg_bytes: int


class WayPairs:
    """Makes the pairs of one way that are due between two rounds.

    Parameters
    ----------
    means : what makes the legs: directly, and by the way.
    """

    def __init__(self, plan: WayPlan, means: tuple[Means, Means], rng: Random) -> None:
        self._plan = plan
        self._means = means
        self._rng = rng
        self._last: datetime | None = None
        self._targets = cycle(plan.targets)
        self._controls = cycle(plan.controls)

    async def between_rounds(self, next_slot_utc: datetime) -> None:
        """Compare the next site and the next control, when that is due."""
        now = self._means[0].clock.now_utc()
        fits = self._means[0].fits(LEGS, self._plan.leg_bytes, next_slot_utc)
        if not fits or not self._is_due(now):
            return
        self._last = now
        for site in self._next_sites():
            await self._compare(site, f"w{int(now.timestamp())}")

    def _is_due(self, now: datetime) -> bool:
        # a clock that went back is no reason to wait until it is there again
        return self._last is None or not (
            timedelta(0) <= now - self._last < self._plan.every
        )

    def _next_sites(self) -> Sequence[Target]:
        """A target and a control, either of them first."""
        sites = [next(self._targets)]
        if self._plan.controls:
            sites.append(next(self._controls))
        self._rng.shuffle(sites)
        return sites

    async def _compare(self, site: Target, block: str) -> None:
        means = list(self._means)
        self._rng.shuffle(means)
        for sequence, each in enumerate(means):
            await each.measured(own_leg(site), block=block, sequence=sequence)
