"""Hourly medians or single samples of one metric, column by column, for questions.

The rows of the driver are handed on as they come: a record for each of the 160,000
hours of a home-year would take longer than reading them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from sqlalchemy import Integer, cast, literal, select

from monitor.store.database import Database
from monitor.store.sql_types import Statement
from monitor.store.tables import METRICS, hourly, samples

_ROWS_AT_ONCE: Final = 50_000


class CellColumns(NamedTuple):
    """One entry per cell in each column."""

    series_id: Sequence[int]
    start_us: Sequence[int]
    n: Sequence[int]
    """Probes: of the hour, or 1."""
    n_failed: Sequence[int]
    value: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class MetricCells:
    """The cells of a database; every call may raise StoreError."""

    database: Database

    def read(
        self,
        source: Literal["hours", "samples"],
        series_ids: Iterable[int],
        metric: str,
        span_us: tuple[int, int],
    ) -> CellColumns:
        """Cells that begin in the half-open span, by series and time."""
        if metric not in METRICS:
            raise ValueError(f"{metric!r} is no metric; allowed: {', '.join(METRICS)}")
        query = _WANTED[source](list(series_ids), metric, *span_us)
        rows: list[object] = []
        with self.database.reading() as connection:
            cursor = connection.execute(query).cursor
            while some := cursor.fetchmany(_ROWS_AT_ONCE):
                rows += some
        return CellColumns(*zip(*rows, strict=True)) if rows else _NONE


_NONE: Final = CellColumns((), (), (), (), ())


def _hours(ids: list[int], metric: str, since_us: int, until_us: int) -> Statement:
    c = hourly.c
    return (
        select(c.series_id, c.hour_us, c.n, c.n_failed, c[metric])
        .where(c.series_id.in_(ids), c.hour_us >= since_us, c.hour_us < until_us)
        .order_by(c.series_id, c.hour_us)
    )


def _samples(ids: list[int], metric: str, since_us: int, until_us: int) -> Statement:
    c, when = samples.c, samples.c.started_at_us
    has_failed = cast(c.failure.is_not(None), Integer)
    return (
        select(c.series_id, when, literal(1), has_failed, c[metric])
        .where(c.series_id.in_(ids), when >= since_us, when < until_us)
        .order_by(c.series_id, when)
    )


_WANTED: Final = {"hours": _hours, "samples": _samples}
