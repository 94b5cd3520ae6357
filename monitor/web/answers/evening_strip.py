"""The evenings strip: what each evening of each target was like.

Where an analysis has judged an evening its word stands. For the rest (today, or before
the first analysis) the same rule is asked about the hourly medians; the answer says so.
"""

from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final, Literal

from monitor import evening_rule
from monitor.evening_reading import (
    CellColumns,
    CellPlaces,
    SiteCells,
    down_hours,
    readings,
    slow_logs,
    tried,
    without_hours,
)
from monitor.evening_rule import (
    LAWS,
    Judged,
    Reading,
    dates_between,
    judged,
)
from monitor.hour_profile import HOURS_OF_DAY
from monitor.model import Role
from monitor.store.judged import JudgedTarget
from monitor.wallclock import day_number, numbered_day
from monitor.web.answers.facts import Facts
from monitor.web.answers.home_clock import day_start_us, local_hours
from monitor.web.answers.hours import Hours
from monitor.web.answers.queries import DaysQuery
from monitor.web.answers.schemas import (
    Evening,
    Evenings,
    Metric,
    TargetEvenings,
    Window,
)

CONTEXT_DAYS: Final = 14
"""Days before the asked ones that show how many probes an evening usually has."""
_HOUR_MIN: Final = 60
_DAY_0: Final = numbered_day(0)
_METRICS: Final = frozenset(metric.value for metric in Metric)
_FIRST_METRICS: Final = (Metric.GOODPUT, Metric.DURATION, Metric.CONNECT)
_NOTHING: Final = Reading(window_log=None, rest_log=None, is_tried=False)
_UNJUDGED: Final = JudgedTarget(metric="", law=LAWS[0], left_out=frozenset(), marks={})


def evenings(facts: Facts, query: DaysQuery) -> Evenings:
    """The evenings of every target."""
    vantage = facts.vantage(query.vantage)
    since, until = facts.days(vantage, query.since, query.until)
    line = _Line(facts, vantage, since, until)
    return Evenings(
        vantage=vantage,
        timezone=facts.config.timezone,
        window=Window(start=facts.config.window.start, end=facts.config.window.end),
        targets=[_of_target(line, name) for name in line.targets],
    )


def _of_target(line: "_Line", target: str) -> TargetEvenings:
    told = line.told(target)
    metric = line.metric(target)
    evenings = []
    for day in line.days:
        n, n_failed = line.tried(target, metric, day)
        mark = told.marks.get(day) or line.judged(target, metric, day)
        evenings.append(
            Evening(
                date=day, state=mark.state, ratio=mark.ratio, n=n, n_failed=n_failed
            )
        )
    source: Literal["analysis", "rollups"] = "analysis" if told.marks else "rollups"
    return TargetEvenings(
        target=target, metric=metric, source=source, evenings=evenings
    )


