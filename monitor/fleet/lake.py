"""A lake: Parquet files in a folder or in an S3-compatible store, through pyarrow.

One code path for both. A file appears whole or not at all: on a disk by renaming, in a
store since an object is there only when its upload has ended.
"""

import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Self
from zlib import crc32

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

from monitor import private
from monitor.errors import InputError, ServiceError
from monitor.evidence.canonical_rows import utc_text
from monitor.masking import masked
from monitor.untyped import Json

LAKE_VERSION: Final = 1
DOCUMENT: Final = "lake.json"
MOST_BUCKETS: Final = 65_536
_STORES: Final = ("s3://", "file://")


class Files:
    """The files below one address, by their names relative to it.

    Every method raises ServiceError when a store is out of reach or a disk fails.

    Parameters
    ----------
    address : a folder, or `s3://bucket/prefix`; `?endpoint_override=HOST:PORT&scheme=`
        names another server than Amazon's.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        try:
            system, root = _opened(address)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise InputError(f"{masked(address)}: no lake's address: {error}") from None
        self.system = fs.SubTreeFileSystem(root, system)
        self._folder = Path(root) if isinstance(system, fs.LocalFileSystem) else None

    def read(self, name: str) -> bytes:
        """The content of a file; FileNotFoundError where there is none."""
        with _reachable(self.address), self.system.open_input_stream(name) as stream:
            return bytes(stream.read())

    def document(self, name: str) -> Json:
        """The JSON document in a file."""
        return json.loads(self.read(name))

    def table(self, name: str) -> pa.Table:
        """A whole Parquet file."""
        return pq.read_table(pa.BufferReader(self.read(name)))

    def has(self, name: str) -> bool:
        """Whether there is such a file."""
        with _reachable(self.address):
            info = self.system.get_file_info(name)
        return bool(info.type == fs.FileType.File)

    def names(self, folder: str) -> list[str]:
        """All files below a folder, in order; those being written are not there yet."""
        selector = fs.FileSelector(folder, allow_not_found=True, recursive=True)
        with _reachable(self.address):
            infos = self.system.get_file_info(selector)
        paths = (info.path for info in infos if info.type == fs.FileType.File)
        return sorted(path for path in paths if "/." not in f"/{path}")

    def write(self, name: str, body: bytes) -> None:
        """Write a file; it appears whole, and replaces an older one of that name.

        In a folder it is its owner's alone.
        """
        with _reachable(self.address):
            if self._folder is not None:
                private.make_folder((self._folder / name).parent)
                with private.replacing(self._folder / name) as part:
                    part.write_bytes(body)
                return
            with self.system.open_output_stream(name) as out:
                out.write(body)

    def write_document(self, name: str, document: Mapping[str, object]) -> None:
        """Write a JSON document for people and programs."""
        self.write(name, json.dumps(document, indent=1, sort_keys=True).encode())

    def write_table(self, name: str, table: pa.Table) -> bytes:
        """Write a Parquet file; its bytes, the same for the same table."""
        body = parquet_bytes(table)
        self.write(name, body)
        return body

    def remove(self, name: str) -> None:
        """Remove a file that another one replaces."""
        with _reachable(self.address):
            self.system.delete_file(name)


def parquet_bytes(table: pa.Table) -> bytes:
    """A table as the bytes of a Parquet file."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return bytes(sink.getvalue())


def _opened(address: str) -> tuple[fs.FileSystem, str]:
    if address.startswith(_STORES):
        system, root = fs.FileSystem.from_uri(address)
        return system, root
    return fs.LocalFileSystem(), str(Path(address).absolute())


class _reachable:  # noqa: N801 - used as a function
    """Failures of a disk or a store as ServiceError; a missing file stays one."""

    def __init__(self, address: str) -> None:
        self._address = address

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        if isinstance(error, FileNotFoundError):
            return
        if isinstance(error, OSError):
            # Arrow's texts carry the whole answer of a store: the first line is enough.
            why = str(error).splitlines()[0]
            raise ServiceError(f"{masked(self._address)}: {why}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Lake:
    """A lake that is there."""

    files: Files
    lake_id: str
    """Random; pseudonyms and keys of homes hang on it."""
    n_buckets: int

    @classmethod
    def create(cls, address: str, *, n_buckets: int, created: datetime) -> Self:
        """An empty lake.

        Raises
        ------
        InputError : there is one already, or the number of buckets cannot be.
        """
        files = Files(address)
        if not 1 <= n_buckets <= MOST_BUCKETS:
            raise InputError(
                f"--buckets: found {n_buckets}; allowed: 1 to {MOST_BUCKETS}"
            )
        if files.has(DOCUMENT):
            raise InputError(f"{masked(address)}: there is a lake already")
        document = {
            "lake_version": LAKE_VERSION,
            "lake_id": secrets.token_hex(16),
            "n_buckets": n_buckets,
            "hash": "crc32(vantage) mod n_buckets",
            "created": utc_text(created),
        }
        files.write_document(DOCUMENT, document)
        return cls.open(address)

    @classmethod
    def open(cls, address: str) -> Self:
        """The lake at an address.

        Raises
        ------
        InputError : there is none, or it is of a newer program.
        """
        files = Files(address)
        try:
            document = files.document(DOCUMENT)
            version = int(document["lake_version"])
            lake_id, n_buckets = str(document["lake_id"]), int(document["n_buckets"])
        except FileNotFoundError:
            raise InputError(
                f"{masked(address)}: found no {DOCUMENT}; allowed: a lake that"
                " `monitor fleet init` has made"
            ) from None
        except (ValueError, KeyError, TypeError):
            raise InputError(f"{masked(address)}: {DOCUMENT} is damaged") from None
        if version != LAKE_VERSION or not 1 <= n_buckets <= MOST_BUCKETS:
            raise InputError(
                f"{masked(address)}: found lake_version {version} with {n_buckets}"
                f" buckets; this program reads version {LAKE_VERSION}"
            )
        return cls(files=files, lake_id=lake_id, n_buckets=n_buckets)

    def bucket(self, vantage: str) -> int:
        """The bucket of a vantage."""
        return bucket_of(vantage, self.n_buckets)

    def sample_files(self, months: frozenset[str] | None = None) -> Iterator[str]:
        """The compacted files in force; those of some months, such as 2026-10."""
        for name in self.files.names("samples/v1"):
            month = folder_value(name, "month")
            if name.endswith(".parquet") and (months is None or month in months):
                yield name


def is_lake(address: str) -> bool:
    """Whether a lake is there."""
    return Files(address).has(DOCUMENT)


def bucket_of(vantage: str, n_buckets: int) -> int:
    """Which of the buckets a vantage lies in, the same on every machine."""
    return crc32(vantage.encode()) % n_buckets


def folder_value(name: str, key: str) -> str:
    """What a path says of a key: `x/month=2026-10/y` -> `2026-10`; empty: nothing."""
    for part in name.split("/"):
        left, _, right = part.partition("=")
        if left == key:
            return right
    return ""
