"""How much a vantage's probes received, for the data budget."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from monitor.model import LOCAL_PROBES
from monitor.store.instants import to_us
from monitor.store.tables import samples, series


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What a number of probes received."""

    n_probes: int
    body_bytes: int


def received(
    connection: Connection, vantage: str, since: datetime, until: datetime
) -> Received:
    """What the vantage's probes of sites received from `since` on and before `until`.

    The samples themselves are counted: the roll-ups may lag behind.
    """
    when = samples.c.started_at_us
    wanted = (
        select(func.count(), func.coalesce(func.sum(samples.c.encoded_body_bytes), 0))
        .join_from(series, samples)
        .where(
            series.c.vantage == vantage,
            series.c.probe.not_in(sorted(LOCAL_PROBES)),
            when >= to_us(since),
            when < to_us(until),
        )
    )
    n_probes, body_bytes = connection.execute(wanted).one()
    return Received(n_probes=n_probes, body_bytes=int(body_bytes))
