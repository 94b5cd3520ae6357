"""Stored samples as one pandas frame; never for the measuring process.

The rows go from the driver into Arrow arrays some thousand at a time, without a Python
object per row that lives on; what belongs to a series (names) is filled in once per
series.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing
from datetime import datetime
from typing import Any, Final

import pandas as pd
import pyarrow as pa
from sqlalchemy import Connection, RowMapping, Select, select

from monitor.interchange.columns import COLUMNS, NAMES, Column, Kind, arrow_type
from monitor.interchange.frames import frame_of
from monitor.store.engine import make_engine, reading
from monitor.store.migration import migrate
from monitor.store.samples import Selection
from monitor.store.tables import IDENTITY, samples, series

_ROWS_AT_ONCE: Final = 2000


def load_frame(
    url: str,
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
    url : the database.
    since, until : aware moments; None: no limit.
    targets, vantage : only these; None: all.
    columns : only these columns, in the order of contracts 4; None: all.

    Returns
    -------
    DataFrame : rows by series and, within one, by time; types as in
        `monitor.interchange.columns`.

    Raises
    ------
    InputError : impossible URL, or a database that is not for this program.
    StoreError : the database is out of reach.
    ValueError : an unknown column.
    """
    wanted = [c for c in COLUMNS if columns is None or c.name in columns]
    unknown = set(columns or ()) - set(NAMES)
    if unknown:
        raise ValueError(f"unknown columns {sorted(unknown)}; allowed: {NAMES}")
    names = None if targets is None else tuple(targets)
    chosen = Selection(since=since, until=until, targets=names, vantage=vantage)
    engine = make_engine(url)
    try:
        migrate(engine)
        with reading(engine) as connection:
            schema = pa.schema([(c.name, arrow_type(c)) for c in wanted])
            return frame_of(_batches(connection, chosen, wanted), schema)
    finally:
        engine.dispose()


def _batches(
    connection: Connection, chosen: Selection, wanted: Sequence[Column]
) -> Iterator[pa.RecordBatch]:
    """Batches of the wanted columns, series by series: the order on disk."""
    which = select(series).where(chosen.of_series()).order_by(series.c.id)
    for one in connection.execute(which).mappings().all():
        statement = _of_series(chosen, one["id"], wanted)
        with closing(_driver_cursor(connection)) as cursor:
            cursor.execute(_as_text(statement, connection))
            while rows := cursor.fetchmany(_ROWS_AT_ONCE):
                yield _batch(rows, one, wanted)


# SQLAlchemy's row objects would cost as much again as the reading itself; the statement
# is still SQLAlchemy's, and holds nothing but numbers of our own.
def _driver_cursor(connection: Connection) -> Any:  # noqa: ANN401 - of the driver
    driver = connection.connection.driver_connection
    if driver is None:
        raise RuntimeError("an open transaction has a connection")
    if connection.dialect.name == "sqlite":
        return driver.cursor()
    return driver.cursor(name="frame", binary=True)


def _as_text(statement: Select[Any], connection: Connection) -> str:
    return str(statement.compile(connection, compile_kwargs={"literal_binds": True}))


def _of_series(
    chosen: Selection, series_id: int, wanted: Sequence[Column]
) -> Select[Any]:
    since_us, until_us = chosen.bounds_us()
    moment = samples.c.started_at_us
    stored = [samples.c[_STORED.get(c.name, c.name)] for c in _of_sample(wanted)]
    return (
        select(moment, *stored)
        .where(samples.c.series_id == series_id, moment >= since_us, moment < until_us)
        .order_by(moment)
    )


_STORED: Final = {"started_at_utc": "started_at_us", "role": "is_control"}


def _of_sample(wanted: Sequence[Column]) -> list[Column]:
    return [column for column in wanted if column.name not in IDENTITY]


def _batch(
    rows: Sequence[tuple[Any, ...]], one: RowMapping, wanted: Sequence[Column]
) -> pa.RecordBatch:
    _, *cells = zip(*rows, strict=True)
    measured = dict(zip((c.name for c in _of_sample(wanted)), cells, strict=True))
    arrays = [
        _array(column, measured[column.name])
        if column.name in measured
        else _constant(one[column.name] or None, len(rows))
        for column in wanted
    ]
    return pa.RecordBatch.from_arrays(arrays, names=[c.name for c in wanted])


def _array(column: Column, cells: Sequence[Any]) -> pa.Array:
    kind = arrow_type(column)
    if column.kind is Kind.MOMENT:
        return pa.array(cells, pa.int64()).view(kind)
    if column.name == "role":
        codes = pa.array(map(int, cells), pa.int32())
        return pa.DictionaryArray.from_arrays(codes, ["target", "control"])
    if column.is_number:
        return pa.array(cells, kind)
    return pa.array(cells, pa.string()).dictionary_encode()


def _constant(value: str | None, n_rows: int) -> pa.Array:
    return pa.repeat(pa.scalar(value, pa.string()), n_rows).dictionary_encode()
