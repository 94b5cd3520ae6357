"""The picture: local hours by days."""

from datetime import date, timedelta
from typing import TypeVar

from monitor.web.facts import Cell, Cells, Facts, joined
from monitor.web.local import LocalHours, day_start_us, days_between, local_hours
from monitor.web.schemas import Heatmap, HeatmapQuery, Metric, View, Window
from monitor.web.slowness import beyond_controls

T = TypeVar("T")

HOURS = 24
Grid = dict[tuple[date, int], Cell]


def heatmap(facts: Facts, query: HeatmapQuery) -> Heatmap:
    """Hour-by-day values of one target."""
    vantage = facts.vantage(query.vantage)
    since, until = facts.days(vantage, query.since, query.until)
    cells, controls = _cells(facts, query, vantage, since, until)
    days = days_between(since, until)
    grid = _grid(cells, local_hours(facts.config.timezone))
    n_tried = sum(cell.n > 0 for cell in grid.values())
    return Heatmap(
        vantage=vantage,
        target=query.target,
        metric=query.metric,
        view=query.view,
        unit=query.metric.unit if query.view is View.ABSOLUTE else _times(query.metric),
        timezone=facts.config.timezone,
        window=Window(start=facts.config.window.start, end=facts.config.window.end),
        days=days,
        values=_rows(days, {at: cell.value for at, cell in grid.items()}, None),
        n=_rows(days, {at: cell.n for at, cell in grid.items()}, 0),
        dead=_rows(days, {at: cell.is_dead for at, cell in grid.items()}, False),
        coverage=n_tried / (HOURS * len(days)),
        controls=controls,
        n_stale_hours=facts.reader.n_stale_hours(),
    )


def _times(metric: Metric) -> str:
    return "1" if metric is Metric.FAILED_SHARE else "times"


def _cells(
    facts: Facts, query: HeatmapQuery, vantage: str, since: date, until: date
) -> tuple[Cells, list[str]]:
    zone = facts.config.timezone
    span = day_start_us(since, zone), day_start_us(until + timedelta(days=1), zone)
    ids = facts.metric_series(query.target, query.metric, vantage)
    cells = facts.cells(ids, query.metric, *span)
    if query.view is View.ABSOLUTE:
        return cells, []
    found = facts.control_cells(query.metric, vantage, *span)
    controls = {name: one for name, one in found.items() if name != query.target}
    beyond = beyond_controls(query.metric, cells, controls)
    relative = {
        hour: Cell(value=beyond.get(hour), n=cell.n, n_failed=cell.n_failed)
        for hour, cell in cells.items()
    }
    return relative, list(controls)


def _grid(cells: Cells, local: LocalHours) -> Grid:
    grid: Grid = {}
    for start_us, cell in cells.items():
        at = local.of(start_us)
        # When the clock is put back, an hour of the day comes twice.
        grid[at] = joined(grid[at], cell) if at in grid else cell
    return grid


def _rows(
    days: list[date], values: dict[tuple[date, int], T], empty: T
) -> list[list[T]]:
    return [[values.get((day, hour), empty) for hour in range(HOURS)] for day in days]
