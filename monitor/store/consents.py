"""Consents to measuring: added, never changed."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, or_, select

from monitor.store.database import Database
from monitor.store.instants import from_us, to_us
from monitor.store.spool_lines import storable
from monitor.store.tables import consents


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """That somebody agreed to the measurements of this database."""

    given_at_utc: datetime
    version: int
    """Of the text that was agreed to."""
    level: str
    """Level of probing that was agreed to: `plain` or `extended`."""
    language: str
    way: str
    """How it was given: `terminal`, `--yes` or `MONITOR_CONSENT`."""
    vantage: str | None = None
    """Which is measured; None: every one of the database."""


@dataclass(frozen=True, slots=True)
class Consents:
    """Who agreed to being measured, in a database."""

    database: Database

    def append(self, consent: Consent) -> None:
        """Store that somebody agreed to the measurements."""
        row = {
            "given_at_us": to_us(consent.given_at_utc),
            "version": consent.version,
            "level": consent.level,
            "language": consent.language,
            "way": consent.way,
            "vantage": storable(consent.vantage),
        }
        with self.database.writing() as connection:
            connection.execute(insert(consents), row)

    def all_given(self, vantage: str) -> list[Consent]:
        """Every consent for a vantage, in the order in which they were given."""
        c = consents.c
        is_meant = or_(c.vantage == vantage, c.vantage.is_(None))
        query = select(consents).where(is_meant).order_by(c.id)
        with self.database.reading() as connection:
            return [
                Consent(
                    given_at_utc=from_us(row.given_at_us),
                    version=row.version,
                    level=row.level,
                    language=row.language,
                    way=row.way,
                    vantage=row.vantage,
                )
                for row in connection.execute(query)
            ]
