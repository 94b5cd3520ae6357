"""One database, and the one engine of this process for it.

Any number of threads may ask at the same time: each transaction has a connection of the
pool for itself, and brings its own limits with it. A process that is begun by this one
opens the database for itself.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final, TypeAlias

from sqlalchemy import Connection, event
from sqlalchemy.pool import ConnectionPoolEntry

from monitor.errors import StoreError
from monitor.store.engine import make_engine, reading, sqlite_path, writing
from monitor.store.migration import migrate

Reading: TypeAlias = Callable[[], AbstractContextManager[Connection]]
"""Begins a transaction that only reads."""
_BEGUN_AFTER: Final = "begun_after"


class Database:
    """Connects when it is asked, not before.

    Parameters
    ----------
    url : database URL.

    Raises
    ------
    InputError : see `engine.database_url`.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = make_engine(url)
        self._file = sqlite_path(self.engine)
        self._inode: int | None = None
        self._is_open = False
        self._n_closed = 0
        event.listen(self.engine, "connect", self._begun)
        event.listen(self.engine, "checkin", self._given_back)

    def open(self) -> None:
        """Create and migrate it when needed; at once when that was done.

        Raises
        ------
        InputError : a newer database, or one of another program.
        StoreError : it is out of reach.
        """
        if self._is_open and _inode(self._file) == self._inode:
            return
        # Connections to a file that is gone would go on writing into it.
        self.close()
        try:
            migrate(self.engine)
        except BaseException:
            self.close()
            raise
        self._inode = _inode(self._file)
        self._is_open = True

    @contextmanager
    def reading(self, **limits: int) -> Iterator[Connection]:
        """A transaction that only reads, also by force; failures as StoreError.

        Parameters
        ----------
        limits : `statement_timeout_ms`, `lock_timeout_ms`; each of a server or of
            SQLite where it has such a thing.
        """
        with reading(self.engine.execution_options(**limits)) as connection:
            yield connection

    @contextmanager
    def writing(self, **limits: int) -> Iterator[Connection]:
        """A transaction that writes: all of it or nothing; failures as StoreError."""
        self._check_file()
        with writing(self.engine.execution_options(**limits)) as connection:
            yield connection

    def close(self) -> None:
        """Let go of all connections; the next question makes new ones."""
        self._is_open = False
        self._n_closed += 1
        self.engine.dispose()

    def _begun(self, _connection: object, entry: ConnectionPoolEntry) -> None:
        entry.info[_BEGUN_AFTER] = self._n_closed

    def _given_back(self, _connection: object, entry: ConnectionPoolEntry) -> None:
        # What was in use when all others were let go of: a thread was left behind with
        # it, and no pool would ever close it.
        if entry.info.get(_BEGUN_AFTER) != self._n_closed:
            entry.invalidate()

    def _check_file(self) -> None:
        # A deleted file would go on taking rows that nobody can ever read.
        if self._inode is not None and _inode(self._file) != self._inode:
            self.close()
            raise StoreError(f"database {self._file}: the file was moved or deleted")


def _inode(path: Path | None) -> int | None:
    if path is None:
        return None
    try:
        return path.stat().st_ino
    except OSError:
        return 0
