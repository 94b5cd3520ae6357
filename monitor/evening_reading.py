"""Hours or single samples of a site, read evening by evening; standard library only.

The analysis reads all samples of weeks. This is for whoever must be quicker, or has
only hourly roll-ups left: the evening that nobody has judged yet, on the dashboard and
in `monitor anomalies`. What is found is given to `evening_rule.judged`.
"""

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cache, cached_property, partial
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
_HOURS: Final = 24
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


_Sides = tuple[list[int], list[int], list[int]]
"""Which cells are in an evening's window, in the rest of its day, and at the edges."""


class CellPlaces:
    """Evening, begin and end of each of many cells; sites may share its work.

    Parameters
    ----------
    spans : evening, begin and end of each, as in `Cell`.
    """

    def __init__(self, spans: Sequence[tuple[int, int, int]]) -> None:
        self.spans = spans
        self._sides: dict[Window, Mapping[int, _Sides]] = {}

    def sides(self, window: Window) -> Mapping[int, _Sides]:
        """Evening -> places of its cells in the window, in the rest, between them."""
        if window not in self._sides:
            self._sides[window] = _sides_of(self.spans, window)
        return self._sides[window]

    @cached_property
    def hours(self) -> Sequence[int]:
        """Evening and hour of its day of each cell, as one number."""
        return [
            evening * _HOURS + begin_min // _HOUR_MIN
            for evening, begin_min, _ in self.spans
        ]

    @cached_property
    def of_hour(self) -> Mapping[int, Sequence[int]]:
        """Number of an hour -> its cells."""
        places: dict[int, list[int]] = defaultdict(list)
        for place, hour in enumerate(self.hours):
            places[hour].append(place)
        return dict(places)


class CellColumns(NamedTuple):
    """Many cells of one site: a year of them is quicker in columns than one by one."""

    places: CellPlaces
    slow_log: Sequence[float | None]
    n: Sequence[int]
    """Nought where nothing was tried, or what was does not count."""
    n_failed: Sequence[int]


class SiteCells(NamedTuple):
    """What was measured of one site."""

    values: CellColumns
    """Of the probe that measures the metric."""
    attempts: CellColumns
    """Of the probe that stands for the site."""


def columns_of(cells: Iterable[Cell]) -> CellColumns:
    """The same cells in columns."""
    rows = list(cells)
    return CellColumns(
        CellPlaces([cell[:3] for cell in rows]),
        [cell.slow_log for cell in rows],
        [cell.n for cell in rows],
        [cell.n_failed for cell in rows],
    )


def slow_logs(
    metric: str,
    values: Iterable[float | None],
    n: Iterable[int],
    n_failed: Iterable[int],
) -> list[float | None]:
    """The value of each cell [log], more is slower.

    Parameters
    ----------
    values : medians or single values in the metric's unit; None: nothing was measured.
    """
    stands = metric in _STANDS
    return [
        slowness_log(metric, value)
        if value and value > 0 and (stands or not failed or not _is_lost(count, failed))
        else (inf if _is_lost(count, failed) else None)
        for value, count, failed in zip(values, n, n_failed, strict=True)
    ]


def _is_lost(n: int, n_failed: int) -> bool:
    return n_failed > 0 and mostly_failed(n_failed / n)


def without_outages(
    sites: Mapping[Site, SiteCells], controls: Collection[Site]
) -> dict[Site, SiteCells]:
    """The same; nothing counts of the hours in which the line was down."""
    down = down_hours({site: of.attempts for site, of in sites.items()}, controls)
    return {
        site: SiteCells(
            without_hours(of.values, down), without_hours(of.attempts, down)
        )
        for site, of in sites.items()
    }


def without_hours(cells: CellColumns, down: Collection[int]) -> CellColumns:
    """The same; nothing counts of some hours."""
    of_hour = cells.places.of_hour if down else {}
    out = [place for hour in down for place in of_hour.get(hour, ())]
    if not out:
        return cells
    slow_log, n, n_failed = [*cells.slow_log], [*cells.n], [*cells.n_failed]
    for place in out:
        slow_log[place], n[place], n_failed[place] = None, 0, 0
    return CellColumns(cells.places, slow_log, n, n_failed)


