"""The picture: local hours by days."""

from dataclasses import replace
from datetime import date
from typing import TypeVar

from monitor.evening_rule import dates_between
from monitor.hour_profile import HOURS_OF_DAY
from monitor.web.answers.facts import Facts
from monitor.web.answers.home_clock import LocalHours, local_hours
from monitor.web.answers.hours import Cell, Hours, joined
from monitor.web.answers.queries import HeatmapQuery
from monitor.web.answers.schemas import Heatmap, Metric, View
from monitor.web.answers.slowness import beyond_controls

T = TypeVar("T")

Grid = dict[tuple[date, int], Cell]


def heatmap(facts: Facts, query: HeatmapQuery) -> Heatmap:
    """Hour-by-day values of one target."""
    vantage = facts.vantage(query.vantage)
    since, until = facts.days(vantage, query.since, query.until)
    hours, controls = _hours(facts, query, vantage, since, until)
    days = dates_between(since, until)
    grid = _grid(hours, local_hours(facts.terms(vantage).timezone))
    return Heatmap(
        vantage=vantage,
        target=query.target,
        metric=query.metric,
        view=query.view,
        unit=query.metric.unit if query.view is View.ABSOLUTE else _times(query.metric),
        timezone=facts.terms(vantage).timezone,
        window=facts.window(vantage),
        days=days,
        values=_rows(days, {place: cell.value for place, cell in grid.items()}, None),
        n=_rows(days, {place: cell.n for place, cell in grid.items()}, 0),
        dead=_rows(days, {place: cell.is_dead for place, cell in grid.items()}, False),
        coverage=len(grid) / (HOURS_OF_DAY * len(days)),
        controls=controls,
        n_stale_hours=facts.reader.n_stale_hours(),
    )


def _times(metric: Metric) -> str:
    return "1" if metric is Metric.FAILED_SHARE else "times"


def _hours(
    facts: Facts, query: HeatmapQuery, vantage: str, since: date, until: date
) -> tuple[Hours, list[str]]:
    metric, span_us = query.metric, facts.span_us(vantage, since, until)
    if query.view is View.ABSOLUTE:
        ids = facts.metric_series(query.target, metric, vantage)
        return facts.hours({query.target: ids}, metric, *span_us)[query.target], []
    hours, controls = facts.hours_beside(query.target, metric, vantage, span_us)
    beyond = beyond_controls(metric, hours, controls)
    return replace(hours, value=beyond), list(controls)


def _grid(hours: Hours, local: LocalHours) -> Grid:
    grid: Grid = {}
    for place in hours.tried():
        day_hour, cell = local.of(hours.start_us(place)), hours.cell(place)
        # When the clock is put back, an hour of the day comes twice.
        grid[day_hour] = joined(grid[day_hour], cell) if day_hour in grid else cell
    return grid


def _rows(
    days: list[date], values: dict[tuple[date, int], T], empty: T
) -> list[list[T]]:
    return [
        [values.get((day, hour), empty) for hour in range(HOURS_OF_DAY)] for day in days
    ]
