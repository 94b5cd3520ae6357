"""Hourly values or single samples in, one line per target and evening out; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from monitor.model import Note, Role
from monitor.series.local import LEAD_MIN, Window, evening_of, local_seconds

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

SLOW_RATIO: Final = 1.25
"""From here on an evening is called slow; the same as in the analysis and dashboard."""
DEAD_SHARE: Final = 0.5
WELL_SHARE: Final = 0.1
GUARD_S: Final = 1800
"""Beside the window: belongs to neither side, as in the analysis."""
_EPOCH: Final = date(1970, 1, 1)


class State(StrEnum):
    """What an evening was like at a glance."""

    SLOW = "slow"
    DEAD = "dead"
    """Most probes without an answer, while the rest of the day was well."""
    FINE = "fine"
    UNUSABLE = "unusable"
    """Too little was measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One measured series: a target over a path at a vantage."""

    vantage: str
    target: str
    path: str
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """Measured values of many sites, one entry each, all arrays of shape (n,)."""

    sites: Sequence[Site]
    site: Ints
    """Place in `sites`."""
    start_s: Ints
    """Begin [s since 1970 UTC]."""
    length_s: int
    """Length of a cell [s]: 3600 for roll-ups, 0 for single samples."""
    n: Ints
    n_failed: Ints
    value: Floats
    """In the metric's unit; NaN where nothing was measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evening:
    """One target on one local evening."""

    vantage: str
    target: str
    path: str
    role: str
    date: str
    """Local date on which the window begins."""
    weekday: str
    metric: str
    state: State
    window_value: float | None
    rest_value: float | None
    ratio: float | None
    """How many times slower in the window than in the rest of the day."""
    beyond_controls: float | None
    """The same, divided by the median of the controls; None without controls."""
    n_probes: int
    """Probes in the window."""
    n_failed: int
    note: str | None = None


@dataclass(frozen=True, slots=True)
class _Sides:
    """Per site and evening, shape (S, D): medians, probes, failures of both sides."""

    first_day: int
    window: Floats
    rest: Floats
    n: Ints
    n_failed: Ints
    n_rest: Ints
    n_failed_rest: Ints


def evenings(
    cells: Cells,
    *,
    window: Window,
    timezone: str,
    metric: str,
    notes: Sequence[Note] = (),
) -> list[Evening]:
    """Every target and control on every evening that has a probe in its window."""
    if not len(cells.site):
        return []
    sides = _sides(cells, window, timezone)
    sign = -1.0 if metric == "goodput_bps" else 1.0
    with np.errstate(divide="ignore", invalid="ignore"):
        rise = sign * (np.log(sides.window) - np.log(sides.rest))
    rise[~np.isfinite(rise)] = np.nan
    beyond = rise - _control_rise(cells.sites, rise)
    noted = _noted(notes)
    return [
        _evening(cells.sites[s], sides, (s, d), rise, beyond, metric, noted)
        for s, d in zip(*np.nonzero(sides.n), strict=True)
    ]


def _sides(cells: Cells, window: Window, timezone: str) -> _Sides:
    local_s, _ = local_seconds(cells.start_s, timezone)
    day, second = evening_of(local_s, window)
    begin, end = 60 * LEAD_MIN, 60 * (LEAD_MIN + window.length_min)
    until = second + cells.length_s
    inside = (second >= begin) & (second < end) & (until <= end)
    outside = (until <= begin - GUARD_S) | (second >= end + GUARD_S)
    first_day = int(day.min())
    shape = len(cells.sites), int(day.max()) - first_day + 1
    place = cells.site * shape[1] + day - first_day

    def total(values: Ints, chosen: NDArray[np.bool_]) -> Ints:
        found = np.bincount(place[chosen], values[chosen], shape[0] * shape[1])
        return found.astype(np.int64).reshape(shape)

    return _Sides(
        first_day,
        medians(place[inside], cells.value[inside], shape),
        medians(place[outside], cells.value[outside], shape),
        total(cells.n, inside),
        total(cells.n_failed, inside),
        total(cells.n, outside),
        total(cells.n_failed, outside),
    )


def medians(place: Ints, value: Floats, shape: tuple[int, int]) -> Floats:
    """Median of the values of each place, shape as given; NaN where there is none."""
    known = np.isfinite(value)
    place, value = place[known], value[known]
    order = np.lexsort((value, place))
    place, value = place[order], value[order]
    found = np.full(shape[0] * shape[1], np.nan)
    names, first, count = np.unique(place, return_index=True, return_counts=True)
    low, high = first + (count - 1) // 2, first + count // 2
    found[names] = (value[low] + value[high]) / 2
    return found.reshape(shape)


def _control_rise(sites: Sequence[Site], rise: Floats) -> Floats:
    """Median rise of the controls of the same vantage, without the site itself."""
    found = np.full(rise.shape, np.nan)
    for s, site in enumerate(sites):
        others = [
            k
            for k, other in enumerate(sites)
            if k != s
            and (other.vantage, other.role, other.path)
            == (site.vantage, Role.CONTROL, "direct")
        ]
        if others:
            found[s] = _median_of_known(rise[others])
    return found


def _median_of_known(rows: Floats) -> Floats:
    found = np.full(rows.shape[1], np.nan)
    is_known = np.isfinite(rows).any(axis=0)
    found[is_known] = np.nanmedian(rows[:, is_known], axis=0)
    return found


def _noted(notes: Sequence[Note]) -> Mapping[str, str]:
    found: dict[str, list[str]] = {}
    for note in notes:
        for n in range((note.last_date - note.first_date).days + 1):
            day = (note.first_date + timedelta(days=n)).isoformat()
            found.setdefault(day, []).append(note.text)
    return {day: "; ".join(texts) for day, texts in found.items()}


def _evening(  # noqa: PLR0913 - one evening out of all
    site: Site,
    sides: _Sides,
    at: tuple[Any, Any],
    rise: Floats,
    beyond: Floats,
    metric: str,
    noted: Mapping[str, str],
) -> Evening:
    day = _EPOCH + timedelta(days=sides.first_day + int(at[1]))
    ratio, excess = _ratio(rise[at]), _ratio(beyond[at])
    return Evening(
        vantage=site.vantage,
        target=site.target,
        path=site.path,
        role=site.role.value,
        date=day.isoformat(),
        weekday=day.strftime("%a").lower(),
        metric=metric,
        state=_state(sides, at, ratio if excess is None else excess),
        window_value=_known(sides.window[at]),
        rest_value=_known(sides.rest[at]),
        ratio=ratio,
        beyond_controls=excess,
        n_probes=int(sides.n[at]),
        n_failed=int(sides.n_failed[at]),
        note=noted.get(day.isoformat()),
    )


def _state(sides: _Sides, at: tuple[Any, Any], size: float | None) -> State:
    failed = sides.n_failed[at] / sides.n[at]
    n_rest = sides.n_rest[at]
    if n_rest and failed >= DEAD_SHARE:
        is_well = sides.n_failed_rest[at] / n_rest <= WELL_SHARE
        return State.DEAD if is_well else State.UNUSABLE
    if size is None:
        return State.UNUSABLE
    return State.SLOW if size >= SLOW_RATIO else State.FINE


def _ratio(log_ratio: float) -> float | None:
    return float(np.exp(log_ratio)) if np.isfinite(log_ratio) else None


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
