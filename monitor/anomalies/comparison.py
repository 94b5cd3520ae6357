"""One span of local time against others, such as the same weekday before; pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from statistics import median
from typing import Final

import numpy as np

from monitor.anomalies.evenings import Cells
from monitor.errors import InputError
from monitor.model import Role
from monitor.series.local import local_seconds
from monitor.wallclock import parsed_date

_SPAN: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:\s+(\d\d:\d\d)\s*\.\.\s*(\d\d:\d\d))?", re.ASCII
)
_PREVIOUS: Final = re.compile(r"previous\s+(\d{1,3})\s+(same-weekday|days)", re.ASCII)
_DAY: Final = timedelta(days=1)
_MAX_PREVIOUS: Final = 366


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A span of local time on one date."""

    start: datetime
    """Reading of the local wall clock; the zone is that of the question."""
    end: datetime

    def on(self, day: date) -> "Reference":
        """The same hours on another date."""
        shift = day - self.start.date()
        return Reference(start=self.start + shift, end=self.end + shift)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One site in the span and in the spans that it is held against."""

    vantage: str
    target: str
    path: str
    role: str
    metric: str
    value: float | None
    """Median in the span."""
    usual: float | None
    """Median of the medians of the other spans."""
    ratio: float | None
    """How many times slower than usual."""
    beyond_controls: float | None
    n_probes: int
    n_failed: int
    n_spans: int
    """Other spans that have a value."""
    lowest: float | None
    """Of the other spans' medians."""
    highest: float | None


def parse_span(text: str, *, option: str) -> Reference:
    """A span such as `2026-10-20 20:00..22:00`, or a whole date.

    Raises
    ------
    InputError : it is none.
    """
    found = _SPAN.fullmatch(text.strip())
    try:
        if found is None:
            raise ValueError  # noqa: TRY301 - one message for every misspelling
        day = parsed_date(found[1])
        begin, finish = (time.fromisoformat(found[n] or "00:00") for n in (2, 3))
    except ValueError:
        raise InputError(
            f"{option}: found {text!r}; allowed: 2026-10-20, or"
            " '2026-10-20 20:00..22:00'"
        ) from None
    start, end = datetime.combine(day, begin), datetime.combine(day, finish)
    return Reference(start=start, end=end if end > start else end + _DAY)


def parse_against(text: str, span: Reference) -> list[Reference]:
    """The spans to hold it against.

    Raises
    ------
    InputError : it is none of the allowed forms.
    """
    found = _PREVIOUS.fullmatch(text.strip())
    if found is None:
        return [parse_span(text, option="--against")]
    n, step = int(found[1]), 7 if found[2] == "same-weekday" else 1
    if not 1 <= n <= _MAX_PREVIOUS:
        raise InputError(
            f"--against: found {n}; allowed: previous 1 to {_MAX_PREVIOUS}"
        )
    return [span.on(span.start.date() - k * step * _DAY) for k in range(1, n + 1)]


def compare(
    cells: Cells,
    span: Reference,
    others: Sequence[Reference],
    *,
    timezone: str,
    metric: str,
) -> list[Comparison]:
    """Every site with a probe in the span, held against the other spans.

    Parameters
    ----------
    cells : single samples (`length_s` 0), or hourly values.
    """
    local_s, _ = local_seconds(cells.start_s, timezone)
    inside = _within(cells, local_s, span)
    elsewhere = [_medians(cells, _within(cells, local_s, other)) for other in others]
    values = _medians(cells, inside)
    found = [
        _comparison(cells, s, inside, values, elsewhere, metric)
        for s in np.unique(cells.site[inside]).tolist()
    ]
    return _beyond(found)


def _within(cells: Cells, local_s: np.ndarray, span: Reference) -> np.ndarray:
    start, end = (_clock_s(moment) for moment in (span.start, span.end))
    chosen: np.ndarray = (local_s >= start) & (local_s + cells.length_s <= end)
    if not cells.length_s:
        chosen &= local_s < end
    return chosen


def _clock_s(moment: datetime) -> int:
    return int((moment - datetime(1970, 1, 1)) / timedelta(seconds=1))  # noqa: DTZ001 - a wall clock


def _medians(cells: Cells, chosen: np.ndarray) -> Mapping[int, float]:
    chosen = chosen & np.isfinite(cells.value)
    sites = cells.site[chosen]
    return {
        int(s): float(np.median(cells.value[chosen][sites == s]))
        for s in np.unique(sites)
    }


def _comparison(
    cells: Cells,
    place: int,
    inside: np.ndarray,
    values: Mapping[int, float],
    elsewhere: Sequence[Mapping[int, float]],
    metric: str,
) -> Comparison:
    site, own = cells.sites[place], inside & (cells.site == place)
    others = [one[place] for one in elsewhere if place in one]
    value, usual = values.get(place), median(others) if others else None
    return Comparison(
        vantage=site.vantage,
        target=site.target,
        path=site.path,
        role=site.role.value,
        metric=metric,
        value=value,
        usual=usual,
        ratio=times_slower(metric, value, usual),
        beyond_controls=None,
        n_probes=int(cells.n[own].sum()),
        n_failed=int(cells.n_failed[own].sum()),
        n_spans=len(others),
        lowest=min(others, default=None),
        highest=max(others, default=None),
    )


def times_slower(metric: str, value: float | None, usual: float | None) -> float | None:
    """How many times slower; a rate is slower when it is lower."""
    if not value or not usual:
        return None
    return usual / value if metric == "goodput_bps" else value / usual


def _beyond(found: Sequence[Comparison]) -> list[Comparison]:
    result = []
    for one in found:
        controls = [
            other.ratio
            for other in found
            if other is not one
            and other.ratio is not None
            and (other.vantage, other.role) == (one.vantage, Role.CONTROL)
        ]
        is_known = bool(controls) and one.ratio is not None
        beyond = (one.ratio or 0.0) / median(controls) if is_known else None
        result.append(replace(one, beyond_controls=beyond))
    return result
