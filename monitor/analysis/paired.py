"""What pairs in an order drawn by coin show, whatever the line does meanwhile.

In a block each leg under suspicion is held against each of the others. Its stake is how
many of these comparisons are above what is allowed, less those that are not, over all
of them: under "the suspected leg costs at most 1.15 times more than in the calm" as
often against as for it, given everything else, since the order is a coin of ours. That
holds for any noise, and whenever one looks.

Blocks are measured on evenings on which nobody slows anything, too, since what triggers
them is lax. So the bet is spread over the evenings on which it may begin
(`onset_bets`), and the size is told from that evening on.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from operator import attrgetter
from statistics import median

import numpy as np

from monitor.analysis.effect import Estimate, estimate
from monitor.analysis.evalue import binomial_tail, flag_e_value
from monitor.analysis.onset_bets import ENOUGH, begins_of, spread, stake_e_values
from monitor.analysis.suspicion import TELLING_LOG
from monitor.pair_rule import RESIDUE, RESIDUE_BLOCKS
from monitor.series.evening_table import typical
from monitor.series.pairs import PairValue, Phase
from monitor.series.rows import Floats

LEAST_LOG = float(np.log(1.3))
"""Smallest cost that is called an effect."""
VERDICT_EVENINGS = 3
LEAST_CALM = 5
"""Fewer calm pairs have no bound that holds with 95 %."""
_BOUND_P = 0.05
_LEAST_OF_EVENINGS = 6
"""From so many evenings on the interval is one of evenings, not of blocks."""
_LAST = 9
"""First legs of a kind whose median says where it lies."""
RESIDUE_LOG = float(np.log(RESIDUE))


@dataclass(frozen=True, slots=True, kw_only=True)
class PairEffect:
    """What the blocks of one target say of one pair.

    Attributes
    ----------
    since : day number of the evening from which on it is told: where the evidence is
        strongest.
    n_before : blocks of the evenings before that.
    n, n_above : blocks from then on, and those of which most comparisons are above
        what the calm lets expect.
    e_value : odds against chance, of all evenings.
    cost : of the suspected leg from then on, Hodges-Lehmann over blocks [log].
    calm_log : typical cost out of the window, NaN where unknown [log].
    calm_bound_log : upper 95 % bound of that; `inf` below `LEAST_CALM` pairs [log].
    by_evening : day number -> mean cost of its blocks, from then on [log].
    is_by_first : whether only the first leg of each block is counted.
    """

    since: int
    n_before: int
    n: int
    n_above: int
    e_value: float
    cost: Estimate
    n_calm: int
    calm_log: float
    calm_bound_log: float
    by_evening: dict[int, float]
    is_by_first: bool

    @property
    def is_shown(self) -> bool:
        """Whether the suspected leg is slower in the evening, beyond the calm."""
        return self.e_value >= ENOUGH and self.cost.centre >= LEAST_LOG

    @property
    def is_enough(self) -> bool:
        """Whether it is shown on enough evenings for a verdict."""
        return self.is_shown and self.n_evenings_above >= VERDICT_EVENINGS

    @property
    def n_evenings_above(self) -> int:
        """Evenings whose mean is above what the calm lets expect."""
        bar = bar_log(self.calm_bound_log)
        return sum(mean > bar for mean in self.by_evening.values())

    @property
    def is_calm_alike(self) -> bool:
        """Whether the calm costs so much that the evening stands not out of it."""
        calm_costs = self.n_calm >= LEAST_CALM and self.calm_log >= TELLING_LOG
        return calm_costs and self.cost.centre >= LEAST_LOG and not self.is_shown


def pair_effect(values: Sequence[PairValue]) -> PairEffect | None:
    """The effect in some values of one target and pair; None without evening blocks.

    Sentinels are no blocks: what triggers a block must not enter its estimate. In the
    calm, where nothing is triggered, they are looks like others. Where the neutral
    server stays slow after the suspected name, only first legs are counted.
    """
    is_by_first = has_residue(values)
    chosen = first_legs(values) if is_by_first else values
    usable = [v for v in chosen if v.costs_log]
    evening = [v for v in usable if v.is_evening_block]
    calm = np.array([v.cost_log for v in usable if v.phase is Phase.CALM])
    if not evening:
        return None
    evening.sort(key=attrgetter("evening"))
    bound = upper_bound(calm)
    stakes = stakes_of(evening, bar_log(bound))
    first, since, e_value = onset_of(evening, stakes)
    told = evening[first:]
    costs = np.array([v.cost_log for v in told])
    by_evening = _means(told)
    return PairEffect(
        since=since,
        n_before=first,
        n=costs.size,
        n_above=int((stakes[first:] > 0).sum()),
        e_value=e_value,
        cost=_cost(costs, by_evening),
        n_calm=calm.size,
        calm_log=float(np.median(calm)) if calm.size else float("nan"),
        calm_bound_log=bound,
        by_evening=by_evening,
        is_by_first=is_by_first,
    )


def first_legs(values: Sequence[PairValue]) -> list[PairValue]:
    """The same by the first leg of each block alone: nothing came before it.

    It is held against the middle between the last first legs of either kind, so which
    kind it is remains a coin that nothing before it knows.
    """
    return [
        by_first
        for side in (
            [v for v in values if v.phase is Phase.CALM],
            [v for v in values if v.is_evening_block],
        )
        for by_first in _by_first(side)
    ]


def _by_first(values: Sequence[PairValue]) -> Iterator[PairValue]:
    past: dict[bool, deque[float]] = {is_: deque(maxlen=_LAST) for is_ in (True, False)}
    for value in values:
        rate, is_suspected = value.first_log, value.is_suspected_first
        if np.isnan(rate):
            continue
        if all(past.values()):
            middle = sum(median(rates) for rates in past.values()) / 2
            slower = middle - rate if is_suspected else rate - middle
            yield replace(value, costs_log=(2 * slower,))
        past[is_suspected].append(rate)


def stakes_of(values: Sequence[PairValue], height_log: float) -> Floats:
    """How much each block speaks for a cost above a height, from -1 to 1."""
    return np.array([_stake(v.costs_log, height_log) for v in values])


def _stake(costs_log: Sequence[float], height_log: float) -> float:
    n_above = sum(cost > height_log for cost in costs_log)
    return 2 * n_above / len(costs_log) - 1


def onset_of(evening: Sequence[PairValue], stakes: Floats) -> tuple[int, int, float]:
    """Place and evening from which on the evidence is strongest, and all of it.

    Parameters
    ----------
    evening : blocks, sorted by evening.
    stakes : of each of them.
    """
    evenings = np.array([v.evening for v in evening], np.int64)
    begins = begins_of(evenings, np.unique(evenings))
    place, e_value = spread(stake_e_values(stakes, begins))
    first = int(begins[place])
    return first, evening[first].evening, e_value


def sign_e_value(n_above: int, n: int) -> float:
    """E-value of values above a height against P(above) <= 1/2; not for an onset.

    Notes
    -----
    e(k, n) = 2^(n+1) B(k+1, n-k+1) P[Bin(n+1, 1/2) <= k]: six of six give 18, eight of
    eight 57, twelve of twelve 630.
    """
    return flag_e_value(n_above, n, 0.5)


def upper_bound(values: Floats) -> float:
    """Upper 95 % bound of a median, without assumptions; `inf` below five values."""
    rank = bound_rank(values.size)
    return float("inf") if rank is None else float(np.sort(values)[rank])


@lru_cache(maxsize=10_000)
def bound_rank(n: int) -> int | None:
    """Place among n sorted values of the upper 95 % bound of their median."""
    for rank in range(n // 2, n):
        if 1 - binomial_tail(rank, n, 0.5) <= _BOUND_P:
            return rank
    return None


def residue_log(values: Sequence[PairValue]) -> tuple[float, int]:
    """How much slower the neutral server is after the suspected name, and blocks.

    Median over the blocks whose order tells [log]; NaN without any.
    """
    after = np.array([v.after_log for v in values], np.float64)
    return typical(after), int(np.isfinite(after).sum())


def has_residue(values: Sequence[PairValue]) -> bool:
    """Whether the neutral server's address stays slow after the suspected name."""
    return is_residue(np.array([v.after_log for v in values], np.float64))


def is_residue(after_log: Floats) -> bool:
    """Whether so many blocks in which it was slower after the name are no chance.

    Parameters
    ----------
    after_log : how much slower, block by block; NaN where the order does not tell.
    """
    known = after_log[np.isfinite(after_log)]
    if known.size < RESIDUE_BLOCKS or float(np.median(known)) < RESIDUE_LOG:
        return False
    return sign_e_value(int((known > 0).sum()), known.size) >= ENOUGH


def bar_log(calm_bound_log: float) -> float:
    """What a block must be above: the smallest cost of interest beyond the calm."""
    return TELLING_LOG + max(0.0, calm_bound_log)


def _means(values: Sequence[PairValue]) -> dict[int, float]:
    days = sorted({v.evening for v in values})
    return {
        day: float(np.mean([v.cost_log for v in values if v.evening == day]))
        for day in days
    }


def _cost(costs: Floats, by_evening: dict[int, float]) -> Estimate:
    means = np.array(list(by_evening.values()))
    chosen = means if means.size >= _LEAST_OF_EVENINGS else costs
    made = estimate(chosen)
    if made is None:  # pragma: no cover - there are blocks
        raise ValueError("no blocks")
    return made
