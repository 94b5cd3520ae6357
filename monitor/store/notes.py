"""Notes about dates: added, withdrawn by a later row, never changed."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import Engine, exists, insert, select

from monitor.errors import InputError
from monitor.model import Note
from monitor.store.engine import make_engine, reading, writing
from monitor.store.instants import to_us
from monitor.store.records import storable
from monitor.store.tables import notes


class Notes:
    """The notes of one database that exists and is up to date.

    Every method may raise StoreError.
    """

    def __init__(self, url: str) -> None:
        self._engine: Engine = make_engine(url)

    def add(self, first: date, last: date, text: str, *, noted_at_utc: datetime) -> int:
        """Add a note on the dates from `first` to `last`, both included; its number."""
        row = {
            "noted_at_us": to_us(noted_at_utc),
            "first_date": first.isoformat(),
            "last_date": last.isoformat(),
            "text": storable(text),
        }
        with writing(self._engine) as connection:
            (number,) = connection.execute(
                insert(notes).returning(notes.c.id), row
            ).one()
        return int(number)

    def withdraw(self, number: int, *, noted_at_utc: datetime) -> Note:
        """Withdraw a note; it is no longer listed, but its row stays.

        Raises
        ------
        InputError : there is no such note.
        """
        found = [note for note in self.list() if note.number == number]
        if not found:
            raise InputError(f"note: there is no number {number}; see `note list`")
        row = {
            "noted_at_us": to_us(noted_at_utc),
            "first_date": found[0].first_date.isoformat(),
            "last_date": found[0].last_date.isoformat(),
            "text": "",
            "withdraws": number,
        }
        with writing(self._engine) as connection:
            connection.execute(insert(notes), row)
        return found[0]

    def list(
        self, *, since: date | None = None, until: date | None = None
    ) -> Sequence[Note]:
        """The notes that touch the dates from `since` to `until`, by date."""
        later = notes.alias()
        is_withdrawn = exists().where(later.c.withdraws == notes.c.id)
        wanted = select(notes).where(notes.c.withdraws.is_(None), ~is_withdrawn)
        if since is not None:
            wanted = wanted.where(notes.c.last_date >= since.isoformat())
        if until is not None:
            wanted = wanted.where(notes.c.first_date <= until.isoformat())
        with reading(self._engine) as connection:
            rows = connection.execute(wanted.order_by(notes.c.first_date, notes.c.id))
            return [
                Note(
                    number=row.id,
                    first_date=date.fromisoformat(row.first_date),
                    last_date=date.fromisoformat(row.last_date),
                    text=row.text,
                )
                for row in rows
            ]

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()
