"""Kill, lock, stop: nothing acknowledged is missing at the end, nothing is there twice.

4,000 samples are written by a process that is killed (SIGKILL) at 50 random instants
and started again behind the last sample that it acknowledged. Meanwhile PostgreSQL is
stopped and started twice, once without a word of farewell, and a SQLite file is held by
another program.
"""

import multiprocessing
import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from monitor.clock import SystemClock
from monitor.store import Store, open_store
from monitor.store.spool import SpooledWriter
from tests.postgres import make_server
from tests.store.writing_process import numbered, write_from
from tests.waiting import PATIENCE_S

N_SAMPLES = 4_000
N_KILLS = 50

_processes = multiprocessing.get_context("forkserver")
# Loaded once: each of the 50 starts is then as quick as a fork.
_processes.set_forkserver_preload(["tests.store.writing_process"])


class Ordeal:
    """Writes all samples while it kills the writer and calls what else goes wrong."""

    def __init__(self, url: str, spool: Path, faults: dict[int, Callable[[], object]]):
        self.url = url
        self.spool = spool
        self.faults = dict(sorted(faults.items()))
        self.chance = random.Random(20261122)
        self.n_safe = 0
        self.n_kills = 0

    def run(self) -> None:
        kills = sorted(self.chance.sample(range(100, N_SAMPLES - 100), N_KILLS))
        for until in [*kills, N_SAMPLES]:
            with self.writer() as (process, safe):
                self.listen(safe, until)
                if until < N_SAMPLES:
                    time.sleep(self.chance.uniform(0, 0.005))
                    process.kill()
                    self.n_kills += 1
                # What was said before the kill was said.
                self.listen(safe, N_SAMPLES + 1)

    @contextmanager
    def writer(self) -> Iterator[tuple]:
        heard, said = _processes.Pipe(duplex=False)
        arguments = (self.n_safe, N_SAMPLES, self.url, self.spool, said)
        process = _processes.Process(target=write_from, args=arguments)
        process.start()
        said.close()
        with heard:
            yield process, heard
            process.join(PATIENCE_S)
        assert process.exitcode in (0, -9)

    def listen(self, safe, until: int) -> None:
        while self.n_safe < until:
            try:
                number = int.from_bytes(safe.recv_bytes())
            except EOFError:
                return
            assert number == self.n_safe
            self.n_safe += 1
            if fault := self.faults.pop(self.n_safe, None):
                fault()

    def check(self) -> None:
        rest = SpooledWriter(Store(self.url), self.spool, SystemClock())
        assert rest.flush()
        rest.close()
        with open_store(self.url) as store:
            stored = list(store.samples.read())
        assert (self.n_safe, self.n_kills, self.faults) == (N_SAMPLES, N_KILLS, {})
        assert stored == [numbered(number) for number in range(N_SAMPLES)]
        assert not self.spool.exists()


@pytest.mark.long
def test_postgresql_stopped_and_started_and_the_writer_killed(tmp_path: Path):
    server = make_server()
    faults = {
        800: lambda: server.stop("fast"),
        1040: server.start,
        2400: lambda: server.stop("immediate"),
        2640: server.start,
    }
    try:
        server.start()
        ordeal = Ordeal(server.url(), tmp_path / "spool", faults)
        ordeal.run()
        ordeal.check()
    finally:
        server.remove()


@pytest.mark.long
def test_sqlite_held_by_another_program_and_the_writer_killed(tmp_path: Path):
    file = tmp_path / "monitor.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        faults = {
            800: lambda: other.execute("BEGIN IMMEDIATE"),
            960: lambda: other.execute("ROLLBACK"),
            2400: lambda: other.execute("BEGIN IMMEDIATE"),
            2560: lambda: other.execute("ROLLBACK"),
        }
        ordeal = Ordeal(f"sqlite:///{file}", tmp_path / "spool", faults)
        ordeal.run()
    ordeal.check()
    with closing(sqlite3.connect(file)) as other:
        assert other.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
