"""Stored samples as one pandas frame; never for the measuring process.

The rows go from the driver into growing arrays some thousand at a time, without a
Python object per row that lives on and without a second copy of the frame; what belongs
to a series (names) is filled in once per series.
"""

from collections.abc import Collection, Iterable, Sequence
from contextlib import closing
from datetime import datetime
from typing import Any, Final

import pandas as pd
from sqlalchemy import Connection, RowMapping, select

from monitor.interchange.file_columns import COLUMNS, NAMES, Column
from monitor.store.door import Store
from monitor.store.growing import GrowingColumn, growing
from monitor.store.samples import Selection
from monitor.store.sql_types import Statement
from monitor.store.tables import IDENTITY, samples, series

_ROWS_AT_ONCE: Final = 2000


def load_frame(
    store: Store,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    targets: Iterable[str] | None = None,
    vantage: str | None = None,
    columns: Collection[str] | None = None,
) -> pd.DataFrame:
    """The samples from `since` on and before `until` in the columns of contracts 4.

    Parameters
    ----------
    store : the open database.
    since, until : aware moments; None: no limit.
    targets, vantage : only these; None: all.
    columns : only these columns, in the order of contracts 4; None: all.

    Returns
    -------
    DataFrame : rows by series and, within one, by time; types as in
        `monitor.interchange.file_columns`.

    Raises
    ------
    StoreError : the database is out of reach.
    ValueError : an unknown column.
    """
    chosen_columns = [c for c in COLUMNS if columns is None or c.name in columns]
    unknown = set(columns or ()) - set(NAMES)
    if unknown:
        raise ValueError(f"unknown columns {sorted(unknown)}; allowed: {NAMES}")
    names = None if targets is None else tuple(targets)
    chosen = Selection(since=since, until=until, targets=names, vantage=vantage)
    columns_read = {column.name: growing(column) for column in chosen_columns}
    with store.database.reading() as connection:
        _fill(columns_read, connection, chosen, chosen_columns)
    return pd.DataFrame({n: c.series() for n, c in columns_read.items()}, copy=False)


def _fill(
    columns: dict[str, GrowingColumn],
    connection: Connection,
    chosen: Selection,
    chosen_columns: Sequence[Column],
) -> None:
    """Read series by series: the order on disk."""
    which = select(series).where(chosen.of_series()).order_by(series.c.id)
    for series_row in connection.execute(which).mappings().all():
        statement = _of_series(chosen, series_row["id"], chosen_columns)
        with closing(_driver_cursor(connection)) as cursor:
            cursor.execute(_as_text(statement, connection))
            while rows := cursor.fetchmany(_ROWS_AT_ONCE):
                _add(columns, rows, series_row)


# SQLAlchemy's row objects would cost as much again as the reading itself; the statement
# is still SQLAlchemy's, and holds nothing but numbers of our own.
def _driver_cursor(connection: Connection) -> Any:  # noqa: ANN401 - of the driver
    driver = connection.connection.driver_connection
    if driver is None:
        raise RuntimeError("an open transaction has a connection")
    if connection.dialect.name == "sqlite":
        return driver.cursor()
    return driver.cursor(name="frame", binary=True)


def _as_text(statement: Statement, connection: Connection) -> str:
    return str(statement.compile(connection, compile_kwargs={"literal_binds": True}))


def _of_series(
    chosen: Selection, series_id: int, chosen_columns: Sequence[Column]
) -> Statement:
    since_us, until_us = chosen.bounds_us()
    moment = samples.c.started_at_us
    stored = [
        samples.c[_STORED.get(c.name, c.name)] for c in _of_sample(chosen_columns)
    ]
    return (
        select(moment, *stored)
        .where(samples.c.series_id == series_id, moment >= since_us, moment < until_us)
        .order_by(moment)
    )


_STORED: Final = {"started_at_utc": "started_at_us", "role": "is_control"}


def _of_sample(chosen_columns: Sequence[Column]) -> list[Column]:
    return [column for column in chosen_columns if column.name not in IDENTITY]


def _add(
    columns: dict[str, GrowingColumn],
    rows: Sequence[tuple[object, ...]],
    series_row: RowMapping,
) -> None:
    # The time comes first, also where it is not wanted: without it a row may be empty.
    _, *cells = zip(*rows, strict=True)
    measured = iter(cells)
    for name, column in columns.items():
        if name in IDENTITY:
            column.repeat(series_row[name] or None, len(rows))
        else:
            column.extend(next(measured))
