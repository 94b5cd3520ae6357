"""Slower at all hours since a day: a change point in the level against the controls.

The level of a day is the median of the rate in the rest of that day, so this looks away
from the evening on purpose. A mixture over every possible onset bets that days from
then on lie above the fortnight before; each onset has an e-value, their weights sum to
one.

Days are not independent, and a service that becomes slower for good *is* this verdict:
what protects the innocent is the height, far above every lasting shift that the
controls show, and two explanations that must fail, another object and a longer route.
"""

from dataclasses import dataclass

import numpy as np

from monitor.analysis.cap import RATE
from monitor.analysis.effect import Estimate, estimate
from monitor.analysis.evidence import flag_e_value
from monitor.series import EveningTable
from monitor.series.evenings import typical
from monitor.series.frame import Bools, Floats, Ints

_FIRST_ONSET = 5
"""Days before the earliest onset; after the latest come as many less one."""
_REFERENCE_DAYS = 14
_LEAST_KNOWN = 4
_P0 = 0.1
"""How often a day of an innocent site may pass the height."""
_LEAST_LOG = float(np.log(1.5))
_LEAST_SPREAD_LOG = 0.06
_Z = 4.0
_SHIFT_MARGIN = 1.5
_UNKNOWN_SHIFT_LOG = float(np.log(1.8))
"""Where fewer than three controls show what lasting shifts are."""
_SHIFT_QUANTILE = 0.75
_OTHER_OBJECT_LOG = float(np.log(1.3))
_WINDOW_LOG = float(np.log(1.25))
_WINDOWS_SHARE = 0.8
_MAD_TO_SIGMA = 1.4826
_BET = 2.0
"""Bets are shared with the evening's: twice the evidence is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sustained:
    """A level that rose for good."""

    series: int
    onset: int
    """Place of the first slow day among all evenings."""
    e_value: float
    estimate: Estimate
    """How much slower after than before, beyond the controls [log]."""
    excess: Floats
    """Each day's level above the days before the onset, shape (D,) [log]."""
    other_object: bool
    """The object's usual size changed with the level: that explains it."""


@dataclass(frozen=True, slots=True)
class Levels:
    """Levels of all series on the chosen days, once per look."""

    day: Ints
    """Places of the chosen evenings, shape (n,)."""
    level: Floats
    """Shape (S, n) [log seconds per bit]."""
    beyond: Floats
    """Level less what the controls' levels moved by, shape (S, n)."""
    spread_log: float
    """Day-to-day spread of the controls."""
    shift_log: float
    """What the controls' own lasting shifts ask of anybody's."""
    direct: Ints


def levels(
    table: EveningTable, controls: Ints, direct: Ints, evenings: Bools
) -> Levels:
    """The daily levels that a look sees.

    Parameters
    ----------
    direct : places of the directly measured series
    """
    day = np.flatnonzero(evenings)
    level = table.rest[:, RATE][:, day]
    known = controls[np.isfinite(level[controls]).sum(axis=1) >= _LEAST_KNOWN]
    own = level[known] - _medians(level[known])
    beyond = level - _middle(own)
    shifts = [_largest_shift(level[c] - _middle(own[known != c])) for c in known]
    return Levels(
        day=day,
        level=level,
        beyond=beyond,
        spread_log=_largest([_spread(beyond[c]) for c in known], 0.5),
        shift_log=_SHIFT_MARGIN * _largest(shifts, _SHIFT_QUANTILE)
        if known.size >= 3
        else _UNKNOWN_SHIFT_LOG,
        direct=direct,
    )


def sustained(
    table: EveningTable, of: Levels, series: int, n_targets: int, rate: float
) -> Sustained | None:
    """The lasting slowdown of one site, None where there is none.

    Parameters
    ----------
    n_targets : sites that are asked
    rate : false discovery rate
    """
    terms = _terms(of, series)
    if not terms or sum(terms.values()) < _BET * n_targets / rate:
        return None
    best = max(terms, key=lambda k: terms[k])
    excess = of.beyond[series] - _reference(of.beyond[series], best)[0]
    after = excess[best:]
    size = estimate(after[np.isfinite(after)])
    if size is None or size.low <= 0 or not _is_of_all_hours(table, of, series, best):
        return None
    if not _outlasts_route(table, of, series, best, size.centre):
        return None
    whole = np.full(table.rest.shape[2], np.nan)
    whole[of.day] = excess
    return Sustained(
        series=series,
        onset=int(of.day[best]),
        e_value=float(sum(terms.values())),
        estimate=size,
        excess=whole,
        other_object=_has_other_object(table, of, series, best),
    )


