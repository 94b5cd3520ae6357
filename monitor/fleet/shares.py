"""How many homes of a group are hit: the exact statistics of counts; pure."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from monitor.analysis.evalue import binomial_tail
from monitor.overlap import overlap_tail

LEVEL: Final = 0.95
_STEPS: Final = 60


def upper_tail(k: int, n: int, p: float) -> float:
    """P(Bin(n, p) >= k)."""
    if k <= 0:
        return 1.0
    if k > n or p <= 0.0:
        return 0.0
    if p >= 1.0:
        return 1.0
    return binomial_tail(n - k, n, 1.0 - p)


def share_interval(k: int, n: int) -> tuple[float, float]:
    """The Clopper-Pearson interval of a share k of n at 95 %.

    References
    ----------
    Clopper and Pearson (1934), Biometrika 26.
    """
    half = (1 - LEVEL) / 2
    low = _root(lambda p: upper_tail(k, n, p) >= half) if k > 0 else 0.0
    high = _root(lambda p: upper_tail(k + 1, n, p) >= 1 - half) if k < n else 1.0
    return low, high


def _root(is_reached: Callable[[float], bool]) -> float:
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if is_reached(middle):
            high = middle
        else:
            low = middle
    return (low + high) / 2


def at_least(e_values: Sequence[float], alpha: float = 1 - LEVEL) -> int:
    """In at least how many homes something is shown, whatever they have in common.

    The evidence that r homes are hit is the mean of the n - r + 1 smallest e-values:
    were fewer hit, the innocent would be among those. Means of e-values are e-values
    under any dependence, products are not.

    References
    ----------
    Vovk and Wang (2021), arXiv 1912.06116, sections 3 and 5.
    """
    ordered = np.sort(np.asarray(e_values, np.float64))
    n = ordered.size
    if not n:
        return 0
    means = (np.cumsum(ordered) / np.arange(1, n + 1))[::-1]
    short = np.flatnonzero(means < 1 / alpha)
    return int(short[0]) if short.size else n


def fisher_p(k_in: int, n_in: int, k_out: int, n_out: int) -> float:
    """One-sided p: that a part has so many of the hit homes by chance (Fisher, exact).

    Parameters
    ----------
    k_in, n_in : hit homes and homes of the part
    k_out, n_out : those outside of it
    """
    return overlap_tail(n_in + n_out, n_in, k_in + k_out, k_in)
