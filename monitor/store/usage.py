"""How much a vantage's probes received, for the data budget."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Connection, Select, func, select

from monitor.model import LOCAL_PROBES, Probe
from monitor.store.instants import to_us
from monitor.store.tables import samples, series

_LONGEST_ROUND: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What was received in a number of rounds.

    Attributes
    ----------
    counted_bytes : on the wire, in rounds that counted it.
    n_probes, body_bytes : of rounds that did not: of older versions, or killed.
    """

    counted_bytes: int = 0
    n_probes: int
    body_bytes: int


def received(
    connection: Connection, vantage: str, since: datetime, until: datetime
) -> Received:
    """What the vantage's rounds received from `since` on and before `until`.

    The samples themselves are counted: the roll-ups may lag behind.
    """
    counts = _series(vantage, series.c.probe == Probe.OWN_TRAFFIC)
    sites = _series(vantage, series.c.probe.not_in(sorted(LOCAL_PROBES)))
    when = samples.c.started_at_us
    # A round's own count bears the time of its beginning, so it may be just outside.
    counted = select(samples.c.round_id).where(
        samples.c.series_id.in_(counts),
        samples.c.round_id.is_not(None),
        when >= to_us(since - _LONGEST_ROUND),
        when < to_us(until),
    )
    is_uncounted = samples.c.round_id.is_(None) | samples.c.round_id.not_in(counted)
    within = (when >= to_us(since), when < to_us(until))
    n_bytes = func.coalesce(func.sum(samples.c.encoded_body_bytes), 0)
    of_counts = select(n_bytes).where(samples.c.series_id.in_(counts), *within)
    of_sites = select(func.count(), n_bytes).where(
        samples.c.series_id.in_(sites), is_uncounted, *within
    )
    n_probes, body_bytes = connection.execute(of_sites).one()
    counted_bytes = int(connection.scalar(of_counts) or 0)
    return Received(
        counted_bytes=counted_bytes, n_probes=n_probes, body_bytes=int(body_bytes)
    )


def _series(vantage: str, condition: ColumnElement[bool]) -> Select[tuple[int]]:
    return select(series.c.id).where(series.c.vantage == vantage, condition)
