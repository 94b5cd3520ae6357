"""Removes samples that are older than they are to be kept; roll-ups and gaps stay.

The one way round the guard that samples are only added, see dd-001: what may go is
written down first, then goes in small transactions that lift the guard and set it
again, so that no other connection ever sees the table without it. An hour's samples go
only when its roll-up is up to date, and each transaction counts what it removed.

The wall clock alone decides nothing. A day is old when enough other days were measured
after it, and while the clock was stepped a short time ago nothing is old.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    delete,
    exists,
    func,
    insert,
    select,
    text,
)

from monitor.store import clock_steps, rounds
from monitor.store.clock_steps import ClockStep
from monitor.store.database import Database
from monitor.store.hourly_days import HOUR_US
from monitor.store.instants import from_us, to_us
from monitor.store.rollups import Rollups
from monitor.store.tables import hourly_stale, removals, retentions, samples, series

ROWS_AT_ONCE: Final = 1000
"""Rows of one transaction: some milliseconds, for which a writer may have to wait."""
STEADY: Final = timedelta(hours=24)
"""How long the wall clock must not have been stepped before anything is old."""
_DAY_US: Final = 86_400_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Age:
    """What is old at a vantage, and why nothing is.

    Attributes
    ----------
    first_kept : UTC date; what lies before it is old. None: nothing is.
    step : the step of the wall clock because of which nothing is.
    n_measured : measured days that are over, counted up to as many as are kept.
    """

    first_kept: date | None = None
    step: ClockStep | None = None
    n_measured: int = 0


class Removed(NamedTuple):
    """What retention has removed in all: samples, and the days that they were of."""

    n_rows: int = 0
    n_days: int = 0
    first_day: str | None = None
    last_day: str | None = None


class Retention:
    """Removes old samples of one vantage.

    Every method may raise StoreError.

    Parameters
    ----------
    vantage : whose samples; those of others are never touched.
    phase_us : see `Rollups`.
    """

    def __init__(self, database: Database, vantage: str, *, phase_us: int = 0) -> None:
        self.database = database
        self._vantage = vantage
        self._rollups = Rollups(database, phase_us=phase_us)

    def age(self, n_days: int, *, now: datetime) -> Age:
        """What is old: days with `n_days` measured ones after them, all over by now."""
        with self.database.reading() as connection:
            step = clock_steps.last_within(connection, self._vantage, now, STEADY)
            measured = rounds.measured_days(
                connection, self._vantage, now=now, limit=n_days
            )
        is_enough = step is None and len(measured) == n_days
        return Age(
            first_kept=measured[-1] if is_enough else None,
            step=step,
            n_measured=len(measured),
        )

    def decide(self, first_kept: date, *, decided_at_utc: datetime) -> None:
        """Note that samples before a UTC date may go, and no others, from now on."""
        before = datetime.combine(first_kept, time(), UTC)
        if before == self.kept_from():
            return
        row = {
            "decided_at_us": to_us(decided_at_utc),
            "before_us": to_us(before),
            "vantage": self._vantage,
        }
        with self.database.writing() as connection:
            connection.execute(insert(retentions), row)

    def kept_from(self) -> datetime | None:
        """The moment before which samples may go; None: none may."""
        with self.database.reading() as connection:
            decision = _decision(connection, self._vantage)
        return None if decision is None else from_us(decision.before_us)

    def step(self) -> bool:
        """Do one small piece of the work; whether there is more."""
        with self.database.reading() as connection:
            decision = _decision(connection, self._vantage)
            if decision is None:
                return False
            is_old = self._is_old(decision.before_us)
            is_stale = _has_stale_hours(connection, decision.before_us, is_old)
            span = None if is_stale else _next_span(connection, is_old)
        if is_stale:
            self._rollups.refresh()
            return True
        if span is not None:
            self._remove(decision, *span)
        return span is not None

    def removed(self) -> Removed:
        """What was removed so far."""
        with self.database.reading() as connection:
            return removed(connection, self._vantage)

    def _is_old(self, before_us: int) -> ColumnElement[bool]:
        other = series.alias("own_series")
        of_vantage = select(other.c.id).where(other.c.vantage == self._vantage)
        return and_(
            samples.c.series_id.in_(of_vantage), samples.c.started_at_us < before_us
        )

    def _remove(self, decision: "_Decision", series_id: int, until_us: int) -> None:
        gone = and_(
            samples.c.series_id == series_id, samples.c.started_at_us < until_us
        )
        with self.database.writing() as connection:
            # Another process may have taken the decision back in the meantime.
            if _decision(connection, self._vantage) != decision:
                return
            counted = _counted(connection, self._vantage, decision.id, gone)
            guard = _lift_guard(connection)
            connection.execute(delete(samples).where(gone))
            connection.execute(text(guard))
            if counted:
                connection.execute(insert(removals), counted)


def removed(connection: Connection, vantage: str) -> Removed:
    """What was removed of a vantage so far."""
    day = removals.c.day
    query = select(
        func.coalesce(func.sum(removals.c.n_rows), 0),
        func.count(day.distinct()),
        func.min(day),
        func.max(day),
    ).where(removals.c.vantage == vantage)
    n_rows, n_days, first_day, last_day = connection.execute(query).one()
    return Removed(int(n_rows), n_days, first_day, last_day)


def removed_rows(database: Database) -> dict[tuple[str, str], int]:
    """(Vantage, UTC date) -> how many of its samples retention has removed.

    Raises
    ------
    StoreError : the database is out of reach.
    """
    c = removals.c
    query = select(c.vantage, c.day, func.sum(c.n_rows)).group_by(c.vantage, c.day)
    with database.reading() as connection:
        counted = connection.execute(query).all()
    return {(vantage, day): int(n_rows) for vantage, day, n_rows in counted}


class _Decision(NamedTuple):
    id: int
    before_us: int


def _decision(connection: Connection, vantage: str) -> _Decision | None:
    query = (
        select(retentions.c.id, retentions.c.before_us)
        .where(retentions.c.vantage == vantage)
        .order_by(retentions.c.id.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    return None if row is None else _Decision(*row)


def _counted(
    connection: Connection, vantage: str, retention_id: int, gone: ColumnElement[bool]
) -> list[dict[str, object]]:
    day = (samples.c.started_at_us // _DAY_US).label("day")
    query = select(day, func.count()).where(gone).group_by(day)
    return [
        {
            "retention_id": retention_id,
            "vantage": vantage,
            "day": from_us(int(number) * _DAY_US).date().isoformat(),
            "n_rows": n_rows,
        }
        for number, n_rows in connection.execute(query).all()
    ]


def _has_stale_hours(
    connection: Connection, before_us: int, is_old: ColumnElement[bool]
) -> bool:
    query = (
        select(hourly_stale.c.hour)
        .where(
            hourly_stale.c.hour * HOUR_US < before_us,
            exists().where(samples.c.series_id == hourly_stale.c.series_id, is_old),
        )
        .limit(1)
    )
    return connection.execute(query).first() is not None


def _next_span(
    connection: Connection, is_old: ColumnElement[bool]
) -> tuple[int, int] | None:
    """A series that has old samples, and the time before which some of them can go."""
    old_of_series = and_(samples.c.series_id == series.c.id, is_old)
    owner = select(series.c.id).where(exists().where(old_of_series)).limit(1)
    series_id = connection.scalar(owner)
    if series_id is None:
        return None
    when = samples.c.started_at_us
    oldest = (
        select(when)
        .where(samples.c.series_id == series_id, is_old)
        .order_by(when)
        .limit(ROWS_AT_ONCE)
        .subquery()
    )
    last_us = connection.scalar(select(func.max(oldest.c.started_at_us)))
    return series_id, int(last_us or 0) + 1


def _lift_guard(connection: Connection) -> str:
    """Lift the guard within this transaction; the statement that sets it again."""
    if connection.dialect.name == "postgresql":
        connection.execute(
            text("ALTER TABLE samples DISABLE TRIGGER samples_only_added")
        )
        return "ALTER TABLE samples ENABLE TRIGGER samples_only_added"
    name = "samples_no_delete"
    guard = connection.scalar(
        text("SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND name = :name"),
        {"name": name},
    )
    connection.execute(text(f"DROP TRIGGER {name}"))
    return str(guard)
