"""What a cap that all sites share lets expect of each of them.

Laws of factors and of delays say what a busy line does to a site by what it does to the
controls. A cap does something else: who was quicker than what is left of the line falls
to it, who was slower does not. Seconds per bit `t` of a transfer of B bytes have a part
`f` that no cap touches, the round trips of slow start:

    f = R log2(1 + B / W) / (8 B)       W: the first window
    o = max(t - f, t / 5)               by day: what the site itself gives
    1 / c = 1.1 min (t' - f)            in the window, over all other sites
    held = ln(1 + max(0, 1 / c - o) / t)

Every other site bounds the cap from below, targets and slowed controls too: a site that
in the window is as quick as the quickest other is held by nothing else. Small objects
end within slow start and may say too much of the cap; so who is as quick as the
quickest other *as measured*, slow start and all, is held by nothing else either.
"""

import numpy as np

from monitor.series import EveningTable
from monitor.series.columns import METRICS
from monitor.series.rows import Floats, Ints

RATE = METRICS.index("goodput_bps")
_CONNECT = METRICS.index("connect_s")
_FIRST_WINDOW_BYTES = 14_600.0
"""Ten segments of 1460 bytes (RFC 6928)."""
_LEAST_SHARE = 0.2
"""Slow start is a model: it explains at most four fifths of a transfer."""
_MARGIN = 1.1


def held_log(table: EveningTable, rise: Floats, direct: Ints) -> Floats:
    """How far a shared cap could hold each site down, shape (S, D, ...) [log].

    Parameters
    ----------
    rise : rises of the rate in windows of the same evenings, shape (S, D, ...) [log]
    direct : places of the directly measured series
    """
    extra = (...,) + (None,) * (rise.ndim - 2)
    by_day = np.exp(table.rest[:, RATE])[extra]
    start = _slow_start(table)[extra]
    drained = _drained(by_day, start)
    then = by_day * np.exp(np.where(np.isfinite(rise), rise, np.nan))
    left = _drained(then, start)
    out = np.full(rise.shape, np.nan)
    for series in direct:
        others = direct[direct != series]
        if others.size:
            cap = _MARGIN * np.fmin.reduce(left[others], axis=0)
            over = np.fmax(cap - drained[series], 0.0)
            held = np.log1p(over / by_day[series])
            is_quickest = then[series] <= _MARGIN * np.fmin.reduce(then[others], axis=0)
            out[series] = np.where(is_quickest, np.fmax(held, rise[series]), held)
    return out


def drained_log(table: EveningTable, level: Floats) -> Floats:
    """Levels of the rate without slow start, shape (S, D) [log seconds per bit].

    Parameters
    ----------
    level : of the rate on each evening, shape (S, D) [log seconds per bit]
    """
    finite = np.where(np.isfinite(level), level, np.nan)
    return np.asarray(np.log(_drained(np.exp(finite), _slow_start(table))))


def _drained(seconds_per_bit: Floats, start: Floats) -> Floats:
    return np.maximum(seconds_per_bit - start, _LEAST_SHARE * seconds_per_bit)


def _slow_start(table: EveningTable) -> Floats:
    """Seconds per bit that round trips cost, 0 where unknown, shape (S, D)."""
    page = table.rest[:, _CONNECT]
    transfer = table.transfer.connect_rest
    round_trip_s = np.exp(np.where(np.isfinite(transfer), transfer, page))
    bytes_ = np.exp(table.transfer.bytes_rest)
    trips = np.log2(1 + bytes_ / _FIRST_WINDOW_BYTES)
    return np.asarray(np.nan_to_num(round_trip_s * trips / (8 * bytes_), nan=0.0))
