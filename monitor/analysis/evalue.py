"""E-values: evidence that may be looked at every day.

An e-value is a bet against "nothing recurs": under that hypothesis its expectation is
at most 1 at any stopping time, so it exceeds 1/q with probability at most q however
often one looks. Bets are on flags: an evening is flagged when its excess is above a
level that innocent evenings exceed with probability at most p0.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import exp, lgamma, log, log1p

import numpy as np

from monitor.series.rows import Floats


@dataclass(frozen=True, slots=True)
class Level:
    """A height that innocent evenings seldom pass."""

    p0: float
    """How often at most."""
    floor_log: float
    """Never below this excess: a smaller slowdown does not matter."""
    z: float
    """Height in units of the innocent spread."""


LEVELS = (
    Level(0.25, log(1.18), 0.8),
    Level(0.08, log(1.3), 1.5),
    Level(0.02, log(1.45), 2.2),
    Level(0.01, log(3.0), 4.0),
)
"""From "a little, on most evenings" to "many times, on few" (docs/method.md, section
4)."""


@lru_cache(maxsize=100_000)
def flag_e_value(n_flagged: int, n: int, p0: float) -> float:
    """E-value of flags against P(flag) <= p0, mixed evenly over rates above p0.

    Notes
    -----
    e = integral over p in (p0, 1) of (p/p0)^k ((1-p)/(1-p0))^(n-k) dp / (1-p0); the
    integral is a Beta function times a binomial tail. Below 1 when flags are rarer
    than p0.
    """
    k = n_flagged
    beta = lgamma(k + 1) + lgamma(n - k + 1) - lgamma(n + 2)
    tail = binomial_tail(k, n + 1, p0)
    if tail <= 0.0:
        return 0.0
    logs = beta + log(tail) - k * log(p0) - (n - k + 1) * log1p(-p0)
    return exp(min(logs, 600.0))


def binomial_tail(k: int, n: int, p: float) -> float:
    """P(X <= k) of a binomial count."""
    i = np.arange(k + 1)
    steps = np.log((n - i[:-1]) / (i[1:])) if k else np.zeros(0)
    logs = np.concatenate([[0.0], np.cumsum(steps)]) + i * log(p) + (n - i) * log1p(-p)
    top = float(logs.max())
    return min(1.0, exp(top) * float(np.exp(logs - top).sum()))


def slow_e_values(excess: Floats, height: Floats, rate: Floats) -> Floats:
    """Mean e-value over the levels of each series and metric, shape (S, M).

    Parameters
    ----------
    excess : evenings to bet on, shape (S, M, n), NaN where not usable [log]
    height : heights of the levels, shape (S, M, levels) [log]
    rate : how often innocent evenings pass each level, shape (M, levels)
    """
    is_finite = np.isfinite(excess)
    finite = np.where(is_finite, excess, -np.inf)
    flagged = (finite[..., None, :] > height[..., None]).sum(axis=-1)
    n = is_finite.sum(axis=-1)
    rounded = np.round(rate, 3)
    out = np.zeros(n.shape)
    for s, m in np.ndindex(n.shape):
        if n[s, m]:
            values = map(
                flag_e_value,
                flagged[s, m].tolist(),
                [int(n[s, m])] * len(LEVELS),
                rounded[m].tolist(),
            )
            out[s, m] = sum(values) / len(LEVELS)
    return out


def e_bh(e_values: Floats, q: float) -> float:
    """Height at which e-values are evidence at false discovery rate q (e-BH).

    `inf` where none of them is.

    References
    ----------
    Wang and Ramdas (2022), arXiv 2009.02824: valid under any dependence.
    """
    m = e_values.size
    rank = np.arange(1, m + 1)
    passing = np.flatnonzero(-np.sort(-e_values) >= m / (rank * q))
    return m / ((int(passing[-1]) + 1) * q) if passing.size else float("inf")
