"""The door of a lake: from the inbox into files that a night reads quickly.

What comes in is checked here once: who signed it, whether it is what was signed, and
every row. A file that fails is named and left out; the others come in.
"""

import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from monitor import private
from monitor.errors import InputError, MonitorError
from monitor.fleet.lake import LAKE_VERSION, Lake
from monitor.fleet.pushing import INBOX, NAME_DIGITS, ROWS, inbox_folder
from monitor.fleet.registry import Enrolled, admitted
from monitor.fleet.signing import is_signed
from monitor.interchange.reading import batches
from monitor.text import printable
from monitor.untyped import Json

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


@dataclass(slots=True)
class Compacted:
    """What came of a compaction."""

    n_days: int = 0
    n_rows: int = 0
    written: list[str] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    """(file, reason)"""


def compact(lake: Lake, *, today: date) -> Compacted:
    """Take in what the inbox holds; months that have not changed stay as they are.

    Raises
    ------
    ServiceError : the lake is out of reach.
    """
    done = Compacted()
    by_part: dict[tuple[str, int], dict[tuple[str, str], InboxDay]] = defaultdict(dict)
    for inbox_day in signed_days(lake, today, done.failed):
        days = by_part[inbox_day.day[:7], lake.bucket(inbox_day.vantage)]
        key = (inbox_day.vantage, inbox_day.day)
        before = days.get(key)
        if before is None or before.number < inbox_day.number:
            days[key] = inbox_day
    for (month, bucket), days in sorted(by_part.items()):
        _compact(lake, f"samples/v1/month={month}/bucket={bucket:03d}", days, done)
    return done


def signed_days(
    lake: Lake, today: date, failed: list[tuple[str, str]]
) -> Iterator[InboxDay]:
    """The days of the inbox whose manifests hold; the others go to `failed`."""
    homes = admitted(lake)
    for name in lake.files.names(INBOX):
        if name.endswith(".json"):
            try:
                yield _signed_day(lake, name, homes, today)
            except InputError as error:
                failed.append((name, printable(str(error))))


def _signed_day(
    lake: Lake, name: str, homes: Mapping[str, Enrolled], today: date
) -> InboxDay:
    try:
        manifest = lake.files.document(name)
        told = InboxDay(
            name=f"{name.removesuffix('.json')}.parquet",
            vantage=str(manifest["vantage"]),
            day=date.fromisoformat(manifest["day"]).isoformat(),
            digest=str(manifest["sha256"]),
            number=int(manifest["chain"]["number"]),
            n_rows=int(manifest["n_rows"]),
        )
    except (ValueError, KeyError, TypeError, FileNotFoundError) as error:
        raise InputError(f"no manifest: {error}") from None
    home = homes.get(told.vantage)
    if home is None or not home.public_key:
        raise InputError(f"{told.vantage} is not enrolled")
    if not is_signed(manifest, home.public_key):
        raise InputError(f"the signature is not that of {told.vantage}")
    _check_place(lake, manifest, told, today)
    return told


def _check_place(
    lake: Lake, manifest: Mapping[str, Json], told: InboxDay, today: date
) -> None:
    """Refuse what was signed for another lake, day or place."""
    if manifest.get("lake_id") != lake.lake_id:
        raise InputError("it was made for another lake")
    if manifest.get("lake_version") != LAKE_VERSION:
        raise InputError(f"found lake_version {manifest.get('lake_version')!r}")
    if told.day > today.isoformat():
        raise InputError(f"the day {told.day} lies in the future")
    folder = inbox_folder(lake, told.vantage, told.day)
    if told.name != f"{folder}/{told.vantage}-{told.digest[:NAME_DIGITS]}.parquet":
        raise InputError("it lies elsewhere than its manifest says")


def _compact(
    lake: Lake,
    folder: str,
    days: Mapping[tuple[str, str], InboxDay],
    done: Compacted,
) -> None:
    """One bucket of a month; a file that holds all its days is not made again."""
    if lake.files.has(_part(folder, days.values())):
        return
    by_vantage: dict[str, list[pa.Table]] = defaultdict(list)
    taken = []
    for (vantage, _), inbox_day in sorted(days.items()):
        try:
            rows = checked_rows(lake, inbox_day)
        except MonitorError as error:
            done.failed.append((inbox_day.name, printable(str(error))))
        else:
            by_vantage[vantage].append(rows)
            taken.append(inbox_day)
    # Named by what it holds: where a day failed, the next time looks again.
    name = _part(folder, taken)
    if not taken or lake.files.has(name):
        return
    done.n_days += len(taken)
    done.n_rows += _write(lake, name, by_vantage)
    done.written.append(name)
    for older in lake.files.names(folder):
        if older != name:
            lake.files.remove(older)


def _part(folder: str, days: Iterable[InboxDay]) -> str:
    digests = "".join(sorted(inbox_day.digest for inbox_day in days))
    inputs = sha256(digests.encode()).hexdigest()
    return f"{folder}/part-{inputs[:NAME_DIGITS]}.parquet"


def _write(lake: Lake, name: str, by_vantage: Mapping[str, list[pa.Table]]) -> int:
    """One row group per home, so that one home can be read alone."""
    sink, n_rows = pa.BufferOutputStream(), 0
    with pq.ParquetWriter(sink, ROWS, compression="zstd") as writer:
        for tables in by_vantage.values():
            table = pa.concat_tables(tables).sort_by(ORDER)
            writer.write_table(table, row_group_size=max(1, table.num_rows))
            n_rows += table.num_rows
    lake.files.write(name, bytes(sink.getvalue()))
    return n_rows


def checked_rows(lake: Lake, inbox_day: InboxDay) -> pa.Table:
    """The rows of a day in the inbox, every one checked.

    Raises
    ------
    InputError : it is not what was signed, or a row is not allowed.
    """
    try:
        body = lake.files.read(inbox_day.name)
    except FileNotFoundError:
        raise InputError("its rows are not there") from None
    if sha256(body).hexdigest() != inbox_day.digest:
        raise InputError("it is not the file that was signed")
    with tempfile.TemporaryDirectory(prefix="monitor-") as folder:
        path = Path(folder) / "day.parquet"
        private.write(path, body)
        table = pa.Table.from_batches(list(batches(path)))
    if table.num_rows != inbox_day.n_rows:
        raise InputError(f"found {table.num_rows} rows, not {inbox_day.n_rows}")
    _check_belongs(table, inbox_day)
    plain = [table[column.name].cast(column.type) for column in ROWS]
    return pa.Table.from_arrays(plain, schema=ROWS)


def _check_belongs(table: pa.Table, inbox_day: InboxDay) -> None:
    vantages = set(map(str, table["vantage"].unique().to_pylist()))
    moments: list[datetime] = [
        pc.min(table["started_at_utc"]).as_py(),
        pc.max(table["started_at_utc"]).as_py(),
    ]
    days = {moment.date().isoformat() for moment in moments}
    if vantages != {inbox_day.vantage}:
        raise InputError("it holds rows of another home")
    if days != {inbox_day.day}:
        raise InputError(f"it holds rows of another day than {inbox_day.day}")
