"""SQLite's write-ahead log: emptied after each round, and how long it is."""

import logging
from pathlib import Path
from typing import Final

from sqlalchemy import Engine

from monitor.store.engine import (
    BUSY_TIMEOUT_S,
    WAL_KEPT_BYTES,
    database_url,
    reported,
    sqlite_path,
)

log = logging.getLogger(__name__)

PATIENCE_S: Final = 0.5
"""How long a round's end waits for readers; what is left then waits for the next."""
LONG_WAL_BYTES: Final = 4 * WAL_KEPT_BYTES
"""A log of this length is one that a reader holds."""


def checkpoint(engine: Engine) -> None:
    """Move all that is committed into the file, and empty the log; nothing on a server.

    Emptied, not only copied: after a crash SQLite reads again whatever the log still
    holds, and a page of it that is older than the file's would undo the newer one.
    """
    if sqlite_path(engine) is None:
        return
    with reported(engine), engine.connect() as connection:
        driver = connection.connection.driver_connection
        if driver is None:
            return
        driver.execute(f"PRAGMA busy_timeout={int(1e3 * PATIENCE_S)}")
        try:
            is_held, n_pages, n_moved = driver.execute(
                "PRAGMA wal_checkpoint(TRUNCATE)"
            ).fetchone()
        finally:
            driver.execute(f"PRAGMA busy_timeout={int(1e3 * BUSY_TIMEOUT_S)}")
    if is_held and n_moved < n_pages:
        log.info("checkpoint event=held pages=%d moved=%d", n_pages, n_moved)


def wal_bytes(url: str) -> int:
    """Length of a SQLite database's write-ahead log; 0 for a server."""
    parsed = database_url(url)
    if parsed.drivername != "sqlite":
        return 0
    path = Path(str(parsed.database))
    try:
        return path.with_name(f"{path.name}-wal").stat().st_size
    except OSError:
        return 0
