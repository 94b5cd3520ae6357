"""Samples into rows and rows into samples."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final, TypeAlias, cast

from sqlalchemy import (
    ColumnElement,
    Connection,
    Dialect,
    Engine,
    RowMapping,
    Table,
    and_,
    case,
    func,
    select,
    true,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.compiler import SQLCompiler

from monitor.lists import curve_text
from monitor.model import Operation, Role, Sample, Transport
from monitor.store.engine import reading
from monitor.store.instants import from_us, to_us
from monitor.store.spool_lines import nested, storable
from monitor.store.sql_types import Statement
from monitor.store.tables import IDENTITY, samples, series
from monitor.untyped import Json

SeriesKey: TypeAlias = tuple[str, ...]

_NESTED: Final = ("dns_answers", "cdn")
_LISTS: Final = (*_NESTED, "timeline")
_DERIVED: Final = ("started_at_utc", "role", *IDENTITY)
_PLAIN: Final = tuple(
    f.name for f in fields(Sample) if f.name not in (*_LISTS, *_DERIVED)
)
_DAY_US: Final = 86_400_000_000
_ROWS_AT_ONCE: Final = 2000


def insert_new(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, object]]
) -> int:
    """How many of the rows were new; a row whose key is there changes nothing."""
    # The text goes to the driver as it is: SQLAlchemy would look at each value again,
    # which costs more than storing it.
    statement = _insert(connection.dialect, table, tuple(rows[0]))
    names = statement.positiontup
    values = rows if names is None else list(map(itemgetter(*names), rows))
    counted = {"preserve_rowcount": True}
    return connection.exec_driver_sql(
        str(statement), values, execution_options=counted
    ).rowcount


@lru_cache(maxsize=32)
def _insert(dialect: Dialect, table: Table, names: tuple[str, ...]) -> SQLCompiler:
    kind = sqlite if dialect.name == "sqlite" else postgresql
    statement = kind.insert(table).on_conflict_do_nothing()
    compiled = statement.compile(dialect=dialect, column_keys=list(names))
    return cast("SQLCompiler", compiled)


def append(
    connection: Connection, batch: Sequence[Sample], ids: dict[SeriesKey, int]
) -> int:
    """Store the batch; how many samples were new.

    Parameters
    ----------
    connection : in a writing transaction.
    batch : at least one sample.
    ids : series ids that are known to be stored; completed here.
    """
    keys = [series_key(sample) for sample in batch]
    _add_series(connection, {key for key in keys if key not in ids}, ids)
    rows = [to_row(sample, ids[key]) for sample, key in zip(batch, keys, strict=True)]
    return insert_new(connection, samples, rows)


def series_key(sample: Sample) -> SeriesKey:
    """What names a sample's series; no server name and an empty one are the same."""
    return tuple(str(storable(getattr(sample, name) or "")) for name in IDENTITY)


def _add_series(
    connection: Connection, missing: set[SeriesKey], ids: dict[SeriesKey, int]
) -> None:
    if not missing:
        return
    ordered = [dict(zip(IDENTITY, key, strict=True)) for key in sorted(missing)]
    insert_new(connection, series, ordered)
    for row in connection.execute(select(series)):
        ids[tuple(row[1:])] = row[0]


def to_row(sample: Sample, series_id: int) -> dict[str, object]:
    """The stored form of a sample."""
    row = {name: storable(getattr(sample, name)) for name in _PLAIN}
    for name in _NESTED:
        value = getattr(sample, name)
        row[name] = json.dumps(nested(value), ensure_ascii=False) if value else None
    row["timeline"] = curve_text(sample.timeline)
    row["series_id"] = series_id
    row["started_at_us"] = to_us(sample.started_at_utc)
    row["is_control"] = sample.role == Role.CONTROL
    return row


def from_row(row: RowMapping) -> Sample:
    """The sample of a stored row joined with its series."""
    operation = row["failed_operation"]
    values = {name: row[name] for name in (*_PLAIN, *IDENTITY)}
    values["server_name"] = row["server_name"] or None
    values["transport"] = Transport(row["transport"])
    values["failed_operation"] = Operation(operation) if operation else None
    values["started_at_utc"] = from_us(row["started_at_us"])
    values["role"] = Role.CONTROL if row["is_control"] else Role.TARGET
    for name in _LISTS:
        text = row[name]
        values[name] = () if text is None else _nested_from(json.loads(text))
    return Sample(**values)


