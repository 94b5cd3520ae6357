"""A question with its filters, asked of a database: the edge of this package."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from typing import Final, Literal, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np

from monitor.anomalies.comparison import (
    Comparison,
    compare,
    parse_against,
    parse_span,
)
from monitor.anomalies.episodes import size
from monitor.anomalies.evenings import Cells, Evening, Site, State, evenings
from monitor.errors import refuse_unknown
from monitor.model import Probe, Role
from monitor.series.local import Window, parse_window
from monitor.store.cells import CellReader
from monitor.store.instants import phase_us, to_us
from monitor.store.notes import Notes
from monitor.store.reader import Reader, SeriesInfo, is_site
from monitor.store.rollups import Rollups

_DAY: Final = timedelta(days=1)
_HOUR_S: Final = 3600
_Source: TypeAlias = Literal["hours", "samples"]
_FIRST_METRICS: Final = ("goodput_bps", "duration_s", "connect_s")
"""The first that a site has is the one that is asked about by default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which evenings are wanted; None and empty: all."""

    timezone: str
    since: date
    until: date
    """Local dates, both included."""
    window: str = "20:00-22:00"
    targets: tuple[str, ...] = ()
    vantage: str | None = None
    metric: str | None = None
    """None: goodput where there are transfers, else duration, else connect."""
    weekdays: tuple[str, ...] = ()
    """Of `mon`, `tue`, ...: the local day on which the window begins."""
    states: tuple[State, ...] = (State.SLOW, State.DEAD)
    min_ratio: float | None = None
    verdict: str | None = None
    """Only targets whose last stored verdict is this one."""
    with_controls: bool = False
    is_exact: bool = False
    """From the single samples instead of the hourly roll-ups."""


def ask_evenings(url: str, question: Question) -> list[Evening]:
    """The evenings that a question is about, by date and target.

    Raises
    ------
    InputError : an impossible window or zone.
    StoreError : the database is out of reach.
    """
    window = parse_window(question.window)
    sites, wanted = _sites(url, question)
    with closing(CellReader(url)) as reader, closing(Notes(url)) as noted:
        notes = noted.list(since=question.since, until=question.until)
        spans = [_span_us(question)]
        found: list[Evening] = []
        source = _source(question, window)
        for metric, cells in _measured(reader, sites, question, spans, source):
            found += evenings(
                cells,
                window=window,
                timezone=question.timezone,
                metric=metric,
                notes=notes,
            )
    chosen = [e for e in found if _is_wanted(e, question, wanted)]
    return sorted(chosen, key=lambda e: (e.date, e.vantage, e.target, e.path))


def ask_comparison(
    url: str, question: Question, span: str, against: str
) -> list[Comparison]:
    """One span held against others; the question tells zone, metric and sites.

    Raises
    ------
    InputError : impossible spans.
    StoreError : the database is out of reach.
    """
    one = parse_span(span, option="--compare")
    others = parse_against(against, one)
    spans = _merged(_bounds_us(s.start, s.end, question) for s in (one, *others))
    found: list[Comparison] = []
    sites, wanted = _sites(url, question)
    with closing(CellReader(url)) as reader:
        for metric, cells in _measured(reader, sites, question, spans, "samples"):
            found += compare(
                cells, one, others, timezone=question.timezone, metric=metric
            )
    return [
        c
        for c in found
        if (c.target in wanted if c.role == Role.TARGET else question.with_controls)
    ]


def refresh_rollups(url: str, timezone: str, now: datetime) -> Iterator[int]:
    """Bring the hourly roll-ups up to date; tells again and again how many are left."""
    phase = phase_us(timezone, now)
    with closing(Rollups(url, phase_us=phase)) as rollups:
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
    return _bounds_us(first, last, question)


def _bounds_us(start: datetime, end: datetime, question: Question) -> tuple[int, int]:
    # An hour more on either side: zones with changed offsets.
    zone, hour = ZoneInfo(question.timezone), timedelta(hours=1)
    return (
        to_us(start.replace(tzinfo=zone) - hour),
        to_us(end.replace(tzinfo=zone) + hour),
    )


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    # A sample that two spans share must be read once.
    found: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def _measured(
    reader: CellReader,
    pending: dict[Site, list[SeriesInfo]],
    question: Question,
    spans: Sequence[tuple[int, int]],
    source: _Source,
) -> Iterator[tuple[str, Cells]]:
    """Each site once, with the first metric that it has a value of."""
    pending = dict(pending)
    metrics = [question.metric] if question.metric else list(_FIRST_METRICS)
    for metric in metrics:
        infos = [info for own in pending.values() for info in own]
        if not infos:
            return
        parts = [_cells(reader, infos, metric, span, source) for span in spans]
        cells = _joined(parts)
        known = set(cells.site[np.isfinite(cells.value)].tolist())
        if metric == metrics[-1]:
            known = set(range(len(cells.sites)))
        for place in known:
            del pending[cells.sites[place]]
        if known:
            yield metric, _only(cells, known)


def _sites(
    url: str, question: Question
) -> tuple[dict[Site, list[SeriesInfo]], frozenset[str]]:
    """The series of each site, and the names of the targets that are wanted."""
    sites: dict[Site, list[SeriesInfo]] = {}
    with closing(Reader(url)) as reader:
        for info in reader.series():
            if is_site(info) and info.probe != Probe.SNI_SWAP:
                sites.setdefault(_site(info), []).append(info)
        _check_names(question, sites)
        sites = {
            site: own
            for site, own in sites.items()
            if question.vantage in (None, site.vantage)
        }
        names = {site.target for site in sites}
        if question.targets:
            names &= set(question.targets)
        if question.verdict is not None:
            names &= _judged(reader, question.verdict)
    return sites, frozenset(names)


def _check_names(question: Question, sites: Iterable[Site]) -> None:
    """A name that was misspelled must not look like an evening without slowness."""
    vantages = [] if question.vantage is None else [question.vantage]
    refuse_unknown("--target", question.targets, {site.target for site in sites})
    refuse_unknown("--vantage", vantages, {site.vantage for site in sites})


def _only(cells: Cells, places: set[int]) -> Cells:
    chosen = np.isin(cells.site, list(places))
    arrays = {name: getattr(cells, name)[chosen] for name in _ARRAYS}
    return Cells(sites=cells.sites, length_s=cells.length_s, **arrays)


def _cells(
    reader: CellReader,
    infos: Sequence[SeriesInfo],
    metric: str,
    span_us: tuple[int, int],
    source: _Source,
) -> Cells:
    sites = list(dict.fromkeys(_site(info) for info in infos))
    place = np.zeros(max(info.series_id for info in infos) + 1, np.int64)
    for info in infos:
        place[info.series_id] = sites.index(_site(info))
    ids = [info.series_id for info in infos]
    columns = reader.read(source, ids, metric, span_us)
    return Cells(
        sites=sites,
        site=place[np.array(columns.series_id, np.int64)],
        start_s=np.array(columns.start_us, np.int64) // 1_000_000,
        length_s=_HOUR_S if source == "hours" else 0,
        n=np.array(columns.n, np.int64),
        n_failed=np.array(columns.n_failed, np.int64),
        value=np.array(columns.value, np.float64),
    )


def _site(info: SeriesInfo) -> Site:
    return Site(
        vantage=info.vantage, target=info.target, path=info.path, role=info.role
    )


_ARRAYS: Final = [f.name for f in fields(Cells) if f.name not in ("sites", "length_s")]


def _joined(parts: Sequence[Cells]) -> Cells:
    arrays = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in _ARRAYS
    }
    return Cells(sites=parts[0].sites, length_s=parts[0].length_s, **arrays)


def _judged(reader: Reader, verdict: str) -> set[str]:
    return {
        found["target"]
        for analysis in reader.analyses(1)
        for found in analysis.document["verdicts"]
        if found["verdict"] == verdict
    }


def _is_wanted(evening: Evening, question: Question, targets: frozenset[str]) -> bool:
    is_big = question.min_ratio is None or (size(evening) or 0.0) >= question.min_ratio
    day = date.fromisoformat(evening.date)
    return (
        question.since <= day <= question.until
        and evening.state in question.states
        and (not question.weekdays or evening.weekday in question.weekdays)
        and (is_big or evening.state is State.DEAD)
        and evening.target in targets
        and (question.with_controls or evening.role == Role.TARGET)
    )
