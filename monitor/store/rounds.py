"""Rounds of the schedule into rows and rows into rounds: the gaps are facts, too."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, select

from monitor.model import Round, RoundStatus
from monitor.store.engine import reading
from monitor.store.instants import from_us, to_us
from monitor.store.records import storable
from monitor.store.samples import insert_new
from monitor.store.tables import rounds

_ORDER = (rounds.c.slot_start_us, rounds.c.vantage, rounds.c.round_id)


def append(connection: Connection, round_: Round) -> None:
    """Store the round; storing it again changes nothing."""
    insert_new(connection, rounds, [_to_row(round_)])


def _to_row(round_: Round) -> dict[str, Any]:
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
    engine: Engine,
    since: datetime | None,
    until: datetime | None,
    vantage: str | None,
) -> Iterator[Round]:
    """The rounds whose slot begins from `since` on and before `until`, by time."""
    statement = select(rounds).order_by(*_ORDER)
    if since is not None:
        statement = statement.where(rounds.c.slot_start_us >= to_us(since))
    if until is not None:
        statement = statement.where(rounds.c.slot_start_us < to_us(until))
    if vantage is not None:
        statement = statement.where(rounds.c.vantage == vantage)
    options = {"yield_per": 2000}
    with (
        reading(engine) as connection,
        connection.execute(statement, execution_options=options) as found,
    ):
        yield from map(_from_row, found)


def last(
    connection: Connection, vantage: str, before: datetime | None = None
) -> Round | None:
    """The round of the vantage's latest slot (before a moment); None without one."""
    statement = (
        select(rounds)
        .where(rounds.c.vantage == vantage)
        .order_by(rounds.c.slot_start_us.desc(), rounds.c.round_id)
        .limit(1)
    )
    if before is not None:
        statement = statement.where(rounds.c.slot_start_us < to_us(before))
    row = connection.execute(statement).first()
    return None if row is None else _from_row(row)


def _from_row(row: Any) -> Round:  # noqa: ANN401 - a row of SQLAlchemy
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
