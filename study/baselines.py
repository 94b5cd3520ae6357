"""What others do, as published, on the same data.

Each rule takes one target's series over whole days and says whether it would raise an
alarm for a slowdown between 20:00 and 22:00. None of them is ours, none is tuned.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import signal, stats

from monitor.simulation import Home

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One target beside its controls; time runs along the last axis of length n."""

    rate_bps: Floats
    """Goodput of the target, NaN where none, shape (n,)."""
    control_rates_bps: Floats
    """Shape (n_controls, n)."""
    connect_s: Floats
    """Shape (n,)."""
    in_window: Bools
    """Shape (n,)."""
    day: NDArray[np.int64]
    """Local day counted from 0, shape (n,)."""
    local_min: Floats
    """Local time of day [minutes], shape (n,)."""
    every_s: int
    n_tests: int
    """Targets tested together, for the rules that correct for it."""


def view(home: Home, series: int) -> View:
    """What the rules see of one target of a home."""
    made, at = home.made, home.slots
    rates = np.where(home.downloaded, home.downloads.goodput_bps, np.nan)
    if home.family.conditions.one_row:
        rates = np.where(made, home.pages.goodput_bps, np.nan)
    is_control = np.array([role == "control" for role in home.sites.roles])
    return View(
        rate_bps=rates[series],
        control_rates_bps=rates[is_control],
        connect_s=np.where(made[series], home.pages.connect_s[series], np.nan),
        in_window=(at.local_min >= 1200.0) & (at.local_min < 1320.0),
        day=at.day,
        local_min=at.local_min,
        every_s=at.every_s,
        n_tests=int(home.sites.is_target.sum()),
    )


def pooled_mann_whitney(seen: View) -> bool:
    """All samples of the window against all others, the target alone, p < 0.05."""
    return _mann_whitney(-np.log(seen.rate_bps), seen.in_window)


def pooled_mann_whitney_vs_controls(seen: View) -> bool:
    """The same on the target minus the median of its controls, round by round."""
    slowness = -np.log(seen.rate_bps)
    some = np.isfinite(seen.control_rates_bps).any(axis=0)
    common = np.full_like(slowness, np.nan)
    common[some] = np.nanmedian(-np.log(seen.control_rates_bps[:, some]), axis=0)
    return _mann_whitney(slowness - common, seen.in_window)


def _mann_whitney(slowness: Floats, in_window: Bools) -> bool:
    ok = np.isfinite(slowness)
    inside, outside = slowness[ok & in_window], slowness[ok & ~in_window]
    if inside.size < 3 or outside.size < 3:
        return False
    test = stats.mannwhitneyu(inside, outside, alternative="greater")
    return bool(test.pvalue < 0.05)


def wehe_ks_jackknife(seen: View) -> bool:
    """Two-sample KS, Bonferroni, 95 of 100 random halves agree, means differ by 10 %.

    Wehe compares a service's replay with a scrambled one; here the target's transfers
    in the window with its controls', each relative to its own rate outside the window.

    References
    ----------
    F. Li et al., "A large-scale analysis of deployed traffic differentiation
    practices", SIGCOMM 2019, doi:10.1145/3341302.3342092
    """
    original = _relative(seen.rate_bps[None], seen.in_window)
    control = _relative(seen.control_rates_bps, seen.in_window)
    if original.size < 20 or control.size < 20:
        return False
    limit = 0.05 / seen.n_tests
    largest = min(original.max(), control.max())
    is_slower = bool((control.mean() - original.mean()) / largest > 0.10)
    if not is_slower or stats.ks_2samp(original, control).pvalue >= limit:
        return False
    rng = np.random.default_rng(0)
    halves = [
        bool(stats.ks_2samp(_half(original, rng), _half(control, rng)).pvalue < limit)
        for _ in range(100)
    ]
    return sum(halves) > 95


def _relative(rates_bps: Floats, in_window: Bools) -> Floats:
    kept = [
        rates[in_window] / np.nanmedian(rates[~in_window])
        for rates in rates_bps
        if np.isfinite(rates[~in_window]).any()
    ]
    pooled = np.concatenate(kept) if kept else np.empty(0)
    return pooled[np.isfinite(pooled)]