def outage_evenings(
    sites: Mapping[Site, SiteCells], controls: Collection[Site], window: Window
) -> set[int]:
    """Evenings on which the line was down whenever the window was measured."""
    attempts = {site: of.attempts for site, of in sites.items()}
    inside = {hour for cells in attempts.values() for hour in _tried(cells, window)}
    up = inside - down_hours(attempts, controls)
    return {hour // _HOURS for hour in inside} - {hour // _HOURS for hour in up}


def _tried(cells: CellColumns, window: Window) -> Iterator[int]:
    """Hours of the windows in which something was tried."""
    for inside, *_ in cells.places.sides(window).values():
        yield from (cells.places.hours[place] for place in inside if cells.n[place])


def down_hours(
    attempts: Mapping[Site, CellColumns], controls: Collection[Site]
) -> set[int]:
    """Hours, see `CellPlaces.hours`, in which the line was down."""
    # Where no control was lost the line was up: of a year nearly all hours. An hour of
    # samples is lost only when one of them is.
    suspects = {
        attempts[site].places.hours[place]
        for site in controls
        if site in attempts
        for place in _lost(attempts[site])
    }
    return {hour for hour in suspects if _is_down(hour, attempts, controls)}


def _lost(cells: CellColumns) -> list[int]:
    counts = enumerate(zip(cells.n, cells.n_failed, strict=True))
    return [place for place, (n, failed) in counts if failed and _is_lost(n, failed)]


def _is_down(
    hour: int, attempts: Mapping[Site, CellColumns], controls: Collection[Site]
) -> bool:
    lost = {site: _is_hour_lost(cells, hour) for site, cells in attempts.items()}
    tried = {site: is_lost for site, is_lost in lost.items() if is_lost is not None}
    of_controls = [tried[site] for site in controls if site in tried]
    return is_outage(list(tried.values()), of_controls)


def _is_hour_lost(cells: CellColumns, hour: int) -> bool | None:
    """Whether most of an hour's attempts had no answer; None: nothing was tried."""
    places = cells.places.of_hour.get(hour, ())
    n = _total(cells.n, places)
    return mostly_failed(_total(cells.n_failed, places) / n) if n else None


class Sums(NamedTuple):
    """An evening of one site in a few numbers; each pair is of window and rest."""

    values: tuple[int, int]
    """Attempts of the probe that measures the metric."""
    middles: tuple[float | None, float | None]
    """Their medians [log]."""
    attempts: tuple[int, int]
    """Of the probe that stands for the site."""
    failed: tuple[int, int]
    is_measured: bool
    """Whether anything was tried, be it at the edges."""


class Needs(NamedTuple):
    """How many probes an evening needs; told by all evenings of a site."""

    values: int
    attempts: int
    is_measured: bool
    """Whether anything was tried on any of them."""


def sums(
    cells: SiteCells, window: Window, evenings: Collection[int] | None = None
) -> dict[int, Sums]:
    """Evening -> its sums, in the order of the evenings.

    Parameters
    ----------
    evenings : only of these the medians are worked out; None: of all.
    """
    values, attempts = (of.places.sides(window) for of in cells)
    return {
        evening: _sums(
            cells,
            values.get(evening, _NO_SIDES),
            attempts.get(evening, _NO_SIDES),
            has_middles=evenings is None or evening in evenings,
        )
        for evening in sorted({*values, *attempts})
    }


def _sums(
    cells: SiteCells, values: _Sides, attempts: _Sides, *, has_middles: bool
) -> Sums:
    inside, rest, _ = values
    n_inside, n_rest, n_beside = (_total(cells.values.n, places) for places in values)
    tried, tried_rest, tried_beside = (
        _total(cells.attempts.n, places) for places in attempts
    )
    slow_log = cells.values.slow_log
    return Sums(
        (n_inside, n_rest),
        (_middle(slow_log, inside), _middle(slow_log, rest))
        if has_middles
        else (None, None),
        (tried, tried_rest),
        (
            _total(cells.attempts.n_failed, attempts[0]),
            _total(cells.attempts.n_failed, attempts[1]),
        ),
        any((n_inside, n_rest, n_beside, tried, tried_rest, tried_beside)),
    )


def needs_of(evenings: Iterable[Sums]) -> Needs:
    """What an evening of a site needs, by all of its evenings."""
    told = list(evenings)
    return Needs(
        needed(of.values[0] for of in told),
        needed(of.attempts[0] for of in told),
        any(of.is_measured for of in told),
    )


def reading_of(of: Sums, needs: Needs) -> Reading:
    """What was measured on an evening."""
    is_enough = min(of.values) >= needs.values
    window_log, rest_log = of.middles if is_enough else (None, None)
    return Reading(
        window_log=window_log,
        rest_log=rest_log,
        n=of.attempts[0],
        n_failed=of.failed[0],
        n_rest=of.attempts[1],
        n_failed_rest=of.failed[1],
        is_tried=min(of.attempts) >= needs.attempts,
    )


def readings(
    cells: SiteCells, window: Window, evenings: Collection[int] | None = None
) -> dict[int, Reading]:
    """Evening -> what was measured on it; nothing of a site without a probe.

    Parameters
    ----------
    evenings : those to read; without it, all. What an evening needs is told by all.
    """
    of_all = sums(cells, window, evenings)
    needs = needs_of(of_all.values())
    if not needs.is_measured:
        return {}
    chosen = of_all if evenings is None else evenings
    return {
        evening: reading_of(of_all.get(evening, NO_SUMS), needs)
        for evening in sorted(chosen)
    }


_NO_SIDES: Final[_Sides] = ([], [], [])
NO_SUMS: Final = Sums((0, 0), (None, None), (0, 0), (0, 0), is_measured=False)
"""Of an evening of which nothing is there."""


def _sides_of(
    cells: Iterable[tuple[int, int, int]], window: Window
) -> dict[int, _Sides]:
    sides: dict[int, _Sides] = defaultdict(lambda: ([], [], []))
    # Of a year of hours there are 24: each is asked once.
    side = cache(partial(_side, window))
    for place, (evening, begin_min, end_min) in enumerate(cells):
        sides[evening][side(begin_min, end_min)].append(place)
    return dict(sides)


def _side(window: Window, begin_min: int, end_min: int) -> int:
    """0: in the window, 1: in the rest of its day, 2: at its edges."""
    if window.is_inside(begin_min, end_min):
        return 0
    is_rest = window.is_before(end_min) or window.is_after(begin_min)
    return 1 if is_rest else 2


def _middle(column: Sequence[float | None], places: Iterable[int]) -> float | None:
    return middle([column[place] for place in places])


def _total(column: Sequence[int], places: Iterable[int]) -> int:
    return sum([column[place] for place in places])
