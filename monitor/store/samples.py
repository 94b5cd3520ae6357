"""Samples into rows and rows into samples."""

import json
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, fields
from datetime import datetime
from functools import lru_cache
from importlib import import_module
from itertools import islice
from operator import itemgetter
from typing import Any, Final, TypeAlias, cast

from sqlalchemy import (
    ColumnElement,
    Connection,
    Dialect,
    RowMapping,
    Table,
    and_,
    case,
    func,
    select,
    true,
)
from sqlalchemy.sql.compiler import SQLCompiler

from monitor.lists import curve_text
from monitor.model import Operation, Role, Sample, Transport
from monitor.store.database import Database
from monitor.store.instants import from_us, to_us
from monitor.store.spool_lines import nested, storable
from monitor.store.sql_types import Statement
from monitor.store.tables import IDENTITY, samples, series
from monitor.store.usage import Received, received
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
_KNOWN: Final = "series_ids"


@dataclass(frozen=True, slots=True)
class Samples:
    """The samples of a database: added, never changed."""

    database: Database

    def append(self, taken: Iterable[Sample]) -> int:
        """Store samples; how many of them were new.

        A sample whose identity (docs/contracts.md) is already stored is left as it is.
        Up to 2,000 samples are one transaction; more are several, in order.
        """
        remaining = iter(taken)
        n_new = 0
        while batch := list(islice(remaining, _ROWS_AT_ONCE)):
            with known_series(self.database) as (connection, ids):
                n_new += append(connection, batch, ids)
        return n_new

    def read(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        targets: Iterable[str] | None = None,
        vantage: str | None = None,
        probes: Iterable[str] | None = None,
    ) -> Generator[Sample, None, None]:
        """The samples from `since` on and before `until` by time, streamed.

        Those of one instant are ordered by vantage, target, path, probe, server name.
        """
        names = None if targets is None else tuple(targets)
        kinds = None if probes is None else tuple(probes)
        chosen = Selection(
            since=since, until=until, targets=names, vantage=vantage, probes=kinds
        )
        return read(self.database, chosen)

    def first(self, vantage: str) -> datetime | None:
        """When the vantage's first sample was taken; None: there is none."""
        us = _first_us(self.database, Selection(vantage=vantage), -(2**62))
        return None if us is None else from_us(us)

    def values(
        self,
        names: Sequence[str],
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        vantage: str | None = None,
    ) -> Iterator[Sequence[Json]]:
        """What `read` gives as plain values: time [us since 1970], named fields."""
        chosen = Selection(since=since, until=until, vantage=vantage)
        return read_values(self.database, chosen, names)

    def received(self, vantage: str, *, since: datetime, until: datetime) -> Received:
        """What the vantage's rounds received in the half-open span."""
        with self.database.reading() as connection:
            return received(connection, vantage, since, until)


@contextmanager
def known_series(
    database: Database,
) -> Iterator[tuple[Connection, dict["SeriesKey", int]]]:
    """A transaction that writes, and the ids of series that its connection has seen.

    They are kept with the connection: another one may be to another file of that name.
    """
    with database.writing() as connection:
        kept = connection.info
        # Forgotten first: after a failure the ids on disk may be others.
        ids = kept.pop(_KNOWN, {})
        yield connection, ids
    kept[_KNOWN] = ids


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
    # Only the one in use: PostgreSQL's takes 2 MiB where nobody asks for it.
    kind = import_module(f"sqlalchemy.dialects.{dialect.name}")
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
    batch : the samples; none is nothing.
    ids : series ids that are known to be stored; completed here.
    """
    if not batch:
        return 0
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
    """Which samples: from `since` on, before `until`, of these targets and kinds."""

    since: datetime | None = None
    until: datetime | None = None
    targets: Iterable[str] | None = None
    vantage: str | None = None
    probes: Iterable[str] | None = None

    def of_series(self) -> ColumnElement[bool]:
        """The condition on the table of series."""
        terms: list[ColumnElement[bool]] = [true()]
        if self.targets is not None:
            terms.append(series.c.target.in_(list(self.targets)))
        if self.probes is not None:
            terms.append(series.c.probe.in_(list(self.probes)))
        if self.vantage is not None:
            terms.append(series.c.vantage == self.vantage)
        return and_(*terms)

    def bounds_us(self) -> tuple[int, int]:
        """The half-open range of time [us]."""
        since = -(2**62) if self.since is None else to_us(self.since)
        until = 2**62 if self.until is None else to_us(self.until)
        return since, until


def read(database: Database, selection: Selection) -> Generator[Sample, None, None]:
    """The samples in the order of time, then of their series; streamed.

    Notes
    -----
    One day is read, sorted and handed on at a time: neither memory nor a temporary file
    grows with the years, and no transaction stays open for the whole of it.
    """
    since, until = selection.bounds_us()
    start = _first_us(database, selection, since)
    while start is not None and start < until:
        end = min(start + _DAY_US, until)
        with closing(_rows(database, _between(selection, start, end))) as rows:
            for row in rows:
                yield from_row(row)
        start = _first_us(database, selection, end)


def read_values(
    database: Database, selection: Selection, names: Sequence[str]
) -> Iterator[Sequence[Json]]:
    """The time [us since 1970] and the named fields of each sample; as `read` orders.

    A fifth of the cost of whole samples, for those who want a million of them.
    """
    since, until = selection.bounds_us()
    start = _first_us(database, selection, since)
    while start is not None and start < until:
        # Up to the end of the UTC day.
        end = min((start // _DAY_US + 1) * _DAY_US, until)
        statement = _between(selection, start, end).with_only_columns(
            samples.c.started_at_us, *map(_stored, names)
        )
        with database.reading() as connection:
            options = {"yield_per": _ROWS_AT_ONCE}
            cursor = connection.execute(statement, execution_options=options)
            for part in cursor.partitions():
                yield from part
        start = _first_us(database, selection, end)


# A column of any of the stored types.
def _stored(name: str) -> ColumnElement[Any]:
    if name == "role":
        return case((samples.c.is_control, Role.CONTROL.value), else_=Role.TARGET.value)
    return series.c[name] if name in IDENTITY else samples.c[name]


def _rows(
    database: Database, statement: Statement
) -> Generator[RowMapping, None, None]:
    """The rows, streamed; everything is let go of also when the reader stops early."""
    options = {"yield_per": _ROWS_AT_ONCE}
    with (
        database.reading() as connection,
        connection.execute(statement, execution_options=options) as cursor,
    ):
        yield from cursor.mappings()


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


def _first_us(database: Database, selection: Selection, since_us: int) -> int | None:
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
    with database.reading() as connection:
        first_us: int | None = connection.scalar(select(func.min(per_series.c.us)))
    return first_us
