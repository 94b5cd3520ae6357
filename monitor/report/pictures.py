"""Samples to the numbers behind the pictures: hour by hour, and the last evening.

A frame in the columns of contracts 4 comes in, arrays go out. Every value is told as
"times slower than usual"; usual is the median of the same site outside the window, and
a probe that failed counts as slower than any that did not.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import pandas as pd

from monitor.evening_rule import RATES, Window, dates_between
from monitor.hour_profile import HourProfile, hour_of_week_s, hour_profile
from monitor.model import LOCAL_PROBES, Transport
from monitor.report.content import HeatMap, LastNight, Scope
from monitor.series.evening_table import medians_by_place, typical
from monitor.series.local_time import evening_of, local_seconds
from monitor.series.rows import Bools, Floats, Ints
from monitor.wallclock import day_number

METRICS: Final = (
    "goodput_bps",
    "response_s",
    "waiting_s",
    "tls_handshake_s",
    "connect_s",
    "duration_s",
)
"""Which metric is shown where the verdict names none: the first that was measured."""

_BIN_MIN: Final = 15
_N_BINS: Final = 24 * 60 // _BIN_MIN


@dataclass(frozen=True, slots=True)
class Pictures:
    """The pictures of one target."""

    metric: str
    heat_map: HeatMap
    last_night: LastNight
    hours: HourProfile
    control_hours: HourProfile


@dataclass(frozen=True, slots=True)
class _Values:
    """The probes of one site for one metric, each placed on its evening's day."""

    day: Ints
    """Day number since 1970 of the evening, shape (n,)."""
    second: Ints
    """Seconds since that evening's day began, shape (n,)."""
    slowness: Floats
    """Times slower than usual, shape (n,)."""
    measured: Floats
    """In the metric's own unit, NaN for a failure, shape (n,)."""


def pictures_of(
    samples: pd.DataFrame,
    scope: Scope,
    *,
    metrics: Mapping[str, str],
    controls: Sequence[str],
) -> dict[str, Pictures]:
    """The pictures of every target.

    Parameters
    ----------
    samples : columns of contracts 4, one vantage.
    metrics : target -> the metric that its verdict rests on; a name that was not
        measured gives way to the first of `METRICS` that was.
    controls : names of the control sites.
    """
    sites = _Sites(samples, scope)
    pictures, of_controls = {}, dict[str, HourProfile]()
    for target, reported in metrics.items():
        metric = sites.metric_of(target, reported)
        of_target = sites.values(target, metric)
        beside = [sites.values(name, metric) for name in controls]
        if metric not in of_controls:
            of_controls[metric] = _hours(beside, scope.window)
        pictures[target] = Pictures(
            metric,
            _heat_map(of_target, scope, sites.first_hour),
            _last_night(of_target, beside, scope.window, scope.night),
            _hours([of_target], scope.window),
            of_controls[metric],
        )
    return pictures


class _Sites:
    """The rows of the direct path, one site at a time.

    A year of all sites is a million rows: no array of that length is made but the rows'
    numbers, and what several targets need of a control is computed once.
    """

    def __init__(self, samples: pd.DataFrame, scope: Scope) -> None:
        self._frame, self._scope = samples, scope
        self._is_remote = is_remote(samples)
        self._failed = ~is_any(samples, "failure", {""}, absent=True)
        self._names = samples["target"].astype("category").cat
        self._known: dict[tuple[str, str], _Values] = {}

    @property
    def first_hour(self) -> int:
        """The hour of the first probe of all, counted from the first day's begin."""
        rows = np.flatnonzero(self._is_remote)
        if not rows.size:
            return 0
        first = self._frame["started_at_utc"].iloc[rows].to_numpy().argmin()
        day, second = self._placed(rows[first : first + 1])
        return max(0, int(_cells(day, second, self._scope)[0]))

    def metric_of(self, site: str, reported: str) -> str:
        """The metric to show for a site."""
        rows = self._rows(site)
        for metric in (reported, *METRICS):
            if np.isfinite(self._measured(rows, metric)).any():
                return metric
        return reported

    def values(self, site: str, metric: str) -> _Values:
        """The probes of a site that measured a metric or failed."""
        key = (site, metric)
        if key not in self._known:
            self._known[key] = self._values(site, metric)
        return self._known[key]

    def _rows(self, site: str) -> Ints:
        if site not in self._names.categories:
            return np.zeros(0, np.int64)
        code = self._names.categories.get_loc(site)
        return np.flatnonzero((self._names.codes.to_numpy() == code) & self._is_remote)

    def _measured(self, rows: Ints, metric: str) -> Floats:
        if metric not in self._frame.columns:
            return np.full(rows.size, np.nan)
        column = pd.to_numeric(self._frame[metric].iloc[rows], errors="coerce")
        values = column.to_numpy(np.float64)
        return np.where(np.isfinite(values) & (values > 0), values, np.nan)

    def _values(self, site: str, metric: str) -> _Values:
        rows = self._rows(site)
        measured, failed = self._measured(rows, metric), self._failed[rows]
        measured[failed] = np.nan
        day, second = self._placed(rows)
        scope = self._scope
        kept = (failed | np.isfinite(measured)) & (day >= day_number(scope.since))
        kept &= day <= day_number(scope.night)
        day, second = day[kept], second[kept]
        measured, failed = measured[kept], failed[kept]
        _, rest = _sides(second, scope.window)
        slowness = _slowness(measured, rest, metric)
        slowness[failed] = np.inf
        return _Values(day, second, slowness, measured)

    def _placed(self, rows: Ints) -> tuple[Ints, Ints]:
        moments = self._frame["started_at_utc"].iloc[rows].to_numpy("datetime64[s]")
        local_s, _ = local_seconds(moments.astype(np.int64), self._scope.timezone)
        return evening_of(local_s, self._scope.window)


