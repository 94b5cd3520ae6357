"""What homes do together: slow on the same evenings, since the same day, to the minute.

Pure; the permutations are seeded: the same evenings give the same p.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from monitor.evening_rule import DAY_MIN
from monitor.fleet.shares import upper_tail
from monitor.series.rows import Bools, Floats, Ints

N_PERMUTATIONS: Final = 999
MIN_HOMES: Final = 3
"""Fewer cannot be in step."""
ONSET_DAYS: Final = 3
_SEED: Final = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class InStep:
    """Whether homes are slow on the same evenings."""

    p_value: float
    ratio: float
    """Pairs of homes slow on one evening, over what chance lets expect."""


def in_step(is_slow: Bools, is_usable: Bools, is_weekend: Bools) -> InStep | None:
    """Whether homes share their slow evenings more than chance lets them; None: no say.

    Each home's slow evenings are dealt out anew over its own usable ones, within
    weekdays and weekends: what is left is only what homes have in common.

    Parameters
    ----------
    is_slow, is_usable : shape (n_homes, n_evenings)
    is_weekend : shape (n_evenings,)
    """
    n_slow = (is_slow & is_usable).sum(axis=1)
    telling = (n_slow > 0) & (n_slow < is_usable.sum(axis=1))
    if telling.sum() < MIN_HOMES:
        return None
    slow, usable = is_slow[telling] & is_usable[telling], is_usable[telling]
    observed = _pairs(slow.sum(axis=0)[None, :])[0]
    drawn = _pairs(_dealt(slow, usable, is_weekend))
    mean = drawn.mean()
    return InStep(
        p_value=float((1 + (drawn >= observed).sum()) / (N_PERMUTATIONS + 1)),
        ratio=float(observed / mean) if mean > 0 else 1.0,
    )


def _pairs(n_slow: Ints) -> Floats:
    """Pairs of homes that are slow on one evening, of counts (..., n_evenings)."""
    return np.asarray((n_slow * (n_slow - 1) / 2).sum(axis=-1))


def _dealt(slow: Bools, usable: Bools, is_weekend: Bools) -> Ints:
    """Counts of slow homes by evening in each permutation, shape (n, n_evenings)."""
    rng = np.random.default_rng(_SEED)
    counts = np.zeros((N_PERMUTATIONS, is_weekend.size), np.int64)
    rows = np.arange(N_PERMUTATIONS)[:, None]
    for home in range(slow.shape[0]):
        for kind in (False, True):
            places = np.flatnonzero(usable[home] & (is_weekend == kind))
            n_slow = int(slow[home, places].sum())
            if n_slow:
                order = rng.random((N_PERMUTATIONS, places.size)).argsort(axis=1)
                counts[rows, places[order[:, :n_slow]]] += 1
    return counts


def onset_p(onsets: Sequence[date], n_days: int) -> float | None:
    """That so many onsets fall into any three days by chance; None: fewer than three.

    A bound by summing over all places of the three days: D P(Bin(n, 3/D) >= k).
    """
    n = len(onsets)
    if n < MIN_HOMES or n_days <= ONSET_DAYS:
        return None
    days = np.sort([day.toordinal() for day in onsets])
    most = max(int(((days >= day) & (days < day + ONSET_DAYS)).sum()) for day in days)
    return min(1.0, n_days * upper_tail(most, n, ONSET_DAYS / n_days))


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonEdge:
    """A local time of day, common to homes."""

    median: str
    spread_min: float
    """Median distance from it [minutes]."""


def minutes(clocks: Sequence[str]) -> CommonEdge | None:
    """The median of local times `HH:MM` and their spread; None: fewer than three.

    Midnight is no edge: times count from noon.
    """
    if len(clocks) < MIN_HOMES:
        return None
    since_noon = np.array([(_minute(c) - DAY_MIN // 2) % DAY_MIN for c in clocks])
    middle = float(np.median(since_noon))
    at_min = round(middle + DAY_MIN // 2) % DAY_MIN
    return CommonEdge(
        median=f"{at_min // 60:02d}:{at_min % 60:02d}",
        spread_min=float(np.median(np.abs(since_noon - middle))),
    )


def _minute(clock: str) -> int:
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonSize:
    """How many times slower homes are, as one distribution."""

    ratio: float
    low: float
    high: float
    tau_log: float
    """Spread of true sizes between homes [log]."""


def common_size(ratios: Floats, lows: Floats, highs: Floats) -> CommonSize | None:
    """The mean ratio of homes with its 95 % interval; None: fewer than three.

    References
    ----------
    DerSimonian and Laird (1986), Controlled Clinical Trials 7: random effects.
    """
    usable = (lows > 0) & (highs > lows) & np.isfinite(highs) & (ratios > 0)
    if usable.sum() < MIN_HOMES:
        return None
    y = np.log(ratios[usable])
    v = ((np.log(highs[usable]) - np.log(lows[usable])) / (2 * _Z)) ** 2
    w = 1 / v
    fixed = (w * y).sum() / w.sum()
    excess = (w * (y - fixed) ** 2).sum() - (y.size - 1)
    tau2 = max(0.0, excess / (w.sum() - (w**2).sum() / w.sum()))
    weight = 1 / (v + tau2)
    mean, half = (weight * y).sum() / weight.sum(), _Z / np.sqrt(weight.sum())
    return CommonSize(
        ratio=float(np.exp(mean)),
        low=float(np.exp(mean - half)),
        high=float(np.exp(mean + half)),
        tau_log=float(np.sqrt(tau2)),
    )


_Z: Final = 1.959964
