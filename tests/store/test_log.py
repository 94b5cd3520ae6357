"""SQLite's write-ahead log: it shrinks, is emptied each round, and costs but one."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.doctor import State, log_finding
from monitor.store import open_store
from monitor.store.checkpoint import LONG_WAL_BYTES, wal_bytes
from monitor.store.engine import WAL_KEPT_BYTES
from tests.store.test_database import T0, sample
from tests.store.test_spool import ROUND

N_ROUNDS, N_PROBES = 10, 12
WRITER = """
import sys, time
from tests.store.test_log import write_rounds
write_rounds(sys.argv[1])
print("done", flush=True)
time.sleep(600)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "monitor.db"


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a database as its writer left it when it was killed."""
    folder = tmp_path_factory.mktemp("killed")
    command = [sys.executable, "-c", WRITER, f"sqlite:///{folder / 'monitor.db'}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "done\n"
        process.send_signal(signal.SIGKILL)
    return folder


def write_rounds(url: str) -> None:
    """Ten rounds as the daemon writes them, and half of another."""
    store = open_store(url)
    for number in range(N_ROUNDS * N_PROBES + N_PROBES // 2):
        store.samples.append([sample(number)])
        if number % N_PROBES == N_PROBES - 1:
            slot = T0 + timedelta(minutes=number)
            store.rounds.append(
                replace(ROUND, round_id=str(number), slot_start_utc=slot)
            )


def test_the_log_is_empty_after_a_round(file: Path):
    url = f"sqlite:///{file}"
    with open_store(url) as store:
        for minute in range(20):
            store.samples.append([sample(minute)])
        assert wal_bytes(url) > 0
        store.rounds.append(ROUND)
        assert wal_bytes(url) == 0


def test_the_log_shrinks_when_a_reader_lets_go(file: Path):
    url = f"sqlite:///{file}"
    many = [replace(sample(n), url="x" * 4000) for n in range(6000)]
    with open_store(url) as store, closing(sqlite3.connect(file)) as reader:
        store.samples.append(many[:10])
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM samples").fetchone()
        store.samples.append(many[10:])
        # A reader delays the end of a round, and keeps it from nothing.
        store.rounds.append(ROUND)
        held = wal_bytes(url)
        assert held > LONG_WAL_BYTES
        assert log_finding(held).state is State.WARNING
        reader.execute("COMMIT")
        store.samples.append([sample(9000)])
        store.samples.append([sample(9001)])
        assert wal_bytes(url) <= WAL_KEPT_BYTES + 4096
        assert log_finding(wal_bytes(url)).state is State.OK


@pytest.mark.every_run
@pytest.mark.parametrize("part", [0.0, 0.1, 0.3, 0.6, 0.95])
def test_a_flipped_bit_in_the_log_of_a_killed_writer_costs_one_round(
    killed: Path, file: Path, part: float
):
    shutil.copytree(killed, file.parent, dirs_exist_ok=True)
    log = file.with_name("monitor.db-wal")
    place = int(part * log.stat().st_size)
    with log.open("r+b") as damaged:
        byte = os.pread(damaged.fileno(), 1, place)
        os.pwrite(damaged.fileno(), bytes([byte[0] ^ 0x10]), place)
    with open_store(f"sqlite:///{file}") as store:
        minutes = [s.started_at_utc for s in store.samples.read()]
        kept = [sample(n).started_at_utc for n in range(N_ROUNDS * N_PROBES)]
        assert minutes[: len(kept)] == kept
        assert len(list(store.rounds.read())) == N_ROUNDS
    with closing(sqlite3.connect(file)) as checked:
        assert checked.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
