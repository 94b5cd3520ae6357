"""The evenings strip: what each evening of each target was like.

Where an analysis has judged an evening its word stands; for the rest (today, or before
the first analysis) the hourly medians are read in a simple way that the answer names.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from math import exp, log
from typing import Any, Final, Literal

from monitor.model import Role
from monitor.web.facts import Cell, Cells, Facts
from monitor.web.local import (
    LocalHours,
    day_start_us,
    days_between,
    local_hours,
    window_hours,
)
from monitor.web.schemas import (
    DaysQuery,
    Evening,
    Evenings,
    EveningState,
    Metric,
    TargetEvenings,
    Window,
)
from monitor.web.slowness import middle, times_slower

SLOW_RATIO: Final = 1.5
"""From here on a quick reading calls an evening slow."""
DEAD_SHARE: Final = 0.5
WELL_SHARE: Final = 0.1
MIN_REST_HOURS: Final = 4


@dataclass(slots=True)
class _Day:
    window: list[Cell] = field(default_factory=list)
    rest: list[Cell] = field(default_factory=list)

    def failed_share(self) -> float | None:
        n = sum(cell.n for cell in self.window)
        return sum(cell.n_failed for cell in self.window) / n if n else None

    def ratio(self, metric: Metric) -> float | None:
        inside = middle(cell.value for cell in self.window)
        outside = middle(cell.value for cell in self.rest)
        if inside is None or outside is None or len(self.rest) < MIN_REST_HOURS:
            return None
        return times_slower(metric, inside, outside)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Common:
    """The median control of one evening."""

    log_ratio: float | None
    failed_share: float | None


_NO_CONTROLS: Final = _Common(log_ratio=None, failed_share=None)

Days = Mapping[date, _Day]
Commons = Mapping[date, _Common]


def evenings(facts: Facts, query: DaysQuery) -> Evenings:
    """The evenings of every target."""
    vantage = facts.vantage(query.vantage)
    since, until = facts.days(vantage, query.since, query.until)
    days = days_between(since, until)
    judged = _judged(facts, vantage)
    targets = [n for n, role in facts.roles(vantage).items() if role == Role.TARGET]
    metrics = {name: _metric(facts, vantage, name) for name in targets}
    controls = {
        metric: _commons(facts, vantage, metric, days)
        for metric in set(metrics.values())
    }
    return Evenings(
        vantage=vantage,
        timezone=facts.config.timezone,
        window=Window(start=facts.config.window.start, end=facts.config.window.end),
        targets=[
            _of_target(
                name,
                metric,
                _days_of(
                    facts, facts.metric_series(name, metric, vantage), metric, days
                ),
                days,
                controls[metric],
                judged.get(name, {}),
            )
            for name, metric in metrics.items()
        ],
    )


def _of_target(
    target: str,
    metric: Metric,
    own: Days,
    days: Sequence[date],
    commons: Commons,
    marks: Mapping[str, Mapping[str, Any]],
) -> TargetEvenings:
    found = []
    for day in days:
        common = commons.get(day, _NO_CONTROLS)
        quick = _read(day, own.get(day, _Day()), common, metric)
        found.append(_told(quick, marks.get(day.isoformat())))
    source: Literal["analysis", "rollups"] = "analysis" if marks else "rollups"
    return TargetEvenings(target=target, metric=metric, source=source, evenings=found)


def _metric(facts: Facts, vantage: str, target: str) -> Metric:
    sites = facts.sites(vantage).get(target, [])
    probes = {info.probe for info in sites}
    if "download" in probes:
        return Metric.GOODPUT
    return Metric.CONNECT if probes == {"tcp"} else Metric.DURATION


def _days_of(
    facts: Facts, ids: Sequence[int], metric: Metric, days: Sequence[date]
) -> Days:
    cells = facts.cells(ids, metric, *_span(facts, days))
    return _by_day(facts, cells)


def _commons(
    facts: Facts, vantage: str, metric: Metric, days: Sequence[date]
) -> Commons:
    """What the controls had in common on each day."""
    found = facts.control_cells(metric, vantage, *_span(facts, days))
    each = [_by_day(facts, cells) for cells in found.values()]
    return {
        day: _common([one[day] for one in each if day in one], metric) for day in days
    }


def _common(controls: Sequence[_Day], metric: Metric) -> _Common:
    ratios = (one.ratio(metric) for one in controls)
    return _Common(
        log_ratio=middle(None if not r or r <= 0 else log(r) for r in ratios),
        failed_share=middle(one.failed_share() for one in controls),
    )


def _span(facts: Facts, days: Sequence[date]) -> tuple[int, int]:
    # A day more: the evening's window may go on past midnight.
    zone = facts.config.timezone
    until = day_start_us(days[-1] + timedelta(days=2), zone)
    return day_start_us(days[0], zone), until


def _by_day(facts: Facts, cells: Cells) -> Days:
    window = facts.config.window
    inside = window_hours(window.start, window.end)
    return _sorted_out(cells, local_hours(facts.config.timezone), inside)


def _sorted_out(cells: Cells, local: LocalHours, inside: Sequence[int]) -> Days:
    guard = {(inside[0] - 1) % 24, (inside[-1] + 1) % 24}
    days: dict[date, _Day] = defaultdict(_Day)
    for start_us, cell in cells.items():
        day, hour = local.of(start_us)
        if hour in inside:
            # Past midnight, the evening is still that of the day before.
            days[day - timedelta(days=hour < inside[0])].window.append(cell)
        elif hour not in guard:
            days[day].rest.append(cell)
    return days


def _read(day: date, own: _Day, common: _Common, metric: Metric) -> Evening:
    ratio = _beyond(own.ratio(metric), common)
    return Evening(
        date=day,
        state=_state(own.failed_share(), ratio, common),
        ratio=ratio,
        n=sum(cell.n for cell in own.window),
        n_failed=sum(cell.n_failed for cell in own.window),
    )


def _beyond(ratio: float | None, common: _Common) -> float | None:
    if not ratio or ratio <= 0 or common.log_ratio is None:
        return None
    return exp(log(ratio) - common.log_ratio)


def _state(
    failed_share: float | None, ratio: float | None, common: _Common
) -> EveningState:
    if failed_share is None or common.failed_share is None:
        return EveningState.UNUSABLE
    if failed_share >= DEAD_SHARE:
        is_selective = common.failed_share <= WELL_SHARE
        return EveningState.DEAD if is_selective else EveningState.UNUSABLE
    if ratio is None:
        return EveningState.UNUSABLE
    return EveningState.SLOW if ratio >= SLOW_RATIO else EveningState.FINE


def _judged(
    facts: Facts, vantage: str
) -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
    """Per target and date: what the last analysis said of the evening."""
    for analysis in facts.reader.analyses(1):
        return {
            verdict["target"]: {
                mark["date"]: mark for mark in verdict.get("evening_marks", [])
            }
            for verdict in analysis.document.get("verdicts", [])
            if verdict.get("vantage") == vantage
        }
    return {}


def _told(quick: Evening, mark: Mapping[str, Any] | None) -> Evening:
    if mark is None:
        return quick
    state = EveningState(mark["state"])
    return quick.model_copy(update={"state": state, "ratio": mark.get("ratio")})
