"""The process that the fault test kills: it writes and tells what is safe."""

from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path

from monitor.clock import SystemClock
from monitor.model import Sample
from monitor.store import Store
from monitor.store.spool import SpooledWriter
from tests.store.test_database import T0


def numbered(number: int) -> Sample:
    """Sample of that number, at a time of its own."""
    moment = T0 + timedelta(seconds=number)
    return Sample(
        started_at_utc=moment, target="a", sequence=number, connect_s=number / 7
    )


def write_from(first: int, end: int, url: str, spool: Path, safe: Connection) -> None:
    """Write the samples from `first` on and before `end`; tell when each is safe."""
    writer = SpooledWriter(Store(url), spool, SystemClock())
    for number in range(first, end):
        writer.write(numbered(number))
        safe.send_bytes(number.to_bytes(4))
    writer.close()
