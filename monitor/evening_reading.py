"""Hours or single samples of a site, read evening by evening; standard library only.

The analysis reads all samples of weeks. This is for whoever must be quicker, or has
only hourly roll-ups left: the evening that nobody has judged yet, on the dashboard and
in `monitor anomalies`. What is found is given to `evening_rule.judged`.
"""

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from functools import cache, partial
from math import inf
from typing import Final, NamedTuple, TypeVar

from monitor.evening_rule import (
    RATES,
    Reading,
    Window,
    is_outage,
    middle,
    mostly_failed,
    needed,
    slowness_log,
)

_HOUR_MIN: Final = 60
_STANDS: Final = RATES | {"connect_s", "domain_lookup_s"}
"""Metrics whose value stands although the attempt failed: measured before it did, or a
transfer that was cut while bytes still came."""

Site = TypeVar("Site", bound=Hashable)


class Cell(NamedTuple):
    """An hour of one site, or a sample of it."""

    evening: int
    """Day number of the evening that it belongs to."""
    begin_min: int
    """Begin in the evening's day [min]."""
    end_min: int
    slow_log: float | None
    """Its value [log], more is slower; None: not measured."""
    n: int
    n_failed: int


class SiteCells(NamedTuple):
    """What was measured of one site."""

    values: Sequence[Cell]
    """Of the probe that measures the metric."""
    attempts: Sequence[Cell]
    """Of the probe that stands for the site."""


def cell_of(
    place: tuple[int, int, int], metric: str, value: float | None, n: int, n_failed: int
) -> Cell:
    """A cell of a measured value.

    Parameters
    ----------
    place : evening, begin and end in its day [min].
    value : median or single value in the metric's unit; None: nothing was measured.
    """
    is_lost = n_failed > 0 and mostly_failed(n_failed / n)
    if value and value > 0 and (metric in _STANDS or not is_lost):
        return Cell(*place, slowness_log(metric, value), n, n_failed)
    return Cell(*place, inf if is_lost else None, n, n_failed)


def without_outages(
    sites: Mapping[Site, SiteCells], controls: Collection[Site]
) -> dict[Site, SiteCells]:
    """The same without the hours in which the line was down."""
    down = _down_hours(sites, controls)
    if not down:
        return dict(sites)
    return {
        site: SiteCells(
            *([cell for cell in cells if _hour(cell) not in down] for cells in both)
        )
        for site, both in sites.items()
    }


def outage_evenings(
    sites: Mapping[Site, SiteCells], controls: Collection[Site], window: Window
) -> set[int]:
    """Evenings on which the line was down whenever the window was measured."""
    down = _down_hours(sites, controls)
    inside = {
        _hour(cell)
        for cells in sites.values()
        for cell in cells.attempts
        if cell.n and window.is_inside(cell.begin_min, cell.end_min)
    }
    return {evening for evening, _ in inside} - {
        evening for evening, _ in inside - down
    }


def _down_hours(
    sites: Mapping[Site, SiteCells], controls: Collection[Site]
) -> set[tuple[int, int]]:
    # Where no control failed the line was up: of a year nearly all hours.
    suspects = {
        _hour(cell)
        for site in controls
        if site in sites
        for cell in sites[site].attempts
        if cell.n_failed
    }
    if not suspects:
        return set()
    failed = {
        site: _failed_hours(cell for cell in cells.attempts if _hour(cell) in suspects)
        for site, cells in sites.items()
    }
    return {hour for hour in suspects if _is_down(hour, failed, controls)}


def _failed_hours(attempts: Iterable[Cell]) -> dict[tuple[int, int], bool]:
    """Hour of an evening -> whether most of its attempts had no answer."""
    counts: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0])
    for cell in attempts:
        count = counts[_hour(cell)]
        count[0] += cell.n
        count[1] += cell.n_failed
    return {hour: mostly_failed(f / n) for hour, (n, f) in counts.items() if n}


def _hour(cell: Cell) -> tuple[int, int]:
    return cell.evening, cell.begin_min // _HOUR_MIN


def _is_down(
    hour: tuple[int, int],
    failed: Mapping[Site, Mapping[tuple[int, int], bool]],
    controls: Collection[Site],
) -> bool:
    failed_then = {site: hours[hour] for site, hours in failed.items() if hour in hours}
    of_controls = [failed_then[site] for site in controls if site in failed_then]
    return is_outage(list(failed_then.values()), of_controls)


def readings(cells: SiteCells, window: Window) -> dict[int, Reading]:
    """Evening -> what was measured on it, for every evening with a probe."""
    values = _by_evening(cells.values, window)
    attempts = _by_evening(cells.attempts, window)
    need_value = needed(_n(inside) for inside, _ in values.values())
    need_try = needed(_n(inside) for inside, _ in attempts.values())
    return {
        evening: _reading(
            values.get(evening, ([], [])),
            attempts.get(evening, ([], [])),
            need_value,
            need_try,
        )
        for evening in sorted({*values, *attempts})
    }


_Sides = tuple[list[Cell], list[Cell]]


def _by_evening(cells: Iterable[Cell], window: Window) -> dict[int, _Sides]:
    """Evening -> cells in its window, cells in the rest of its day."""
    sides: dict[int, _Sides] = defaultdict(lambda: ([], []))
    # Of a year of hours there are 24: each is asked once.
    side = cache(partial(_side, window))
    for cell in cells:
        place = side(cell.begin_min, cell.end_min)
        # An evening of which nothing counts was measured all the same.
        of_evening = sides[cell.evening]
        if place is not None:
            of_evening[place].append(cell)
    return sides


def _side(window: Window, begin_min: int, end_min: int) -> int | None:
    """0: in the window, 1: in the rest of its day, None: at its edges."""
    if window.is_inside(begin_min, end_min):
        return 0
    is_rest = window.is_before(end_min) or window.is_after(begin_min)
    return 1 if is_rest else None


def _reading(
    values: _Sides, attempts: _Sides, need_value: int, need_try: int
) -> Reading:
    inside, rest = attempts
    has_values = min(_n(values[0]), _n(values[1])) >= need_value
    return Reading(
        window_log=_middle(values[0]) if has_values else None,
        rest_log=_middle(values[1]) if has_values else None,
        n=_n(inside),
        n_failed=_n_failed(inside),
        n_rest=_n(rest),
        n_failed_rest=_n_failed(rest),
        is_tried=min(_n(inside), _n(rest)) >= need_try,
    )


def _middle(cells: Iterable[Cell]) -> float | None:
    return middle(cell.slow_log for cell in cells)


def _n(cells: Iterable[Cell]) -> int:
    return sum([cell.n for cell in cells])


def _n_failed(cells: Iterable[Cell]) -> int:
    return sum([cell.n_failed for cell in cells])
