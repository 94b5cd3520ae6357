"""The evenings strip: what each evening of each target was like.

Where an analysis has judged an evening its word stands. For the rest (today, or before
the first analysis) the same rule is asked about the hourly medians; the answer says so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final, Literal

from monitor.evening_reading import Cell, SiteCells, cell_of, readings, without_outages
from monitor.evening_rule import (
    LAWS,
    Judged,
    Reading,
    dates_between,
    judged,
)
from monitor.model import Role
from monitor.store.judged import JudgedTarget
from monitor.wallclock import day_number
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
_FIRST_METRICS: Final = (Metric.GOODPUT, Metric.DURATION, Metric.CONNECT)
_NOTHING: Final = Reading(window_log=None, rest_log=None, is_tried=False)
_UNJUDGED: Final = JudgedTarget(metric="", law=LAWS[0], left_out=frozenset(), marks={})


def evenings(facts: Facts, query: DaysQuery) -> Evenings:
    """The evenings of every target."""
    vantage = facts.vantage(query.vantage)
    since, until = facts.days(vantage, query.since, query.until)
    days = dates_between(since, until)
    told = facts.judged(vantage, since)
    line = _Line(facts, vantage, since, until)
    return Evenings(
        vantage=vantage,
        timezone=facts.config.timezone,
        window=Window(start=facts.config.window.start, end=facts.config.window.end),
        targets=[
            _of_target(line, name, days, told.get(name, _UNJUDGED))
            for name, role in line.roles.items()
            if role == Role.TARGET
        ],
    )


def _of_target(
    line: "_Line", target: str, days: Sequence[date], told: JudgedTarget
) -> TargetEvenings:
    metric = line.metric(target, told)
    evenings = []
    for day in days:
        reading = line.reading(target, metric, day)
        mark = told.marks.get(day) or line.judged(target, metric, day, told)
        evenings.append(
            Evening(
                date=day,
                state=mark.state,
                ratio=mark.ratio,
                n=reading.n,
                n_failed=reading.n_failed,
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
    roles: Mapping[str, Role] = field(init=False)
    _readings: dict[Metric, Mapping[str, Mapping[int, Reading]]] = field(init=False)
    _spans_from: dict[int, list[tuple[int, int, int]]] = field(init=False)

    def __post_init__(self) -> None:
        self.roles = self.facts.roles(self.vantage)
        self._readings = {}
        self._spans_from = {}

    def metric(self, target: str, told: JudgedTarget) -> Metric:
        """The metric that the analysis reads of a target; before it, a usual one."""
        if told.metric in set(Metric):
            return Metric(told.metric)
        for metric in _FIRST_METRICS:
            readings = self._of_metric(metric)[target].values()
            if any(evening.rest_log is not None for evening in readings):
                return metric
        return Metric.DURATION

    def reading(self, site: str, metric: Metric, day: date) -> Reading:
        """What was measured of a site on an evening."""
        return self._of_metric(metric)[site].get(day_number(day), _NOTHING)

    def judged(
        self, target: str, metric: Metric, day: date, told: JudgedTarget
    ) -> Judged:
        """What the rule says of an evening that no analysis has judged."""
        # A control without a series says nothing, not even that there is one.
        controls = [
            self.reading(name, metric, day)
            for name, role in self.roles.items()
            if role == Role.CONTROL
            and name not in told.left_out
            and self._of_metric(metric)[name]
        ]
        return judged(self.reading(target, metric, day), controls, told.law)

    def _of_metric(self, metric: Metric) -> Mapping[str, Mapping[int, Reading]]:
        if metric not in self._readings:
            self._readings[metric] = self._read(metric)
        return self._readings[metric]

    def _read(self, metric: Metric) -> Mapping[str, Mapping[int, Reading]]:
        facts, zone = self.facts, self.facts.config.timezone
        # A day more on either side: an evening's day is no day of the calendar.
        span = (
            day_start_us(self.since - timedelta(days=CONTEXT_DAYS), zone),
            day_start_us(self.until + timedelta(days=2), zone),
        )
        values = self._hours(metric, span)
        attempts = values
        if metric is Metric.GOODPUT:
            attempts = self._hours(Metric.DURATION, span)
        sites = {
            name: SiteCells(
                self._cells(values[name], metric), self._cells(attempts[name], metric)
            )
            for name in self.roles
        }
        controls = [name for name, role in self.roles.items() if role == Role.CONTROL]
        window = facts.config.window.span
        return {
            name: readings(cells, window)
            for name, cells in without_outages(sites, controls).items()
        }

    def _hours(self, metric: Metric, span: tuple[int, int]) -> Mapping[str, Hours]:
        facts = self.facts
        series = {
            name: facts.metric_series(name, metric, self.vantage) for name in self.roles
        }
        return facts.hours(series, metric, *span)

    def _cells(self, hours: Hours, metric: Metric) -> list[Cell]:
        spans, name = self._spans(hours), metric.value
        columns = zip(spans, hours.value, hours.n, hours.n_failed, strict=False)
        return [
            cell_of(span, name, value, n, n_failed)
            for span, value, n, n_failed in columns
            if n
        ]

    def _spans(self, hours: Hours) -> list[tuple[int, int, int]]:
        """Evening, begin and end of each hour: the same for all sites, asked once."""
        spans = self._spans_from.setdefault(hours.first_us, [])
        spans += [
            self._span(hours.start_us(place))
            for place in range(len(spans), len(hours.n))
        ]
        return spans

    def _span(self, start_us: int) -> tuple[int, int, int]:
        day, hour = local_hours(self.facts.config.timezone).of(start_us)
        evening, begin = self.facts.config.window.span.evening(day, hour * _HOUR_MIN)
        return evening, begin, begin + _HOUR_MIN
