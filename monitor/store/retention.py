"""Removes samples that are older than they are to be kept; roll-ups and gaps stay.

The one way round the guard that samples are only added, see dd-001: what may go is
written down first, then goes in small transactions that lift the guard and set it
again, so that no other connection ever sees the table without it. An hour's samples go
only when its roll-up is up to date.
"""

from datetime import datetime
from typing import Final

from sqlalchemy import Connection, and_, delete, exists, func, insert, select, text

from monitor.store.engine import make_engine, reading, writing
from monitor.store.hourly_days import HOUR_US
from monitor.store.instants import from_us, to_us
from monitor.store.rollups import Rollups
from monitor.store.tables import hourly_stale, retentions, samples, series

ROWS_AT_ONCE: Final = 1000
"""Rows of one transaction: some milliseconds, for which a writer may have to wait."""


class Retention:
    """Removes old samples of one database that exists and is up to date.

    Every method may raise StoreError.

    Parameters
    ----------
    url : database URL.
    phase_us : see `Rollups`.
    """

    def __init__(self, url: str, *, phase_us: int = 0) -> None:
        self._engine = make_engine(url)
        self._rollups = Rollups(url, phase_us=phase_us)

    def decide(self, before: datetime, *, decided_at_utc: datetime) -> None:
        """Note that samples before a moment may go from now on."""
        known = self.kept_from()
        if known is not None and before <= known:
            return
        row = {"decided_at_us": to_us(decided_at_utc), "before_us": to_us(before)}
        with writing(self._engine) as connection:
            connection.execute(insert(retentions), row)

    def kept_from(self) -> datetime | None:
        """The moment before which samples may be gone; None: all are there."""
        with reading(self._engine) as connection:
            before_us = _before_us(connection)
        return None if before_us is None else from_us(before_us)

    def step(self) -> bool:
        """Do one small piece of the work; whether there is more."""
        with reading(self._engine) as connection:
            before_us = _before_us(connection)
            if before_us is None:
                return False
            is_stale = _has_stale_hours(connection, before_us)
            span = None if is_stale else _next_span(connection, before_us)
        if is_stale:
            self._rollups.refresh()
            return True
        if span is not None:
            self._remove(*span)
        return span is not None

    def close(self) -> None:
        """Let go of the database."""
        self._rollups.close()
        self._engine.dispose()

    def _remove(self, series_id: int, until_us: int) -> None:
        gone = and_(
            samples.c.series_id == series_id, samples.c.started_at_us < until_us
        )
        with writing(self._engine) as connection:
            guard = _lift_guard(connection)
            connection.execute(delete(samples).where(gone))
            connection.execute(text(guard))


def _before_us(connection: Connection) -> int | None:
    found: int | None = connection.scalar(select(func.max(retentions.c.before_us)))
    return found


def _has_stale_hours(connection: Connection, before_us: int) -> bool:
    wanted = (
        select(hourly_stale.c.hour)
        .where(
            hourly_stale.c.hour * HOUR_US < before_us,
            exists().where(
                samples.c.series_id == hourly_stale.c.series_id,
                samples.c.started_at_us < before_us,
            ),
        )
        .limit(1)
    )
    return connection.execute(wanted).first() is not None


def _next_span(connection: Connection, before_us: int) -> tuple[int, int] | None:
    """A series that has old samples, and the time up to which some of them can go."""
    is_old = and_(
        samples.c.series_id == series.c.id, samples.c.started_at_us < before_us
    )
    owner = select(series.c.id).where(exists().where(is_old)).limit(1)
    series_id = connection.scalar(owner)
    if series_id is None:
        return None
    when = samples.c.started_at_us
    following = (
        select(when)
        .where(samples.c.series_id == series_id, when < before_us)
        .order_by(when)
        .offset(ROWS_AT_ONCE)
        .limit(1)
    )
    until_us = connection.scalar(following)
    return series_id, before_us if until_us is None else until_us


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
