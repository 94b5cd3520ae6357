"""A question with its filters, asked of a database: the edge of this package."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from math import inf
from operator import attrgetter
from typing import Final, Literal, TypeAlias

import numpy as np

from monitor.anomalies.asked import Question, Sites, bounds_us, sites_of
from monitor.anomalies.comparison import (
    Cells,
    Comparison,
    compare,
    parse_against,
    parse_span,
)
from monitor.anomalies.episodes import size
from monitor.anomalies.evening_lines import (
    DIRECT,
    Evening,
    Site,
    Told,
    evenings,
    told_of,
)
from monitor.anomalies.judging import judged_now, with_the_rest
from monitor.evening_reading import (
    Cell,
    SiteCells,
    columns_of,
    outage_evenings,
    slow_logs,
)
from monitor.evening_rule import (
    EveningState,
    Window,
    dates_between,
    parse_window,
)
from monitor.model import PROBE_ORDER, OwnTerms, Role
from monitor.series.local_time import evening_of, local_seconds
from monitor.store import Store
from monitor.store.instants import phase_us
from monitor.store.judged import JudgedTarget, judged_targets
from monitor.store.metric_cells import MetricCells
from monitor.store.reader import SeriesInfo
from monitor.untyped import Json
from monitor.wallclock import clock_named, local_instant, numbered_day

_DAY: Final = timedelta(days=1)
_HOUR_MIN: Final = 60
_Source: TypeAlias = Literal["hours", "samples"]
_FIRST_METRICS: Final = ("goodput_bps", "duration_s", "connect_s")
"""The first that a site has is the one that is asked about by default."""


def ask_evenings(store: Store, question: Question) -> list[Evening]:
    """The evenings that a question is about, by date and target.

    Raises
    ------
    InputError : an impossible window or zone.
    StoreError : the database is out of reach.
    """
    window = parse_window(question.window)
    sites, targets = sites_of(store, question)
    told = _told(store, question, window, sites, targets)
    notes = store.notes.list(
        since=question.since, until=question.until, vantage=question.vantage
    )
    asking = _Asking(store.cells, question, window, sites)
    lines: list[Evening] = []
    for metric, of_metric in asking.by_metric(told).items():
        cells = asking.cells(metric, of_metric)
        rows = evenings(cells, window=window, metric=metric, told=told, notes=notes)
        lines += [row for row in rows if _site_of(row) in of_metric]
    chosen = [e for e in lines if _is_wanted(e, question, targets)]
    return in_order(chosen)


def ask_each(
    store: Store, terms: Mapping[str, OwnTerms], asked: Mapping[str, Json]
) -> list[Evening]:
    """The evenings of several vantages, each in its own zone and window.

    Parameters
    ----------
    terms : of every vantage in question.
    asked : the other fields of the question.

    Raises
    ------
    InputError, StoreError : see `ask_evenings`.
    """
    vantages = {info.vantage for info in store.reader.series()}
    questions = [_in_terms(asked, its, vantage) for vantage, its in terms.items()]
    if len({*terms.values()}) == 1 and vantages == {*terms}:
        questions = [replace(questions[0], vantage=None)]
    return ask_all(store, questions)


def ask_all(store: Store, questions: Iterable[Question]) -> list[Evening]:
    """The evenings of several questions together; raises as `ask_evenings`."""
    return in_order(line for asked in questions for line in ask_evenings(store, asked))


def in_order(lines: Iterable[Evening]) -> list[Evening]:
    """By date, then by place."""
    return sorted(lines, key=attrgetter("date", "vantage", "target", "path"))


def evenings_without_line(store: Store, question: Question) -> dict[str, list[date]]:
    """Vantage -> evenings of a question on which its line was down.

    Raises
    ------
    InputError, StoreError : see `ask_evenings`.
    """
    window = parse_window(question.window)
    sites, _ = sites_of(store, replace(question, targets=(), services=(), verdict=None))
    asking = _Asking(store.cells, question, window, sites)
    down: dict[str, list[date]] = {}
    for vantage in sorted({site.vantage for site in sites}):
        cells = asking.cells("duration_s", {s for s in sites if s.vantage == vantage})
        controls = [site for site in cells if site.is_control]
        days = map(numbered_day, sorted(outage_evenings(cells, controls, window)))
        down[vantage] = [d for d in days if question.since <= d <= question.until]
    return {vantage: days for vantage, days in down.items() if days}


def _in_terms(asked: Mapping[str, Json], its: OwnTerms, vantage: str) -> Question:
    return Question(
        **asked, timezone=its.timezone, window=str(its.window), vantage=vantage
    )


def _site_of(evening: Evening) -> Site:
    return Site(
        vantage=evening.vantage,
        target=evening.target,
        path=evening.path,
        role=Role(evening.role),
    )


def _told(
    store: Store,
    question: Question,
    window: Window,
    sites: Sites,
    targets: frozenset[str],
) -> Told:
    """What analyses say of the targets' evenings in the metric that is asked about."""
    vantages = {site.vantage for site in sites}
    stored = {
        (vantage, target): judged
        for vantage in vantages
        for target, judged in judged_targets(
            store.reader,
            vantage,
            timezone=question.timezone,
            window=window,
            since=question.since,
            before=question.as_of,
        ).items()
    }
    told: Told = stored
    if any(
        _has_unjudged(stored.get((site.vantage, site.target)), infos, question, window)
        for site, infos in sites.items()
        if site.role == Role.TARGET and site.path == DIRECT and site.target in targets
    ):
        made = judged_now(
            store,
            question.since,
            question.until,
            timezone=question.timezone,
            window=window,
            vantage=question.vantage,
        )
        told = with_the_rest(stored, made)
    if question.metric is None:
        return told
    return {n: judged for n, judged in told.items() if judged.metric == question.metric}


