"""Digests of closed days and what was lodged of them; only added to."""

import base64
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Engine, func, insert, select

from monitor.model import DayDigest
from monitor.store.engine import make_engine, reading, writing
from monitor.store.instants import from_us, to_us
from monitor.store.samples import insert_new
from monitor.store.tables import chain_secret, day_digests, lodgings, samples, series

_DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Lodging:
    """A time-stamp that another party gave for a digest."""

    digest: str
    authority: str
    lodged_at_utc: datetime
    token: bytes
    """Its reply (RFC 3161, DER)."""


class Digests:
    """The chains of one database that exists and is up to date.

    Every method may raise StoreError.
    """

    def __init__(self, url: str) -> None:
        self._engine: Engine = make_engine(url)

    def secret(self) -> bytes:
        """The secret of the chains; made at the first call, the same ever after."""
        row = {"id": 1, "secret": secrets.token_hex(32)}
        with reading(self._engine) as connection:
            known = connection.scalar(select(chain_secret.c.secret))
        if known is None:
            with writing(self._engine) as connection:
                insert_new(connection, chain_secret, [row])
                known = connection.scalar(select(chain_secret.c.secret))
        return bytes.fromhex(str(known))

    def append(self, links: Sequence[DayDigest], *, closed_at_utc: datetime) -> int:
        """Store links; how many. One that another process stored is not repeated."""
        rows = [
            {
                "vantage": link.vantage,
                "day": link.day,
                "n_rows": link.n_rows,
                "root": link.root,
                "previous": link.previous,
                "digest": link.digest,
                "closed_at_us": to_us(closed_at_utc),
            }
            for link in links
        ]
        if not rows:
            return 0
        with writing(self._engine) as connection:
            return insert_new(connection, day_digests, rows)

    def links(self, *, vantage: str | None = None) -> Sequence[DayDigest]:
        """All links in the order in which they were stored."""
        wanted = select(day_digests).order_by(day_digests.c.id)
        if vantage is not None:
            wanted = wanted.where(day_digests.c.vantage == vantage)
        with reading(self._engine) as connection:
            return [
                DayDigest(
                    vantage=row.vantage,
                    day=row.day,
                    n_rows=row.n_rows,
                    root=row.root,
                    previous=row.previous,
                    digest=row.digest,
                )
                for row in connection.execute(wanted)
            ]

    def row_counts(self, *, since: datetime) -> Mapping[tuple[str, str], int]:
        """(Vantage, UTC date) -> how many samples are stored, from `since` on."""
        day = (samples.c.started_at_us // _DAY_US).label("day")
        wanted = (
            select(series.c.vantage, day, func.count())
            .join_from(series, samples)
            .where(samples.c.started_at_us >= to_us(since))
            .group_by(series.c.vantage, day)
        )
        with reading(self._engine) as connection:
            return {
                (vantage, from_us(int(number) * _DAY_US).date().isoformat()): n
                for vantage, number, n in connection.execute(wanted)
            }

    def lodge(self, lodging: Lodging) -> None:
        """Keep a time-stamp."""
        row = {
            "digest": lodging.digest,
            "authority": lodging.authority,
            "lodged_at_us": to_us(lodging.lodged_at_utc),
            "token": base64.b64encode(lodging.token).decode("ascii"),
        }
        with writing(self._engine) as connection:
            connection.execute(insert(lodgings), row)

    def lodgings(self) -> Sequence[Lodging]:
        """All time-stamps, oldest first."""
        wanted = select(lodgings).order_by(lodgings.c.id)
        with reading(self._engine) as connection:
            return [
                Lodging(
                    digest=row.digest,
                    authority=row.authority,
                    lodged_at_utc=from_us(row.lodged_at_us).astimezone(UTC),
                    token=base64.b64decode(row.token),
                )
                for row in connection.execute(wanted)
            ]

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()
