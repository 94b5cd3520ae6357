"""The disk of the daemon: a small file system that can be full or read-only."""

import ctypes
import os
import subprocess
from contextlib import contextmanager
from pathlib import Path

SIZE_MB = 256
_FSPICK, _FSCONFIG = 433, 431
_SET_FLAG, _RECONFIGURE = 0, 7
_AT_FDCWD = -100


class PlainFolder:
    """No privileges: a folder as it is."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder


class OwnDisk:
    """An ext4 file system of its own; needs root."""

    def __init__(self, image: Path, folder: Path) -> None:
        self._image = image
        self.folder = folder

    def mount(self) -> None:
        """Make and mount it."""
        with self._image.open("wb") as file:
            file.truncate(SIZE_MB * 1_000_000)
        # Without a reserve: root would go on writing to a full disk. Blocks as on any
        # larger disk: with smaller ones the file that SQLite maps has holes, and to
        # fill one on a full disk is a signal (SIGBUS) that no program survives.
        options = ["-q", "-m", "0", "-b", "4096", "-t", "ext4"]
        _run("mke2fs", *options, str(self._image))
        self.folder.mkdir()
        _run("mount", "-o", "loop", str(self._image), str(self.folder))

    def fill(self) -> None:
        """Leave no room."""
        filler = self.folder / "filler"
        for block in (1_000_000, 4096, 1):
            try:
                with filler.open("ab", buffering=0) as file:
                    while file.write(bytes(block)):
                        pass
            except OSError:
                continue

    def free(self) -> None:
        """Give the room back."""
        (self.folder / "filler").unlink()

    def forbid_writing(self) -> None:
        """Refuse every write, also through files that are open already."""
        _run("chattr", "+i", *self._kept())

    def allow_writing(self) -> None:
        """Take writes again."""
        _run("chattr", "-i", *self._kept())

    def remount(self, mode: str) -> None:
        """`ro` or `rw`; nobody may have a file open for writing.

        By the new system calls, which change the file system and not the mount alone:
        the daemon sees it through a mount namespace of its own.
        """
        handle = _called(_FSPICK, _AT_FDCWD, str(self.folder).encode(), 0)
        try:
            _called(_FSCONFIG, handle, _SET_FLAG, mode.encode(), None, 0)
            _called(_FSCONFIG, handle, _RECONFIGURE, None, None, 0)
        finally:
            os.close(handle)

    def unmount(self) -> None:
        """Let go of it, also while a last process still holds it."""
        subprocess.run(["umount", "-l", str(self.folder)], check=False)
        self._image.unlink(missing_ok=True)

    def _kept(self) -> list[str]:
        # Not the -shm file: it is mapped, and a refused page would be a signal, which
        # no read-only disk sends.
        names = ("monitor.db", "monitor.db-wal", "monitor.db.spool")
        files = [self.folder / name for name in names if (self.folder / name).exists()]
        return [str(self.folder), *map(str, files)]


def _called(number: int, *arguments: object) -> int:
    found = ctypes.CDLL(None, use_errno=True).syscall(number, *arguments)
    if found < 0:
        raise OSError(ctypes.get_errno(), f"system call {number}")
    return found


def _run(*words: str) -> None:
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL)


@contextmanager
def disk(folder: Path, *, is_private):
    """The daemon's disk meanwhile, in or on `folder`."""
    if not is_private:
        own = folder / "home"
        own.mkdir()
        yield PlainFolder(own)
        return
    made = OwnDisk(folder / "disk.img", folder / "home")
    try:
        made.mount()
        yield made
    finally:
        made.unmount()