def _half(values: Floats, rng: np.random.Generator) -> Floats:
    return rng.permutation(values)[: values.size // 2]


def recurring_elevation(seen: View) -> bool:
    """Minimum round trip per 15 min over 7 ms above its minimum, at the same hours.

    For each of the 96 bins of a day the days with an elevated bin are counted; the
    interval around the peak where the count stays above half of it is the recurring
    one. An alarm needs a peak on half of the days, inside the window, an hour long.

    References
    ----------
    A. Dhamdhere et al., "Inferring persistent interdomain congestion", SIGCOMM 2018,
    doi:10.1145/3230543.3230549
    """
    n_days = int(seen.day.max()) + 1
    lowest_s = np.full((n_days, 96), np.inf)
    ok = np.isfinite(seen.connect_s)
    bins = (seen.local_min[ok] // 15).astype(np.int64)
    np.minimum.at(lowest_s, (seen.day[ok], bins), seen.connect_s[ok])
    lowest_s[np.isinf(lowest_s)] = np.nan
    count = np.nansum(lowest_s > np.nanmin(lowest_s) + 0.007, axis=0)
    peak = int(np.argmax(count))
    stays = np.flatnonzero(count >= 0.5 * count[peak])
    gap = np.flatnonzero(np.diff(stays) > 1)
    run = next(r for r in np.split(stays, gap + 1) if peak in r)
    return bool(count[peak] >= n_days / 2 and 80 <= peak < 88 and run.size >= 4)


def welch_daily_cycle(seen: View) -> bool:
    """A daily cycle of the median round trip, peak to peak over 1 ms.

    Half-hour medians minus their minimum, Welch's spectrum over three days with a
    linear trend removed and medians averaged; the strongest frequency must be the
    day's, and 2 sqrt(2 power) its amplitude ("mild" and more).

    References
    ----------
    R. Fontugne et al., "Persistent last-mile congestion: not so uncommon", IMC 2020,
    doi:10.1145/3419394.3423648
    """
    delay_ms = _half_hours_ms(seen)
    if delay_ms.size < 144:
        return False
    frequency, power = signal.welch(  # type: ignore[call-overload]
        delay_ms - delay_ms.min(),
        fs=2.0,
        nperseg=144,
        detrend="linear",
        scaling="spectrum",
        average="median",
    )
    strongest = int(np.argmax(power))
    is_daily = 1 / 25 <= frequency[strongest] <= 1 / 23
    return bool(is_daily and 2 * np.sqrt(2 * power[strongest]) > 1.0)


def _half_hours_ms(seen: View) -> Floats:
    """Median round trip of each half hour, gaps filled from their neighbours [ms]."""
    place = (seen.day * 48 + seen.local_min // 30).astype(np.int64)
    ok = np.isfinite(seen.connect_s)
    order = np.argsort(place[ok], kind="stable")
    at, values = place[ok][order], seen.connect_s[ok][order]
    distinct, begins = np.unique(at, return_index=True)
    medians = [np.median(part) for part in np.split(values, begins[1:])]
    return 1e3 * np.interp(np.arange(place.max() + 1), distinct, medians)


def grafana_robust_band(seen: View) -> bool:
    """Out of the widest of three bands in two successive points on half of evenings.

    Bands: median of the last 24 hours plus or minus twice its absolute deviation, but
    at least half of the median; and the means of the hour around this time a day and a
    week ago, with the same margin.

    References
    ----------
    grafana/promql-anomaly-detection, rules/robust.yml
    """
    time_s = 1.0 / seen.rate_bps
    ok = np.isfinite(time_s)
    time_s, inside, day = time_s[ok], seen.in_window[ok], seen.day[ok]
    per_day = max(1, round(ok.mean() * 86400 / seen.every_s))
    upper = upper_band(time_s, per_day)
    out = (time_s > upper) & inside
    twice = out & np.roll(out, 1)
    n_days = int(seen.day.max()) + 1
    bad = np.unique(day[twice])
    return bool(bad.size >= n_days / 2)


def upper_band(time_s: Floats, per_day: int) -> Floats:
    """Upper edge of the widest band at each point, infinite on the first day.

    Parameters
    ----------
    time_s : shape (n,), evenly spaced, without gaps [s]
    per_day : points of a day
    """
    windows = np.lib.stride_tricks.sliding_window_view(time_s, per_day)
    median = np.median(windows, axis=1)
    spread = np.median(np.abs(windows - median[:, None]), axis=1)
    margin = np.maximum(2 * spread, 0.5 * median)
    upper = np.full(time_s.size, np.inf)
    upper[per_day:] = (median + margin)[:-1]
    wide = np.concatenate([np.zeros(per_day), margin[:-1]])
    hour = max(1, per_day // 24)
    hourly = np.convolve(time_s, np.full(hour, 1.0 / hour))[: time_s.size]
    for lag in (per_day * 47 // 48, per_day * 335 // 48):
        past = np.full(time_s.size, -np.inf)
        past[lag:] = hourly[: time_s.size - lag]
        upper = np.maximum(upper, past + wide)
    return upper


def robust_z_score(seen: View) -> bool:
    """Some evening's median over three robust deviations from all evenings before.

    The usual z-score against a long baseline of the same series, from a week on.
    """
    slowness = -np.log(seen.rate_bps)
    n_days = int(seen.day.max()) + 1
    ok = np.isfinite(slowness) & seen.in_window
    medians = [
        np.median(slowness[ok & (seen.day == day)])
        for day in range(n_days)
        if (ok & (seen.day == day)).any()
    ]
    return any(_stands_out(medians[:k], medians[k]) for k in range(7, len(medians)))


def _stands_out(past: list[np.float64], now: np.float64) -> bool:
    middle = np.median(past)
    spread = 1.4826 * np.median(np.abs(np.array(past) - middle))
    return bool(now - middle > 3 * spread)


BASELINES: Mapping[str, Callable[[View], bool]] = {
    "pooled Mann-Whitney": pooled_mann_whitney,
    "pooled Mann-Whitney against controls": pooled_mann_whitney_vs_controls,
    "Wehe: KS and jackknife": wehe_ks_jackknife,
    "CAIDA: 15-minute counting": recurring_elevation,
    "Welch class (Fontugne)": welch_daily_cycle,
    "Grafana robust band": grafana_robust_band,
    "robust z-score": robust_z_score,
}
"""Every baseline by the name used in the report."""
