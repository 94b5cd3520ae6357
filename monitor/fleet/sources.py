"""From what a person names to the jobs of a night: a lake, a folder, a database."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import pyarrow as pa

from monitor.errors import InputError, MonitorError
from monitor.fleet.home_rows import Place, Places, vantages_of_file
from monitor.fleet.jobs import FleetHome
from monitor.fleet.lake import Lake, bucket_of, is_lake
from monitor.fleet.parts import Part, by_folder, in_force, part_of
from monitor.fleet.registry import Enrolled, admitted, homes_of_file
from monitor.interchange.sample_files import file_format
from monitor.text import printable
from monitor.wallclock import asked_zone

HOMES_FILE: Final = "vantages.csv"
N_BUCKETS: Final = 64
"""Of a folder and of a database; a lake says its own number."""
_DATABASES: Final = ("postgresql", "sqlite")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a person asked for."""

    since: str | None = None
    until: str | None = None
    timezone: str | None = None
    """Of homes that name none."""
    homes_path: Path | None = None


@dataclass(slots=True, kw_only=True)
class Source:
    """The homes to judge, where their rows lie, and what is wrong already."""

    places: Places
    n_buckets: int
    enrolled: Mapping[str, Enrolled]
    files_of: Mapping[str, tuple[str, ...]]
    """Vantage -> files with its rows."""
    lake: Lake | None = None
    failed: list[tuple[str, str]] = field(default_factory=list)

    def buckets(self, timezone: str | None) -> dict[int, tuple[FleetHome, ...]]:
        """The homes to judge by bucket; one without a usable zone has failed."""
        buckets: dict[int, list[FleetHome]] = defaultdict(list)
        for vantage, files in sorted(self.files_of.items()):
            home = self.enrolled.get(vantage) or Enrolled(vantage=vantage)
            try:
                zone_name = _zone(home.timezone or timezone)
            except InputError as error:
                self.failed.append((vantage, printable(str(error))))
                continue
            bucket = bucket_of(vantage, self.n_buckets)
            buckets[bucket].append(
                FleetHome(vantage=vantage, timezone=zone_name, files=files)
            )
        # Homes of one file come one after the other: it is read once.
        return {
            bucket: tuple(sorted(homes, key=lambda home: (home.files, home.vantage)))
            for bucket, homes in sorted(buckets.items())
        }


def _zone(name: str | None) -> str:
    if not name:
        raise InputError(
            f"no zone; needed: a column timezone in {HOMES_FILE} or --homes, or"
            " --timezone for all homes without one"
        )
    asked_zone(name)
    return name


def source_of(address: str, asked: Asked) -> Source:
    """What is to be judged at an address.

    Raises
    ------
    InputError : there is nothing of ours there.
    ServiceError : it is out of reach.
    """
    if address.split(":", 1)[0].partition("+")[0] in _DATABASES:
        return _database(address, asked)
    if not address.startswith("s3://") and not Path(address).exists():
        raise InputError(
            f"{address}: not found; allowed: a lake, s3://..., a folder of sample"
            " files, or a database URL"
        )
    if Path(address).is_file() or not is_lake(address):
        return _folder(Path(address), asked)
    return _lake(Lake.open(address), asked)


def _lake(lake: Lake, asked: Asked) -> Source:
    files_of: dict[str, list[str]] = defaultdict(list)
    failed: list[tuple[str, str]] = []
    for parts in by_folder(_parts(lake, asked, failed)).values():
        for part in in_force(parts):
            for vantage in part.spans:
                files_of[vantage].append(part.name)
    return Source(
        places=Places(
            kind=Place.LAKE,
            address=lake.files.address,
            since=asked.since,
            until=asked.until,
        ),
        n_buckets=lake.n_buckets,
        enrolled=admitted(lake),
        files_of={vantage: tuple(names) for vantage, names in files_of.items()},
        lake=lake,
        failed=failed,
    )


def _parts(lake: Lake, asked: Asked, failed: list[tuple[str, str]]) -> Iterator[Part]:
    for name in lake.sample_files(_months(asked)):
        try:
            yield part_of(lake, name)
        except (pa.ArrowException, ValueError, TypeError, OSError) as error:
            failed.append((name, printable(f"cannot be read: {error}"[:300])))


def _months(asked: Asked) -> frozenset[str] | None:
    """The months of UTC that the evenings asked for can lie in; None: all."""
    if asked.since is None or asked.until is None:
        return None
    day = date.fromisoformat(asked.since) - timedelta(days=2)
    last = date.fromisoformat(asked.until) + timedelta(days=2)
    n_days = (last - day).days
    return frozenset(f"{day + timedelta(days=n):%Y-%m}" for n in range(n_days + 1))


def _folder(path: Path, asked: Asked) -> Source:
    """Sample files of any kind, and `vantages.csv` beside them."""
    root = path.parent if path.is_file() else path
    files_of: dict[str, list[str]] = defaultdict(list)
    failed: list[tuple[str, str]] = []
    for file in _sample_files(path):
        name = str(file.relative_to(root))
        try:
            vantages = vantages_of_file(file)
        except MonitorError as error:
            failed.append((name, printable(str(error))))
            continue
        for vantage in vantages:
            files_of[vantage].append(name)
    if not files_of and not failed:
        raise InputError(
            f"{path}: found neither lake.json nor a sample file; allowed: a lake, or"
            " .csv, .ndjson, .jsonl (also .gz, .zst), .parquet"
        )
    homes_path = asked.homes_path or root / HOMES_FILE
    named = asked.homes_path is not None or homes_path.exists()
    return Source(
        places=Places(kind=Place.FILES, address=str(root.absolute())),
        n_buckets=N_BUCKETS,
        enrolled=homes_of_file(homes_path) if named else {},
        files_of={vantage: tuple(names) for vantage, names in files_of.items()},
        failed=failed,
    )


def _sample_files(path: Path) -> Iterator[Path]:
    candidates: Iterable[Path] = [path] if path.is_file() else sorted(path.rglob("*"))
    for file in candidates:
        if file.name == HOMES_FILE or file.name.startswith(".") or not file.is_file():
            continue
        with suppress(InputError):
            file_format(file)
            yield file


def _database(url: str, asked: Asked) -> Source:
    from monitor.store import open_store

    with open_store(url) as store:
        vantages = sorted({info.vantage for info in store.reader.series()})
    homes_path = asked.homes_path
    return Source(
        places=Places(
            kind=Place.DATABASE, address=url, since=asked.since, until=asked.until
        ),
        n_buckets=N_BUCKETS,
        enrolled={} if homes_path is None else homes_of_file(homes_path),
        files_of=dict.fromkeys(vantages, ()),
    )
