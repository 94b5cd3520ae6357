"""Notes about dates: added, withdrawn by a later row, never changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import exists, insert, or_, select

from monitor.errors import InputError
from monitor.model import Note
from monitor.store.database import Database
from monitor.store.instants import to_us
from monitor.store.spool_lines import storable
from monitor.store.tables import notes

LONGEST_NOTE: Final = 500
"""Letters of a note."""


@dataclass(frozen=True, slots=True)
class Notes:
    """The notes of a database.

    Every method may raise StoreError.
    """

    database: Database

    def add(
        self,
        first: date,
        last: date,
        text: str,
        *,
        noted_at_utc: datetime,
        vantage: str | None = None,
    ) -> int:
        """Add a note on the dates from `first` to `last`, both included; its number.

        Parameters
        ----------
        vantage : where it is to be seen; None: at every one of the database.
        """
        row = {
            "vantage": storable(vantage),
            "noted_at_us": to_us(noted_at_utc),
            "first_date": first.isoformat(),
            "last_date": last.isoformat(),
            "text": storable(text),
        }
        with self.database.writing() as connection:
            (number,) = connection.execute(
                insert(notes).returning(notes.c.id), row
            ).one()
        return int(number)

    def withdraw(
        self, number: int, *, noted_at_utc: datetime, vantage: str | None = None
    ) -> Note:
        """Withdraw a note; it is no longer listed, but its row stays.

        Raises
        ------
        InputError : there is no such note, or it is another vantage's.
        """
        listed = self.list(vantage=vantage)
        meant = [note for note in listed if note.number == number]
        if not meant:
            raise InputError(f"note: there is no number {number}; see `note list`")
        row = {
            "noted_at_us": to_us(noted_at_utc),
            "first_date": meant[0].first_date.isoformat(),
            "last_date": meant[0].last_date.isoformat(),
            "text": "",
            "withdraws": number,
            "vantage": meant[0].vantage,
        }
        with self.database.writing() as connection:
            connection.execute(insert(notes), row)
        return meant[0]

    def list(
        self,
        *,
        since: date | None = None,
        until: date | None = None,
        vantage: str | None = None,
    ) -> Sequence[Note]:
        """The notes that touch the dates from `since` to `until`, by date.

        Parameters
        ----------
        vantage : only its own and those for all; None: those of every vantage.
        """
        later = notes.alias()
        is_withdrawn = exists().where(later.c.withdraws == notes.c.id)
        query = select(notes).where(notes.c.withdraws.is_(None), ~is_withdrawn)
        if since is not None:
            query = query.where(notes.c.last_date >= since.isoformat())
        if until is not None:
            query = query.where(notes.c.first_date <= until.isoformat())
        if vantage is not None:
            of_vantage = or_(notes.c.vantage == vantage, notes.c.vantage.is_(None))
            query = query.where(of_vantage)
        with self.database.reading() as connection:
            rows = connection.execute(query.order_by(notes.c.first_date, notes.c.id))
            return [
                Note(
                    number=row.id,
                    first_date=date.fromisoformat(row.first_date),
                    last_date=date.fromisoformat(row.last_date),
                    text=row.text,
                    vantage=row.vantage,
                )
                for row in rows
            ]
