"""Read-only questions of the dashboard and the API; every answer is bounded.

Nothing here writes; usable from several threads. Nothing here knows time zones, units
of display or HTTP.
"""

import heapq
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Final, NamedTuple

from sqlalchemy import RowMapping, and_, exists, func, select, text, tuple_

from monitor.model import LOCAL_PROBES, Analysis, Role, Round, Sample
from monitor.store.database import Database
from monitor.store.hourly_days import HOUR_US, PackedDay, read_days
from monitor.store.instants import from_us, to_us
from monitor.store.pauses import last_end
from monitor.store.retention import Removed, removed
from monitor.store.round_totals import RoundTotals, Totals
from monitor.store.rounds import read as read_rounds
from monitor.store.samples import from_row
from monitor.store.sql_types import Statement, StoredRow
from monitor.store.tables import (
    IDENTITY,
    METRICS,
    analyses,
    hourly,
    hourly_stale,
    samples,
    series,
    verdicts,
)
from monitor.store.usage import Received
from monitor.stored_analysis import UnreadableAnalysisError, read_document

STATEMENT_TIMEOUT_MS: Final = 10_000
_DAY_US: Final = 86_400_000_000


class HourBytes(NamedTuple):
    """What one series received in one hour."""

    series_id: int
    hour_us: int
    n: int
    body_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesInfo:
    """One series: what one probe measures of one target over one path."""

    series_id: int
    vantage: str
    target: str
    path: str
    probe: str
    server_name: str
    transport: str
    role: Role
    first_utc: datetime
    last_utc: datetime
    service: str | None
    part: str | None


