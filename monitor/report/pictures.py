"""Samples to the numbers behind the pictures: hour by hour, and the last evening.

A frame in the columns of contracts 4 comes in, arrays go out. Every value is told as
"times slower than usual"; usual is the median of the same site outside the window, and
a probe that failed counts as slower than any that did not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from monitor.model import LOCAL_PROBES
from monitor.report.content import HeatMap, LastNight, Scope
from monitor.series.local import Window, evening_of, local_seconds

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

METRICS: Final = (
    "goodput_bps",
    "response_s",
    "waiting_s",
    "tls_handshake_s",
    "connect_s",
    "duration_s",
)
"""Which metric is shown where the verdict names none: the first that was measured."""

_EPOCH: Final = date(1970, 1, 1)
_BIN_MIN: Final = 15
_N_BINS: Final = 24 * 60 // _BIN_MIN


@dataclass(frozen=True, slots=True)
class Pictures:
    """The pictures of one target."""

    metric: str
    heat_map: HeatMap
    last_night: LastNight


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
    pictures = {}
    for target, wanted in metrics.items():
        metric = sites.metric_of(target, wanted)
        of_target = sites.values(target, metric)
        beside = [sites.values(name, metric) for name in controls]
        pictures[target] = Pictures(
            metric,
            _heat_map(of_target, scope),
            _last_night(of_target, beside, scope.window, scope.night),
        )
    return pictures


class _Sites:
    """The rows of the direct path, found by site without another search."""

    def __init__(self, samples: pd.DataFrame, scope: Scope) -> None:
        frame = samples.loc[is_remote(samples)]
        seconds = frame["started_at_utc"].to_numpy("datetime64[s]").astype(np.int64)
        local_s, _ = local_seconds(seconds, scope.timezone)
        self._day, self._second = evening_of(local_s, scope.window)
        first, last = _number(scope.since), _number(scope.night)
        is_kept = (self._day >= first) & (self._day <= last)
        self._frame, self._window = frame.loc[is_kept], scope.window
        self._day, self._second = self._day[is_kept], self._second[is_kept]
        names = self._frame["target"].astype("category")
        self._rows = {
            name: np.flatnonzero(names.cat.codes.to_numpy() == code)
            for code, name in enumerate(names.cat.categories)
        }
        failures = self._column("failure")
        self._failed = np.zeros(len(self._frame), np.bool_)
        if failures is not None:
            self._failed = (failures.notna() & (failures.astype(str) != "")).to_numpy()

    def _column(self, name: str) -> "pd.Series[Any] | None":
        return self._frame[name] if name in self._frame.columns else None

    def metric_of(self, site: str, wanted: str) -> str:
        """The metric to show for a site."""
        for metric in (wanted, *METRICS):
            if np.isfinite(self._measured(site, metric)).any():
                return metric
        return wanted

    def _measured(self, site: str, metric: str) -> Floats:
        rows = self._rows.get(site, np.zeros(0, np.int64))
        column = self._column(metric)
        if column is None:
            return np.full(rows.size, np.nan)
        values = pd.to_numeric(column.iloc[rows], errors="coerce").to_numpy(np.float64)
        return np.where(np.isfinite(values) & (values > 0), values, np.nan)

    def values(self, site: str, metric: str) -> _Values:
        """The probes of a site that measured a metric or failed."""
        rows = self._rows.get(site, np.zeros(0, np.int64))
        measured = self._measured(site, metric)
        failed = self._failed[rows]
        measured[failed] = np.nan
        kept = failed | np.isfinite(measured)
        rows, measured, failed = rows[kept], measured[kept], failed[kept]
        inside = _in_window(self._second[rows], self._window)
        slowness = _slowness(measured, inside, is_rate=metric.endswith("_bps"))
        slowness[failed] = np.inf
        return _Values(self._day[rows], self._second[rows], slowness, measured)


def is_remote(samples: pd.DataFrame) -> Bools:
    """Rows that probed a site over the direct path, shape (n,)."""
    keep = np.ones(len(samples), np.bool_)
    if "path" in samples.columns:
        path = samples["path"].astype(object).fillna("direct")
        keep &= path.isin(["direct", ""]).to_numpy()
    if "probe" in samples.columns:
        keep &= ~samples["probe"].isin(list(LOCAL_PROBES)).to_numpy()
    return keep


def _in_window(second: Ints, window: Window) -> Bools:
    start = (window.start_min - window.day_start_min) * 60
    return (second >= start) & (second < start + window.length_min * 60)


def _slowness(measured: Floats, inside: Bools, *, is_rate: bool) -> Floats:
    rest = measured[~inside & np.isfinite(measured)]
    everything = measured[np.isfinite(measured)]
    basis = rest if rest.size else everything
    if not basis.size:
        return np.full(measured.size, np.nan)
    usual = float(np.median(basis))
    return usual / measured if is_rate else measured / usual


def _heat_map(values: _Values, scope: Scope) -> HeatMap:
    first, last, window = _number(scope.since), _number(scope.night), scope.window
    # The day begins on a whole hour, so that a row of the picture is a clock hour.
    shift_s = (window.day_start_min % 60) * 60
    hour = np.minimum((values.second + shift_s) // 3600, 23)
    cell = (values.day - first) * 24 + hour
    slowness = _medians(values.slowness, cell, (last - first + 1) * 24)
    return HeatMap(
        days=tuple(_date(number) for number in range(first, last + 1)),
        first_hour=(window.day_start_min // 60) % 24,
        slowness=slowness.reshape(-1, 24),
    )


def _medians(values: Floats, cell: Ints, n_cells: int) -> Floats:
    """Median per cell, NaN where a cell is empty; infinities rank highest."""
    # The upper of the two middle values, so that no infinity is averaged away.
    order = np.lexsort((values, cell))
    cell, values = cell[order], values[order]
    begin = np.searchsorted(cell, np.arange(n_cells))
    end = np.searchsorted(cell, np.arange(n_cells), side="right")
    medians = np.full(n_cells, np.nan)
    filled = end > begin
    medians[filled] = values[(begin + (end - begin) // 2)[filled]]
    return medians


def _last_night(
    values: _Values, controls: Sequence[_Values], window: Window, night: date
) -> LastNight:
    beside = np.array([_curve(c, night) for c in controls]).reshape(-1, _N_BINS)
    tonight = values.day == _number(night)
    inside = tonight & _in_window(values.second, window)
    low, middle, high = _band(beside)
    return LastNight(
        minutes=window.day_start_min
        + (np.arange(_N_BINS, dtype=np.float64) + 0.5) * _BIN_MIN,
        target=_curve(values, night),
        controls=middle,
        controls_low=low,
        controls_high=high,
        in_window=_median(values.measured[inside]),
        in_rest=_median(values.measured[tonight & ~inside]),
        failed=int(np.isinf(values.slowness[inside]).sum()),
        made=int(inside.sum()),
    )


def _curve(values: _Values, night: date) -> Floats:
    chosen = values.day == _number(night)
    place = values.second[chosen] // (_BIN_MIN * 60)
    return _medians(values.slowness[chosen], place, _N_BINS)


def _band(curves: Floats) -> tuple[Floats, Floats, Floats]:
    """Least, middle and most affected control per bin, each shape (n_bins,)."""
    bands = np.full((3, _N_BINS), np.nan)
    seen = np.isfinite(curves).any(axis=0) if curves.size else np.zeros(_N_BINS, bool)
    if seen.any():
        finite = np.where(np.isinf(curves[:, seen]), np.nan, curves[:, seen])
        bands[:, seen] = (
            np.nanmin(finite, axis=0),
            np.nanmedian(finite, axis=0),
            np.nanmax(finite, axis=0),
        )
    return bands[0], bands[1], bands[2]


def _median(values: Floats) -> float | None:
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if finite.size else None


def _number(day: date) -> int:
    return (day - _EPOCH).days


def _date(number: int) -> date:
    return _EPOCH + timedelta(days=number)
