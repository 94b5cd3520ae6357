"""The compacted files of a lake: what each holds, told by its footer alone.

Each night adds a small file of the days that are new, and once a week the files of a
bucket become one: so neither a night nor a compaction reads the month again.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from monitor.fleet.lake import Lake
from monitor.fleet.pushing import ROWS

WEEK: Final = 7
"""So many nights a bucket's files stand side by side, then they become one; and as long
a verdict may stand before all rows of its home are read again."""
_DAYS: Final = b"monitor.days"
ORDER: Final = [
    (name, "ascending")
    for name in ("vantage", "target", "path", "probe", "started_at_utc")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxDay:
    """A day that was signed by an enrolled home."""

    name: str
    vantage: str
    day: str
    digest: str
    number: int
    """Place in the home's chain; of one day the newest counts."""
    n_rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One compacted file."""

    name: str
    days: tuple[InboxDay, ...]
    """The days that it holds; none of a file that an older program has written."""
    spans: Mapping[str, tuple[datetime, datetime]]
    """Vantage -> its first and last moment in it."""

    @property
    def digests(self) -> frozenset[str]:
        """Of the days that it holds."""
        return frozenset(day.digest for day in self.days)


def is_due(today: date, bucket: int) -> bool:
    """Whether a bucket's files become one today: not those of all buckets at once."""
    return today.toordinal() % WEEK == bucket % WEEK


def part_of(lake: Lake, name: str) -> Part:
    """What a compacted file holds.

    Raises
    ------
    OSError, ValueError : it cannot be read (`pyarrow.ArrowException` is either).
    """
    with lake.files.system.open_input_file(name) as source:
        file = pq.ParquetFile(source)
        told = (file.metadata.metadata or {}).get(_DAYS, b"[]")
        days = tuple(InboxDay(**day) for day in json.loads(told))
        return Part(name=name, days=days, spans=dict(spans_of(file)))


def spans_of(file: pq.ParquetFile) -> Iterator[tuple[str, tuple[datetime, datetime]]]:
    """The vantage and the time of each row group."""
    names = file.schema_arrow.names
    places = names.index("vantage"), names.index("started_at_utc")
    for n in range(file.metadata.num_row_groups):
        group = file.metadata.row_group(n)
        vantage, moment = (group.column(place).statistics for place in places)
        yield str(vantage.min), (moment.min, moment.max)


def in_force(parts: Sequence[Part]) -> list[Part]:
    """The parts of one bucket and month without those that another one replaces.

    Both are there when whoever merged them was interrupted, or is just about it.
    """
    kept: list[Part] = []
    for part in sorted(parts, key=lambda p: (-len(p.days), p.name)):
        if not part.days or not any(part.digests <= other.digests for other in kept):
            kept.append(part)
    return sorted(kept, key=lambda part: part.name)


def by_folder(parts: Iterable[Part]) -> dict[str, list[Part]]:
    """Parts by their bucket and month."""
    folders: dict[str, list[Part]] = defaultdict(list)
    for part in parts:
        folders[part.name.rpartition("/")[0]].append(part)
    return folders


def tables_of(lake: Lake, part: Part) -> Iterator[tuple[str, pa.Table]]:
    """The rows of each vantage."""
    with lake.files.system.open_input_file(part.name) as source:
        file = pq.ParquetFile(source)
        for n in range(file.metadata.num_row_groups):
            table = file.read_row_group(n)
            yield str(table["vantage"][0]), table


def write_part(
    lake: Lake,
    name: str,
    days: Sequence[InboxDay],
    by_vantage: Mapping[str, Sequence[pa.Table]],
) -> int:
    """Write rows, one row group per home, so that one can be read alone; how many."""
    sink, n_rows = pa.BufferOutputStream(), 0
    with pq.ParquetWriter(sink, ROWS, compression="zstd") as writer:
        for _, tables in sorted(by_vantage.items()):
            table = pa.concat_tables(tables).sort_by(ORDER)
            writer.write_table(table, row_group_size=max(1, table.num_rows))
            n_rows += table.num_rows
        told = json.dumps([asdict(day) for day in days], separators=(",", ":"))
        writer.add_key_value_metadata({_DAYS: told.encode()})
    lake.files.write(name, bytes(sink.getvalue()))
    return n_rows
