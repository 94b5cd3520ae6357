"""Tests of what a sentence may call a pattern; docs/error-rates.md has their rates."""

from itertools import product
from typing import Final

import numpy as np

from monitor.overlap import overlap_tail
from monitor.series.rows import Bools, Floats, Ints

LEVEL: Final = 0.01
"""A pattern is called one when chance gives as much in fewer cases than this."""
_N_DRAWS: Final = 1023
_MIN_SLOW: Final = 4
_MOST_OF_A_WEEKDAY: Final = 0.7
_MOST_OF_THE_SLOW: Final = 0.8
_MAX_WEEKDAYS: Final = 5
_SUBSETS: Final = np.array([s for s in product((0, 1), repeat=7) if 0 < sum(s) < 7]).T
"""Every choice of weekdays but none and all, shape (7, 126)."""
_Z: Final = 2.33
"""Of a one-sided test at the level."""


def kept_weekdays(weekday: Ints, slow: Bools) -> tuple[int, ...]:
    """The weekdays to which slow evenings keep, none where chance may do as much.

    Slow evenings are dealt anew among the same evenings; of all choices of weekdays the
    one counts that stands out most, in the deals as in the series itself.

    Parameters
    ----------
    weekday : of each evening, 0 is Monday, shape (n,)
    slow : whether it was slow, shape (n,)
    """
    counts = np.bincount(weekday[slow], minlength=7)
    tried = np.bincount(weekday, minlength=7)
    n_slow = int(counts.sum())
    often = np.flatnonzero((tried >= 2) & (counts >= _MOST_OF_A_WEEKDAY * tried))
    if n_slow < _MIN_SLOW or n_slow == weekday.size or often.size > _MAX_WEEKDAYS:
        return ()
    if counts[often].sum() < _MOST_OF_THE_SLOW * n_slow:
        return ()
    rng = np.random.default_rng(7)
    deals = rng.multivariate_hypergeometric(tried, n_slow, size=_N_DRAWS)
    as_much = _concentration(deals, tried) >= _concentration(counts[None], tried)
    p_value = (1 + int(as_much.sum())) / (1 + _N_DRAWS)
    return tuple(map(int, often)) if p_value <= LEVEL else ()


def _concentration(counts: Ints, tried: Ints) -> Floats:
    """How far the best choice of weekdays stands out [log likelihood ratio], (B,)."""
    slow, n = counts @ _SUBSETS, tried @ _SUBSETS
    others, rest = counts.sum(axis=1)[:, None] - slow, tried.sum() - n
    gain = _log_likelihood(slow, n) + _log_likelihood(others, rest)
    is_more = slow * rest > others * n
    # Rounded: the same table must not be told from itself by the order of a sum.
    return np.asarray(np.round(np.where(is_more, gain, -np.inf).max(axis=1), 9))


def _log_likelihood(k: Ints, n: Ints) -> Floats:
    share = k / np.maximum(n, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = k * np.log(share), (n - k) * np.log1p(-share)
    return np.asarray(np.nan_to_num(parts[0]) + np.nan_to_num(parts[1]))


def are_in_step(first: Bools, second: Bools, level: float = LEVEL) -> bool:
    """Whether two sites are slow on the same evenings more than chance would have it.

    Fisher's exact test, one-sided, and the correlation with as many evenings as are
    left when each resembles the one before (Bartlett).
    """
    n_both = int((first & second).sum())
    p_value = overlap_tail(first.size, int(first.sum()), int(second.sum()), n_both)
    if p_value > level:
        return False
    memory = max(_memory(first) * _memory(second), 0.0)
    n_left = first.size * (1 - memory) / (1 + memory)
    return bool(_correlation(first, second) * n_left**0.5 >= _Z)


def _memory(slow: Bools) -> float:
    """How much an evening tells of the next."""
    return max(_correlation(slow[:-1], slow[1:]), 0.0)


def _correlation(first: Bools, second: Bools) -> float:
    if first.all() or second.all() or not first.any() or not second.any():
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])