def _nested_from(items: list[object]) -> tuple[object, ...]:
    return tuple(tuple(item) if isinstance(item, list) else item for item in items)


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which samples: from `since` on, before `until`, of these targets and vantage."""

    since: datetime | None = None
    until: datetime | None = None
    targets: Iterable[str] | None = None
    vantage: str | None = None

    def of_series(self) -> ColumnElement[bool]:
        """The condition on the table of series."""
        terms: list[ColumnElement[bool]] = [true()]
        if self.targets is not None:
            terms.append(series.c.target.in_(list(self.targets)))
        if self.vantage is not None:
            terms.append(series.c.vantage == self.vantage)
        return and_(*terms)

    def bounds_us(self) -> tuple[int, int]:
        """The half-open range of time [us]."""
        since = -(2**62) if self.since is None else to_us(self.since)
        until = 2**62 if self.until is None else to_us(self.until)
        return since, until


def read(engine: Engine, selection: Selection) -> Iterator[Sample]:
    """The samples in the order of time, then of their series; streamed.

    Notes
    -----
    One day is read, sorted and handed on at a time: neither memory nor a temporary file
    grows with the years, and no transaction stays open for the whole of it.
    """
    since, until = selection.bounds_us()
    start = _first_us(engine, selection, since)
    while start is not None and start < until:
        end = min(start + _DAY_US, until)
        for row in _rows(engine, _between(selection, start, end)):
            yield from_row(row)
        start = _first_us(engine, selection, end)


def read_values(
    engine: Engine, selection: Selection, names: Sequence[str]
) -> Iterator[Sequence[Json]]:
    """The time [us since 1970] and the named fields of each sample; as `read` orders.

    A fifth of the cost of whole samples, for those who want a million of them.
    """
    since, until = selection.bounds_us()
    start = _first_us(engine, selection, since)
    while start is not None and start < until:
        # Up to the end of the UTC day.
        end = min((start // _DAY_US + 1) * _DAY_US, until)
        statement = _between(selection, start, end).with_only_columns(
            samples.c.started_at_us, *map(_stored, names)
        )
        with reading(engine) as connection:
            options = {"yield_per": _ROWS_AT_ONCE}
            found = connection.execute(statement, execution_options=options)
            for part in found.partitions():
                yield from part
        start = _first_us(engine, selection, end)


# A column of any of the stored types.
def _stored(name: str) -> ColumnElement[Any]:
    if name == "role":
        return case((samples.c.is_control, Role.CONTROL.value), else_=Role.TARGET.value)
    return series.c[name] if name in IDENTITY else samples.c[name]


def _rows(engine: Engine, statement: Statement) -> Iterator[RowMapping]:
    """The rows, streamed; everything is let go of also when the reader stops early."""
    options = {"yield_per": _ROWS_AT_ONCE}
    with (
        reading(engine) as connection,
        connection.execute(statement, execution_options=options) as found,
    ):
        yield from found.mappings()


def _between(selection: Selection, start_us: int, end_us: int) -> Statement:
    names = [series.c[name] for name in IDENTITY]
    when = samples.c.started_at_us
    return (
        select(samples, *names)
        .join_from(samples, series)
        .where(_in_series(selection), when >= start_us, when < end_us)
        .order_by(when, *names)
    )


def _in_series(selection: Selection) -> ColumnElement[bool]:
    # Not by the join alone: SQLite would then read the whole table for every day.
    return samples.c.series_id.in_(select(series.c.id).where(selection.of_series()))


def _first_us(engine: Engine, selection: Selection, since_us: int) -> int | None:
    # One step down the index per series; a plain minimum would read every row.
    first = (
        select(func.min(samples.c.started_at_us))
        .where(samples.c.series_id == series.c.id, samples.c.started_at_us >= since_us)
        .correlate(series)
        .scalar_subquery()
    )
    per_series = (
        select(first.label("us"))
        .select_from(series)
        .where(selection.of_series())
        .subquery()
    )
    with reading(engine) as connection:
        first_us: int | None = connection.scalar(select(func.min(per_series.c.us)))
    return first_us
