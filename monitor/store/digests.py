"""Digests of closed days and what was lodged of them; only added to."""

import base64
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from sqlalchemy import Connection, func, insert, select, text, union

from monitor.model import DayDigest
from monitor.store.database import Database
from monitor.store.instants import from_us, to_us
from monitor.store.samples import insert_new
from monitor.store.tables import chain_secret, day_digests, lodgings, samples, series

_DAY_US: Final = 86_400_000_000
_FIRST_US: Final = -(1 << 62)
_LAST_US: Final = 1 << 62
_LOCK_TIMEOUT_MS: Final = 60_000
"""Others hold a chain for as long as it takes to add some links."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lodging:
    """A time-stamp that another party gave for a digest."""

    digest: str
    authority: str
    lodged_at_utc: datetime
    token: bytes
    """Its reply (RFC 3161, DER)."""


@dataclass(frozen=True, slots=True)
class Digests:
    """The chains of a database.

    Every method may raise StoreError.
    """

    database: Database

    def secret(self) -> bytes:
        """The secret of the chains; made at the first call, the same ever after."""
        row = {"id": 1, "secret": secrets.token_hex(32)}
        with self.database.reading() as connection:
            stored = connection.scalar(select(chain_secret.c.secret))
        if stored is None:
            with self.database.writing(lock_timeout_ms=_LOCK_TIMEOUT_MS) as connection:
                insert_new(connection, chain_secret, [row])
                stored = connection.scalar(select(chain_secret.c.secret))
        return bytes.fromhex(str(stored))

    @contextmanager
    def extending(self, vantage: str) -> Iterator["HeldChain"]:
        """The chain of a vantage; until the end nobody else can add to it."""
        with self.database.writing(lock_timeout_ms=_LOCK_TIMEOUT_MS) as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(_HOLD, {"key": _lock_key(vantage)})
            yield HeldChain(connection, vantage)

    def links(self, *, vantage: str | None = None) -> Sequence[DayDigest]:
        """All links in the order in which they were stored."""
        with self.database.reading() as connection:
            return _links(connection, vantage)

    def vantages(self) -> Sequence[str]:
        """Every vantage that has samples or links."""
        query = union(select(series.c.vantage), select(day_digests.c.vantage))
        with self.database.reading() as connection:
            return sorted(connection.scalars(query))

    def row_counts(self, *, vantage: str) -> Mapping[str, int]:
        """UTC date -> how many samples of a vantage are stored."""
        with self.database.reading() as connection:
            return _row_counts(connection, vantage)

    def lodge(self, lodging: Lodging) -> None:
        """Keep a time-stamp."""
        row = {
            "digest": lodging.digest,
            "authority": lodging.authority,
            "lodged_at_us": to_us(lodging.lodged_at_utc),
            "token": base64.b64encode(lodging.token).decode("ascii"),
        }
        with self.database.writing(lock_timeout_ms=_LOCK_TIMEOUT_MS) as connection:
            connection.execute(insert(lodgings), row)

    def lodgings(self) -> Sequence[Lodging]:
        """All time-stamps, oldest first."""
        query = select(lodgings).order_by(lodgings.c.id)
        with self.database.reading() as connection:
            return [
                Lodging(
                    digest=row.digest,
                    authority=row.authority,
                    lodged_at_utc=from_us(row.lodged_at_us).astimezone(UTC),
                    token=base64.b64decode(row.token),
                )
                for row in connection.execute(query)
            ]


class HeldChain:
    """One vantage's chain within a transaction that keeps others from adding to it."""

    def __init__(self, connection: Connection, vantage: str) -> None:
        self._connection = connection
        self._vantage = vantage

    def links(self) -> Sequence[DayDigest]:
        """Its links in the order in which they were stored."""
        return _links(self._connection, self._vantage)

    def row_count(self, day: str) -> int:
        """How many samples of a UTC date are stored now."""
        start_us = to_us(datetime.fromisoformat(day).replace(tzinfo=UTC))
        span = {"since_us": start_us, "until_us": start_us + _DAY_US}
        return _row_counts(self._connection, self._vantage, **span).get(day, 0)

    def append(self, links: Sequence[DayDigest], *, closed_at_utc: datetime) -> None:
        """Add links at its end."""
        closed_at_us = to_us(closed_at_utc)
        rows = [{**asdict(link), "closed_at_us": closed_at_us} for link in links]
        if rows:
            self._connection.execute(insert(day_digests), rows)


_HOLD: Final = text("SELECT pg_advisory_xact_lock(:key)")


def _lock_key(vantage: str) -> int:
    """Names the chain in PostgreSQL: 64 bits, signed."""
    name = sha256(f"monitor chain {vantage}".encode()).digest()
    return int.from_bytes(name[:8], "big", signed=True)


def _links(connection: Connection, vantage: str | None) -> Sequence[DayDigest]:
    query = select(*(day_digests.c[f.name] for f in fields(DayDigest)))
    if vantage is not None:
        query = query.where(day_digests.c.vantage == vantage)
    rows = connection.execute(query.order_by(day_digests.c.id))
    return [DayDigest(**row) for row in rows.mappings()]


def _row_counts(
    connection: Connection,
    vantage: str,
    *,
    since_us: int = _FIRST_US,
    until_us: int = _LAST_US,
) -> Mapping[str, int]:
    day = (samples.c.started_at_us // _DAY_US).label("day")
    ids = select(series.c.id).where(series.c.vantage == vantage)
    query = (
        select(day, func.count())
        .where(
            samples.c.series_id.in_(ids),
            samples.c.started_at_us >= since_us,
            samples.c.started_at_us < until_us,
        )
        .group_by(day)
    )
    return {
        from_us(int(number) * _DAY_US).date().isoformat(): n
        for number, n in connection.execute(query)
    }