def is_remote(samples: pd.DataFrame) -> Bools:
    """Rows that probed a site over the direct path and TCP, shape (n,)."""
    is_direct = is_any(samples, "path", {"direct", ""}, absent=True)
    is_direct &= is_any(samples, "transport", {Transport.TCP.value, ""}, absent=True)
    return is_direct & ~is_any(samples, "probe", LOCAL_PROBES, absent=False)


def is_any(
    samples: pd.DataFrame, name: str, values: Collection[str], *, absent: bool
) -> Bools:
    """Rows whose text is one of some values, shape (n,).

    Parameters
    ----------
    absent : the answer for rows without a text, and for a frame without the column.
    """
    if name not in samples.columns:
        return np.full(len(samples), absent)
    texts = samples[name].astype("category")
    # Asked once per distinct text: a year has a million rows and a dozen texts.
    answers = [str(text) in values for text in texts.cat.categories]
    return np.array([*answers, absent], np.bool_)[texts.cat.codes.to_numpy()]


def _sides(second: Ints, window: Window) -> tuple[Bools, Bools]:
    """Which moments of an evening's day lie in its window, and which in the rest."""
    minute = second // 60
    return (
        window.is_inside(minute, minute + 1),
        window.is_before(minute + 1) | window.is_after(minute),
    )


def _slowness(measured: Floats, rest: Bools, metric: str) -> Floats:
    """Times slower than the usual value, that of the rest of the days, shape (n,)."""
    by_day = typical(measured[rest])
    usual = by_day if np.isfinite(by_day) else typical(measured)
    return usual / measured if metric in RATES else measured / usual


def _cells(day: Ints, second: Ints, scope: Scope) -> Ints:
    """Hours since the first day's begin, shape (n,)."""
    # The day begins on a whole hour, so that a row of the picture is a clock hour.
    shift_s = (scope.window.day_start_min % 60) * 60
    hour = np.minimum((second + shift_s) // 3600, 23)
    return (day - day_number(scope.since)) * 24 + hour


def _heat_map(values: _Values, scope: Scope, n_before: int) -> HeatMap:
    first, last, window = day_number(scope.since), day_number(scope.night), scope.window
    cell = _cells(values.day, values.second, scope)
    slowness = medians_by_place(cell, values.slowness, (last - first + 1) * 24)
    return HeatMap(
        days=tuple(dates_between(scope.since, scope.night)),
        first_hour=(window.day_start_min // 60) % 24,
        slowness=slowness.reshape(-1, 24),
        n_before=min(n_before, slowness.size),
    )


def _hours(sites: Sequence[_Values], window: Window) -> HourProfile:
    """The hours of the local day and week, of some sites together."""
    begin_s = window.day_start_min * 60
    return hour_profile(
        (hour_of_week_s(local_s), slowness)
        for values in sites
        for local_s, slowness in zip(
            (values.day * 86_400 + values.second + begin_s).tolist(),
            values.slowness.tolist(),
            strict=True,
        )
    )


def _last_night(
    values: _Values, controls: Sequence[_Values], window: Window, night: date
) -> LastNight:
    beside = np.array([_curve(c, night) for c in controls]).reshape(-1, _N_BINS)
    tonight = values.day == day_number(night)
    inside, rest = _sides(values.second, window)
    inside &= tonight
    low, middle, high = _band(beside)
    return LastNight(
        minutes=window.day_start_min
        + (np.arange(_N_BINS, dtype=np.float64) + 0.5) * _BIN_MIN,
        target=_curve(values, night),
        controls=middle,
        controls_low=low,
        controls_high=high,
        in_window=_known(typical(values.measured[inside])),
        in_rest=_known(typical(values.measured[tonight & rest])),
        failed=int(np.isinf(values.slowness[inside]).sum()),
        made=int(inside.sum()),
    )


def _curve(values: _Values, night: date) -> Floats:
    chosen = values.day == day_number(night)
    place = values.second[chosen] // (_BIN_MIN * 60)
    return medians_by_place(place, values.slowness[chosen], _N_BINS)


def _band(curves: Floats) -> tuple[Floats, Floats, Floats]:
    """Least, middle and most affected control per bin, each shape (n_bins,)."""
    bands = np.full((3, _N_BINS), np.nan)
    is_measured = (
        np.isfinite(curves).any(axis=0) if curves.size else np.zeros(_N_BINS, bool)
    )
    if is_measured.any():
        finite = np.where(
            np.isinf(curves[:, is_measured]), np.nan, curves[:, is_measured]
        )
        bands[:, is_measured] = (
            np.nanmin(finite, axis=0),
            np.nanmedian(finite, axis=0),
            np.nanmax(finite, axis=0),
        )
    return bands[0], bands[1], bands[2]


def _known(value: float) -> float | None:
    return value if np.isfinite(value) else None
