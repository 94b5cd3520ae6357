"""What is on record about how rows came and went: starts, versions, clocks, closings.

A lawyer asks who held the measurements between the line and the page. Starts are added,
never changed; everything else is read from where it is kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Connection, func, insert, or_, select

from monitor.store.clock_steps import ClockStep
from monitor.store.database import Database
from monitor.store.instants import from_us, to_us
from monitor.store.retention import Removed, removed
from monitor.store.spool_lines import storable
from monitor.store.sql_types import TableColumn
from monitor.store.tables import (
    analyses,
    clock_steps,
    day_digests,
    pauses,
    retentions,
    samples,
    series,
    starts,
    verdicts,
)

_TEXTS: Final = ("software", "python", "system", "hardware", "tzdata")


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """One start of the daemon."""

    started_at_utc: datetime
    software: str
    """Version of this program."""
    python: str
    system: str
    hardware: str
    tzdata: str
    is_synchronised: bool | None
    """Whether the system's clock was disciplined; None: it could not be asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionSpan:
    """From when to when something of one version was made, and how many."""

    version: str
    first_utc: datetime
    last_utc: datetime
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """When a UTC day was chained; a second one of a day tells rows that came later."""

    day: str
    closed_at_utc: datetime
    n_rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """When the owner asked for no measurements, and up to when."""

    asked_at_utc: datetime
    until_utc: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """When it was decided that samples of before a moment may go."""

    decided_at_utc: datetime
    before_utc: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CustodyLog:
    """What is on record of a vantage beside its rows."""

    starts: Sequence[Start]
    probe_versions: Sequence[VersionSpan]
    """Of the samples."""
    n_without_round: int
    """Samples that no round of the daemon took: imported, or taken by hand."""
    method_versions: Sequence[VersionSpan]
    """Of the stored analyses."""
    clock_steps: Sequence[ClockStep]
    pauses: Sequence[Pause]
    closings: Sequence[Closing]
    deletions: Sequence[Deletion]
    removed: Removed


@dataclass(frozen=True, slots=True)
class Custody:
    """The custody log of a database.

    Every method may raise StoreError.
    """

    database: Database

    def append(self, vantage: str, start: Start) -> None:
        """Store that the daemon began to measure."""
        texts = {name: storable(getattr(start, name)) for name in _TEXTS}
        row = {
            "vantage": storable(vantage),
            "started_at_us": to_us(start.started_at_utc),
            "is_synchronised": start.is_synchronised,
            **texts,
        }
        with self.database.writing() as connection:
            connection.execute(insert(starts), row)

    def log(self, vantage: str, *, since: datetime, until: datetime) -> CustodyLog:
        """All that is on record of a span; consents and removals of all time."""
        span = (to_us(since), to_us(until) - 1)
        with self.database.reading() as connection:
            return CustodyLog(
                starts=_starts(connection, vantage, span),
                probe_versions=_probe_versions(connection, vantage, span),
                n_without_round=_n_without_round(connection, vantage, span),
                method_versions=_method_versions(connection, vantage, span),
                clock_steps=_clock_steps(connection, vantage, span),
                pauses=_pauses(connection, vantage, span),
                closings=_closings(connection, vantage, span),
                deletions=_deletions(connection, vantage),
                removed=removed(connection, vantage),
            )


_Span = tuple[int, int]


def _starts(connection: Connection, vantage: str, span: _Span) -> list[Start]:
    c = starts.c
    query = select(starts).where(c.vantage == vantage, c.started_at_us.between(*span))
    return [
        Start(
            started_at_utc=from_us(row.started_at_us),
            is_synchronised=row.is_synchronised,
            **{name: getattr(row, name) for name in _TEXTS},
        )
        for row in connection.execute(query.order_by(c.id))
    ]


def _of_vantage(vantage: str, span: _Span) -> ColumnElement[bool]:
    ids = select(series.c.id).where(series.c.vantage == vantage)
    return samples.c.series_id.in_(ids) & samples.c.started_at_us.between(*span)


def _probe_versions(
    connection: Connection, vantage: str, span: _Span
) -> list[VersionSpan]:
    c = samples.c
    where = _of_vantage(vantage, span)
    return _versions(connection, c.probe_version, c.started_at_us, where)


def _method_versions(
    connection: Connection, vantage: str, span: _Span
) -> list[VersionSpan]:
    c = analyses.c
    judged = select(verdicts.c.analysis_id).where(verdicts.c.vantage == vantage)
    where = c.id.in_(judged) & c.computed_at_us.between(*span)
    return _versions(connection, c.method_version, c.computed_at_us, where)


def _versions(
    connection: Connection,
    version: TableColumn,
    when: TableColumn,
    where: ColumnElement[bool],
) -> list[VersionSpan]:
    """From when to when there is something of each version."""
    first_us = func.min(when)
    query = (
        select(version, first_us, func.max(when), func.count())
        .where(where)
        .group_by(version)
        .order_by(first_us)
    )
    return [
        VersionSpan(
            version=name or "", first_utc=from_us(first), last_utc=from_us(last), n=n
        )
        for name, first, last, n in connection.execute(query)
    ]


def _n_without_round(connection: Connection, vantage: str, span: _Span) -> int:
    is_alone = _of_vantage(vantage, span) & samples.c.round_id.is_(None)
    return int(connection.scalar(select(func.count()).where(is_alone)) or 0)


def _clock_steps(connection: Connection, vantage: str, span: _Span) -> list[ClockStep]:
    c = clock_steps.c
    is_within = or_(c.before_us.between(*span), c.after_us.between(*span))
    query = select(clock_steps).where(c.vantage == vantage, is_within).order_by(c.id)
    return [
        ClockStep(before_utc=from_us(row.before_us), after_utc=from_us(row.after_us))
        for row in connection.execute(query)
    ]


def _pauses(connection: Connection, vantage: str, span: _Span) -> list[Pause]:
    c = pauses.c
    query = select(pauses).where(c.vantage == vantage, c.asked_at_us.between(*span))
    return [
        Pause(asked_at_utc=from_us(row.asked_at_us), until_utc=from_us(row.until_us))
        for row in connection.execute(query.order_by(c.id))
    ]


def _closings(connection: Connection, vantage: str, span: _Span) -> list[Closing]:
    c = day_digests.c
    first, last = (from_us(us).date().isoformat() for us in span)
    query = select(day_digests).where(c.vantage == vantage, c.day.between(first, last))
    return [
        Closing(day=row.day, closed_at_utc=from_us(row.closed_at_us), n_rows=row.n_rows)
        for row in connection.execute(query.order_by(c.id))
    ]


def _deletions(connection: Connection, vantage: str) -> list[Deletion]:
    c = retentions.c
    query = select(retentions).where(c.vantage == vantage).order_by(c.id)
    return [
        Deletion(
            decided_at_utc=from_us(row.decided_at_us), before_utc=from_us(row.before_us)
        )
        for row in connection.execute(query)
    ]
