"""Notes about dates: added, withdrawn by a later row, never changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Final

from sqlalchemy import Connection, exists, func, insert, or_, select

from monitor.errors import InputError
from monitor.model import Attachment, Note
from monitor.store.database import Database
from monitor.store.instants import to_us
from monitor.store.spool_lines import storable
from monitor.store.tables import attachments, notes

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
        files: Mapping[str, bytes] | None = None,
    ) -> int:
        """Add a note on the dates from `first` to `last`, both included; its number.

        Parameters
        ----------
        vantage : where it is to be seen; None: at every one of the database.
        files : name -> content of what is kept with it.
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
            for name, content in (files or {}).items():
                kept = _attached(int(number), name, content, vantage)
                connection.execute(insert(attachments), kept)
        return int(number)

    def content(self, attachment: Attachment) -> bytes:
        """What an attached file holds.

        Raises
        ------
        InputError : there is none, or it is not what it was.
        """
        query = select(attachments.c.content).where(
            attachments.c.sha256 == attachment.sha256
        )
        with self.database.reading() as connection:
            body = bytes(connection.scalar(query.limit(1)) or b"")
        if sha256(body).hexdigest() != attachment.sha256:
            raise InputError(
                f"note: the attached file {attachment.name!r} was altered in the"
                " database: its SHA-256 is another one"
            )
        return body

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
            rows = connection.execute(
                query.order_by(notes.c.first_date, notes.c.id)
            ).all()
            attached = _all_attached(connection, [row.id for row in rows])
            return [
                Note(
                    number=row.id,
                    first_date=date.fromisoformat(row.first_date),
                    last_date=date.fromisoformat(row.last_date),
                    text=row.text,
                    vantage=row.vantage,
                    attached=tuple(attached.get(row.id, ())),
                )
                for row in rows
            ]


def _attached(
    number: int, name: str, content: bytes, vantage: str | None
) -> dict[str, object]:
    return {
        "note_id": number,
        "name": storable(name),
        "sha256": sha256(content).hexdigest(),
        "content": content,
        "vantage": storable(vantage),
    }


def _all_attached(
    connection: Connection, numbers: Sequence[int]
) -> dict[int, list[Attachment]]:
    c = attachments.c
    query = select(c.note_id, c.name, c.sha256, func.length(c.content))
    query = query.where(c.note_id.in_(numbers)).order_by(c.id)
    by_note: dict[int, list[Attachment]] = {}
    for number, name, digest, n_bytes in connection.execute(query):
        kept = Attachment(name=name, sha256=digest, n_bytes=n_bytes)
        by_note.setdefault(number, []).append(kept)
    return by_note
