"""The evenings strip: what each evening of each target was like.

Where an analysis has judged an evening its word stands. For the rest (today, or before
the first analysis) the same rule is asked about the hourly medians; the answer says so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final, Literal

from monitor.evening_reading import Needs, reading_of
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
from monitor.web.answers.evening_sums import (
    EveningRecord,
    EveningSums,
    Line,
    evening_sums,
)
from monitor.web.answers.facts import Facts
from monitor.web.answers.home_clock import day_start_us
from monitor.web.answers.queries import DaysQuery
from monitor.web.answers.schemas import (
    Evening,
    Evenings,
    Metric,
    TargetEvenings,
)

CONTEXT_DAYS: Final = 14
"""Days before the asked ones that show how many probes an evening usually has."""
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
        timezone=facts.terms(vantage).timezone,
        window=facts.window(vantage),
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
    _roles: Mapping[str, Role] = field(init=False)
    _controls: Sequence[str] = field(init=False)
    _told: Mapping[str, JudgedTarget] = field(init=False)
    _sums: dict[Metric, EveningSums] = field(init=False)

    def __post_init__(self) -> None:
        self.days = dates_between(self.since, self.until)
        self._roles = self.facts.roles(self.vantage)
        self.targets = self._names(Role.TARGET)
        self._controls = self._names(Role.CONTROL)
        self._told = self.facts.judged(self.vantage, self.since)
        self._sums = {}

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
            if self._has_rest(metric, target):
                return metric
        return Metric.DURATION

    def _has_rest(self, metric: Metric, target: str) -> bool:
        """Whether the rest of the day has a value on any evening."""
        made = self._sums_in(metric)
        need = made.needs[target].values
        return any(
            sums.middles[1] is not None and min(sums.values) >= need
            for sums in (record.of(target) for record in made.records.values())
        )

    def tried(self, site: str, metric: Metric, day: date) -> tuple[int, int]:
        """Attempts in an evening's window, and those of them without an answer."""
        sums = self._record(metric, day).of(site)
        return sums.attempts[0], sums.failed[0]

    def judged(self, target: str, metric: Metric, day: date) -> Judged:
        """What the rule says of an evening that no analysis has judged."""
        told, needs = self.told(target), self._sums_in(metric).needs
        record = self._record(metric, day)
        asked = target, told.left_out, told.law, tuple(needs.items())
        word = record.judged.get(asked)
        if word is None:
            word = self._judged(record, needs, target, told)
            record.keep(asked, word)
        return word

    def _judged(
        self,
        record: EveningRecord,
        needs: Mapping[str, Needs],
        target: str,
        told: JudgedTarget,
    ) -> Judged:
        # A control without a series says nothing, not even that there is one.
        controls = [
            _reading(record, name, needs[name])
            for name in self._controls
            if name not in told.left_out and needs[name].is_measured
        ]
        return judged(_reading(record, target, needs[target]), controls, told.law)

    def _record(self, metric: Metric, day: date) -> EveningRecord:
        return self._sums_in(metric).records[day_number(day)]

    def _sums_in(self, metric: Metric) -> EveningSums:
        if metric not in self._sums:
            terms = self.facts.terms(self.vantage)
            line = Line(
                vantage=self.vantage, terms=terms, controls=tuple(self._controls)
            )
            # A day more on either side: an evening's day is no day of the calendar.
            span_us = (
                day_start_us(self.since - timedelta(days=CONTEXT_DAYS), terms.timezone),
                day_start_us(self.until + timedelta(days=2), terms.timezone),
            )
            self._sums[metric] = evening_sums(
                self.facts, line, metric, self._roles, span_us
            )
        return self._sums[metric]


def _reading(record: EveningRecord, site: str, needs: Needs) -> Reading:
    return reading_of(record.of(site), needs) if needs.is_measured else _NOTHING
