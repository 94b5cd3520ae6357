"""How many times slower: the Hodges-Lehmann ratio, its interval, and a flip test."""

from dataclasses import dataclass
from math import erf, log, sqrt

import numpy as np

from monitor.series.evening_table import medians
from monitor.series.rows import Bools, Floats, Ints

_Z95 = 1.959964
_T95 = {2: 12.71, 3: 4.30, 4: 3.18, 5: 2.78}
"""Student's t, two-sided 95 %, by number of evenings (one less degree of freedom)."""
_MOST_WALSH = 1500
_N_FLIPS = 4096
_SEED = 20180320
"""Any fixed number: the same input gives the same p-value."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A typical excess and its 95 % interval [log]."""

    centre: float
    low: float
    high: float


def estimate(excess: Floats, bias_sd: float = 0.0) -> Estimate | None:
    """Hodges-Lehmann centre of evenings and its interval; None without evenings.

    Parameters
    ----------
    excess : shape (n,), usable evenings [log]
    bias_sd : steady difference between any two innocent sites [log]; no number of
        evenings averages it out

    Notes
    -----
    The interval inverts the signed-rank test (normal approximation to the number of
    Walsh averages to leave out on each side). Up to five evenings that test has no 95 %
    interval; Student's t is taken.
    """
    values = excess[:_MOST_WALSH] if excess.size > _MOST_WALSH else excess
    if values.size == 0:
        return None
    walsh = _walsh(values)
    centre = float(np.median(walsh))
    low, high = _interval(values, walsh, centre)
    shrink = sqrt(values.size / excess.size)
    margin = (_Z95 * bias_sd) ** 2
    return Estimate(
        centre,
        centre - sqrt(((centre - low) * shrink) ** 2 + margin),
        centre + sqrt(((high - centre) * shrink) ** 2 + margin),
    )


def mean_estimate(
    excess: Floats, bias_sd: float = 0.0, rho: float = 0.0
) -> Estimate | None:
    """Mean excess of evenings and its interval; None without evenings.

    It claims what a verdict claims: how much slower on the whole, also where only some
    of the evenings are slow, which a median does not see.

    Parameters
    ----------
    bias_sd : as in `estimate`.
    rho : lag-1 correlation of evenings; fewer of them count then.
    """
    n = excess.size
    if n == 0:
        return None
    centre = float(np.mean(excess))
    if n == 1:
        return Estimate(centre, float("-inf"), float("inf"))
    stretch = sqrt((1 + rho) / (1 - rho)) if rho > 0 else 1.0
    half = _t95(n) * float(np.std(excess, ddof=1)) / sqrt(n) * stretch
    margin = sqrt(half**2 + (_Z95 * bias_sd) ** 2)
    return Estimate(centre, centre - margin, centre + margin)


def _t95(n: int) -> float:
    """Student's t, two-sided 95 %, of the mean of n values (Cornish and Fisher)."""
    if n in _T95:
        return _T95[n]
    z, nu = _Z95, n - 1
    return z + (z**3 + z) / (4 * nu) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * nu**2)


def few_values_factor(n: int) -> float:
    """How much wider an interval is when its spread is known from n values only.

    Student's t over the normal quantile, both two-sided 95 %, n degrees of freedom.
    """
    return 1.0 + 1.25 / n + 2.0 / n**2 if n > 2 else 2.2


def _walsh(values: Floats) -> Floats:
    first, second = np.triu_indices(values.size)
    return np.sort((values[first] + values[second]) / 2)


def _interval(values: Floats, walsh: Floats, centre: float) -> tuple[float, float]:
    n = values.size
    if n == 1:
        return float("-inf"), float("inf")
    if n in _T95:
        half = _T95[n] * float(np.std(values, ddof=1)) / sqrt(n)
        return centre - half, centre + half
    left_out = n * (n + 1) / 4 - _Z95 * sqrt(n * (n + 1) * (2 * n + 1) / 24)
    k = max(int(left_out), 0)
    return float(walsh[k]), float(walsh[-1 - k])


def lag_one(excess: Floats) -> float:
    """Correlation of each evening with the next, 0 when unknown.

    Parameters
    ----------
    excess : shape (n_series, n_evenings), NaN where unknown
    """
    centred = excess - medians(excess, 1)[:, None]
    bound = 3 * medians(np.abs(centred), 1)[:, None]
    centred = np.clip(centred, -bound, bound)
    product = centred[:, 1:] * centred[:, :-1]
    is_finite = np.isfinite(product)
    if is_finite.sum() < 20:
        return 0.0
    variance = float(np.nanmean(centred**2))
    return 0.0 if variance == 0 else float(np.nanmean(product)) / variance


