"""Messages that were sent, so that an episode is told once, and what went wrong.

A message that no service took is kept with its words, to be sent when the line is back.

What went wrong are messages that a service did not take, and nightly analyses that were
ended. All of it is only added, never changed.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Connection, insert, or_, select

from monitor.store.database import Database
from monitor.store.instants import from_us, to_us
from monitor.store.sql_types import StoredRow
from monitor.store.tables import notices

BEGIN: Final = "begin"
END: Final = "end"
NOT_SENT: Final = "not_sent"
NIGHT_ENDED: Final = "night_ended"
UNSENT: Final = "unsent"
DELIVERED: Final = "delivered"
_SENT: Final = (BEGIN, END)
_TROUBLES: Final = (NOT_SENT, NIGHT_ENDED)
"""A kind that begins with one of these goes on with the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One message that was sent or was not, or a nightly analysis that was ended."""

    told_at_utc: datetime
    kind: str
    """`begin`, `end`, `digest`, `delivered`; of troubles `not_sent SERVICE: REASON` or
    `night_ended REASON`; `unsent JSON` of a message that waits."""
    vantage: str
    subject: str
    """A service; empty: the monitor itself."""
    since: str
    """Date or time from which the thing told holds."""


@dataclass(frozen=True, slots=True)
class Notices:
    """The messages of a database.

    Every method may raise StoreError.
    """

    database: Database

    def add(self, notice: Notice) -> None:
        """Note what happened."""
        with self.database.writing() as connection:
            _add(connection, notice)

    def add_new(self, notice: Notice) -> None:
        """Note what went wrong; not again when it is the same as the last time."""
        with self.database.writing() as connection:
            same = (
                select(notices.c.kind)
                .where(
                    notices.c.vantage == notice.vantage,
                    notices.c.subject == notice.subject,
                    notices.c.since == notice.since,
                )
                .order_by(notices.c.id.desc())
            )
            service = notice.kind.partition(":")[0]
            kinds = connection.scalars(same)
            last = next((k for k in kinds if k.partition(":")[0] == service), None)
            if last != notice.kind:
                _add(connection, notice)

    def last(self, vantage: str, subject: str) -> Notice | None:
        """The last message about a subject that was sent; None before the first."""
        return self._last(vantage, subject, notices.c.kind.in_(_SENT))

    def delivered(self, vantage: str, subject: str) -> Notice | None:
        """The last report that an address took; None before the first."""
        return self._last(vantage, subject, notices.c.kind == DELIVERED)

    def last_made(self, vantage: str, subject: str) -> Notice | None:
        """The last message about a subject, also one that still waits."""
        notice = self._last(vantage, subject, _is_message())
        return notice and replace(notice, kind=_kind_made(notice.kind))

    def _last(
        self, vantage: str, subject: str, is_asked: ColumnElement[bool]
    ) -> Notice | None:
        query = (
            select(notices)
            .where(notices.c.vantage == vantage, notices.c.subject == subject, is_asked)
            .order_by(notices.c.id.desc())
            .limit(1)
        )
        with self.database.reading() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _notice(row)

    def unsent(self, vantage: str, *, since: datetime) -> Sequence[Notice]:
        """What still waits: the last message of its subject, and none has taken it."""
        query = (
            select(notices)
            .where(
                notices.c.vantage == vantage,
                notices.c.told_at_us >= to_us(since),
                _is_message(),
            )
            .order_by(notices.c.id)
        )
        with self.database.reading() as connection:
            last = {row.subject: row for row in connection.execute(query)}
        return [_notice(r) for r in last.values() if r.kind.startswith(UNSENT)]

    def troubles(
        self, vantage: str, *, since: datetime, until: datetime
    ) -> Sequence[Notice]:
        """What went wrong between two moments, the last first; at most a hundred."""
        is_trouble = or_(*(notices.c.kind.startswith(k) for k in _TROUBLES))
        query = (
            select(notices)
            .where(
                notices.c.vantage == vantage,
                notices.c.told_at_us.between(to_us(since), to_us(until)),
                is_trouble,
            )
            .order_by(notices.c.id.desc())
            .limit(100)
        )
        with self.database.reading() as connection:
            return [_notice(row) for row in connection.execute(query)]


def _is_message() -> ColumnElement[bool]:
    return or_(notices.c.kind.in_(_SENT), notices.c.kind.startswith(f"{UNSENT} "))


def _kind_made(kind: str) -> str:
    """What a message is about, be it taken or not."""
    word, _, words = kind.partition(" ")
    return str(json.loads(words)["kind"]) if word == UNSENT else kind


def _add(connection: Connection, notice: Notice) -> None:
    row = {
        "told_at_us": to_us(notice.told_at_utc),
        "kind": notice.kind,
        "vantage": notice.vantage,
        "subject": notice.subject,
        "since": notice.since,
    }
    connection.execute(insert(notices), row)


def _notice(row: StoredRow) -> Notice:
    return Notice(
        told_at_utc=from_us(row.told_at_us),
        kind=row.kind,
        vantage=row.vantage,
        subject=row.subject,
        since=row.since,
    )