def _has_unjudged(
    judged: JudgedTarget | None,
    infos: Iterable[SeriesInfo],
    question: Question,
    window: Window,
) -> bool:
    """Whether a target was measured on an evening that no analysis has judged."""
    zone, end_min = clock_named(question.timezone), window.start_min + window.length_min
    first = min(info.first_utc for info in infos)
    last = max(info.last_utc for info in infos)
    marks = {} if judged is None else judged.marks
    return any(
        first < local_instant(day, zone, minute=end_min)
        and last >= local_instant(day, zone, minute=window.start_min)
        for day in dates_between(question.since, question.until)
        if day not in marks
    )


def ask_comparison(
    store: Store, question: Question, span: str, against: str
) -> list[Comparison]:
    """One span held against others; the question tells zone, metric and sites.

    Raises
    ------
    InputError : impossible spans.
    StoreError : the database is out of reach.
    """
    compared = parse_span(span, option="--compare")
    others = parse_against(against, compared)
    spans = _merged(bounds_us(s.start, s.end, question) for s in (compared, *others))
    comparisons: list[Comparison] = []
    sites, targets = sites_of(store, question)
    for metric, cells in _measured(store.cells, sites, question, spans):
        comparisons += compare(
            cells, compared, others, timezone=question.timezone, metric=metric
        )
    return [
        c
        for c in comparisons
        if (c.target in targets if c.role == Role.TARGET else question.with_controls)
    ]


def refresh_rollups(store: Store, timezone: str, now: datetime) -> Iterator[int]:
    """Bring the hourly roll-ups up to date; tells again and again how many are left."""
    phase = phase_us(timezone, now)
    rollups = store.rollups(phase_us=phase)
    if not phase and not rollups.n_stale():
        return
    while n_left := rollups.refresh():
        yield n_left


def _source(question: Question, window: Window) -> _Source:
    ends = (window.start_min, window.start_min + window.length_min)
    is_exact = question.is_exact or any(minute % 60 for minute in ends)
    return "samples" if is_exact else "hours"


def _span_us(question: Question) -> tuple[int, int]:
    # An evening's day begins before and ends after its date.
    first = datetime.combine(question.since - _DAY, time())
    last = datetime.combine(question.until + 2 * _DAY, time())
    return bounds_us(first, last, question)


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    # A sample that two spans share must be read once.
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


