"""Each evening of each site summed up; of a year only what has changed is read anew.

The hours of days that are over change when somebody imports, and else never. What was
made of an evening is kept beside a hash of the packed days around it, so that answers
are the same whether or not something was kept.
"""

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Final

from monitor import evening_rule
from monitor.evening_reading import (
    NO_SUMS,
    CellColumns,
    CellPlaces,
    Needs,
    SiteCells,
    Sums,
    down_hours,
    needs_of,
    slow_logs,
    sums,
    without_hours,
)
from monitor.evening_rule import Judged
from monitor.hour_profile import HOURS_OF_DAY
from monitor.model import OwnTerms
from monitor.store.hourly_days import DAY_US
from monitor.wallclock import day_number, numbered_day
from monitor.web.answers.home_clock import local_hours
from monitor.web.answers.hours import Hours
from monitor.web.answers.schemas import Metric

if TYPE_CHECKING:
    from monitor.web.answers.facts import Facts

MOST_KEPT: Final = 4
"""A page asks for one vantage, in up to three metrics."""
_MOST_JUDGED: Final = 32
"""Of an evening: each target, asked in a few ways."""
_AROUND: Final = 2
"""Days of UTC before and after that of its number which an evening's day can touch."""
_HOUR_MIN: Final = 60
_DAY_0: Final = numbered_day(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Whose evenings they are, and on which clock."""

    vantage: str
    terms: OwnTerms
    controls: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EveningRecord:
    """What was made of an evening, and of what."""

    made_of: int
    """Hash of the packed days around it, and of where they are cut."""
    sums: Mapping[str, Sums]
    """By site."""
    judged: dict[Hashable, Judged] = field(default_factory=dict)
    """What the rule said, by what it was asked."""

    def of(self, site: str) -> Sums:
        """The sums of a site; where nothing is there, of nothing."""
        return self.sums.get(site, NO_SUMS)

    def keep(self, asked: Hashable, word: Judged) -> None:
        """Keep what the rule said."""
        if len(self.judged) >= _MOST_JUDGED:
            self.judged.clear()
        self.judged[asked] = word


@dataclass(frozen=True, slots=True)
class EveningSums:
    """The evenings of a span in one metric."""

    records: Mapping[int, EveningRecord]
    needs: Mapping[str, Needs]


@dataclass(slots=True)
class KeptSums:
    """Evenings by what is asked of whom; called from worker threads."""

    _kept: dict[Hashable, dict[int, EveningRecord]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def get(self, key: Hashable) -> dict[int, EveningRecord]:
        """What is kept of a question, to be looked up only."""
        with self._lock:
            return dict(self._kept.get(key, {}))

    def add(self, key: Hashable, made: Mapping[int, EveningRecord]) -> None:
        """Keep more, and let go of the question that was asked longest ago."""
        with self._lock:
            self._kept[key] = {**self._kept.pop(key, {}), **made}
            while len(self._kept) > MOST_KEPT:
                del self._kept[next(iter(self._kept))]


def evening_sums(
    facts: "Facts",
    line: Line,
    metric: Metric,
    sites: Iterable[str],
    span_us: tuple[int, int],
) -> EveningSums:
    """The evenings of some sites in a half-open span, each summed up."""
    reading = _Reading(facts, line, metric, tuple(sites), span_us)
    kept = facts.kept_sums.get(reading.key)
    records = {
        evening: kept[evening]
        for evening in reading.evenings
        if evening in kept and kept[evening].made_of == reading.made_of(evening)
    }
    made: dict[int, EveningRecord] = {}
    for run in _runs(e for e in reading.evenings if e not in records):
        made |= reading.made(run)
    facts.kept_sums.add(reading.key, made)
    records |= made
    needs = {
        site: needs_of(record.of(site) for record in records.values())
        for site in reading.names
    }
    return EveningSums(records, needs)


def _runs(evenings: Iterable[int]) -> list[range]:
    """Evenings in a row; those with few others between them are one."""
    runs: list[range] = []
    for evening in evenings:
        if runs and evening - runs[-1].stop <= 2 * _AROUND:
            runs[-1] = range(runs[-1].start, evening + 1)
        else:
            runs.append(range(evening, evening + 1))
    return runs


class _Reading:
    """The packed days of a span, and what is made of them.

    Parameters
    ----------
    names : of the sites.
    """

    def __init__(
        self,
        facts: "Facts",
        line: Line,
        metric: Metric,
        names: tuple[str, ...],
        span_us: tuple[int, int],
    ) -> None:
        self.names = names
        self._facts, self._line, self._metric = facts, line, metric
        self._span_us = span_us
        self._attempts = of_attempts(metric)
        self._series = {
            m: {n: facts.metric_series(n, m, line.vantage) for n in names}
            for m in (metric, self._attempts)
        }
        self._rows = {
            m: facts.packed_days(series, m, *span_us)
            for m, series in self._series.items()
        }
        self._hashes = self._hashes_of_days()
        self._places_of: dict[tuple[int, int], CellPlaces] = {}

    @property
    def key(self) -> Hashable:
        """Whose evenings they are, and which series stand for each site."""
        series = [tuple(ids) for of in self._series.values() for ids in of.values()]
        return self._line, self._metric, self.names, tuple(series)

    @property
    def evenings(self) -> range:
        """Every evening that a moment of the span can belong to."""
        since, until = (moment // DAY_US for moment in self._span_us)
        return range(since - _AROUND, until + _AROUND + 1)

    def _hashes_of_days(self) -> dict[int, int]:
        days: dict[int, list[int]] = defaultdict(list)
        for rows in self._rows.values():
            for row in rows:
                days[row.first_us // DAY_US].append(hash(row))
        return {day: hash(tuple(hashes)) for day, hashes in days.items()}

    def made_of(self, evening: int) -> int:
        """Hash of the packed days around an evening, as far as the span reaches."""
        around = range(evening - _AROUND, evening + _AROUND + 1)
        ends = self._clipped(around)
        return hash((*ends, *[self._hashes.get(day) for day in around]))

    def _clipped(self, days: range) -> tuple[int, int]:
        """Begin and end of some days of UTC within the span [us]."""
        since_us, until_us = self._span_us
        return max(since_us, days.start * DAY_US), min(until_us, days.stop * DAY_US)

    def made(self, evenings: range) -> dict[int, EveningRecord]:
        """Some evenings in a row, summed up."""
        around = range(evenings.start - _AROUND, evenings.stop + _AROUND)
        by_site = self._sums(*self._clipped(around))
        return {
            evening: EveningRecord(
                self.made_of(evening),
                {n: of[evening] for n, of in by_site.items() if evening in of},
            )
            for evening in evenings
        }

    def _sums(self, since_us: int, until_us: int) -> dict[str, dict[int, Sums]]:
        """Site -> evening -> what the hours of a span say; its ends are cut."""
        hours = {m: self._hours(m, since_us, until_us) for m in self._series}
        attempts = {n: self._counts(h) for n, h in hours[self._attempts].items()}
        down = down_hours(attempts, self._line.controls)
        return {
            name: sums(
                SiteCells(
                    self._values(of_site, down), without_hours(attempts[name], down)
                ),
                self._line.terms.window,
            )
            for name, of_site in hours[self._metric].items()
        }

    def _hours(
        self, metric: Metric, since_us: int, until_us: int
    ) -> Mapping[str, Hours]:
        rows = [
            row
            for row in self._rows[metric]
            if since_us - DAY_US < row.first_us < until_us
        ]
        series = self._series[metric]
        return self._facts.laid_out(series, rows, metric, since_us, until_us)

    def _values(self, hours: Hours, down: Collection[int]) -> CellColumns:
        """Hours of one site with their values, without those of an outage."""
        logs = slow_logs(self._metric.value, hours.value, hours.n, hours.n_failed)
        cells = CellColumns(self._places(hours), logs, hours.n, hours.n_failed)
        return without_hours(cells, down)

    def _counts(self, hours: Hours) -> CellColumns:
        return CellColumns(self._places(hours), hours.value, hours.n, hours.n_failed)

    def _places(self, hours: Hours) -> CellPlaces:
        """Evening, begin and end of each hour: the same for all sites, asked once."""
        key = hours.first_us, len(hours.n)
        if key not in self._places_of:
            self._places_of[key] = CellPlaces(_spans(hours, self._line.terms))
        return self._places_of[key]


def _spans(hours: Hours, terms: OwnTerms) -> list[tuple[int, int, int]]:
    # A clock has 24 hours: where each lies in an evening's day is asked once.
    local = local_hours(terms.timezone)
    of_clock = [_of_clock(terms.window, hour) for hour in range(HOURS_OF_DAY)]
    spans = []
    for place in range(len(hours.n)):
        day, hour = local.of(hours.start_us(place))
        evening, begin = of_clock[hour]
        spans.append((day_number(day) + evening, begin, begin + _HOUR_MIN))
    return spans


def _of_clock(window: evening_rule.Window, hour: int) -> tuple[int, int]:
    return window.evening(_DAY_0, hour * _HOUR_MIN)


def of_attempts(metric: Metric) -> Metric:
    """The metric of the probe that stands for a site."""
    return Metric.DURATION if metric is Metric.GOODPUT else metric
