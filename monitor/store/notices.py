"""Messages that were sent: added, never changed; so that an episode is told once."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, insert, select

from monitor.store.engine import make_engine, reading, writing
from monitor.store.instants import from_us, to_us
from monitor.store.tables import notices


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One message that was sent."""

    told_at_utc: datetime
    kind: str
    """`begin` or `end`."""
    vantage: str
    subject: str
    """A target; empty: the monitor itself."""
    since: str
    """Date or time from which the thing told holds."""


class Notices:
    """The messages of one database that exists and is up to date.

    Every method may raise StoreError.
    """

    def __init__(self, url: str) -> None:
        self._engine: Engine = make_engine(url)

    def add(self, notice: Notice) -> None:
        """Note that a message was sent."""
        row = {
            "told_at_us": to_us(notice.told_at_utc),
            "kind": notice.kind,
            "vantage": notice.vantage,
            "subject": notice.subject,
            "since": notice.since,
        }
        with writing(self._engine) as connection:
            connection.execute(insert(notices), row)

    def last(self, vantage: str, subject: str) -> Notice | None:
        """The last message about a subject; None before the first."""
        wanted = (
            select(notices)
            .where(notices.c.vantage == vantage, notices.c.subject == subject)
            .order_by(notices.c.id.desc())
            .limit(1)
        )
        with reading(self._engine) as connection:
            row = connection.execute(wanted).one_or_none()
        if row is None:
            return None
        return Notice(
            told_at_utc=from_us(row.told_at_us),
            kind=row.kind,
            vantage=row.vantage,
            subject=row.subject,
            since=row.since,
        )

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()
