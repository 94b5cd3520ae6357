"""Files and folders that only their owner can read, whatever the umask.

The only place that makes them. A file is private from its first byte on: whoever opens
it in the moment before a `chmod` keeps it open.
"""

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

_FILE: Final = 0o600
_FOLDER: Final = 0o700
_OTHERS: Final = 0o077


def for_owner_only() -> None:
    """Let every file that this process makes be its owner's, whoever opens it.

    Libraries make files, too: SQLite its log, Arrow and zip their output, matplotlib
    its lists of fonts.
    """
    os.umask(_OTHERS)


def new_file(path: Path) -> None:
    """Make an empty file, to be opened and filled by whatever writes it.

    Raises
    ------
    OSError : it is there already, or cannot be made.
    """
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _FILE))
    path.chmod(_FILE)


def ensure_file(path: Path) -> None:
    """As `new_file`; a file that is there already is only taken from others."""
    try:
        new_file(path)
    except FileExistsError:
        take_from_others(path)


def write(path: Path, body: bytes) -> None:
    """Write a new file; OSError when it is there already, or cannot be written."""
    new_file(path)
    path.write_bytes(body)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A new file to write beside `path`, which it replaces when all went well.

    It is there already, empty and its owner's alone.

    Raises
    ------
    OSError : the file cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        new_file(temporary)
        yield temporary
        _sync(temporary)
        temporary.replace(path)
    finally:
        # What cannot be written may be no place for a file at all.
        with suppress(OSError):
            temporary.unlink()


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def make_folder(path: Path) -> None:
    """Make a folder and those that it lies in; one that is there already stays.

    Raises
    ------
    OSError : it cannot be made.
    """
    if path.is_dir():
        return
    if path.parent != path:
        make_folder(path.parent)
    with suppress(FileExistsError):
        path.mkdir(_FOLDER)
        path.chmod(_FOLDER)
        return
    if not path.is_dir():
        raise NotADirectoryError(20, "a file is in the way", str(path))


def is_open_to_others(path: Path) -> bool:
    """Whether anybody but the owner has any right on a file or folder that is there."""
    try:
        return bool(path.stat().st_mode & _OTHERS)
    except OSError:
        return False


def take_from_others(path: Path) -> bool:
    """Take a file or folder of this user from all others; whether it is theirs no more.

    What belongs to somebody else, or is no plain file or folder, stays as it is.
    """
    with suppress(OSError):
        status = path.lstat()
        is_plain = stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)
        if is_plain and status.st_uid == os.geteuid() and status.st_mode & _OTHERS:
            path.chmod(stat.S_IMODE(status.st_mode) & ~_OTHERS)
    return not is_open_to_others(path)
