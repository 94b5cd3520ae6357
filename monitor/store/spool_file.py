"""A file of records, one line of JSON each, that survives a crash at any instant.

Every append is on disk before it returns. Processes that share the file (the daemon and
a command beside it) take turns by a lock on it. It is read from where the last delivery
ended, and counted from where the last count did: what waits in it costs nothing while
the database is away. It grows to a limit, and leaves the disk some room.
"""

import errno
import logging
import os
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Final, NamedTuple

from monitor import private
from monitor.model import Round, Sample
from monitor.store.lockfile import locked
from monitor.store.spool_lines import from_line, to_line

log = logging.getLogger(__name__)

MAX_BYTES: Final = 1_000_000_000
"""About five months of the shipped configuration."""
ROOM_BYTES: Final = 100_000_000
ROOM_SHARE: Final = 0.05
"""What is left to others of the disk: so many bytes, of a small disk such a share."""
ASIDE_BYTES: Final = 10_000_000
"""Of what cannot be read: it is kept for a person to look at."""

RECORDS_AT_ONCE: Final = 500
"""Of one transaction."""
_BYTES_AT_ONCE: Final = 1_000_000
_FIRST_BYTES: Final = 512


def spool_path(url: str) -> Path:
    """Where samples wait while the database is away: beside its file, or here."""
    name = url.removeprefix("sqlite:///")
    return Path("monitor.spool") if name == url else Path(f"{name}.spool")


class _Line(NamedTuple):
    text: bytes
    end: int
    """Where the next line begins."""


class SpoolFile:
    """The file exists only while something waits in it.

    Parameters
    ----------
    max_bytes : how long the file may become.
    """

    def __init__(self, path: Path, *, max_bytes: int = MAX_BYTES) -> None:
        self.path = path
        self._max_bytes = max_bytes
        self._counting = Lock()
        self._forget()

    def _forget(self, first: bytes = b"") -> None:
        self._first = first
        self._delivered_to = 0
        self._counted_to = 0
        self._n_waiting = 0

    def count(self) -> int:
        """How many records wait, by whole lines."""
        with self._counting:
            try:
                with self.path.open("rb", buffering=0) as file:
                    self._count(file.fileno())
            except OSError:
                self._forget()
            return self._n_waiting

    def append(self, record: Sample | Round, *, beyond: bool = False) -> None:
        """Put the record on disk.

        Parameters
        ----------
        beyond : also when the limit is reached.

        Raises
        ------
        OSError : it is not there, and no part of it.
        """
        line = to_line(record).encode() + b"\n"
        with locked(self.path, os.O_RDWR | os.O_CREAT) as handle:
            end = os.lseek(handle, 0, os.SEEK_END)
            if end and not beyond:
                self._refuse_full(handle, end + len(line))
            if end and os.pread(handle, 1, end - 1) != b"\n":
                # A crash tore the line before: nobody was told that it was safe.
                line = b"\n" + line
            _write_whole(handle, line, end)
            if end == 0:
                _sync_folder(self.path)

    def drain(self, deliver: Callable[[list[Sample | Round]], bool]) -> int:
        """Hand all records to `deliver` in order and remove the file; how many remain.

        `deliver` gets one at first, then a few hundred at a time, and says whether they
        are safe.
        """
        try:
            with locked(self.path, os.O_RDWR) as handle:
                self._count(handle)
                if self._deliver(handle, deliver):
                    self.path.unlink(missing_ok=True)
                    self._forget()
        except FileNotFoundError:
            # Another process has delivered it in the meantime.
            self._forget()
        return self._n_waiting

    def _deliver(
        self, handle: int, deliver: Callable[[list[Sample | Round]], bool]
    ) -> bool:
        """Whether all that waited is safe."""
        n_at_once = 1
        while lines := self._lines(handle, n_at_once):
            records, unreadable = _records(lines)
            if records and not deliver(records):
                return False
            for line, error in unreadable:
                self._set_aside(line, error)
            self._delivered_to = lines[-1].end
            self._n_waiting -= sum(line.text.endswith(b"\n") for line in lines)
            n_at_once = RECORDS_AT_ONCE
        return True

    def _lines(self, handle: int, n_most: int) -> list[_Line]:
        """The next lines that were not delivered."""
        with os.fdopen(os.dup(handle), "rb") as file:
            end = file.seek(self._delivered_to)
            lines = []
            for _, text in zip(range(n_most), file, strict=False):
                end += len(text)
                lines.append(_Line(text, end))
        return lines

    def _count(self, handle: int) -> None:
        """Take what came since the last count into it."""
        # Another file may stand in the same place: its first record is another one.
        first = os.pread(handle, _FIRST_BYTES, 0).partition(b"\n")[0]
        if first != self._first or os.fstat(handle).st_size < self._counted_to:
            self._forget(first)
        while piece := os.pread(handle, _BYTES_AT_ONCE, self._counted_to):
            self._n_waiting += piece.count(b"\n")
            self._counted_to += len(piece)

    def _refuse_full(self, handle: int, size: int) -> None:
        if size > self._max_bytes:
            raise OSError(
                errno.EFBIG, f"it may not grow beyond {self._max_bytes:,} bytes"
            )
        disk = os.fstatvfs(handle)
        room = min(ROOM_BYTES, int(ROOM_SHARE * disk.f_blocks * disk.f_frsize))
        if disk.f_bavail * disk.f_frsize < room:
            raise OSError(errno.ENOSPC, f"{room:,} bytes of it are left to others")

    def _set_aside(self, line: bytes, error: ValueError) -> None:
        """Keep what cannot be read: a torn line, or the mark of a bad disk."""
        aside = self.path.with_name(f"{self.path.name}.unreadable")
        private.ensure_file(aside)
        line = line.rstrip(b"\n") + b"\n"
        if aside.stat().st_size + len(line) > ASIDE_BYTES:
            lost = "spool event=unreadable dropped_bytes=%d full=%s reason=%s"
            log.warning(lost, len(line), aside, error)
            return
        log.warning("spool event=unreadable kept_in=%s reason=%s", aside, error)
        with aside.open("ab") as file:
            file.write(line)


def _records(
    lines: list[_Line],
) -> tuple[list[Sample | Round], list[tuple[bytes, ValueError]]]:
    """The records of the lines, and the lines that are none."""
    records, unreadable = [], []
    for line in lines:
        if not line.text.strip():
            continue
        try:
            records.append(from_line(line.text.decode()))
        except ValueError as error:
            unreadable.append((line.text, error))
    return records, unreadable


def _write_whole(handle: int, line: bytes, end: int) -> None:
    try:
        n_written = os.pwrite(handle, line, end)
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