class Point(NamedTuple):
    """One sample's value of the asked metric."""

    series_id: int
    started_at_us: int
    value: float | None
    failure: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleFilter:
    """Which samples of a page; None: all."""

    since: datetime | None = None
    until: datetime | None = None
    series_ids: Sequence[int]
    is_failed: bool | None = None
    after: tuple[int, int] | None = None
    """(started_at_us, series_id) of the last sample of the page before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAnalysis:
    """An analysis as it was stored, and when it was computed."""

    computed_at_utc: datetime
    method_version: str
    document: str
    """JSON, as this program, an older or a newer one wrote it."""

    def read(self) -> Analysis:
        """The analysis; raises UnreadableAnalysisError."""
        try:
            document = json.loads(self.document)
        except ValueError as error:
            raise UnreadableAnalysisError(
                f"a stored analysis is no JSON: {error}"
            ) from None
        return read_document(document)


class Reader:
    """Answers questions; every method may raise StoreError."""

    def __init__(self, database: Database) -> None:
        self._reading = partial(
            database.reading, statement_timeout_ms=STATEMENT_TIMEOUT_MS
        )
        self._round_totals = RoundTotals(self._reading)

    def series(self, *, as_of: datetime | None = None) -> list[SeriesInfo]:
        """Every series that has a sample, in the order of its names.

        Parameters
        ----------
        as_of : samples that lie later do not count: a wrong clock made them.
        """
        when = samples.c.started_at_us
        of_series = samples.c.series_id == series.c.id
        if as_of is not None:
            of_series = and_(of_series, when <= to_us(as_of))
        first = select(func.min(when)).where(of_series).scalar_subquery()
        last = select(func.max(when)).where(of_series).scalar_subquery()
        inner = select(series, first.label("first"), last.label("last")).subquery()
        newest = and_(samples.c.series_id == inner.c.id, when == inner.c.last)
        said = (samples.c.is_control, samples.c.service, samples.c.part)
        query = select(inner, *said).join(samples, newest)
        order = [inner.c[name] for name in IDENTITY]
        with self._reading() as connection:
            return [_info(row) for row in connection.execute(query.order_by(*order))]

    def days(
        self, series_ids: Iterable[int], metric: str, since_us: int, until_us: int
    ) -> list[PackedDay]:
        """Roll-ups, packed by day, of hours that begin in the half-open range."""
        column = _known(metric)
        with self._reading() as connection:
            return read_days(connection, list(series_ids), column, since_us, until_us)

    def points(
        self, series_ids: Iterable[int], metric: str, since_us: int, until_us: int
    ) -> list[Point]:
        """Single samples in the half-open range, by series and time."""
        when = samples.c.started_at_us
        query = (
            select(samples.c.series_id, when, samples.c[_known(metric)])
            .add_columns(samples.c.failure)
            .where(samples.c.series_id.in_(list(series_ids)))
            .where(when >= since_us, when < until_us)
            .order_by(samples.c.series_id, when)
        )
        with self._reading() as connection:
            return [Point._make(row) for row in connection.execute(query)]

    def page(self, chosen: SampleFilter, limit: int) -> list[tuple[int, Sample]]:
        """Up to `limit` samples with the id of their series, by time and series."""
        with self._reading() as connection:
            # Each series lies in the order of time: the first rows of each are enough.
            parts = [
                connection.execute(_page_of(series_id, chosen, limit)).mappings().all()
                for series_id in chosen.series_ids
            ]
        merged = heapq.merge(*parts, key=lambda r: (r["started_at_us"], r["series_id"]))
        return [
            (row["series_id"], from_row(row))
            for row, _ in zip(merged, range(limit), strict=False)
        ]

    def stream(self, chosen: SampleFilter) -> Iterator[list[Sample]]:
        """All chosen samples by time and series, a day in each list."""
        start = self._first_us(chosen)
        while start is not None:
            end = start + _DAY_US
            if day := self._span(chosen, start, end):
                yield day
            # Not day by day: a clock that was wrong may have left years between.
            following = replace(chosen, since=from_us(end))
            start = self._first_us(following)

    def _first_us(self, chosen: SampleFilter) -> int | None:
        when = samples.c.started_at_us
        firsts = []
        with self._reading() as connection:
            # One step down the index per series.
            for series_id in chosen.series_ids:
                of_series = _within(select(func.min(when)), chosen, series_id)
                firsts.append(connection.scalar(of_series))
        return min((value for value in firsts if value is not None), default=None)

    def _span(self, chosen: SampleFilter, start_us: int, end_us: int) -> list[Sample]:
        when = samples.c.started_at_us
        rows: list[RowMapping] = []
        with self._reading() as connection:
            for series_id in chosen.series_ids:
                query = _within(_full(), chosen, series_id)
                query = query.where(when >= start_us, when < end_us)
                rows += connection.execute(query).mappings().all()
        rows.sort(key=lambda r: (r["started_at_us"], r["series_id"]))
        return [from_row(row) for row in rows]

    def sample(self, series_id: int, started_at_us: int) -> Sample | None:
        """One sample by its key; None when there is none."""
        key = and_(
            samples.c.series_id == series_id, samples.c.started_at_us == started_at_us
        )
        with self._reading() as connection:
            row = connection.execute(_full().where(key)).mappings().first()
        return None if row is None else from_row(row)

    def latest(self, infos: Iterable[SeriesInfo]) -> list[Sample]:
        """The last sample of each of these series."""
        keys = [(info.series_id, to_us(info.last_utc)) for info in infos]
        key = tuple_(samples.c.series_id, samples.c.started_at_us)
        with self._reading() as connection:
            rows = connection.execute(_full().where(key.in_(keys))).mappings()
            return [from_row(row) for row in rows]

    def rounds(
        self, since: datetime, until: datetime, vantage: str, *, as_of: datetime
    ) -> list[Round]:
        """Rounds and gaps whose slot begins in the half-open range, as of a moment."""
        return list(read_rounds(self._reading, since, until, vantage, as_of))

    def round_totals(self, vantage: str, *, as_of: datetime) -> Totals:
        """Per status: records, probes planned, probes done, seconds; as of a moment."""
        return self._round_totals.of(vantage, as_of=as_of)

    def removed(self, vantage: str) -> Removed:
        """What retention removed so far."""
        with self._reading() as connection:
            return removed(connection, vantage)

    def last_pause_end(self, vantage: str, *, now_utc: datetime) -> datetime | None:
        """When the owner's last pause was or will be over; None: there was none."""
        with self._reading() as connection:
            return last_end(connection, vantage, now_utc)

    def received(
        self, series_ids: Iterable[int], since_us: int, until_us: int
    ) -> Received:
        """What these series received in hours that begin in the half-open range.

        Samples after a series' last roll-up are counted themselves: before the first
        one nothing would have been received.
        """
        ids = list(series_ids)
        rolled_up = select(
            func.coalesce(func.sum(hourly.c.n), 0),
            func.coalesce(func.sum(hourly.c.body_bytes), 0),
        ).where(
            hourly.c.series_id.in_(ids),
            hourly.c.hour_us.between(since_us, until_us - 1),
        )
        last_hours = (
            select(hourly.c.series_id, func.max(hourly.c.hour_us).label("last_us"))
            .where(hourly.c.series_id.in_(ids))
            .group_by(hourly.c.series_id)
        )
        with self._reading() as connection:
            n_probes, body_bytes = connection.execute(rolled_up).one()
            ends = {
                row.series_id: row.last_us + HOUR_US
                for row in connection.execute(last_hours)
            }
            for series_id in ids:
                begin_us = max(since_us, ends.get(series_id, since_us))
                later = _sums_of_samples(series_id, begin_us, until_us)
                row = connection.execute(later).one()
                n_probes, body_bytes = n_probes + row.n, body_bytes + row.n_bytes
        return Received(n_probes=int(n_probes), body_bytes=int(body_bytes))

    def hourly_bytes(
        self, series_ids: Iterable[int], since_us: int, until_us: int
    ) -> list[HourBytes]:
        """Probes and bytes of each rolled-up hour that begins in the range."""
        query = select(
            hourly.c.series_id, hourly.c.hour_us, hourly.c.n, hourly.c.body_bytes
        ).where(
            hourly.c.series_id.in_(list(series_ids)),
            hourly.c.hour_us.between(since_us, until_us - 1),
        )
        with self._reading() as connection:
            return [HourBytes(*row) for row in connection.execute(query)]

    def n_stale_hours(self) -> int:
        """Hours whose roll-up is still to be made."""
        with self._reading() as connection:
            count = select(func.count()).select_from(hourly_stale)
            return connection.scalar(count) or 0

    def analyses(
        self,
        limit: int,
        *,
        vantage: str | None = None,
        before: datetime | None = None,
    ) -> list[StoredAnalysis]:
        """The last analyses that judged a vantage before a moment, newest first."""
        newest = analyses.c.computed_at_us.desc(), analyses.c.id.desc()
        query = select(analyses).order_by(*newest).limit(limit)
        if vantage is not None:
            of_analysis = verdicts.c.analysis_id == analyses.c.id
            of_vantage = exists().where(of_analysis, verdicts.c.vantage == vantage)
            query = query.where(of_vantage)
        if before is not None:
            query = query.where(analyses.c.computed_at_us < to_us(before))
        with self._reading() as connection:
            return [
                StoredAnalysis(
                    computed_at_utc=from_us(row.computed_at_us),
                    method_version=row.method_version,
                    document=row.document,
                )
                for row in connection.execute(query)
            ]

    def notes(
        self, first_date: str, last_date: str, vantage: str
    ) -> list[tuple[str, str, str]]:
        """First date, last date and text of the notes that touch a range of dates."""
        query = text(
            "SELECT first_date, last_date, text FROM v_notes"
            " WHERE last_date >= :first AND first_date <= :last"
            " AND (vantage = :vantage OR vantage IS NULL)"
            " ORDER BY first_date, number LIMIT 1000"
        )
        span = {"first": first_date, "last": last_date, "vantage": vantage}
        with self._reading() as connection:
            rows = connection.execute(query, span).all()
        return [(row[0], row[1], row[2]) for row in rows]


