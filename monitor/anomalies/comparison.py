"""One span of local time against others, such as the same weekday before; pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Final

import numpy as np

from monitor.anomalies.evening_lines import Site
from monitor.errors import InputError
from monitor.evening_rule import middle, times_slower
from monitor.series.evening_table import medians_by_place
from monitor.series.local_time import local_seconds
from monitor.series.rows import Bools, Floats, Ints
from monitor.wallclock import EPOCH, parsed_date

_SPAN: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:\s+(\d\d:\d\d)\s*\.\.\s*(\d\d:\d\d))?", re.ASCII
)
_PREVIOUS: Final = re.compile(r"previous\s+(\d{1,3})\s+(same-weekday|days)", re.ASCII)
_DAY: Final = timedelta(days=1)
_MAX_PREVIOUS: Final = 366


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """Samples of one metric of many sites, one entry each, all arrays of shape (n,)."""

    sites: Sequence[Site]
    site: Ints
    """Place in `sites`."""
    start_s: Ints
    """Begin [s since 1970 UTC]."""
    n_failed: Ints
    """1 for a sample without an answer, else 0."""
    value: Floats
    """In the metric's unit; NaN where nothing was measured."""


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
    match = _SPAN.fullmatch(text.strip())
    try:
        if match is None:
            raise ValueError  # noqa: TRY301 - one message for every misspelling
        day = parsed_date(match[1])
        begin, finish = (time.fromisoformat(match[n] or "00:00") for n in (2, 3))
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
    match = _PREVIOUS.fullmatch(text.strip())
    if match is None:
        return [parse_span(text, option="--against")]
    n, step = int(match[1]), 7 if match[2] == "same-weekday" else 1
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
    """Every site with a probe in the span, held against the other spans."""
    local_s, _ = local_seconds(cells.start_s, timezone)
    inside = _within(local_s, span)
    elsewhere = np.stack([_medians(cells, _within(local_s, other)) for other in others])
    values = _medians(cells, inside)
    comparisons = {
        cells.sites[s]: _comparison(
            cells, s, inside, values[s], elsewhere[:, s], metric
        )
        for s in np.unique(cells.site[inside]).tolist()
    }
    return [_beyond(site, comparisons) for site in comparisons]


def _within(local_s: Ints, span: Reference) -> Bools:
    start, end = (_clock_s(moment) for moment in (span.start, span.end))
    return np.asarray((local_s >= start) & (local_s < end))


def _clock_s(moment: datetime) -> int:
    # The reading of a wall clock: no zone.
    return int((moment - EPOCH.replace(tzinfo=None)) / timedelta(seconds=1))


def _medians(cells: Cells, chosen: Bools) -> Floats:
    """Median of each site, NaN where there is none, shape (n_sites,)."""
    site, value = cells.site[chosen], cells.value[chosen]
    return medians_by_place(site, value, len(cells.sites))


def _comparison(
    cells: Cells,
    place: int,
    inside: Bools,
    own_value: float,
    elsewhere: Floats,
    metric: str,
) -> Comparison:
    site, of_site = cells.sites[place], inside & (cells.site == place)
    others = elsewhere[np.isfinite(elsewhere)].tolist()
    value = own_value if np.isfinite(own_value) else None
    usual = middle(others)
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
        n_probes=int(of_site.sum()),
        n_failed=int(cells.n_failed[of_site].sum()),
        n_spans=len(others),
        lowest=min(others, default=None),
        highest=max(others, default=None),
    )


def _beyond(site: Site, comparisons: Mapping[Site, Comparison]) -> Comparison:
    comparison = comparisons[site]
    common = middle(
        other.ratio
        for place, other in comparisons.items()
        if place.is_control and place.vantage == site.vantage and place != site
    )
    if comparison.ratio is None or not common:
        return comparison
    return replace(comparison, beyond_controls=comparison.ratio / common)
