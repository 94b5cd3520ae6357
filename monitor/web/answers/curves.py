"""Values over time: samples, hours or days, beside the median of the controls."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from monitor.evening_rule import middle
from monitor.store.instants import to_us
from monitor.web.answers.facts import Facts
from monitor.web.answers.home_clock import day_start_us, local_hours
from monitor.web.answers.hours import Cell
from monitor.web.answers.queries import MAX_DAYS, MAX_SAMPLE_DAYS, SeriesQuery
from monitor.web.answers.schemas import Curve, Metric, Resolution, Series
from monitor.web.answers.slowness import hourly_middle

_HOUR = timedelta(hours=1)

Cells = Mapping[int, Cell]
"""By the start of the hour or day [us since 1970]."""


def series(facts: Facts, query: SeriesQuery) -> Series:
    """One target's curve and, when asked for, that of the controls."""
    vantage = facts.vantage(query.vantage)
    since, until = _span(facts, query, vantage)
    ids = facts.metric_series(query.target, query.metric, vantage)
    controls = (
        facts.control_series(query.metric, vantage) if query.with_controls else {}
    )
    curve = _curve(facts, ids, query, since, until)
    return Series(
        vantage=vantage,
        target=query.target,
        metric=query.metric,
        unit=query.metric.unit,
        timezone=facts.terms(vantage).timezone,
        resolution=query.resolution,
        since=since,
        until=until,
        coverage=_coverage(facts, query, curve, until - since),
        curve=curve,
        controls=(
            _controls_curve(facts, controls, query, since, until) if controls else None
        ),
        control_names=list(controls),
    )


def _span(facts: Facts, query: SeriesQuery, vantage: str) -> tuple[datetime, datetime]:
    day = timedelta(days=1)
    last = facts.last_utc(vantage) or facts.clock.now_utc()
    until = query.until or (last + timedelta(microseconds=1))
    if query.since is None:
        return until - day, until
    if query.until is None:
        until = max(until, query.since + _HOUR)
    if query.resolution is Resolution.SAMPLE:
        until = min(until, query.since + MAX_SAMPLE_DAYS * day)
    return max(query.since, until - MAX_DAYS * day), until


def _curve(
    facts: Facts, ids: list[int], query: SeriesQuery, since: datetime, until: datetime
) -> Curve:
    if query.resolution is Resolution.SAMPLE:
        return _samples(facts, ids, query.metric, since, until)
    span = _hour(since), to_us(until)
    hours = facts.hours({query.target: ids}, query.metric, *span)[query.target]
    cells = {hours.start_us(k): hours.cell(k) for k in hours.tried()}
    return _curve_of(_at_resolution(facts, query, cells))


def _samples(
    facts: Facts, ids: list[int], metric: Metric, since: datetime, until: datetime
) -> Curve:
    column = Metric.DURATION if metric is Metric.FAILED_SHARE else metric
    points = facts.reader.points(ids, column.value, to_us(since), to_us(until))
    points.sort(key=lambda point: point.started_at_us)
    failed = [int(point.failure is not None) for point in points]
    is_share = metric is Metric.FAILED_SHARE
    return Curve(
        time_s=[point.started_at_us / 1e6 for point in points],
        value=[float(f) for f in failed] if is_share else [p.value for p in points],
        n=[1] * len(points),
        n_failed=failed,
    )


def _controls_curve(
    facts: Facts,
    controls: Mapping[str, list[int]],
    query: SeriesQuery,
    since: datetime,
    until: datetime,
) -> Curve:
    hours = facts.hours(controls, query.metric, _hour(since), to_us(until))
    first = next(iter(hours.values()))
    cells = {
        first.start_us(place): Cell(value=value, n=len(controls), n_failed=0)
        for place, value in enumerate(hourly_middle(hours))
        if value is not None
    }
    return _curve_of(_at_resolution(facts, query, cells))


def _at_resolution(facts: Facts, query: SeriesQuery, cells: Cells) -> Cells:
    if query.resolution is not Resolution.DAY:
        return cells
    zone = facts.terms(facts.vantage(query.vantage)).timezone
    return _by_day(cells, zone)


def _by_day(cells: Cells, zone: str) -> dict[int, Cell]:
    local = local_hours(zone)
    by_day: dict[int, list[Cell]] = defaultdict(list)
    for hour, cell in cells.items():
        by_day[day_start_us(local.of(hour)[0], zone)].append(cell)
    return {day: _summed(of_day) for day, of_day in by_day.items()}


def _summed(cells: list[Cell]) -> Cell:
    return Cell(
        value=middle(cell.value for cell in cells),
        n=sum(cell.n for cell in cells),
        n_failed=sum(cell.n_failed for cell in cells),
    )


def _curve_of(cells: Cells) -> Curve:
    order = sorted(cells)
    return Curve(
        time_s=[start_us / 1e6 for start_us in order],
        value=[cells[start_us].value for start_us in order],
        n=[cells[start_us].n for start_us in order],
        n_failed=[cells[start_us].n_failed for start_us in order],
    )


def _coverage(facts: Facts, query: SeriesQuery, curve: Curve, span: timedelta) -> float:
    step = {
        Resolution.SAMPLE: facts.interval(query.metric),
        Resolution.HOUR: _HOUR,
        Resolution.DAY: timedelta(days=1),
    }[query.resolution]
    planned = max(span / step, 1.0)
    filled = len({int(t // step.total_seconds()) for t in curve.time_s})
    return min(filled / planned, 1.0)


def _hour(moment: datetime) -> int:
    return to_us(moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0))
