"""A file of records, one line of JSON each, that survives a crash at any instant.

Every append is on disk before it returns. Processes that share the file (the daemon and
a command beside it) take turns by a lock on it.
"""

import fcntl
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Final

from monitor import private
from monitor.model import Round, Sample
from monitor.store.records import from_line, to_line

log = logging.getLogger(__name__)

_RECORDS_AT_ONCE: Final = 500


def spool_path(url: str) -> Path:
    """Where samples wait while the database is away: beside its file, or here."""
    name = url.removeprefix("sqlite:///")
    return Path("monitor.spool") if name == url else Path(f"{name}.spool")


class SpoolFile:
    """The file exists only while something waits in it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def count(self) -> int:
        """How many records wait, by whole lines."""
        try:
            with self.path.open("rb") as lines:
                return sum(line.endswith(b"\n") for line in lines)
        except OSError:
            return 0

    def append(self, record: Sample | Round) -> None:
        """Put the record on disk.

        Raises
        ------
        OSError : it is not there, and no part of it.
        """
        line = to_line(record).encode() + b"\n"
        with self._locked(os.O_RDWR | os.O_CREAT) as handle:
            end = os.lseek(handle, 0, os.SEEK_END)
            if end and os.pread(handle, 1, end - 1) != b"\n":
                # A crash tore the line before: nobody was told that it was safe.
                line = b"\n" + line
            _write_whole(handle, line, end)
            if end == 0:
                _sync_folder(self.path)

    def drain(self, deliver: Callable[[list[Sample | Round]], bool]) -> int:
        """Hand all records to `deliver` in order and remove the file; how many remain.

        `deliver` gets a few hundred at a time and says whether they are safe.
        """
        try:
            return self._drain(deliver)
        except FileNotFoundError:
            # Another process has delivered it in the meantime.
            return 0

    def _drain(self, deliver: Callable[[list[Sample | Round]], bool]) -> int:
        with (
            self._locked(os.O_RDWR) as handle,
            os.fdopen(os.dup(handle), "rb") as lines,
        ):
            records = self._records(lines)
            while batch := list(islice(records, _RECORDS_AT_ONCE)):
                if not deliver(batch):
                    return len(batch) + sum(1 for _ in records)
            self.path.unlink(missing_ok=True)
        return 0

    def _records(self, lines: Iterator[bytes]) -> Iterator[Sample | Round]:
        for line in lines:
            if not line.strip():
                continue
            try:
                yield from_line(line.decode())
            except ValueError as error:
                self._set_aside(line, error)

    def _set_aside(self, line: bytes, error: ValueError) -> None:
        """Keep what cannot be read: a torn line, or the mark of a bad disk."""
        aside = self.path.with_name(f"{self.path.name}.unreadable")
        log.warning("spool event=unreadable kept_in=%s reason=%s", aside, error)
        private.ensure_file(aside)
        with aside.open("ab") as file:
            file.write(line.rstrip(b"\n") + b"\n")

    @contextmanager
    def _locked(self, flags: int) -> Iterator[int]:
        while True:
            handle = os.open(self.path, flags | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX)
                if self._is_current(handle):
                    yield handle
                    return
            finally:
                os.close(handle)

    def _is_current(self, handle: int) -> bool:
        # While this process waited for the lock another may have removed the file.
        try:
            return os.path.samestat(os.fstat(handle), self.path.stat())
        except FileNotFoundError:
            return False


def _write_whole(handle: int, line: bytes, end: int) -> None:
    try:
        n_written = os.write(handle, line)
        os.fsync(handle)
    except OSError:
        os.ftruncate(handle, end)
        raise
    if n_written < len(line):
        os.ftruncate(handle, end)
        raise OSError("the disk took only a part of a line")


def _sync_folder(path: Path) -> None:
    handle = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
