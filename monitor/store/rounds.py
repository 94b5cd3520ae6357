"""Rounds of the schedule into rows and rows into rounds: the gaps are facts, too.

A record of missed slots says what the wall clock passed over. When that was stepped
ahead and back, slots that it names come after all, and are measured or not. As of a
moment, such a record therefore holds up to the first round in its span, and never
beyond the moment; what lies later than the moment is not told at all.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
)

from monitor.model import Round, RoundStatus
from monitor.store.checkpoint import checkpoint
from monitor.store.database import Database, Reading
from monitor.store.instants import from_us, to_us
from monitor.store.samples import insert_new
from monitor.store.spool_lines import storable
from monitor.store.sql_types import Statement, StoredRow
from monitor.store.tables import rounds

_ORDER = (rounds.c.slot_start_us, rounds.c.vantage, rounds.c.round_id)
_DAY_US: Final = 86_400_000_000
_S_PER_US: Final = 1e-6
_IS_MEASURED: Final = rounds.c.status != RoundStatus.MISSED.value


@dataclass(frozen=True, slots=True)
class Rounds:
    """The rounds and gaps of a database: added, never changed."""

    database: Database

    def append(self, round_: Round) -> None:
        """Store a round; storing it again changes nothing."""
        with self.database.writing() as connection:
            append(connection, [round_])
        checkpoint(self.database.engine)

    def read(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        vantage: str | None = None,
        as_of: datetime | None = None,
    ) -> Iterator[Round]:
        """The rounds whose slot begins from `since` on and before `until`, by time.

        With `as_of`, what holds at that moment: nothing later, and of missed slots only
        those that had no round after all.
        """
        return read(self.database.reading, since, until, vantage, as_of)

    def last(self, vantage: str, *, before: datetime) -> Round | None:
        """The round of the vantage's latest slot before a moment; None without."""
        with self.database.reading() as connection:
            return last(connection, vantage, before)

    def bounds(self, vantage: str) -> tuple[datetime, datetime] | None:
        """The vantage's first and last measured slot, also one later than now."""
        with self.database.reading() as connection:
            return bounds(connection, vantage)


def append(connection: Connection, ended: Sequence[Round]) -> None:
    """Store rounds; storing one again changes nothing."""
    if ended:
        insert_new(connection, rounds, list(map(_to_row, ended)))


def _to_row(round_: Round) -> dict[str, object]:
    started = round_.started_at_utc
    return {
        "vantage": storable(round_.vantage),
        "slot_start_us": to_us(round_.slot_start_utc),
        "round_id": storable(round_.round_id),
        "started_at_us": None if started is None else to_us(started),
        "duration_s": storable(round_.duration_s),
        "status": round_.status.value,
        "n_planned": round_.n_planned,
        "n_done": round_.n_done,
        "reason": storable(round_.reason),
    }


def read(
    reading: Reading,
    since: datetime | None,
    until: datetime | None,
    vantage: str | None,
    as_of: datetime | None = None,
) -> Iterator[Round]:
    """The rounds whose slot begins from `since` on and before `until`, by time.

    Parameters
    ----------
    as_of : tell what holds at this moment; None: every record as it was written.
    """
    statement = select(rounds) if as_of is None else _holding(to_us(as_of))
    statement = statement.order_by(*_ORDER)
    if since is not None:
        statement = statement.where(rounds.c.slot_start_us >= to_us(since))
    if until is not None:
        statement = statement.where(rounds.c.slot_start_us < to_us(until))
    if vantage is not None:
        statement = statement.where(rounds.c.vantage == vantage)
    options = {"yield_per": 2000}
    with (
        reading() as connection,
        connection.execute(statement, execution_options=options) as cursor,
    ):
        yield from map(_from_row, cursor)


def _holding(now_us: int) -> Statement:
    """The table of rounds as of a moment."""
    columns = [c for c in rounds.c if c is not rounds.c.duration_s]
    duration = held_s(now_us).label("duration_s")
    return select(*columns, duration).where(is_held(now_us))


