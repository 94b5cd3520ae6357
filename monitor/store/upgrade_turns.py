"""Processes that bring one database to this version take turns, and wait.

Who waits tells a migration that runs from one that stands still: it waits for the first
as long as that takes, and gives up the second. A lock that is no migration's is another
matter: the database itself gives that up after seconds.
"""

import logging
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Final

from sqlalchemy import Connection, Engine, text

from monitor.errors import StoreError
from monitor.store.engine import place, sqlite_path, writing
from monitor.store.lockfile import locked

log = logging.getLogger(__name__)

POLL_S: Final = 0.5
STILL_POLLS: Final = 120
"""A migration that did nothing for a minute of these stands still."""
_TOLD_POLLS: Final = 20
_BEAT_S: Final = 1.0
_LOCK_KEY: Final = 0x6D6F6E69746F72
"""Any fixed number ("monitor" in ASCII): names our advisory lock in PostgreSQL."""


@contextmanager
def migrating(engine: Engine) -> Iterator[Connection]:
    """A writing transaction for a migration, when no other process is in one.

    Raises
    ------
    StoreError : another process began one and stands still.
    """
    path = sqlite_path(engine)
    if path is None:
        with _turn_at_server(engine) as connection:
            yield connection
    else:
        migrates = engine.execution_options(migrates=True)
        with _turn_at_file(engine, path), writing(migrates) as connection:
            yield connection


class _Patience:
    """Waits between two looks; tells what for, and ends with one who stands still."""

    def __init__(self, engine: Engine) -> None:
        self._where = place(engine)
        self._last: object = None
        self._n_polls = self._n_still = 0

    def wait(self, who: str, sign: object) -> None:
        """Wait a moment.

        Parameters
        ----------
        who : the process that is waited for.
        sign : of life: another one than before when that process does something.
        """
        self._n_still = self._n_still + 1 if sign == self._last else 0
        self._last = sign
        if self._n_still >= STILL_POLLS:
            raise StoreError(
                f"{self._where}: {who} began to bring it to this version and stands"
                " still; let it go on, or end it"
            )
        if self._n_polls % _TOLD_POLLS == 1:
            log.warning(
                "%s: waiting for %s, which brings it to this version (%.0f s)",
                *(self._where, who, self._n_polls * POLL_S),
            )
        self._n_polls += 1
        time.sleep(POLL_S)


@contextmanager
def _turn_at_file(engine: Engine, path: Path) -> Iterator[None]:
    """SQLite does not tell who holds it: a file beside it does, while it is needed."""
    beside = path.with_name(f"{path.name}.migrating")
    with ExitStack() as turn:
        handle = _taken(turn, engine, beside)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
        turn.callback(beside.unlink, missing_ok=True)
        turn.enter_context(_beating(handle))
        yield


def _taken(turn: ExitStack, engine: Engine, beside: Path) -> int:
    patience = _Patience(engine)
    flags = os.O_RDWR | os.O_CREAT
    while True:
        try:
            return turn.enter_context(locked(beside, flags, waits=False))
        except BlockingIOError:
            patience.wait(*_at_work(beside))
        except OSError as error:
            raise StoreError(f"{beside}: {error.strerror}") from error


def _at_work(beside: Path) -> tuple[str, object]:
    """Who has the turn at a file, and when it last beat."""
    try:
        return f"process {beside.read_text()}", beside.stat().st_mtime_ns
    except OSError:
        return "another process", None


@contextmanager
def _beating(handle: int) -> Iterator[None]:
    """Touch the file every second: a stopped process does not."""
    done = Event()

    def beat() -> None:
        while not done.wait(_BEAT_S):
            os.utime(handle)

    thread = Thread(target=beat, name="migration", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


@contextmanager
def _turn_at_server(engine: Engine) -> Iterator[Connection]:
    patience = _Patience(engine)
    while True:
        with writing(engine) as connection:
            if connection.scalar(_TRY, {"key": _LOCK_KEY}):
                yield connection
                return
            holder = connection.execute(_HOLDER, {"key": _LOCK_KEY}).first()
        if holder is not None:
            who, sign, is_at_work = holder
            # What the server works on needs no other sign of life.
            patience.wait(f"process {who}", object() if is_at_work else sign)


_TRY: Final = text("SELECT pg_try_advisory_xact_lock(:key)")
_HOLDER: Final = text(
    "SELECT a.pid || COALESCE(' of the server, from ' || host(a.client_addr), ''),"
    " a.state_change, a.state IS NULL OR (a.state = 'active'"
    "  AND a.wait_event_type IS DISTINCT FROM 'Client')"
    " FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid"
    " WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1"
    "  AND l.classid = (CAST(:key AS bigint) >> 32)::oid"
    "  AND l.objid = (CAST(:key AS bigint) & 4294967295)::oid"
    "  AND l.database = (SELECT d.oid FROM pg_database d"
    "   WHERE d.datname = current_database())"
)
