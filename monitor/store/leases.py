"""Which process measures a vantage into this database: one at a time.

A row per vantage, renewed by its holder with every round and good for three. The clock
only decides where nothing better is known: a holder on the same machine is asked for
itself, and a row outside its time, on either side (a clock was stepped), binds nobody.
Who lost its row to another learns so with its next round.
"""

from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, select, text, update

from monitor.errors import HeldError
from monitor.reason import phrase
from monitor.store.database import Database
from monitor.store.holder import Holder
from monitor.store.instants import to_us
from monitor.store.samples import insert_new
from monitor.store.spool_lines import storable
from monitor.store.tables import leases

ROUNDS: Final = 3
"""How many rounds a lease is good for."""

_SERVER_NOW: Final = text(
    "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)"
)


@dataclass(frozen=True, slots=True)
class Leases:
    """Who measures each vantage into a database; see the functions below."""

    database: Database

    def hold(
        self, vantage: str, holder: Holder, *, lasts: timedelta, now_utc: datetime
    ) -> None:
        """Take or renew the lease of a vantage; raises HeldError."""
        with self.database.writing() as connection:
            hold(connection, vantage, holder, lasts=lasts, now_utc=now_utc)

    def let_go(self, holder: Holder) -> None:
        """End a process's lease."""
        with self.database.writing() as connection:
            let_go(connection, holder)

    def refuse_held(self, vantage: str, holder: Holder, *, now_utc: datetime) -> None:
        """Raise HeldError when another process measures the vantage."""
        with self.database.reading() as connection:
            refuse_held(connection, vantage, holder, now_utc=now_utc)


def hold(
    connection: Connection,
    vantage: str,
    holder: Holder,
    *,
    lasts: timedelta,
    now_utc: datetime,
) -> None:
    """Take the lease of a vantage, or renew it.

    Parameters
    ----------
    connection : in a writing transaction.
    lasts : for how long from now.
    now_utc : by this machine's clock; a server's own is taken instead.

    Raises
    ------
    HeldError : another process measures this vantage.
    """
    now_us = _now_us(connection, now_utc)
    row = {
        "vantage": storable(vantage),
        **{name: storable(value) for name, value in asdict(holder).items()},
        "renewed_at_us": now_us,
        "lasts_us": lasts // timedelta(microseconds=1),
    }
    if insert_new(connection, leases, [row]):
        return
    of_vantage = leases.c.vantage == row["vantage"]
    current = connection.execute(
        select(leases).where(of_vantage).with_for_update()
    ).one()
    if current.token != holder.token:
        _refuse_held(current, holder, now_us)
    connection.execute(update(leases).where(of_vantage).values(row))


def let_go(connection: Connection, holder: Holder) -> None:
    """End this process's lease: the next one need not wait."""
    connection.execute(delete(leases).where(leases.c.token == holder.token))


def refuse_held(
    connection: Connection, vantage: str | None, holder: Holder, *, now_utc: datetime
) -> None:
    """Refuse what must not be done while another process measures a vantage.

    Parameters
    ----------
    vantage : this one; None: any.

    Raises
    ------
    HeldError : one does.
    """
    query = select(leases).where(leases.c.token != holder.token)
    if vantage is not None:
        query = query.where(leases.c.vantage == vantage)
    for current in connection.execute(query).all():
        _refuse_held(current, holder, _now_us(connection, now_utc))


def _now_us(connection: Connection, now_utc: datetime) -> int:
    # Machines that share a server need not agree on the time: its clock is one.
    if connection.dialect.name == "postgresql":
        return int(connection.scalar(_SERVER_NOW) or 0)
    return to_us(now_utc)


def _refuse_held(current: Row[Any], holder: Holder, now_us: int) -> None:
    names = [field.name for field in fields(Holder)]
    other = Holder(**{name: getattr(current, name) for name in names})
    is_gone = holder.knows_gone(other)
    age_us = now_us - current.renewed_at_us
    if is_gone is None:
        is_gone = abs(age_us) > current.lasts_us
    if is_gone:
        return
    age = timedelta(microseconds=age_us) // timedelta(seconds=1)
    left = timedelta(microseconds=current.lasts_us) // timedelta(seconds=1) - age
    raise HeldError(
        phrase(
            "vantage {vantage} is measured into this database by process {pid} on"
            " {host} (last heard of {age} s ago; given up when nothing is heard of it"
            " for {left} s more): end that one, or give this one a `vantage` of its"
            " own",
            vantage=repr(current.vantage),
            pid=str(other.pid),
            host=repr(other.host),
            age=str(age),
            left=str(max(left, 0)),
        )
    )