def is_site(info: SeriesInfo) -> bool:
    """Whether a series describes a site, not this machine."""
    return info.probe not in LOCAL_PROBES


def _known(metric: str) -> str:
    if metric not in METRICS:
        raise ValueError(f"{metric!r} is no metric; allowed: {', '.join(METRICS)}")
    return metric


def _sums_of_samples(series_id: int, since_us: int, until_us: int) -> Statement:
    """Number and bytes of the samples of a series in the half-open range."""
    return select(
        func.count().label("n"),
        func.coalesce(func.sum(samples.c.encoded_body_bytes), 0).label("n_bytes"),
    ).where(
        samples.c.series_id == series_id,
        samples.c.started_at_us >= since_us,
        samples.c.started_at_us < until_us,
    )


def _full() -> Statement:
    names = [series.c[name] for name in IDENTITY]
    return select(samples, *names).join_from(series, samples)


def _within(query: Statement, chosen: SampleFilter, series_id: int) -> Statement:
    when = samples.c.started_at_us
    query = query.where(samples.c.series_id == series_id)
    if chosen.since is not None:
        query = query.where(when >= to_us(chosen.since))
    if chosen.until is not None:
        query = query.where(when < to_us(chosen.until))
    if chosen.is_failed is not None:
        is_null = samples.c.failure.is_(None)
        query = query.where(~is_null if chosen.is_failed else is_null)
    return query


def _page_of(series_id: int, chosen: SampleFilter, limit: int) -> Statement:
    when = samples.c.started_at_us
    query = _within(_full(), chosen, series_id)
    if chosen.after is not None:
        after_us, after_id = chosen.after
        is_later = when > after_us if series_id <= after_id else when >= after_us
        query = query.where(is_later)
    return query.order_by(when).limit(limit)


def _info(row: StoredRow) -> SeriesInfo:
    return SeriesInfo(
        series_id=row.id,
        **{name: getattr(row, name) for name in IDENTITY},
        role=Role.CONTROL if row.is_control else Role.TARGET,
        first_utc=from_us(row.first),
        last_utc=from_us(row.last),
        service=row.service,
        part=row.part,
    )
