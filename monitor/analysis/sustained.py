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
from numpy.lib.stride_tricks import sliding_window_view

from monitor.analysis.calibration import MAD_TO_SIGMA
from monitor.analysis.cap import RATE
from monitor.analysis.effect import Estimate, estimate
from monitor.analysis.evalue import flag_e_value
from monitor.series import EveningTable
from monitor.series.evening_table import medians, typical, typical_of_each
from monitor.series.rows import Bools, Floats, Ints

_FIRST_ONSET = 5
"""Days before the earliest onset; after the latest come as many less one."""
_REFERENCE_DAYS = 14
_FOLLOWING_DAYS = 60
"""A control's lasting shift is looked for over so many days at most."""
_LEAST_KNOWN = 4
_P0 = 0.1
"""How often a day of an innocent site may pass the height."""
_LEAST_LOG = float(np.log(1.5))
_LEAST_SPREAD_LOG = 0.06
_Z = 4.0
_USUAL_MARGIN, _LARGEST_MARGIN = 4.0, 2.5
"""A lasting shift must be so many times those of most controls, and that of any."""
_UNKNOWN_SHIFT_LOG = float(np.log(3.0))
"""Where fewer than three controls show what lasting shifts are."""
_SHIFT_QUANTILE = 0.75
_OTHER_OBJECT_LOG = float(np.log(1.3))
_WINDOW_LOG = float(np.log(1.25))
_WINDOWS_SHARE = 0.8
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
    level = np.where(np.isfinite(level), level, np.nan)
    measured = controls[np.isfinite(level[controls]).sum(axis=1) >= _LEAST_KNOWN]
    beside_usual = level[measured] - typical_of_each(level[measured])[:, None]
    beyond = level - _middle(beside_usual)
    others = np.array(
        [level[c] - _middle(beside_usual[measured != c]) for c in measured]
    )
    return Levels(
        day=day,
        level=level,
        beyond=beyond,
        spread_log=_quantile(_spreads(beyond[measured]), 0.5),
        shift_log=_asked(_largest_shifts(others))
        if measured.size >= 3
        else _UNKNOWN_SHIFT_LOG,
        direct=direct,
    )


def sustained(
    table: EveningTable, of: Levels, series: int, bar: float
) -> Sustained | None:
    """The lasting slowdown of one site, None where there is none.

    Parameters
    ----------
    bar : evidence that establishes the site
    """
    terms = _terms(of, series)
    if not terms or sum(terms.values()) < _BET * bar:
        return None
    best = max(terms, key=lambda k: terms[k])
    excess = of.beyond[series] - _references(of.beyond[series])[0][best]
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
    beyond, n = of.beyond[series], of.day.size
    others = of.direct[of.direct != series]
    quickest = np.fmin.reduce(of.level[others], axis=0) if others.size else beyond
    with np.errstate(invalid="ignore"):
        is_slowest = of.level[series] - quickest > _LEAST_LOG
    refs, spreads = _references(beyond)
    heights = np.maximum(_Z * np.maximum(spreads, of.spread_log), of.shift_log)
    heights = np.maximum(heights, max(_LEAST_LOG, _Z * _LEAST_SPREAD_LOG))
    out = {}
    for k in _onsets(n):
        if np.isnan(refs[k]):
            continue
        is_finite = np.isfinite(beyond[k:])
        is_high = np.nan_to_num(beyond[k:]) - refs[k] > heights[k]
        n_flagged = int((is_finite & is_high & is_slowest[k:]).sum())
        e_value = flag_e_value(n_flagged, int(is_finite.sum()), _P0)
        out[k] = e_value / ((k - _FIRST_ONSET + 1) * (k - _FIRST_ONSET + 2))
    return out


def _onsets(n_days: int) -> range:
    return range(_FIRST_ONSET, n_days - _FIRST_ONSET + 2)


def _references(levels: Floats) -> tuple[Floats, Floats]:
    """Level and spread of the fortnight before each day, NaN where little is known.

    Shape (..., n) to two of that shape.
    """
    before = _stretches(levels, _REFERENCE_DAYS)[..., :-1, :]
    level = medians(before, _LEAST_KNOWN)
    spread = medians(np.abs(before - level[..., None]), 1)
    return level, MAD_TO_SIGMA * spread


def _stretches(levels: Floats, n_days: int) -> Floats:
    """So many days before each day and before the end, shape (..., n + 1, n_days)."""
    ahead = np.full((*levels.shape[:-1], n_days), np.nan)
    padded = np.concatenate([ahead, levels], axis=-1)
    return np.asarray(sliding_window_view(padded, n_days, axis=-1))


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
    finite = [shift for shift in shifts if np.isfinite(shift)]
    n_slower = sum(shift >= _WINDOW_LOG for shift in finite)
    return bool(finite) and n_slower >= _WINDOWS_SHARE * len(finite)


def _largest_shifts(levels: Floats) -> Floats:
    """Largest lasting shift, either way, of each row: a fortnight and what follows."""
    if not levels.size:
        return np.empty(0)
    # Of the reversed days, those before a day are those that follow it.
    after = medians(_stretches(levels[:, ::-1], _FOLLOWING_DAYS), 1)[:, ::-1]
    shifts = np.abs(after[:, :-1] - _references(levels)[0])[
        :, list(_onsets(levels.shape[1]))
    ]
    return np.asarray(np.nan_to_num(shifts, nan=0.0).max(axis=1, initial=0.0))


def _asked(shifts: Floats) -> float:
    """What the controls' own lasting shifts ask of anybody's."""
    usual, largest = _quantile(shifts, _SHIFT_QUANTILE), _quantile(shifts, 1.0)
    return max(_USUAL_MARGIN * usual, _LARGEST_MARGIN * largest)


def _quantile(values: Floats, quantile: float) -> float:
    return float(np.quantile(values, quantile)) if values.size else 0.0


def _spreads(values: Floats) -> Floats:
    """Robust spread of each row, 0 where nothing is known, shape (n_rows,)."""
    apart = np.abs(values - typical_of_each(values)[:, None])
    return np.asarray(MAD_TO_SIGMA * np.nan_to_num(typical_of_each(apart)))


def _middle(values: Floats) -> Floats:
    """Median over the series of each day, 0 where nobody is known, shape (n,)."""
    if not values.size:
        return np.zeros(values.shape[1])
    return np.asarray(np.nan_to_num(typical_of_each(values.T)))
