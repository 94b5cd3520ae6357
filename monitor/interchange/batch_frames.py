"""Checked batches into pandas frames, and frames into samples."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import UTC
from pathlib import Path
from typing import Any, Final, TypeAlias

import pandas as pd
import pyarrow as pa

from monitor.interchange.file_columns import (
    COLUMNS,
    COUNTS,
    IDENTITY,
    NAMES,
    SCHEMA,
    Column,
    Kind,
)
from monitor.interchange.reading import batches
from monitor.lists import answers_of, curve_of
from monitor.model import Operation, Role, Sample, Transport
from monitor.untyped import Json

_Series: TypeAlias = "pd.Series[Any]"
"""Of any kind of value: the column says which."""


def read_batches(path: Path) -> Iterator[pd.DataFrame]:
    """The samples of a file, some thousand rows at a time, each checked.

    Parameters
    ----------
    path : .csv, .ndjson, .jsonl (also with .gz or .zst) or .parquet.

    Yields
    ------
    DataFrame : all columns of contracts 4, as `columns` says; rows in the file's order.

    Raises
    ------
    InputError : the first thing that is not allowed: file, row, column, found, allowed.
        Batches before it have been handed on: a caller that wants all or nothing reads
        the file twice.
    """
    for batch in batches(path):
        yield frame_of([batch])


def read_frame(
    paths: Iterable[Path], columns: Collection[str] | None = None
) -> pd.DataFrame:
    """The samples of all files in one frame; of samples with one identity the first.

    Parameters
    ----------
    columns : only these and those of the identity, in the order of contracts 4; None:
        all. The curves of a year take more memory than all else.

    Raises
    ------
    InputError : see `read_batches`; also for columns that are not wanted.
    """
    names = NAMES if columns is None else [n for n in NAMES if n in columns]
    kept = [n for n in NAMES if n in {*names, *IDENTITY}]
    schema = pa.schema([SCHEMA.field(name) for name in kept])
    kept_batches = (batch.select(kept) for path in paths for batch in batches(path))
    frame = frame_of(kept_batches, schema)
    repeated = frame.duplicated(list(IDENTITY))
    return frame[~repeated].reset_index(drop=True) if repeated.any() else frame


def frame_of(
    record_batches: Iterable[pa.RecordBatch], schema: pa.Schema = SCHEMA
) -> pd.DataFrame:
    """One frame of batches of one schema; texts are categorical, numbers float64."""
    chunks: dict[str, list[pa.Array]] = {name: [] for name in schema.names}
    for batch in record_batches:
        for name, array in zip(schema.names, batch.columns, strict=True):
            chunks[name].append(array)
    # Column by column, so that a home-year is never in memory twice.
    columns = {f.name: _column(chunks.pop(f.name), f.type) for f in schema}
    # What the batches took goes back now, not when the next ones are read.
    pa.default_memory_pool().release_unused()
    return pd.DataFrame(columns, copy=False)


def _column(chunks: list[pa.Array], kind: pa.DataType) -> _Series:
    whole = pa.chunked_array(chunks, kind).unify_dictionaries()
    chunks.clear()
    column: _Series = whole.to_pandas()
    return column


def samples_from(frame: pd.DataFrame) -> Iterator[Sample]:
    """The samples of a frame as `read_batches` gives it."""
    columns = [_values(frame[column.name], column) for column in COLUMNS]
    for row in zip(*columns, strict=True):
        yield Sample(**dict(zip(NAMES, row, strict=True)))


def _values(series: _Series, column: Column) -> list[Json]:
    if column.kind is Kind.MOMENT:
        return list(pd.DatetimeIndex(series).tz_convert(UTC).to_pydatetime())
    convert = _CONVERTED.get(column.name, float if column.is_number else str)
    if not column.is_number:
        # Converted once per distinct text; an absent one has the code -1.
        texts = series.astype("category").cat
        words = [*map(convert, texts.categories), _NOTHING.get(column.name)]
        return [words[code] for code in texts.codes.tolist()]
    pairs = zip(series.tolist(), series.notna().tolist(), strict=True)
    return [convert(value) if there else None for value, there in pairs]


_CONVERTED: dict[str, Callable[[Json], object]] = {
    "role": Role,
    "failed_operation": Operation,
    "transport": Transport,
    "timeline": curve_of,
    "dns_answers": answers_of,
    **dict.fromkeys(COUNTS, int),
}
_NOTHING: Final[Mapping[str, Json]] = {
    "transport": Transport.TCP,
    "timeline": (),
    "dns_answers": (),
}
"""What stands for an absent text where that is not None."""
