"""Steps of the wall clock that were seen: added, never changed."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, insert, or_, select

from monitor.store.database import Database
from monitor.store.instants import from_us, to_us
from monitor.store.tables import clock_steps


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockStep:
    """What the wall clock showed just before and just after it was set."""

    before_utc: datetime
    after_utc: datetime


@dataclass(frozen=True, slots=True)
class ClockSteps:
    """The steps of each vantage's wall clock in a database."""

    database: Database

    def append(self, vantage: str, step: ClockStep) -> None:
        """Store that the wall clock was stepped."""
        row = {
            "vantage": vantage,
            "before_us": to_us(step.before_utc),
            "after_us": to_us(step.after_utc),
        }
        with self.database.writing() as connection:
            connection.execute(insert(clock_steps), row)

    def last_back_over(self, vantage: str, moment: datetime) -> ClockStep | None:
        """The last step from after a moment back to before it; None without one."""
        us = to_us(moment)
        is_over = (clock_steps.c.after_us <= us) & (us <= clock_steps.c.before_us)
        with self.database.reading() as connection:
            return _last(connection, vantage, is_over)


def last_within(
    connection: Connection, vantage: str, now: datetime, span: timedelta
) -> ClockStep | None:
    """The last step in the span before now; None without one.

    Of the two readings only one was right, and nobody knows which: either counts. So a
    step into the future counts by where it began, and the step back by where it led.
    """
    since_us, until_us = to_us(now - span), to_us(now)
    is_near = (
        reading.between(since_us, until_us)
        for reading in (clock_steps.c.before_us, clock_steps.c.after_us)
    )
    return _last(connection, vantage, or_(*is_near))


def _last(
    connection: Connection, vantage: str, chosen: ColumnElement[bool]
) -> ClockStep | None:
    query = (
        select(clock_steps.c.before_us, clock_steps.c.after_us)
        .where(clock_steps.c.vantage == vantage, chosen)
        .order_by(clock_steps.c.id.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    if row is None:
        return None
    before_us, after_us = row
    return ClockStep(before_utc=from_us(before_us), after_utc=from_us(after_us))