def held_s(now_us: int) -> ColumnElement[float]:
    """A record's duration as of a moment [s]: of missed slots, as far as that holds."""
    recorded = func.coalesce(rounds.c.duration_s, 0.0)
    length = _shorter(recorded, (now_us - rounds.c.slot_start_us) * _S_PER_US)
    until_measured = (_next_measured_us() - rounds.c.slot_start_us) * _S_PER_US
    length = _shorter(length, func.coalesce(until_measured, recorded))
    return case((_IS_MEASURED, rounds.c.duration_s), else_=length)


def is_held(now_us: int) -> ColumnElement[bool]:
    """Whether a record says anything as of a moment."""
    is_here = rounds.c.slot_start_us <= now_us
    return and_(is_here, or_(_IS_MEASURED, held_s(now_us) > 0))


def _next_measured_us() -> ColumnElement[int]:
    """The first measured slot of a record's vantage that is not before the record's."""
    other = rounds.alias("other")
    return (
        select(other.c.slot_start_us)
        .where(
            other.c.vantage == rounds.c.vantage,
            other.c.slot_start_us >= rounds.c.slot_start_us,
            other.c.status != RoundStatus.MISSED.value,
        )
        .order_by(other.c.slot_start_us)
        .limit(1)
        .correlate(rounds)
        .scalar_subquery()
    )


def _shorter(length: Any, other: Any) -> ColumnElement[float]:  # noqa: ANN401
    # LEAST of one database is MIN of the other.
    return case((length < other, length), else_=other)


def last(connection: Connection, vantage: str, before: datetime) -> Round | None:
    """The round of the vantage's latest slot before a moment, and as of it."""
    statement = (
        _holding(to_us(before))
        .where(rounds.c.vantage == vantage, rounds.c.slot_start_us < to_us(before))
        .order_by(rounds.c.slot_start_us.desc(), rounds.c.round_id)
        .limit(1)
    )
    row = connection.execute(statement).first()
    return None if row is None else _from_row(row)


def bounds(connection: Connection, vantage: str) -> tuple[datetime, datetime] | None:
    """The first and the last slot that was ever measured, whenever that was said to be.

    The last one may lie in the future, where the wall clock once stood.
    """
    measured = and_(rounds.c.vantage == vantage, _IS_MEASURED)
    slot = rounds.c.slot_start_us
    query = select(slot).where(measured).limit(1)
    first_us = connection.scalar(query.order_by(slot))
    last_us = connection.scalar(query.order_by(slot.desc()))
    if first_us is None or last_us is None:
        return None
    return from_us(first_us), from_us(last_us)


def measured_days(
    connection: Connection, vantage: str, *, now: datetime, limit: int
) -> list[date]:
    """The last UTC days that are over and have a measured round, the newest first."""
    today = datetime.combine(now.astimezone(UTC).date(), time(), UTC)
    values = {"vantage": vantage, "before_us": to_us(today), "n": limit}
    days_us = connection.execute(_MEASURED_DAYS, values).scalars()
    return [from_us(day_us).date() for day_us in days_us]


def _measured_days() -> Statement:
    """One step down the index for each day: ten years have a million rounds."""

    def newest_before(moment_us: Any) -> ColumnElement[int]:  # noqa: ANN401
        slot = rounds.c.slot_start_us
        of_vantage = rounds.c.vantage == bindparam("vantage")
        newest = select(slot).where(of_vantage, _IS_MEASURED, slot < moment_us)
        newest_us = newest.order_by(slot.desc()).limit(1).scalar_subquery()
        return newest_us - newest_us % _DAY_US

    before = bindparam("before_us", type_=BigInteger)
    days = select(newest_before(before).label("us")).cte("days", recursive=True)
    earlier = select(newest_before(days.c.us)).where(days.c.us.is_not(None))
    days = days.union_all(earlier)
    return select(days.c.us).where(days.c.us.is_not(None)).limit(bindparam("n"))


_MEASURED_DAYS: Final = _measured_days()


def _from_row(row: StoredRow) -> Round:
    started = row.started_at_us
    return Round(
        round_id=row.round_id,
        vantage=row.vantage,
        slot_start_utc=from_us(row.slot_start_us),
        started_at_utc=None if started is None else from_us(started),
        duration_s=row.duration_s,
        status=RoundStatus(row.status),
        n_planned=row.n_planned,
        n_done=row.n_done,
        reason=row.reason,
    )
