"""The evenings strip: what each evening of each target was like.

Where an analysis has judged an evening its word stands; for the rest (today, or before
the first analysis) the hourly medians are read in a simple way that the answer names.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from math import exp, log
from typing import Any, Final, Literal

from monitor.model import Role
from monitor.web.facts import Facts
from monitor.web.hours import Hours
from monitor.web.local import (
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
class _Places:
    """Which hours of a span are an evening's window, and which the rest of its day."""

    window: list[int] = field(default_factory=list)
    rest: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Day:
    """One evening of one site: its window, and how slow that was in its own day."""

    n: int
    n_failed: int
    ratio: float | None

    @property
    def failed_share(self) -> float | None:
        return self.n_failed / self.n if self.n else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Common:
    """The median control of one evening."""

    log_ratio: float | None
    failed_share: float | None


_NO_CONTROLS: Final = _Common(log_ratio=None, failed_share=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sites:
    """Every evening of each target, and what the controls had in common on it."""

    targets: Mapping[str, Sequence[_Day]]
    controls: Sequence[_Common]


def evenings(facts: Facts, query: DaysQuery) -> Evenings:
    """The evenings of every target."""
    vantage = facts.vantage(query.vantage)
    since, until = facts.days(vantage, query.since, query.until)
    days = days_between(since, until)
    judged = _judged(facts, vantage)
    targets = [n for n, role in facts.roles(vantage).items() if role == Role.TARGET]
    metrics = {name: _metric(facts, vantage, name) for name in targets}
    sites = {
        metric: _sites(facts, vantage, metric, days) for metric in {*metrics.values()}
    }
    return Evenings(
        vantage=vantage,
        timezone=facts.config.timezone,
        window=Window(start=facts.config.window.start, end=facts.config.window.end),
        targets=[
            _of_target(name, metric, days, sites[metric], judged.get(name, {}))
            for name, metric in metrics.items()
        ],
    )


def _of_target(
    target: str,
    metric: Metric,
    days: Sequence[date],
    sites: _Sites,
    marks: Mapping[str, Mapping[str, Any]],
) -> TargetEvenings:
    found = [
        _evening(day, own, common, marks.get(day.isoformat()))
        for day, own, common in zip(
            days, sites.targets[target], sites.controls, strict=True
        )
    ]
    source: Literal["analysis", "rollups"] = "analysis" if marks else "rollups"
    return TargetEvenings(target=target, metric=metric, source=source, evenings=found)


def _metric(facts: Facts, vantage: str, target: str) -> Metric:
    sites = facts.sites(vantage).get(target, [])
    probes = {info.probe for info in sites}
    if "download" in probes:
        return Metric.GOODPUT
    return Metric.CONNECT if probes == {"tcp"} else Metric.DURATION


def _sites(facts: Facts, vantage: str, metric: Metric, days: Sequence[date]) -> _Sites:
    controls = facts.control_series(metric, vantage)
    targets = {
        name: facts.metric_series(name, metric, vantage)
        for name, role in facts.roles(vantage).items()
        if role == Role.TARGET
    }
    found = facts.hours({**targets, **controls}, metric, *_span(facts, days))
    places = _places(facts, next(iter(found.values())), days)
    each = {name: _days(hours, places, metric) for name, hours in found.items()}
    beside = zip(*(each[name] for name in controls), strict=True)
    return _Sites(
        targets={name: each[name] for name in targets},
        controls=[_common(one) for one in beside] or [_NO_CONTROLS] * len(days),
    )


def _common(controls: Sequence[_Day]) -> _Common:
    ratios = (one.ratio for one in controls)
    return _Common(
        log_ratio=middle(None if not r or r <= 0 else log(r) for r in ratios),
        failed_share=middle(one.failed_share for one in controls),
    )


def _span(facts: Facts, days: Sequence[date]) -> tuple[int, int]:
    # A day more: the evening's window may go on past midnight.
    zone = facts.config.timezone
    until = day_start_us(days[-1] + timedelta(days=2), zone)
    return day_start_us(days[0], zone), until


def _places(facts: Facts, hours: Hours, days: Sequence[date]) -> list[_Places]:
    window = facts.config.window
    inside = window_hours(window.start, window.end)
    guard = {(inside[0] - 1) % 24, (inside[-1] + 1) % 24}
    local = local_hours(facts.config.timezone)
    found: dict[date, _Places] = defaultdict(_Places)
    for place in range(len(hours.n)):
        day, hour = local.of(hours.start_us(place))
        if hour in inside:
            # Past midnight, the evening is still that of the day before.
            found[day - timedelta(days=hour < inside[0])].window.append(place)
        elif hour not in guard:
            found[day].rest.append(place)
    return [found[day] for day in days]


def _days(hours: Hours, places: Iterable[_Places], metric: Metric) -> list[_Day]:
    n, n_failed = hours.n, hours.n_failed
    return [
        _Day(
            n=sum([n[place] for place in one.window]),
            n_failed=sum([n_failed[place] for place in one.window]),
            ratio=_ratio(hours, one, metric),
        )
        for one in places
    ]


def _ratio(hours: Hours, places: _Places, metric: Metric) -> float | None:
    value, n = hours.value, hours.n
    inside = middle([value[place] for place in places.window])
    if inside is None or sum([n[k] > 0 for k in places.rest]) < MIN_REST_HOURS:
        return None
    outside = middle([value[place] for place in places.rest])
    return None if outside is None else times_slower(metric, inside, outside)


def _evening(
    day: date, own: _Day, common: _Common, mark: Mapping[str, Any] | None
) -> Evening:
    ratio = _beyond(own.ratio, common)
    state = _state(own.failed_share, ratio, common)
    if mark is not None:
        state, ratio = EveningState(mark["state"]), mark.get("ratio")
    return Evening(date=day, state=state, ratio=ratio, n=own.n, n_failed=own.n_failed)


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