def flip_p_values(excess: Floats, delta_log: float) -> Floats:
    """Family-wise p-value of each site: evenings flipped jointly, largest statistic.

    Parameters
    ----------
    excess : shape (n_sites, n_metrics, n_evenings), NaN where unknown [log]
    delta_log : smallest effect of interest; the null is an effect of that size

    Returns
    -------
    Floats
        shape (n_sites,); a site without evenings has NaN.

    References
    ----------
    Canay, Romano and Shaikh (2017), doi 10.3982/ECTA13081; Westfall and Young (1993).
    """
    # Evenings of which nothing is known would only change which signs are drawn.
    excess = excess[..., np.isfinite(excess).any(axis=(0, 1))]
    beyond = np.nan_to_num(excess - delta_log, nan=0.0)
    size = np.sqrt((beyond**2).sum(axis=-1))
    size = np.where(size > 0, size, 1.0)
    observed = (beyond.sum(axis=-1) / size).max(axis=-1)
    signs = _signs(excess.shape[-1])
    largest = np.full(signs.shape[0], -np.inf)
    for site in range(excess.shape[0]):
        flipped = signs @ beyond[site].T / size[site]
        largest = np.maximum(largest, flipped.max(axis=-1))
    exceeding = (largest[:, None] >= observed - 1e-12).sum(axis=0)
    p_values = (1 + exceeding) / (1 + signs.shape[0])
    is_known = np.isfinite(excess).any(axis=(1, 2))
    return np.where(is_known, p_values, np.nan)


def _signs(n: int) -> Floats:
    """Every pattern of signs when there are few, else a fixed random choice."""
    if 2**n <= _N_FLIPS:
        patterns = (np.arange(1, 2**n)[:, None] >> np.arange(n)) & 1
        return np.asarray(1.0 - 2.0 * patterns, np.float64)
    rng = np.random.default_rng(_SEED)
    return np.asarray(rng.choice(np.array([-1.0, 1.0]), size=(_N_FLIPS - 1, n)))


def season(excess: Floats) -> tuple[int, int]:
    """First evening of the slow stretch and the one after its last, of 0 to n.

    The whole series unless one stretch stands out: standardised difference of mean
    ranks, largest over all stretches, against a Bonferroni bound over all of them.
    """
    n = excess.size
    least = 3
    if n < 2 * least:
        return 0, n
    ranks = _ranks(excess)
    total = np.concatenate([[0.0], np.cumsum(ranks)])
    begin, end = np.triu_indices(n + 1, least)
    inside = end - begin
    is_proper = (n - inside >= least) & _is_edge(begin, end, n, least)
    begin, end, inside = begin[is_proper], end[is_proper], inside[is_proper]
    if not begin.size:
        return 0, n
    summed = total[end] - total[begin]
    difference = summed / inside - (total[-1] - summed) / (n - inside)
    scale = ranks.std() * np.sqrt(1 / inside + 1 / (n - inside))
    z = difference / np.maximum(scale, 1e-12)
    best = int(np.argmax(z))
    p_value = begin.size * 0.5 * (1 - erf(float(z[best]) / sqrt(2)))
    if p_value >= 0.05 or not _is_apart(excess, int(begin[best]), int(end[best])):
        return 0, n
    return int(begin[best]), int(end[best])


def _is_edge(begin: Ints, end: Ints, n: int, least: int) -> Bools:
    """A stretch touches the series' end or leaves enough evenings there to tell."""
    return np.asarray(
        ((begin == 0) | (begin >= least)) & ((end == n) | (n - end >= least))
    )


def _is_apart(excess: Floats, begin: int, end: int) -> bool:
    """The rest is not slow too: a worse stretch within a bad time is no beginning."""
    outside = np.concatenate([excess[:begin], excess[end:]])
    inside = float(np.median(excess[begin:end]))
    return float(np.median(outside)) <= max(log(1.15), 0.3 * inside)


def _ranks(values: Floats) -> Floats:
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    top = np.cumsum(count)
    return np.asarray((top - (count - 1) / 2.0)[place], np.float64)
