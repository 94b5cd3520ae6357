"""How many rounds there were, without reading all the years for every question."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, func, select

from monitor.store.database import Reading
from monitor.store.instants import to_us
from monitor.store.rounds import held_s, is_held
from monitor.store.tables import rounds

_DAY_US: Final = 86_400_000_000
_RECENT_US: Final = 31 * _DAY_US


class StatusTotals(NamedTuple):
    """Of the rounds with one status: records, probes planned and done, seconds."""

    n: int = 0
    n_planned: int = 0
    n_done: int = 0
    duration_s: float = 0.0


Totals = Mapping[str, StatusTotals]
"""By status."""


class RoundTotals:
    """Counts the rounds of each vantage.

    What is older than a month is counted once a day: a million rounds of ten years take
    a second. A record of an old slot that comes later is in the counts the next day.
    """

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._old: dict[str, tuple[int, Totals]] = {}

    def of(self, vantage: str, *, as_of: datetime) -> Totals:
        """The totals of a vantage as of a moment; see `rounds`.

        Raises
        ------
        StoreError : the database is out of reach.
        """
        now_us = to_us(as_of)
        until_us = now_us // _DAY_US * _DAY_US - _RECENT_US
        is_old = rounds.c.slot_start_us < until_us
        with self._reading() as connection:
            counted = self._old.get(vantage)
            if counted is None or counted[0] != until_us:
                old = _counted(connection, vantage, is_old, now_us)
                counted = self._old[vantage] = until_us, old
            return _sum(counted[1], _counted(connection, vantage, ~is_old, now_us))


def _counted(
    connection: Connection, vantage: str, chosen: ColumnElement[bool], now_us: int
) -> Totals:
    c = rounds.c
    query = (
        select(c.status, func.count(), func.sum(c.n_planned), func.sum(c.n_done))
        .add_columns(func.coalesce(func.sum(held_s(now_us)), 0.0))
        .where(c.vantage == vantage, chosen, is_held(now_us))
        .group_by(c.status)
    )
    return {
        status: StatusTotals(int(n), int(planned), int(done), float(duration_s))
        for status, n, planned, done, duration_s in connection.execute(query)
    }


def _sum(totals: Totals, other: Totals) -> Totals:
    nothing = StatusTotals()
    return {
        status: _added(totals.get(status, nothing), other.get(status, nothing))
        for status in {*totals, *other}
    }


def _added(totals: StatusTotals, other: StatusTotals) -> StatusTotals:
    return StatusTotals(
        totals.n + other.n,
        totals.n_planned + other.n_planned,
        totals.n_done + other.n_done,
        totals.duration_s + other.duration_s,
    )
