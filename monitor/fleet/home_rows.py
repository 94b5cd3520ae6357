"""The rows of one home after the other, wherever a fleet's rows lie.

Three places: the compacted files of a lake, which were checked at its door; sample
files of any kind, checked now; a database. What cannot be read is told in the place of
the rows of the home that it is of.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from monitor.errors import InputError, MonitorError, ServiceError
from monitor.evidence.ledger import whole_days
from monitor.fleet.lake import Files
from monitor.fleet.parts import spans_of
from monitor.interchange import read_frame
from monitor.interchange.file_columns import SCHEMA
from monitor.masking import masked
from monitor.untyped import Theirs

if TYPE_CHECKING:
    from monitor.fleet.jobs import FleetHome


Bounds = tuple[datetime, datetime]


class Place(StrEnum):
    """Kinds of places."""

    LAKE = "lake"
    FILES = "files"
    DATABASE = "database"


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where the rows of a job lie."""

    kind: Place
    address: str
    since: str | None = None
    until: str | None = None
    """Local dates: of each home only the rows of their days."""

    def bounds(self, timezone: str) -> Bounds | None:
        """What a home of a zone would have loaded to judge these evenings."""
        if self.since is None or self.until is None:
            return None
        first, last = date.fromisoformat(self.since), date.fromisoformat(self.until)
        return whole_days(first, last, timezone)


def frames_of(
    places: Places, homes: "Sequence[FleetHome]", columns: Collection[str]
) -> "Iterator[tuple[FleetHome, pd.DataFrame | MonitorError]]":
    """Each home with its rows, or with the reason why there are none.

    Raises
    ------
    ServiceError : the lake or the database is out of reach: for all of them.
    """
    read = _READERS[places.kind]
    for home in homes:
        try:
            frame = read(places, home, columns)
        except ServiceError:
            raise
        except MonitorError as error:
            yield home, error
            continue
        if frame.empty:
            yield home, InputError("found no rows in the time asked for")
        else:
            yield home, frame


def _of_lake(
    places: Places, home: "FleetHome", columns: Collection[str]
) -> pd.DataFrame:
    bounds = places.bounds(home.timezone)
    tables = []
    for name in home.files:
        try:
            tables.append(_row_groups(places, name, home.vantage, bounds, columns))
        except (pa.ArrowException, ValueError, FileNotFoundError) as error:
            raise InputError(f"{name}: cannot be read: {error}") from None
    frame = pa.concat_tables(tables, promote_options="default").to_pandas(
        self_destruct=True
    )
    return _between(frame, bounds)


def _between(frame: pd.DataFrame, bounds: Bounds | None) -> pd.DataFrame:
    if bounds is None:
        return frame
    moment = frame["started_at_utc"]
    first, last = bounds
    return frame[(moment >= first) & (moment < last)].reset_index(drop=True)


def _row_groups(
    places: Places,
    name: str,
    vantage: str,
    bounds: Bounds | None,
    columns: Collection[str],
) -> pa.Table:
    """The rows of a vantage in a bucket's file: one row group, found by the footer.

    One that lies outside of the time asked for is not read.
    """
    file, span = _opened(places.address, name), _spans(places.address, name)
    groups = [
        n
        for n, (first, last) in span.get(vantage, ())
        if bounds is None or (first < bounds[1] and last >= bounds[0])
    ]
    columns_here = [c for c in file.schema_arrow.names if c in columns]
    table = file.read_row_groups(groups, columns=columns_here)
    return table.filter(pc.equal(table["vantage"], vantage))


@lru_cache(maxsize=16)
def _opened(address: str, name: str) -> pq.ParquetFile:
    source = Files(address).system.open_input_file(name)
    texts = [f.name for f in SCHEMA if pa.types.is_dictionary(f.type)]
    return pq.ParquetFile(source, read_dictionary=texts)


@lru_cache(maxsize=16)
def _spans(address: str, name: str) -> Mapping[str, list[tuple[int, Bounds]]]:
    """Vantage -> its row groups, each with its first and last moment."""
    groups: dict[str, list[tuple[int, Bounds]]] = defaultdict(list)
    for n, (vantage, span) in enumerate(spans_of(_opened(address, name))):
        groups[vantage].append((n, span))
    return groups


def span_of(address: str, name: str, vantage: str) -> Bounds:
    """The first and last moment of a vantage in a compacted file that has it."""
    spans = [span for _, span in _spans(address, name)[vantage]]
    return min(first for first, _ in spans), max(last for _, last in spans)


def _of_files(
    places: Places, home: "FleetHome", columns: Collection[str]
) -> pd.DataFrame:
    frame = _checked(places.address, home.files, frozenset(columns))
    return frame[frame["vantage"] == home.vantage].reset_index(drop=True)


@lru_cache(maxsize=1)
def _checked(
    address: str, files: tuple[str, ...], columns: frozenset[str]
) -> pd.DataFrame:
    """Files may hold several homes, which come one after the other."""
    return read_frame([Path(address) / name for name in files], columns)


def _of_database(
    places: Places, home: "FleetHome", columns: Collection[str]
) -> pd.DataFrame:
    from monitor.store import open_store
    from monitor.store.frames import load_frame

    since, until = places.bounds(home.timezone) or (None, None)
    with open_store(places.address) as store:
        return load_frame(
            store, since=since, until=until, vantage=home.vantage, columns=columns
        )


_READERS: Final[dict[Place, Theirs]] = {
    Place.LAKE: _of_lake,
    Place.FILES: _of_files,
    Place.DATABASE: _of_database,
}


def vantages_of_file(path: Path) -> list[str]:
    """The vantages that a sample file holds rows of.

    Raises
    ------
    InputError : it cannot be read; a file of another kind than Parquet is read whole.
    """
    if path.suffix == ".parquet":
        try:
            names = pq.ParquetFile(path).schema_arrow.names
            if "vantage" not in names:
                return [DEFAULT_VANTAGE]
            table = pq.read_table(path, columns=["vantage"])
        except (pa.ArrowException, OSError, ValueError) as error:
            raise InputError(f"{masked(str(path))}: cannot be read: {error}") from None
        values = table["vantage"].unique().to_pylist()
        return sorted({str(value or DEFAULT_VANTAGE) for value in values})
    frame = read_frame([path], ["vantage"])
    return sorted(map(str, frame["vantage"].unique()))


DEFAULT_VANTAGE: Final = "home"
"""Of rows that name none (contracts 4)."""