def _terms(of: Levels, series: int) -> dict[int, float]:
    """Weighted e-values by onset, a place among the chosen days."""
    own, n = of.beyond[series], of.day.size
    others = of.direct[of.direct != series]
    quickest = np.fmin.reduce(of.level[others], axis=0) if others.size else own
    with np.errstate(invalid="ignore"):
        is_slowest = of.level[series] - quickest > _LEAST_LOG
    out = {}
    for k in range(_FIRST_ONSET, n - _FIRST_ONSET + 2):
        ref, spread = _reference(own, k)
        if np.isnan(ref):
            continue
        height = max(
            _LEAST_LOG,
            _Z * max(spread, of.spread_log, _LEAST_SPREAD_LOG),
            of.shift_log,
        )
        later = own[k:]
        known = np.isfinite(later)
        flagged = known & (np.nan_to_num(later) - ref > height) & is_slowest[k:]
        e_value = flag_e_value(int(flagged.sum()), int(known.sum()), _P0)
        out[k] = e_value / ((k - _FIRST_ONSET + 1) * (k - _FIRST_ONSET + 2))
    return out


def _reference(own: Floats, k: int) -> tuple[float, float]:
    """Level and spread of the fortnight before a day; NaN where too little is known."""
    before = own[max(0, k - _REFERENCE_DAYS) : k]
    before = before[np.isfinite(before)]
    if before.size < _LEAST_KNOWN:
        return float("nan"), float("nan")
    return float(np.median(before)), _spread(before)


def _outlasts_route(
    table: EveningTable, of: Levels, series: int, k: int, size_log: float
) -> bool:
    """Whether the connect time's own shift leaves enough: a longer route is none."""
    connect = table.transfer.connect_rest[series][of.day]
    shift = typical(connect[k:]) - typical(connect[:k])
    return size_log - max(0.0, float(np.nan_to_num(shift))) >= _LEAST_LOG


def _has_other_object(table: EveningTable, of: Levels, series: int, k: int) -> bool:
    bytes_ = table.transfer.bytes_rest[series][of.day]
    shift = typical(bytes_[k:]) - typical(bytes_[:k])
    return bool(abs(np.nan_to_num(shift)) >= _OTHER_OBJECT_LOG)


def _is_of_all_hours(table: EveningTable, of: Levels, series: int, k: int) -> bool:
    """Whether nearly every stretch of the day became slower."""
    rises = np.concatenate(
        [table.placebo[series, RATE], table.rise[series, RATE][:, None]], axis=-1
    )
    level = (table.rest[series, RATE][:, None] + rises)[of.day]
    shifts = [typical(part[k:]) - typical(part[:k]) for part in level.T]
    known = [shift for shift in shifts if np.isfinite(shift)]
    n_slower = sum(shift >= _WINDOW_LOG for shift in known)
    return bool(known) and n_slower >= _WINDOWS_SHARE * len(known)


def _largest_shift(own: Floats) -> float:
    """Largest lasting shift, either way, between a fortnight and what follows."""
    n = own.size
    shifts = [
        abs(typical(own[k:]) - _reference(own, k)[0])
        for k in range(_FIRST_ONSET, n - _FIRST_ONSET + 2)
    ]
    known = [shift for shift in shifts if np.isfinite(shift)]
    return max(known, default=0.0)


def _largest(values: list[float], quantile: float) -> float:
    known = [value for value in values if np.isfinite(value)]
    return float(np.quantile(known, quantile)) if known else 0.0


def _spread(values: Floats) -> float:
    known = values[np.isfinite(values)]
    if not known.size:
        return 0.0
    return _MAD_TO_SIGMA * float(np.median(np.abs(known - np.median(known))))


def _medians(values: Floats) -> Floats:
    return np.array([[typical(row)] for row in values]).reshape(-1, 1)


def _middle(values: Floats) -> Floats:
    """Median over the series of each day, 0 where nobody is known, shape (n,)."""
    return np.array([np.nan_to_num(typical(day)) for day in values.T])