@dataclass(slots=True)
class _Line:
    """The hours of every site of a measuring point, read when they are asked for."""

    facts: Facts
    vantage: str
    since: date
    until: date
    days: Sequence[date] = field(init=False)
    targets: Sequence[str] = field(init=False)
    _window: evening_rule.Window = field(init=False)
    _roles: Mapping[str, Role] = field(init=False)
    _controls: Sequence[str] = field(init=False)
    _told: Mapping[str, JudgedTarget] = field(init=False)
    _unjudged: Collection[int] | None = field(init=False)
    _readings: dict[Metric, Mapping[str, Mapping[int, Reading]]] = field(init=False)
    _attempts: dict[Metric, Mapping[str, CellColumns]] = field(init=False)
    _hours_of: dict[Metric, Mapping[str, Hours]] = field(init=False)
    _places_of: dict[tuple[int, int], CellPlaces] = field(init=False)
    _down: dict[Metric, Collection[int]] = field(init=False)

    def __post_init__(self) -> None:
        self.days = dates_between(self.since, self.until)
        self._window = self.facts.config.window.span
        self._roles = self.facts.roles(self.vantage)
        self.targets = self._names(Role.TARGET)
        self._controls = self._names(Role.CONTROL)
        self._told = self.facts.judged(self.vantage, self.since)
        self._unjudged = self._evenings_to_read()
        self._readings, self._attempts, self._hours_of = {}, {}, {}
        self._places_of, self._down = {}, {}

    def _names(self, role: Role) -> list[str]:
        return [name for name, its in self._roles.items() if its == role]

    def told(self, target: str) -> JudgedTarget:
        """What analyses said of a target."""
        return self._told.get(target, _UNJUDGED)

    def metric(self, target: str) -> Metric:
        """The metric that the analysis reads of a target; before it, a usual one."""
        told = self.told(target)
        if told.metric in _METRICS:
            return Metric(told.metric)
        for metric in _FIRST_METRICS:
            readings = self._of_metric(metric)[target].values()
            if any(evening.rest_log is not None for evening in readings):
                return metric
        return Metric.DURATION

    def tried(self, site: str, metric: Metric, day: date) -> tuple[int, int]:
        """Attempts in an evening's window, and those of them without an answer."""
        return tried(self._attempts_of(metric)[site], self._window, day_number(day))

    def judged(self, target: str, metric: Metric, day: date) -> Judged:
        """What the rule says of an evening that no analysis has judged."""
        told, evening = self.told(target), day_number(day)
        sites = self._of_metric(metric)
        # A control without a series says nothing, not even that there is one.
        controls = [
            sites[name].get(evening, _NOTHING)
            for name in self._controls
            if name not in told.left_out and sites[name]
        ]
        return judged(sites[target].get(evening, _NOTHING), controls, told.law)

    def _evenings_to_read(self) -> Collection[int] | None:
        """Those that some target has no word of; None: all, to find a metric."""
        told = [self.told(target) for target in self.targets]
        if any(target.metric not in _METRICS for target in told):
            return None
        return {
            day_number(day)
            for day in self.days
            if any(day not in target.marks for target in told)
        }

    def _of_metric(self, metric: Metric) -> Mapping[str, Mapping[int, Reading]]:
        if metric not in self._readings:
            self._readings[metric] = self._read(metric)
        return self._readings[metric]

    def _read(self, metric: Metric) -> Mapping[str, Mapping[int, Reading]]:
        attempts = self._attempts_of(metric)
        return {
            name: readings(
                SiteCells(self._values(hours, metric), attempts[name]),
                self._window,
                self._unjudged,
            )
            for name, hours in self._hours(metric).items()
        }

    def _values(self, hours: Hours, metric: Metric) -> CellColumns:
        """Hours of one site with their values, without those of an outage."""
        places = self._places(hours)
        first = self._first_read(places)
        columns = hours.value[first:], hours.n[first:], hours.n_failed[first:]
        logs = [None] * first + slow_logs(metric.value, *columns)
        cells = CellColumns(places, logs, hours.n, hours.n_failed)
        return without_hours(cells, self._down[metric])

    def _first_read(self, places: CellPlaces) -> int:
        # Of a year that the nights have judged only the last evening is read.
        if self._unjudged is None:
            return 0
        return bisect_left(places.spans, (min(self._unjudged), 0, 0))

    def _attempts_of(self, metric: Metric) -> Mapping[str, CellColumns]:
        """Hours of the probe that stands for each site, without those of an outage."""
        if metric not in self._attempts:
            by_site = self._hours(_of_attempts(metric))
            cells = {name: self._counts(hours) for name, hours in by_site.items()}
            down = self._down[metric] = down_hours(cells, self._controls)
            self._attempts[metric] = {
                name: without_hours(of_site, down) for name, of_site in cells.items()
            }
        return self._attempts[metric]

    def _counts(self, hours: Hours) -> CellColumns:
        return CellColumns(self._places(hours), hours.value, hours.n, hours.n_failed)

    def _hours(self, metric: Metric) -> Mapping[str, Hours]:
        if metric not in self._hours_of:
            facts = self.facts
            series = {
                name: facts.metric_series(name, metric, self.vantage)
                for name in self._roles
            }
            self._hours_of[metric] = facts.hours(series, metric, *self._span_us())
        return self._hours_of[metric]

    def _span_us(self) -> tuple[int, int]:
        # A day more on either side: an evening's day is no day of the calendar.
        zone = self.facts.config.timezone
        return (
            day_start_us(self.since - timedelta(days=CONTEXT_DAYS), zone),
            day_start_us(self.until + timedelta(days=2), zone),
        )

    def _places(self, hours: Hours) -> CellPlaces:
        """Evening, begin and end of each hour: the same for all sites, asked once."""
        key = hours.first_us, len(hours.n)
        if key not in self._places_of:
            self._places_of[key] = CellPlaces(self._spans(hours))
        return self._places_of[key]

    def _spans(self, hours: Hours) -> list[tuple[int, int, int]]:
        # A clock has 24 hours: where each lies in an evening's day is asked once.
        local = local_hours(self.facts.config.timezone)
        of_clock = [
            self._window.evening(_DAY_0, h * _HOUR_MIN) for h in range(HOURS_OF_DAY)
        ]
        spans = []
        for place in range(len(hours.n)):
            day, hour = local.of(hours.start_us(place))
            evening, begin = of_clock[hour]
            spans.append((day_number(day) + evening, begin, begin + _HOUR_MIN))
        return spans


def _of_attempts(metric: Metric) -> Metric:
    """The metric of the probe that stands for a site."""
    return Metric.DURATION if metric is Metric.GOODPUT else metric
