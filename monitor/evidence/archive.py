"""The file around a bundle: a zip that is the same for the same content, and sealed.

The archive's comment is the SHA-256 of everything before it, so that not one byte of
the file can change unseen. Reading trusts nothing: names, counts, sizes and ratios are
checked before a byte is unpacked, and nothing is ever unpacked to disk.
"""

import hashlib
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from monitor import private
from monitor.errors import InputError

MARK: Final = "monitor-evidence.txt"
"""Name of the first member: what the file is and how to check it."""

MAX_MEMBERS: Final = 1000
MAX_MEMBER_BYTES: Final = 2_000_000_000
MAX_TOTAL_BYTES: Final = 4_000_000_000
MAX_RATIO: Final = 200
_MIN_SUSPECT_BYTES: Final = 10_000_000
_SEAL_BYTES: Final = 64
_CHUNK_BYTES: Final = 1 << 20
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


class DamagedError(Exception):
    """The archive is not one that this program writes; the text says why."""


def member(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    """A new member, open for writing; no clock and no account of the machine in it."""
    info = zipfile.ZipInfo(name, _EPOCH)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    info.create_system = 3
    return archive.open(info, "w", force_zip64=True)


def seal(path: Path) -> str:
    """Write the seal into the finished archive; the seal."""
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = b"0" * _SEAL_BYTES
    digest = _digest_before_seal(path)
    with path.open("r+b") as file:
        file.seek(-_SEAL_BYTES, io.SEEK_END)
        file.write(digest.encode("ascii"))
    return digest


def seal_matches(path: Path) -> bool:
    """Whether the file is, byte for byte, the one that was sealed."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _SEAL_BYTES))
        seal = file.read()
    return seal == _digest_before_seal(path).encode("ascii")


def _digest_before_seal(path: Path) -> str:
    digest = hashlib.sha256()
    remaining = path.stat().st_size - _SEAL_BYTES
    with path.open("rb") as file:
        while remaining > 0 and (chunk := file.read(min(remaining, _CHUNK_BYTES))):
            digest.update(chunk)
            remaining -= len(chunk)
    return digest.hexdigest()


def put(partial: Path, path: Path, digest: str) -> None:
    """Give a finished bundle its name, and write its digest beside it.

    At no time does a digest of another bundle lie there. `sha256sum -c` reads the file.
    """
    beside = digest_path(path)
    beside.unlink(missing_ok=True)
    partial.replace(path)
    written = partial.with_name(beside.name + ".part")
    written.unlink(missing_ok=True)
    private.write(written, f"{digest}  {path.name}\n".encode())
    written.replace(beside)


def digest_path(path: Path) -> Path:
    """Where the digest of a bundle lies."""
    return path.with_name(path.name + ".sha256")


def file_digest(path: Path) -> str:
    """SHA-256 of the whole file: what `sha256sum` prints, and what names a bundle."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def looks_like_bundle(path: Path) -> bool:
    """Whether the file is or was a bundle; one altered byte does not hide it.

    Raises
    ------
    InputError : the file cannot be read.
    """
    if path.exists() and not path.is_file():
        raise InputError(f"{path}: found no regular file; allowed: a bundle")
    try:
        with path.open("rb") as file:
            head = file.read(64)
            file.seek(max(0, path.stat().st_size - _SEAL_BYTES))
            tail = file.read()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    is_sealed = sum(byte in b"0123456789abcdef" for byte in tail) >= _SEAL_BYTES - 1
    return MARK.encode() in head or (is_sealed and len(tail) == _SEAL_BYTES)


@contextmanager
def opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """The archive, its table of contents checked.

    Raises
    ------
    DamagedError : no archive, or one that this program would never write.
    """
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise DamagedError(f"not a readable zip archive ({error})") from None
    with archive:
        _check_members(archive.infolist())
        yield archive


def _check_members(members: list[zipfile.ZipInfo]) -> None:
    if len(members) > MAX_MEMBERS:
        raise DamagedError(f"{len(members)} members; allowed: {MAX_MEMBERS}")
    names = [info.filename for info in members]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DamagedError(f"{twice[0]!r} is there twice")
    for info in members:
        _check_member(info)
    total = sum(info.file_size for info in members)
    if total > MAX_TOTAL_BYTES:
        raise DamagedError(f"unpacks to {total} bytes; allowed: {MAX_TOTAL_BYTES}")


def _check_member(info: zipfile.ZipInfo) -> None:
    name, size = info.filename, info.file_size
    if not _is_plain(name):
        raise DamagedError(f"{name!r} is no plain relative name")
    if size > MAX_MEMBER_BYTES:
        raise DamagedError(
            f"{name!r} unpacks to {size} bytes; allowed: {MAX_MEMBER_BYTES}"
        )
    if size > _MIN_SUSPECT_BYTES and size > MAX_RATIO * max(info.compress_size, 1):
        raise DamagedError(
            f"{name!r} unpacks to more than {MAX_RATIO} times its size: a zip bomb"
        )
    if info.compress_type not in (zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED):
        raise DamagedError(f"{name!r} is packed in an unknown way")


def _is_plain(name: str) -> bool:
    parts = name.split("/")
    is_odd = "\\" in name or ":" in name or not name.isprintable()
    return not is_odd and all(part not in ("", ".", "..") for part in parts)


def content(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    """The unpacked bytes of a member in chunks, never more than it declares.

    Raises
    ------
    DamagedError : the member cannot be unpacked.
    """
    try:
        with archive.open(name) as file:
            while chunk := file.read(_CHUNK_BYTES):
                yield chunk
    except _BROKEN as error:
        raise DamagedError(f"cannot be unpacked ({error})") from None


def lines(archive: zipfile.ZipFile, name: str, max_bytes: int) -> Iterator[bytes]:
    """The lines of a member without their ends; a longer one than allowed is damage.

    Raises
    ------
    DamagedError : the member cannot be unpacked, or a line is too long.
    """
    rest = b""
    for chunk in content(archive, name):
        *whole, rest = (rest + chunk).split(b"\n")
        if max(map(len, (*whole, rest))) > max_bytes:
            raise DamagedError(f"a line is longer than {max_bytes} bytes")
        yield from whole
    if rest:
        yield rest


_BROKEN: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    KeyError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)