@dataclass(slots=True)
class _Asking:
    """Reads the cells of the sites in question, each metric of a site once."""

    metric_cells: MetricCells
    question: Question
    window: Window
    sites: Sites
    _read: dict[tuple[str, Site], SiteCells] = field(default_factory=dict)

    def by_metric(self, told: Told) -> dict[str, set[Site]]:
        """The sites by the metric they are asked about.

        That is the metric of the analysis; where there was none, the first that a site
        has a value of.
        """
        if self.question.metric is not None:
            return {self.question.metric: {*self.sites}}
        chosen: dict[str, set[Site]] = {}
        pending = {*self.sites}
        for site in self.sites:
            judged = told_of(site, told)
            if judged is not None:
                chosen.setdefault(judged.metric, set()).add(site)
                pending.discard(site)
        for metric in _FIRST_METRICS:
            cells = self._cells(metric, pending)
            measured = {site for site, of in cells.items() if _has_value(of)}
            if metric == _FIRST_METRICS[-1]:
                measured = pending
            chosen.setdefault(metric, set()).update(measured)
            pending = pending - measured
        return {metric: of_metric for metric, of_metric in chosen.items() if of_metric}

    def cells(self, metric: str, sites: Collection[Site]) -> dict[Site, SiteCells]:
        """The cells of some sites, and of all controls beside them."""
        vantages = {site.vantage for site in sites}
        controls = {s for s in self.sites if s.is_control and s.vantage in vantages}
        return self._cells(metric, {*sites, *controls})

    def _cells(self, metric: str, sites: Collection[Site]) -> dict[Site, SiteCells]:
        new = [site for site in self.sites if site in sites]
        new = [site for site in new if (metric, site) not in self._read]
        if new:
            by_series = self._series(metric, new)
            for site in new:
                self._read[metric, site] = _site_cells(self.sites[site], by_series)
        return {site: self._read[metric, site] for site in self.sites if site in sites}

    def _series(
        self, metric: str, sites: Sequence[Site]
    ) -> Mapping[int, Sequence[Cell]]:
        """The cells of each series of some sites."""
        source = _source(self.question, self.window)
        length_min = _HOUR_MIN if source == "hours" else 1
        ids = [info.series_id for site in sites for info in self.sites[site]]
        columns = self.metric_cells.read(source, ids, metric, _span_us(self.question))
        start_s = np.array(columns.start_us, np.int64) // 1_000_000
        local_s, _ = local_seconds(start_s, self.question.timezone)
        evening, second = evening_of(local_s, self.window)
        cells: dict[int, list[Cell]] = {series_id: [] for series_id in ids}
        for series_id, day, begin, slow_log, n, n_failed in zip(
            columns.series_id,
            evening.tolist(),
            (second // 60).tolist(),
            slow_logs(metric, columns.value, columns.n, columns.n_failed),
            columns.n,
            columns.n_failed,
            strict=True,
        ):
            end = begin + length_min
            cells[series_id].append(Cell(day, begin, end, slow_log, n, n_failed))
        return cells


def _has_value(cells: SiteCells) -> bool:
    return any(log is not None and log < inf for log in cells.values.slow_log)


def _site_cells(
    infos: Sequence[SeriesInfo], by_series: Mapping[int, Sequence[Cell]]
) -> SiteCells:
    """The cells of the probe that measures most, and of the one that stands for all."""
    by_probe: dict[str, list[Cell]] = {}
    for info in infos:
        by_probe.setdefault(info.probe, []).extend(by_series[info.series_id])
    ranked = sorted(by_probe, key=_rank)
    best = max(ranked, key=lambda probe: _n_values(by_probe[probe]))
    columns = {probe: columns_of(by_probe[probe]) for probe in {best, ranked[0]}}
    return SiteCells(columns[best], columns[ranked[0]])


def _rank(probe: str) -> int:
    return PROBE_ORDER.index(probe) if probe in PROBE_ORDER else len(PROBE_ORDER)


def _n_values(cells: Iterable[Cell]) -> int:
    return sum(cell.n for cell in cells if cell.slow_log is not None)


def _measured(
    metric_cells: MetricCells,
    pending: Sites,
    question: Question,
    spans: Sequence[tuple[int, int]],
) -> Iterator[tuple[str, Cells]]:
    """The samples of each site once, of the first metric that it has a value of."""
    pending = dict(pending)
    metrics = [question.metric] if question.metric else list(_FIRST_METRICS)
    for metric in metrics:
        if not pending:
            return
        cells = _samples(metric_cells, pending, metric, spans)
        measured = set(cells.site[np.isfinite(cells.value)].tolist())
        if metric == metrics[-1]:
            measured = set(range(len(cells.sites)))
        for place in measured:
            del pending[cells.sites[place]]
        if measured:
            yield metric, _only(cells, measured)


def _only(cells: Cells, places: set[int]) -> Cells:
    chosen = np.isin(cells.site, list(places))
    return replace(
        cells,
        site=cells.site[chosen],
        start_s=cells.start_s[chosen],
        n_failed=cells.n_failed[chosen],
        value=cells.value[chosen],
    )


def _samples(
    metric_cells: MetricCells,
    sites: Sites,
    metric: str,
    spans: Sequence[tuple[int, int]],
) -> Cells:
    place = {
        info.series_id: number
        for number, infos in enumerate(sites.values())
        for info in infos
    }
    parts = [metric_cells.read("samples", [*place], metric, span) for span in spans]
    return Cells(
        sites=[*sites],
        site=np.array([place[i] for part in parts for i in part.series_id], np.int64),
        start_s=np.array([us for part in parts for us in part.start_us], np.int64)
        // 1_000_000,
        n_failed=np.array([n for part in parts for n in part.n_failed], np.int64),
        value=np.array([v for part in parts for v in part.value], np.float64),
    )


def _is_wanted(evening: Evening, question: Question, targets: frozenset[str]) -> bool:
    is_big = question.min_ratio is None or (size(evening) or 0.0) >= question.min_ratio
    day = date.fromisoformat(evening.date)
    return (
        question.since <= day <= question.until
        and evening.state in question.states
        and (not question.weekdays or evening.weekday in question.weekdays)
        and (is_big or evening.state is EveningState.DEAD)
        and evening.target in targets
        and (question.with_controls or evening.role == Role.TARGET)
    )
