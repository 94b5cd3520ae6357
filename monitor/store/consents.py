"""Consents to measuring: added, never changed."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select

from monitor.store.instants import from_us, to_us
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


def append(connection: Connection, consent: Consent) -> None:
    """Store a consent."""
    row = {
        "given_at_us": to_us(consent.given_at_utc),
        "version": consent.version,
        "level": consent.level,
        "language": consent.language,
        "way": consent.way,
    }
    connection.execute(insert(consents), row)


def all_given(connection: Connection) -> list[Consent]:
    """Every consent, in the order in which they were given."""
    return [
        Consent(
            given_at_utc=from_us(row.given_at_us),
            version=row.version,
            level=row.level,
            language=row.language,
            way=row.way,
        )
        for row in connection.execute(select(consents).order_by(consents.c.id))
    ]
