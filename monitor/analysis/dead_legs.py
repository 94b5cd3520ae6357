"""Legs that die under a name or on a way: told as that, never as so many times slower.

Which leg came first was drawn by coin, so where nothing is done to the name a block has
more dead legs on its side as often as on the other's. And where a server itself ends
connections under names that it does not know, it does so in the calm, too. What is told
must be evidence against both.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

import numpy as np

from monitor.analysis.evalue import flag_e_value
from monitor.analysis.onset_bets import (
    ENOUGH,
    begins_of,
    share_bound,
    signs,
    spread,
    stake_e_values,
)
from monitor.analysis.paired import LEAST_CALM, VERDICT_EVENINGS
from monitor.series.pairs import FULL, PairValue, Phase
from monitor.series.rows import Floats, Ints

LEAST_SHARE = 0.25
"""Of the suspected legs must have died beyond the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLegs:
    """How many legs died, of one target and pair.

    Attributes
    ----------
    since : day number of the evening from which on it is told.
    n_dead, n_other_dead : legs in the evening's blocks, under suspicion and others.
    n : legs of either kind.
    n_blocks, n_above : blocks, and those with more dead legs under suspicion.
    calm_dead, n_calm : suspected legs of the calm: dead ones where the others lived,
        and all.
    e_value : odds against chance, of all evenings.
    evenings : day numbers on which more legs died under suspicion.
    """

    since: int
    n_dead: int
    n_other_dead: int
    n: int
    n_blocks: int
    n_above: int
    calm_dead: int
    n_calm: int
    e_value: float
    evenings: tuple[int, ...]

    @property
    def is_shown(self) -> bool:
        """Whether legs die under suspicion, in the evening and beyond the calm."""
        more = self.n_dead - self.n_other_dead
        return self.e_value >= ENOUGH and more >= LEAST_SHARE * self.n

    @property
    def is_enough(self) -> bool:
        """Whether it is shown on enough evenings for a verdict."""
        return self.is_shown and len(self.evenings) >= VERDICT_EVENINGS

    @property
    def is_calm_alike(self) -> bool:
        """Whether so many die in the calm that the evening stands not out of it."""
        often = self.calm_dead >= LEAST_SHARE * self.n_calm and self.calm_dead > 1
        return often and self.n_dead > self.n_other_dead and not self.is_shown


def dead_legs(values: Sequence[PairValue]) -> DeadLegs | None:
    """What died in some values of one target and pair; None without evening blocks."""
    evening = [v for v in values if v.is_evening_block]
    calm = [v for v in values if v.phase is Phase.CALM]
    if not evening:
        return None
    evening.sort(key=attrgetter("evening"))
    stakes = signs([v.n_suspected_dead - v.n_other_dead for v in evening])
    evenings = np.array([v.evening for v in evening], np.int64)
    begins = begins_of(evenings, np.unique(evenings))
    place, e_value = spread(_e_values(stakes, begins, _calm_share(calm)))
    first = int(begins[place])
    told, above = evening[first:], stakes[first:] > 0
    return DeadLegs(
        since=told[0].evening,
        n_dead=sum(v.n_suspected_dead for v in told),
        n_other_dead=sum(v.n_other_dead for v in told),
        n=sum(v.n_legs for v in told),
        n_blocks=len(told),
        n_above=int(above.sum()),
        calm_dead=sum(max(0, v.n_suspected_dead - v.n_other_dead) for v in calm),
        n_calm=sum(v.n_legs for v in calm),
        e_value=e_value,
        evenings=tuple(np.unique(evenings[first:][above]).tolist()),
    )


def _calm_share(calm: Sequence[PairValue]) -> float:
    """Upper bound of how often a block of the calm has more dead suspected legs."""
    if len(calm) < LEAST_CALM:
        return 1.0
    n_more = sum(v.n_suspected_dead > v.n_other_dead for v in calm)
    # most of them have one leg of each kind, a block has two
    return 1 - (1 - share_bound(n_more, len(calm))) ** FULL


def _e_values(stakes: Floats, begins: Ints, calm_share: float) -> Floats:
    """Against "as often on either side" and "as often as in the calm": the less."""
    if calm_share >= 1.0:
        return np.zeros(begins.shape)
    by_coin = stake_e_values(stakes, begins)
    by_calm = [
        flag_e_value(int((stakes[first:] > 0).sum()), stakes.size - first, calm_share)
        for first in begins.tolist()
    ]
    return np.minimum(by_coin, by_calm)
