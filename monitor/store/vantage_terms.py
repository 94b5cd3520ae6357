"""Zone, window and provider of each vantage, with the local date since when they hold.

Statements are added, never changed; of two about the same date the later one counts, so
that a mistake can be set right for the past, too. What follows from them for each hour
(`local_offsets`) is made anew: a new time-zone database may know better.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from sqlalchemy import Connection, delete, insert, select

from monitor.evening_rule import parse_window
from monitor.model import OwnTerms
from monitor.store.database import Database
from monitor.store.instants import from_us, to_us
from monitor.store.spool_lines import storable
from monitor.store.tables import local_offsets, vantage_terms
from monitor.wallclock import local_instant, moved_name, zone_named

EVER: Final = date(2000, 1, 1)
"""Since when the first statement holds: before it the home was no other one."""
_LAST: Final = datetime(2060, 1, 1, tzinfo=UTC)
_DAY: Final = timedelta(days=1)
_QUARTER: Final = timedelta(minutes=15)
"""Zones change on quarter hours of UTC."""
_US_PER_MIN: Final = 60_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What somebody said of a vantage."""

    vantage: str
    terms: OwnTerms
    provider: str | None
    since: date
    """First local date on which it holds."""
    stated_at_utc: datetime


@dataclass(frozen=True, slots=True)
class StatedTerms:
    """The statements about all vantages of a database."""

    database: Database

    def all(self) -> list[Statement]:
        """Every statement, in the order in which they were made."""
        with self.database.reading() as connection:
            return _read(connection)

    def offsets(self, vantage: str) -> list[dict[str, int]]:
        """Spans of time [us] in which the vantage's clock has one offset."""
        return list(_offsets(self.all(), vantage))

    def state(self, statement: Statement) -> None:
        """Add a statement, and make the offsets of its vantage anew."""
        row = {
            "vantage": storable(statement.vantage),
            "stated_at_us": to_us(statement.stated_at_utc),
            "since": statement.since.isoformat(),
            "timezone": statement.terms.timezone,
            "window": str(statement.terms.window),
            "provider": storable(statement.provider),
        }
        with self.database.writing() as connection:
            connection.execute(insert(vantage_terms), row)
            _renew(connection, statement.vantage)

    def state_if_new(
        self, vantage: str, terms: OwnTerms, provider: str | None, now_utc: datetime
    ) -> None:
        """Note what a configuration says, where it is not what holds already.

        The first time it is taken to hold ever since, later from this date on. The
        offsets are made anew in any case. An empty provider is none.
        """
        provider = provider or None
        earlier = [s for s in self.all() if s.vantage == vantage]
        today = now_utc.astimezone(zone_named(terms.timezone)).date()
        current = in_force(earlier, vantage, today)
        if current and (current.terms, current.provider) == (terms, provider):
            with self.database.writing() as connection:
                _renew(connection, vantage)
            return
        self.state(
            Statement(
                vantage=vantage,
                terms=terms,
                provider=provider,
                since=today if earlier else EVER,
                stated_at_utc=now_utc,
            )
        )


def in_force(
    statements: Sequence[Statement], vantage: str, day: date | None = None
) -> Statement | None:
    """The statement that holds on a local date; None: the last one of all dates."""
    return next(
        (
            statement
            for statement in reversed(statements)
            if statement.vantage == vantage and (day is None or statement.since <= day)
        ),
        None,
    )


def clock_stated(statements: Sequence[Statement], vantage: str) -> str:
    """The name of the clock of a vantage of whom something was stated.

    Each zone since its date; see `wallclock.moved_name`.
    """
    stated = [s for s in statements if s.vantage == vantage]
    dates = sorted({statement.since for statement in stated})
    held = [(day, in_force(stated, vantage, day)) for day in dates]
    return moved_name((day, s.terms.timezone) for day, s in held if s is not None)


def _read(connection: Connection, vantage: str | None = None) -> list[Statement]:
    query = select(vantage_terms).order_by(vantage_terms.c.id)
    if vantage is not None:
        query = query.where(vantage_terms.c.vantage == vantage)
    return [
        Statement(
            vantage=row.vantage,
            terms=OwnTerms(timezone=row.timezone, window=parse_window(row.window)),
            provider=row.provider,
            since=date.fromisoformat(row.since),
            stated_at_utc=from_us(row.stated_at_us),
        )
        for row in connection.execute(query)
    ]


def _renew(connection: Connection, vantage: str) -> None:
    rows = [
        {"vantage": storable(vantage), **row}
        for row in _offsets(_read(connection, vantage), vantage)
    ]
    of_vantage = local_offsets.c.vantage == storable(vantage)
    connection.execute(delete(local_offsets).where(of_vantage))
    if rows:
        connection.execute(insert(local_offsets), rows)


def _offsets(statements: Sequence[Statement], vantage: str) -> Iterator[dict[str, int]]:
    """Spans of time in which the vantage's clock has one offset, without overlap."""
    dates = sorted({statement.since for statement in statements})
    held = [in_force(statements, vantage, day) for day in dates]
    stated = [
        (local_instant(day, zone_named(s.terms.timezone)), s.terms)
        for day, s in zip(dates, held, strict=True)
        if s is not None
    ]
    # Who moves eastwards is there before the day is over where it was.
    ends = [*(start for start, _ in stated[1:]), _LAST]
    for (start, terms), end in zip(stated, ends, strict=True):
        yield from _spans(terms, start, end)


def _spans(terms: OwnTerms, start: datetime, end: datetime) -> Iterator[dict[str, int]]:
    zone = zone_named(terms.timezone)

    def offset(moment: datetime) -> timedelta:
        return moment.astimezone(zone).utcoffset() or timedelta(0)

    begin, moment = start, start
    while moment < end:
        following = min(end, moment + _DAY)
        while moment < following:
            step = min(following, moment + _QUARTER)
            if offset(following) == offset(moment):
                step = following
            if offset(step) != offset(begin) or step == end:
                yield {
                    "from_us": to_us(begin),
                    "until_us": to_us(step),
                    "offset_us": offset(begin) // timedelta(microseconds=1),
                    "day_start_us": terms.window.day_start_min * _US_PER_MIN,
                }
                begin = step
            moment = step
