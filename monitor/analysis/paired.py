"""What pairs in an order drawn by coin show, whatever the line does meanwhile.

Under "the suspected leg costs at most 1.15 times more than in the calm" each block is
above that with a probability of at most one half, given everything before: the order is
a coin of ours. That holds for any noise, and whenever one looks.

Blocks are measured on evenings on which nobody slows anything, too, since what triggers
them is lax. So the bet is spread over the evenings on which it may begin: half on the
first one, half over the others; and the size is told from that evening on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from monitor.analysis.effect import Estimate, estimate
from monitor.analysis.evalue import binomial_tail, flag_e_value
from monitor.analysis.suspicion import TELLING_LOG
from monitor.pair_rule import RESIDUE, RESIDUE_BLOCKS
from monitor.series.evening_table import typical
from monitor.series.pairs import PairValue, Phase
from monitor.series.rows import Floats

ENOUGH = 20.0
"""E-value of an effect."""
LEAST_LOG = float(np.log(1.3))
"""Smallest cost that is called an effect."""
VERDICT_EVENINGS = 3
LEAST_CALM = 5
"""Fewer calm pairs have no bound that holds with 95 %."""
_BOUND_P = 0.05
_FROM_THE_FIRST = 0.5
"""Of the bet; the rest is spread over the evenings after it."""
_HORIZON = 60
"""Evenings over which it is spread, where there are not more."""
_LEAST_OF_EVENINGS = 6
"""From so many evenings on the interval is one of evenings, not of blocks."""
RESIDUE_LOG = float(np.log(RESIDUE))


@dataclass(frozen=True, slots=True, kw_only=True)
class PairEffect:
    """What the blocks of one target say of one pair.

    Attributes
    ----------
    since : day number of the evening from which on it is told: where the evidence is
        strongest.
    n_before : blocks of the evenings before that.
    n, n_above : blocks from then on, and those above what the calm lets expect.
    e_value : odds against chance, of all evenings.
    cost : of the suspected leg from then on, Hodges-Lehmann over blocks [log].
    calm_log : typical cost out of the window, NaN where unknown [log].
    calm_bound_log : upper 95 % bound of that; `inf` below `LEAST_CALM` pairs [log].
    by_evening : day number -> mean cost of its blocks, from then on [log].
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
    calm, where nothing is triggered, they are looks like others.
    """
    evening = [v for v in values if v.phase is Phase.EVENING and not v.is_sentinel]
    calm = np.array([v.cost_log for v in values if v.phase is Phase.CALM])
    if not evening:
        return None
    bound = upper_bound(calm)
    bar = bar_log(bound)
    since, e_value = _begin(evening, bar)
    told = [v for v in evening if v.evening >= since]
    costs = np.array([v.cost_log for v in told])
    by_evening = _means(told)
    return PairEffect(
        since=since,
        n_before=len(evening) - costs.size,
        n=costs.size,
        n_above=int((costs > bar).sum()),
        e_value=e_value,
        cost=_cost(costs, by_evening),
        n_calm=calm.size,
        calm_log=float(np.median(calm)) if calm.size else float("nan"),
        calm_bound_log=bound,
        by_evening=by_evening,
    )


def _begin(evening: Sequence[PairValue], height_log: float) -> tuple[int, float]:
    """The evening from which on the evidence is strongest, and the evidence in all."""
    days = sorted({v.evening for v in evening})
    n, n_above = (
        [sum(v.evening >= day for v in chosen) for day in days]
        for chosen in (evening, [v for v in evening if v.cost_log > height_log])
    )
    bets = onset_bets(n_above, n)
    n_later = max(_HORIZON, len(days)) - 1
    unused = (1 - _FROM_THE_FIRST) * (n_later - len(days) + 1) / n_later
    e_value = float(bets.sum() + unused)
    return days[int(np.argmax(bets)) if e_value >= ENOUGH else 0], e_value


def onset_bets(n_above: Sequence[int], n: Sequence[int]) -> Floats:
    """What the bet on each evening as the first one has become, shape (days,).

    Parameters
    ----------
    n_above, n : blocks from each evening on, those above the bar and all.
    """
    later = (1 - _FROM_THE_FIRST) / (max(_HORIZON, len(n)) - 1)
    weights = np.array([_FROM_THE_FIRST, *[later] * (len(n) - 1)])
    return weights * [sign_e_value(*pair) for pair in zip(n_above, n, strict=True)]


def sign_e_value(n_above: int, n: int) -> float:
    """E-value of blocks above the bar against P(above) <= 1/2.

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
    after = np.array([v.after_log for v in values])
    return typical(after), int(np.isfinite(after).sum())


def has_residue(values: Sequence[PairValue]) -> bool:
    """Whether the neutral server's address stays slow after the suspected name."""
    height, n = residue_log(values)
    return n >= RESIDUE_BLOCKS and height >= RESIDUE_LOG


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
