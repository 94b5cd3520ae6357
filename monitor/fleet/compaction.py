"""The door of a lake: from the inbox into files that a night reads quickly.

What comes in is checked here once: who signed it, whether it is what was signed, and
every row. A file that fails is named and left out; the others come in.
"""

import tempfile
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType

import pyarrow as pa
import pyarrow.compute as pc

from monitor import private
from monitor.errors import InputError, MonitorError
from monitor.fleet.lake import LAKE_VERSION, Lake
from monitor.fleet.parts import (
    InboxDay,
    Part,
    by_folder,
    in_force,
    is_due,
    part_of,
    tables_of,
    write_part,
)
from monitor.fleet.pushing import INBOX, NAME_DIGITS, ROWS, inbox_folder
from monitor.fleet.registry import Enrolled, admitted
from monitor.fleet.signing import is_signed
from monitor.interchange.reading import batches
from monitor.text import printable
from monitor.untyped import Json


@dataclass(slots=True)
class Compacted:
    """What came of a compaction."""

    n_days: int = 0
    n_rows: int = 0
    written: list[str] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    """(file, reason)"""


def compact(lake: Lake, *, today: date) -> Compacted:
    """Take in what is new in the inbox; what was taken in is not looked at again.

    Raises
    ------
    ServiceError : the lake is out of reach.
    """
    done = Compacted()
    folders = by_folder(_parts(lake, done))
    held = {d.name: d for parts in folders.values() for p in parts for d in p.days}
    by_part: dict[tuple[str, int], dict[tuple[str, str], InboxDay]] = defaultdict(dict)
    for inbox_day in signed_days(lake, today, done.failed, held):
        days = by_part[inbox_day.day[:7], lake.bucket(inbox_day.vantage)]
        key = (inbox_day.vantage, inbox_day.day)
        before = days.get(key)
        if before is None or before.number < inbox_day.number:
            days[key] = inbox_day
    for (month, bucket), days in sorted(by_part.items()):
        folder = f"samples/v1/month={month}/bucket={bucket:03d}"
        change = _change(
            folders.get(folder, []), days.values(), is_due=is_due(today, bucket)
        )
        if change is not None:
            _compact(lake, folder, change, done)
    return done


def _parts(lake: Lake, done: Compacted) -> Iterator[Part]:
    for name in lake.sample_files():
        try:
            yield part_of(lake, name)
        except (pa.ArrowException, ValueError, TypeError, OSError) as error:
            # It is made again of the inbox: nothing of it counts as taken in.
            done.failed.append((name, printable(f"made again: {error}"[:300])))
            yield Part(name=name, days=(), spans={})


@dataclass(frozen=True, slots=True)
class _Change:
    """What is to be done about the files of one bucket and month."""

    kept: Sequence[Part]
    """Files whose rows go into the new one."""
    gone: Sequence[Part]
    """Files that are no more once it is there, those kept among them."""
    new: Sequence[InboxDay]
    """Days that no file holds."""


def _change(
    parts: Sequence[Part], days: Collection[InboxDay], *, is_due: bool
) -> _Change | None:
    """What is to be done; None: nothing.

    A file with a day that a newer link replaces is made anew, as are all of a bucket
    once a week.
    """
    digests = {day.digest for day in days}
    right = [p for p in in_force(parts) if p.days and p.digests <= digests]
    held = frozenset[str]().union(*(part.digests for part in right))
    is_twice = sum(len(part.days) for part in right) > len(held)
    if is_twice:
        right, held = [], frozenset()
    new = [day for day in days if day.digest not in held]
    is_merge = len(right) < len(parts) or (is_due and len(right) > 1)
    if not new and not is_merge:
        return None
    return _Change(right if is_merge else (), parts if is_merge else (), new)


def signed_days(
    lake: Lake,
    today: date,
    failed: list[tuple[str, str]],
    held: Mapping[str, InboxDay] = MappingProxyType({}),
) -> Iterator[InboxDay]:
    """The days of the inbox whose manifests hold; the others go to `failed`.

    Parameters
    ----------
    held : by name, days whose manifests held before: they are not read again.
    """
    homes = admitted(lake)
    for name in lake.files.names(INBOX):
        if not name.endswith(".json"):
            continue
        taken_in = held.get(rows_name(name))
        try:
            yield taken_in or _signed_day(lake, name, homes, today)
        except InputError as error:
            failed.append((name, printable(str(error))))


def rows_name(manifest: str) -> str:
    """The file of rows that a manifest is about."""
    return f"{manifest.removesuffix('.json')}.parquet"


def _signed_day(
    lake: Lake, name: str, homes: Mapping[str, Enrolled], today: date
) -> InboxDay:
    try:
        manifest = lake.files.document(name)
        told = InboxDay(
            name=rows_name(name),
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


def _compact(lake: Lake, folder: str, change: _Change, done: Compacted) -> None:
    """The new file of a bucket and month; then those go that it replaces."""
    checked = dict(_checked(lake, change.new, done))
    taken = [*(day for part in change.kept for day in part.days), *checked]
    # Named by what it holds: where a day failed, the next time looks again.
    name = _name(folder, taken)
    if not taken or not (checked or change.gone):
        return
    by_vantage: dict[str, list[pa.Table]] = defaultdict(list)
    for part in change.kept:
        for vantage, table in tables_of(lake, part):
            by_vantage[vantage].append(table)
    for inbox_day, table in checked.items():
        by_vantage[inbox_day.vantage].append(table)
    write_part(lake, name, taken, by_vantage)
    done.n_days += len(checked)
    done.n_rows += sum(inbox_day.n_rows for inbox_day in checked)
    done.written.append(name)
    for part in change.gone:
        if part.name != name:
            lake.files.remove(part.name)


def _checked(
    lake: Lake, days: Iterable[InboxDay], done: Compacted
) -> Iterator[tuple[InboxDay, pa.Table]]:
    """The days whose rows hold, with them; the others have failed."""
    for inbox_day in days:
        try:
            yield inbox_day, checked_rows(lake, inbox_day)
        except MonitorError as error:
            done.failed.append((inbox_day.name, printable(str(error))))


def _name(folder: str, days: Iterable[InboxDay]) -> str:
    digests = "".join(sorted(inbox_day.digest for inbox_day in days))
    inputs = sha256(digests.encode()).hexdigest()
    return f"{folder}/part-{inputs[:NAME_DIGITS]}.parquet"


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
