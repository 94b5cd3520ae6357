"""Samples into a file: CSV, NDJSON or Parquet; the file appears whole or not at all."""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from datetime import UTC, datetime
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from monitor import private
from monitor.errors import InputError
from monitor.interchange.column_texts import MEANINGS, unit
from monitor.interchange.file_columns import COLUMNS, NAMES, Kind
from monitor.interchange.sample_files import file_format
from monitor.lists import answers_text, curve_text
from monitor.model import Sample
from monitor.text import csv_writer, disarm
from monitor.untyped import Json

_EXTRAS: Final = tuple(f.name for f in fields(Sample) if f.name not in NAMES)
HEADER: Final = (*NAMES, *(f"x_{name}" for name in _EXTRAS))
_FIELDS: Final = (*NAMES, *_EXTRAS)
_ROWS_PER_GROUP: Final = 100_000


def write_samples(path: Path, samples: Iterable[Sample], *, licence: str = "") -> int:
    """How many samples the new file holds; an older file of that name is replaced.

    Parameters
    ----------
    path : .csv, .ndjson, .jsonl (also with .gz or .zst) or .parquet.
    samples : written in their order, as they come.
    licence : under which whoever measured passes them on; only Parquet can say it.

    Raises
    ------
    InputError : the ending is unknown, or the file cannot be written.

    Notes
    -----
    Lists are texts, see `monitor.lists`. What the interchange does not know goes into
    columns that begin with `x_`, lists there as JSON. Equal samples give equal bytes.
    """
    form = file_format(path)
    with replacing(path) as temporary:
        if form.form == "parquet":
            return _write_parquet(temporary, samples, licence)
        with _text(temporary, form.codec) as file:
            return _WRITERS[form.form](file, samples)


def write_text(file: IO[str], form: str, samples: Iterable[Sample]) -> int:
    """How many samples were written into an open file, as `csv` or `ndjson`."""
    return _WRITERS[form](file, samples)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """As `private.replacing`.

    Raises
    ------
    InputError : the file cannot be written.
    """
    try:
        with private.replacing(path) as temporary:
            yield temporary
    except OSError as error:
        # Arrow's own texts name the temporary file, and have no `strerror`.
        said = os.strerror(error.errno) if error.errno else str(error)
        raise InputError(f"{path}: cannot be written: {said}") from error


@contextmanager
def _text(path: Path, codec: str | None) -> Iterator[IO[str]]:
    with path.open("wb") as raw:
        # The stream of the codec closes the file below it: both ends are then written.
        # pyarrow has no types.
        stream: Any = raw if codec is None else pa.CompressedOutputStream(raw, codec)
        with TextIOWrapper(stream, encoding="utf-8", newline="") as text:
            yield text


def _write_csv(file: IO[str], samples: Iterable[Sample]) -> int:
    writer = csv_writer(file)
    writer.writerow(HEADER)
    n_rows = 0
    for sample in samples:
        row = cells(sample)
        writer.writerow(
            [disarm(cell) if type(cell) is str else cell for cell in row.values()]
        )
        n_rows += 1
    return n_rows


def _write_ndjson(file: IO[str], samples: Iterable[Sample]) -> int:
    n_rows = 0
    for sample in samples:
        row = {name: cell for name, cell in cells(sample).items() if cell is not None}
        file.write(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n")
        n_rows += 1
    return n_rows


_WRITERS: Final[Mapping[str, Callable[[IO[str], Iterable[Sample]], int]]] = {
    "csv": _write_csv,
    "ndjson": _write_ndjson,
}


def cells(sample: Sample) -> dict[str, str | int | float | None]:
    """What a file says of a sample, by column; times and lists as text."""
    row = {h: _cell(getattr(sample, n)) for h, n in zip(HEADER, _FIELDS, strict=True)}
    row["timeline"] = curve_text(sample.timeline)
    row["dns_answers"] = answers_text(sample.dns_answers)
    return row


def _cell(value: Json) -> str | int | float | None:
    if isinstance(value, datetime):
        moment = value.astimezone(UTC).replace(tzinfo=None)
        return f"{moment.isoformat(timespec='microseconds')}Z"
    if isinstance(value, tuple):
        return json.dumps(value, ensure_ascii=False) if value else None
    if isinstance(value, str):
        return str(value) or None
    number: int | float | None = value
    return number


def _write_parquet(path: Path, samples: Iterable[Sample], licence: str) -> int:
    n_rows = 0
    remaining = iter(samples)
    schema = _PARQUET.with_metadata(_ABOUT | ({"licence": licence} if licence else {}))
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        while group := list(islice(remaining, _ROWS_PER_GROUP)):
            rows = [{**cells(s), "started_at_utc": s.started_at_utc} for s in group]
            writer.write_table(pa.Table.from_pylist(rows, schema))
            n_rows += len(group)
    return n_rows


_PARQUET_TYPES: Final = {
    Kind.MOMENT: pa.timestamp("us", tz="UTC"),
    Kind.NUMBER: pa.float64(),
    Kind.COUNT: pa.int64(),
}
_EXTRA_TYPES: Final = {"sequence": pa.int64(), "tcp_rtt_s": pa.float64()}
_ABOUT: Final = {
    "description": "Samples of monitor: one row per probe, failures included;"
    " empty means not measured",
    "units": "SI: seconds, bytes, bits per second; times in UTC",
}


def _field(header: str, kind: pa.DataType) -> pa.Field:
    name = header.removeprefix("x_")
    about = {"description": MEANINGS[name], "unit": unit(name)}
    return pa.field(header, kind, metadata={k: v for k, v in about.items() if v})


_PARQUET: Final = pa.schema(
    [_field(c.name, _PARQUET_TYPES.get(c.kind, pa.string())) for c in COLUMNS]
    + [_field(f"x_{name}", _EXTRA_TYPES.get(name, pa.string())) for name in _EXTRAS]
)
