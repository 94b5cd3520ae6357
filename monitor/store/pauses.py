"""Pauses that the owner asked for: added, never changed; the last one counts.

Going on before the time is a pause that ends when it is asked for.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, insert, select

from monitor.store.database import Database
from monitor.store.instants import from_us, to_us
from monitor.store.spool_lines import storable
from monitor.store.tables import pauses

LONGEST_PAUSE: Final = timedelta(hours=744)


@dataclass(frozen=True, slots=True)
class Pauses:
    """The pauses of each vantage in a database."""

    database: Database

    def append(
        self, vantage: str, *, asked_at_utc: datetime, until_utc: datetime
    ) -> None:
        """Store that the owner wants no measurements up to a moment."""
        row = {
            "vantage": storable(vantage),
            "asked_at_us": to_us(asked_at_utc),
            "until_us": to_us(until_utc),
        }
        with self.database.writing() as connection:
            connection.execute(insert(pauses), row)

    def paused_until(self, vantage: str, *, now_utc: datetime) -> datetime | None:
        """When the pause that holds now ends; None without one."""
        with self.database.reading() as connection:
            end = last_end(connection, vantage, now_utc)
        return end if end is not None and end > now_utc else None


def last_end(
    connection: Connection, vantage: str, now_utc: datetime
) -> datetime | None:
    """When the last pause was or will be over; None: there was none.

    What was asked for later than now, by a clock that stood in the future, holds not.
    """
    last = (
        select(pauses.c.until_us)
        .where(pauses.c.vantage == vantage, pauses.c.asked_at_us <= to_us(now_utc))
        .order_by(pauses.c.id.desc())
        .limit(1)
    )
    until_us = connection.scalar(last)
    return None if until_us is None else from_us(until_us)
