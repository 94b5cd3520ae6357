"""Bets on coins of ours that may begin on any evening; pure arithmetic.

A stake lies between -1 and 1: how much one block speaks for what is suspected, and as
often against it where nothing is there, since the order was drawn by coin. Whoever bets
a share g of what he has on each multiplies it by 1 + g * stake, and gains nothing on
average. The shares are spread, and so is the evening on which the bet begins: fixed
weights that add up to one, so that the whole is a bet as each of its parts is.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from monitor.analysis.evalue import binomial_tail
from monitor.series.rows import Floats, Ints

ENOUGH = 20.0
"""E-value of an effect."""
_FROM_THE_FIRST = 0.4
"""Of the bet; the rest begins later."""
_IN_THE_FIRST_MONTH = 0.4
"""Of the bet, spread evenly ..."""
_MONTH = 29
"""... over so many evenings after the first; what is left never ends."""
_N_SHARES = 20
SHARES: Floats = (np.arange(_N_SHARES) + 0.5) / _N_SHARES
SHARE_WEIGHTS: Floats = SHARES / SHARES.sum()
"""More on large shares: what is slowed by name is so in nearly every block."""
_BOUND_P = 0.05


def begins_of(evenings: Ints, days: Ints) -> Ints:
    """Place of the first block of each day, in blocks sorted by evening."""
    return np.asarray(np.searchsorted(evenings, days), np.int64)


def stake_e_values(stakes: Floats, begins: Ints) -> Floats:
    """E-value of the blocks from each place on, shape of `begins`.

    Parameters
    ----------
    stakes : of the blocks in their order, from -1 to 1, shape (n,).
    """
    gains = np.log1p(np.multiply.outer(SHARES, stakes))
    from_on = np.cumsum(gains[:, ::-1], axis=1)[:, ::-1]
    return np.asarray(SHARE_WEIGHTS @ np.exp(np.minimum(from_on[:, begins], 600.0)))


def onset_weights(n: int) -> Floats:
    """Part of the bet that begins on each of the first n evenings with blocks."""
    later = np.arange(max(n - 1, 0))
    tail = 1 - _FROM_THE_FIRST - _IN_THE_FIRST_MONTH
    # 1/k - 1/(k + 1) over all k from a month on: adds up to 1/month
    weights = tail * _MONTH / ((later + _MONTH) * (later + _MONTH + 1))
    weights[later < _MONTH] += _IN_THE_FIRST_MONTH / _MONTH
    return np.concatenate([[_FROM_THE_FIRST], weights])[:n]


def spread(e_values: Floats) -> tuple[int, float]:
    """Which evening the evidence is strongest from, and the evidence in all.

    What is bet on evenings to come is still there.

    Parameters
    ----------
    e_values : of the bet from each evening on, shape (days,).
    """
    weights = onset_weights(e_values.size)
    bets = weights * e_values
    e_value = float(bets.sum() + 1 - weights.sum())
    return (int(np.argmax(bets)) if e_value >= ENOUGH else 0), e_value


@lru_cache(maxsize=10_000)
def share_bound(k: int, n: int) -> float:
    """Upper 95 % bound of a share of which k of n were counted (Clopper, Pearson)."""
    if k >= n:
        return 1.0
    low, high = k / n, 1.0
    while high - low > 1e-6:
        middle = (low + high) / 2
        is_below = binomial_tail(k, n, middle) > _BOUND_P
        low, high = (middle, high) if is_below else (low, middle)
    return high


def signs(values: Sequence[float]) -> Floats:
    """+1, -1 or 0 for each value."""
    return np.sign(np.array(values, np.float64))
