"""Sample files in, checked batches out, in bounded memory whatever the file holds."""

import csv
import json
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from monitor.errors import InputError
from monitor.interchange.cell_checks import RawBatch, check_header, shown, typed
from monitor.interchange.cell_marks import COMMA, Decimals, mark_between
from monitor.interchange.file_columns import COLUMNS, NAMES, NUMBERS, Kind
from monitor.interchange.formula import rearm
from monitor.interchange.sample_files import (
    LONGEST_LINE_BYTES,
    file_format,
    lines,
    readable,
)
from monitor.untyped import without_doubles

ROWS_PER_BATCH: Final = 20_000


def batches(path: Path) -> Iterator[pa.RecordBatch]:
    """The samples of a file, some thousand rows at a time, in `columns.SCHEMA`.

    Raises
    ------
    InputError : the first thing in the file that is not allowed, with its place.
    """
    form = file_format(path)
    n_rows = 0
    with readable(path):
        for cells, n_batch in _READERS[form.form](path, form.codec):
            yield typed(RawBatch(str(path), n_rows + 1, n_batch, cells))
            n_rows += n_batch
    if n_rows == 0:
        raise InputError(f"{path}: found no rows; allowed: at least one sample")


def _csv(path: Path, codec: str | None) -> Iterator[tuple[dict[str, object], int]]:
    source = lines(path, codec)
    first = next(source, "")
    between = mark_between(first)
    rows = _csv_rows(path, chain([first], source), between)
    header = next(rows, None)
    if header is None:
        raise InputError(f"{path}: the file is empty; needed: a header and rows")
    check_header(str(path), header)
    checked = _full_rows(path, rows, len(header))
    if between != COMMA:
        checked = _with_points(path, checked, header, Decimals(between))
    while batch := list(islice(checked, ROWS_PER_BATCH)):
        columns = zip(header, zip(*batch, strict=True), strict=True)
        yield (
            {n: _csv_cells(n, cells) for n, cells in columns if n in NAMES},
            len(batch),
        )


_TEXTS: Final = frozenset(c.name for c in COLUMNS if not c.is_number)
_MOMENTS: Final = frozenset(c.name for c in COLUMNS if c.kind is Kind.MOMENT)


def _csv_cells(name: str, cells: Sequence[str]) -> pa.Array:
    array = pa.array([cell or None for cell in cells], pa.string())
    return rearm(array) if name in _TEXTS else array


def _with_points(
    path: Path, rows: Iterator[list[str]], header: Sequence[str], decimals: Decimals
) -> Iterator[list[str]]:
    """The rows of a spreadsheet with the decimal marks of a program."""
    numbers = [place for place, name in enumerate(header) if name in NUMBERS]
    moments = [place for place, name in enumerate(header) if name in _MOMENTS]
    for number, row in enumerate(rows, 1):
        for place in moments:
            row[place] = row[place].replace(COMMA, ".")
        for place in numbers:
            try:
                row[place] = decimals.with_point(row[place])
            except ValueError as error:
                raise InputError(
                    f"{path}: row {number}, column {header[place]}: found"
                    f" {shown(row[place])}; allowed: {error}"
                ) from None
        yield row


class _RecordLines:
    """Lines for the CSV reader; refuses a record that runs on over too many."""

    def __init__(self, path: Path, source: Iterator[str]) -> None:
        self._path = path
        self._source = source
        self.n_open = 0
        """Characters since the last whole record."""

    def __iter__(self) -> Iterator[str]:
        for line in self._source:
            self.n_open += len(line)
            if self.n_open > LONGEST_LINE_BYTES:
                raise InputError(
                    f"{self._path}: found a row of more than {LONGEST_LINE_BYTES}"
                    " characters; allowed: at most that; is a quotation mark left open?"
                )
            yield line


def _csv_rows(path: Path, text: Iterator[str], between: str) -> Iterator[list[str]]:
    """The rows that are not blank; what is no CSV as InputError."""
    source = _RecordLines(path, text)
    rows = csv.reader(source, strict=True, delimiter=between)
    number = 0
    while True:
        try:
            row = next(rows, None)
        except csv.Error as error:
            raise InputError(f"{path}: row {number}: no CSV: {error}") from error
        if row is None:
            return
        source.n_open = 0
        if row:
            number += 1
            yield row


def _full_rows(
    path: Path, rows: Iterator[list[str]], n_cells: int
) -> Iterator[list[str]]:
    for number, row in enumerate(rows, 1):
        if len(row) != n_cells:
            raise InputError(
                f"{path}: row {number}: found {len(row)} cells; allowed: {n_cells},"
                " as in the header"
            )
        yield row


def _ndjson(path: Path, codec: str | None) -> Iterator[tuple[dict[str, object], int]]:
    rows = _ndjson_rows(path, lines(path, codec))
    while batch := list(islice(rows, ROWS_PER_BATCH)):
        yield {name: [row.get(name) for row in batch] for name in NAMES}, len(batch)


def _ndjson_rows(path: Path, source: Iterator[str]) -> Iterator[dict[str, object]]:
    number = 0
    checked: tuple[str, ...] = ()
    for line in source:
        if not line.strip():
            continue
        number += 1
        place = f"{path}: row {number}"
        row = _json_object(place, line)
        # Most rows have the names of the row before.
        if tuple(row) != checked:
            checked = tuple(row)
            check_header(place, checked)
        for name in _CURVES & row.keys():
            # In JSON a list may stand as what it is.
            if isinstance(row[name], list):
                row[name] = json.dumps(row[name]) if row[name] else None
        yield row


_CURVES: Final = frozenset(c.name for c in COLUMNS if c.kind is Kind.CURVE)


def _json_object(place: str, line: str) -> dict[str, object]:
    try:
        row = json.loads(
            line, object_pairs_hook=without_doubles, parse_constant=_no_constant
        )
    except (ValueError, RecursionError) as error:
        raise InputError(f"{place}: no JSON: {error}; found {shown(line)}") from error
    if not isinstance(row, dict):
        raise InputError(f"{place}: found {shown(row)}; allowed: a JSON object")
    return row


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _parquet(path: Path, _codec: str | None) -> Iterator[tuple[dict[str, object], int]]:
    with pq.ParquetFile(path) as file:
        names = file.schema_arrow.names
        check_header(str(path), names)
        columns = [name for name in names if name in NAMES]
        for batch in file.iter_batches(ROWS_PER_BATCH, columns=columns):
            batch.validate(full=True)  # texts may hold what is no UTF-8
            yield dict(zip(columns, batch.columns, strict=True)), batch.num_rows


_READERS: Final = {"csv": _csv, "ndjson": _ndjson, "parquet": _parquet}
