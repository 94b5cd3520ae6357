"""Nothing acknowledged is lost while the database is locked, away, full or damaged."""

import logging
import resource
import signal
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from monitor.clock import SystemClock
from monitor.errors import InputError
from monitor.model import Round, RoundStatus, Sample
from monitor.store import Store, open_store
from monitor.store import spool as spool_module
from monitor.store import spool_file as spool_file_module
from monitor.store.spool import SpooledWriter
from monitor.store.spool_file import SpoolFile
from monitor.store.spool_lines import from_line, to_line
from tests.postgres import make_server
from tests.store.test_database import FULL, T0, sample
from tests.waiting import eventually

ROUND = Round(
    round_id="r1",
    vantage="home",
    slot_start_utc=T0,
    started_at_utc=T0,
    duration_s=12.5,
    status=RoundStatus.OVERLONG,
    n_planned=9,
    n_done=7,
)


GAP = replace(
    ROUND,
    round_id="r2",
    started_at_utc=None,
    duration_s=None,
    status=RoundStatus.MISSED,
    n_done=0,
    reason="asleep",
)


class SteppedClock(SystemClock):
    """A monotonic clock that moves when told."""

    now_s = 0.0

    def monotonic_s(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "database" / "monitor.db"


@pytest.fixture
def url(file: Path) -> str:
    file.parent.mkdir()
    return f"sqlite:///{file}"


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    return tmp_path / "monitor.spool"


@pytest.fixture
def writer(url: str, spool: Path, clock: SteppedClock) -> Iterator[SpooledWriter]:
    opened = SpooledWriter(Store(url), spool, clock)
    yield opened
    opened.close()


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Another program that holds the database."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@contextmanager
def files_no_longer_than(n_bytes: int) -> Iterator[None]:
    """A disk that takes no more once a file has this length."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def stored(url: str) -> list[Sample]:
    with open_store(url) as store:
        return list(store.samples.read())


def test_a_record_survives_its_line():
    assert from_line(to_line(FULL)) == FULL
    assert from_line(to_line(sample())) == sample()
    assert from_line(to_line(ROUND)) == ROUND


@pytest.mark.parametrize("line", ["", "{", "[]", "{}", '{"sample": 1}', '{"x": {}}'])
def test_a_line_that_is_no_record_is_refused(line: str):
    with pytest.raises(ValueError, match="no record"):
        from_line(line)


def test_a_healthy_database_needs_no_spool(database: str, spool: Path, clock):
    writer = SpooledWriter(Store(database), spool, clock)
    for record in (FULL, ROUND):
        writer.write(record)
    assert (writer.pending, spool.exists()) == (0, False)
    writer.close()
    with open_store(database) as store:
        assert (list(store.samples.read()), list(store.rounds.read())) == (
            [FULL],
            [ROUND],
        )


def test_a_locked_database_is_spooled_for_and_delivered_later(
    writer, url, file, spool, clock
):
    with locked(file):
        for minute in range(3):
            writer.write(sample(minute))
        assert writer.pending == len(spool.read_text().splitlines()) == 3
    clock.now_s += 60
    writer.write(ROUND)
    assert (writer.pending, spool.exists()) == (0, False)
    assert stored(url) == [sample(0), sample(1), sample(2)]


def test_a_locked_postgresql_table_is_waited_for_and_then_spooled_for(
    postgres_url: str, spool, clock
):
    writer = SpooledWriter(Store(postgres_url), spool, clock)
    plain = postgres_url.replace("+psycopg", "")
    with psycopg.connect(plain) as other:
        other.execute("LOCK TABLE samples IN ACCESS EXCLUSIVE MODE")
        writer.write(sample(0))
        assert writer.pending == 1
    assert writer.flush()
    writer.close()
    assert stored(postgres_url) == [sample(0)]


def test_a_vanished_database_is_made_anew_from_the_spool(writer, url, file, spool):
    """A deleted file must not go on swallowing samples."""
    writer.write(sample(0))
    file.parent.rename(file.parent.with_name("elsewhere"))
    writer.write(sample(1))
    writer.write(sample(2))
    assert writer.pending == 2
    file.parent.mkdir()
    assert writer.flush()
    assert stored(url) == [sample(1), sample(2)]


@pytest.mark.long
def test_postgresql_may_be_down_from_the_start(spool, clock):
    server = make_server()
    try:
        writer = SpooledWriter(Store(server.url()), spool, clock)
        writer.write(sample(0))
        assert not writer.flush()
        server.start()
        assert writer.flush()
        server.stop()
        writer.write(sample(1))
        assert writer.pending == 1
        server.start()
        assert writer.flush()
        writer.close()
        assert stored(server.url()) == [sample(0), sample(1)]
    finally:
        server.remove()


@pytest.mark.every_run
def test_a_frozen_postgresql_is_given_up_in_time(spool, clock):
    """Its kernel still answers, so that only a limit of our own ends the wait."""
    server = make_server()
    try:
        server.start()
        writer = SpooledWriter(Store(server.url()), spool, clock)
        server.signal(signal.SIGSTOP)
        writer.write(sample(0))
        writer.close()
        assert from_line(spool.read_text()) == sample(0)
        server.signal(signal.SIGCONT)
        SpooledWriter(Store(server.url()), spool, clock).close()
        assert stored(server.url()) == [sample(0)]
    finally:
        server.signal(signal.SIGCONT)
        server.remove()


def test_what_a_killed_process_left_is_delivered_by_the_next(url, spool, clock):
    lines = [to_line(sample(minute)) for minute in range(2)]
    spool.write_text("\n".join([*lines, to_line(sample(2))[:-20]]))
    writer = SpooledWriter(Store(url), spool, clock)
    assert writer.pending == 2
    writer.write(sample(3))
    writer.close()
    assert stored(url) == [sample(0), sample(1), sample(3)]
    assert not spool.exists()
    assert "started_at_utc" in spool.with_name("monitor.spool.unreadable").read_text()


def test_delivery_that_was_cut_stores_nothing_twice(url, spool, clock):
    with open_store(url) as store:
        store.samples.append([sample(0)])
    spool.write_text(f"{to_line(sample(0))}\n{to_line(sample(1))}\n")
    SpooledWriter(Store(url), spool, clock).close()
    assert stored(url) == [sample(0), sample(1)]


def test_a_full_disk_loses_nothing_that_was_spooled(writer, url, file, spool, clock):
    with files_no_longer_than(file.stat().st_size + 40_000):
        for minute in range(200):
            writer.write(sample(minute))
        assert writer.pending > 0
    assert writer.flush()
    assert stored(url) == [sample(minute) for minute in range(200)]


def test_without_any_disk_the_records_wait_in_memory(url, file, clock, caplog):
    """Neither the database nor the spool, whose folder is missing, can be written."""
    writer = SpooledWriter(Store(url), file.parent / "missing" / "spool", clock)
    with locked(file), caplog.at_level(logging.ERROR):
        writer.write(sample(0))
        writer.write(sample(1))
        assert caplog.text.count("event=unwritable") == 1
    assert writer.flush()
    assert stored(url) == [sample(0), sample(1)]
    writer.close()


def test_a_damaged_database_is_left_as_it_is(url, file, spool, clock, caplog):
    with open_store(url) as store:
        store.samples.append(sample(minute) for minute in range(100))
    whole = file.read_bytes()
    damaged = whole[:100] + b"\xff" * 3996 + whole[4096:]
    file.write_bytes(damaged)
    writer = SpooledWriter(Store(url), spool, clock)
    writer.write(sample(0))
    assert writer.pending == 1
    assert "monitor.db" in caplog.text
    assert file.read_bytes() == damaged
    writer.close()


def test_a_gap_that_waited_in_the_spool_is_stored(writer, url, file):
    """It has neither a start nor a duration."""
    with locked(file):
        writer.write(ROUND)
        writer.write(GAP)
    assert writer.flush()
    with open_store(url) as store:
        assert list(store.rounds.read()) == [ROUND, GAP]


@pytest.mark.parametrize("record", [ROUND, GAP, FULL])
def test_a_line_of_the_spool_is_the_record(record):
    assert from_line(to_line(record)) == record


def test_the_database_is_not_tried_again_at_once(writer, file, clock, caplog):
    with locked(file):
        for minute in range(20):
            writer.write(sample(minute))
        assert caplog.text.count("event=away") == 1
        clock.now_s += 2
        writer.write(sample(20))
        assert caplog.text.count("event=away") == 2


def test_an_impossible_url_is_said_at_once(spool, clock):
    with pytest.raises(InputError, match="allowed: sqlite"):
        SpooledWriter(Store("mysql://localhost/x"), spool, clock)


def test_two_processes_may_share_a_spool(url, file, spool, clock):
    first, second = (SpooledWriter(Store(url), spool, clock) for _ in range(2))
    written = [sample(minute) for minute in range(200)]
    with ThreadPoolExecutor(2) as threads:
        with locked(file):
            parts = ((first, written[::2]), (second, written[1::2]))
            list(threads.map(lambda part: [part[0].write(s) for s in part[1]], parts))
        assert first.pending + second.pending == 200
        assert list(threads.map(lambda w: w.flush(), (first, second))) == [True, True]
    assert stored(url) == written
    first.close()
    second.close()


ROUND_LENGTH = timedelta(minutes=5)


def rounds(url: str) -> list[Round]:
    with open_store(url) as store:
        return list(store.rounds.read())


def test_a_spool_at_its_limit_keeps_what_it_has_and_tells_what_it_dropped(
    url, file, spool, clock, monkeypatch
):
    monkeypatch.setattr(spool_module, "MEMORY_RECORDS", 10)
    limited = SpoolFile(spool, max_bytes=20_000)
    writer = SpooledWriter(Store(url), limited, clock, every=ROUND_LENGTH)
    written = [sample(minute) for minute in range(300)]
    with locked(file):
        for record in written:
            writer.write(record)
        assert spool.stat().st_size <= 20_000
        n_kept = writer.pending
        assert 10 < n_kept < 300
    assert writer.flush()
    kept = stored(url)
    assert kept == written[:n_kept]
    (gap,) = rounds(url)
    assert gap.status is RoundStatus.MISSED
    assert f"{300 - n_kept} samples, 0 rounds dropped" in gap.reason
    first, last = written[n_kept].started_at_utc, written[-1].started_at_utc
    assert gap.slot_start_utc <= first < gap.slot_start_utc + ROUND_LENGTH
    end = gap.slot_start_utc + timedelta(seconds=gap.duration_s)
    assert end - ROUND_LENGTH <= last < end
    # From now on everything is kept again.
    writer.write(sample(1000))
    assert (stored(url)[-1], len(rounds(url))) == (sample(1000), 1)
    writer.close()


def test_an_end_at_the_limit_puts_what_was_dropped_behind_the_spool(
    url, file, spool, clock, monkeypatch
):
    monkeypatch.setattr(spool_module, "MEMORY_RECORDS", 10)
    writer = SpooledWriter(Store(url), SpoolFile(spool, max_bytes=20_000), clock)
    with locked(file):
        for minute in range(300):
            writer.write(sample(minute))
        n_kept = writer.pending - 10
        writer.close()
    SpooledWriter(Store(url), spool, clock).close()
    assert stored(url) == [sample(minute) for minute in range(n_kept)]
    (gap,) = rounds(url)
    assert f"{300 - n_kept} samples, 0 rounds dropped" in gap.reason


def test_a_disk_without_room_for_others_is_not_filled(spool, monkeypatch):
    file = SpoolFile(spool)
    file.append(sample(0))
    monkeypatch.setattr(spool_file_module, "ROOM_BYTES", 2**62)
    monkeypatch.setattr(spool_file_module, "ROOM_SHARE", 1.0)
    with pytest.raises(OSError, match="left to others"):
        file.append(sample(1))
    assert file.count() == 1


def test_a_retry_reads_one_record_and_counts_none_again(spool, monkeypatch):
    """However much waits: an outage of a month is 100,000 records and more."""
    spool.write_text("".join(f"{to_line(sample(n))}\n" for n in range(5000)))
    file = SpoolFile(spool)
    assert file.count() == 5000
    read = []
    monkeypatch.setattr(
        spool_file_module, "from_line", lambda line: read.append(1) or from_line(line)
    )
    asked = []
    for _ in range(3):
        assert file.drain(lambda records: bool(asked.append(len(records)))) == 5000
    assert (len(read), asked) == (3, [1, 1, 1])


def test_a_delivery_goes_on_where_the_last_one_was_cut(spool):
    spool.write_text("".join(f"{to_line(sample(n))}\n" for n in range(1200)))
    file, taken = SpoolFile(spool), []

    def until_cut(records: list) -> bool:
        if len(taken) > 600:
            return False
        taken.extend(records)
        return True

    assert file.drain(until_cut) == 1200 - len(taken)
    n_first = len(taken)
    file.append(sample(1200))
    rest = []
    assert file.drain(lambda records: rest.extend(records) or True) == 0
    assert taken + rest == [sample(n) for n in range(1201)]
    assert rest[0] == sample(n_first)


def test_another_file_in_the_same_place_is_read_from_its_begin(spool):
    spool.write_text("".join(f"{to_line(sample(n))}\n" for n in range(600)))
    file = SpoolFile(spool)
    assert file.drain(lambda records: len(records) == 1) == 599
    spool.unlink()
    spool.write_text("".join(f"{to_line(sample(n))}\n" for n in range(1000, 1900)))
    rest = []
    assert file.drain(lambda records: rest.extend(records) or True) == 0
    assert rest == [sample(n) for n in range(1000, 1900)]


def test_what_cannot_be_read_is_set_aside_once(spool):
    spool.write_text(f"torn\n{to_line(sample(0))}\n")
    file = SpoolFile(spool)
    for _ in range(5):
        file.drain(lambda _: False)
    aside = spool.with_name("monitor.spool.unreadable")
    assert aside.read_text() == "torn\n"


def test_what_cannot_be_read_is_kept_up_to_a_limit(spool, monkeypatch, caplog):
    monkeypatch.setattr(spool_file_module, "ASIDE_BYTES", 12)
    spool.write_text(f"torn\nalso torn\ntorn 2\n{to_line(sample(0))}\n")
    file, delivered = SpoolFile(spool), []
    file.drain(lambda records: delivered.extend(records) or True)
    aside = spool.with_name("monitor.spool.unreadable")
    assert aside.read_text() == "torn\ntorn 2\n"
    assert delivered == [sample(0)]
    assert "dropped_bytes=10" in caplog.text


@pytest.mark.long
def test_a_frozen_database_does_not_gather_threads(spool, clock):
    server = make_server()
    try:
        server.start()
        writer = SpooledWriter(Store(server.url()), spool, clock)
        server.signal(signal.SIGSTOP)
        before = threading.active_count()
        for minute in range(5):
            clock.now_s += 60
            writer.write(sample(minute))
        assert threading.active_count() <= before + 1
        server.signal(signal.SIGCONT)
        # The one that was left behind may still be on its way.
        eventually(writer.flush)
        writer.close()
        assert stored(server.url()) == [sample(minute) for minute in range(5)]
    finally:
        server.signal(signal.SIGCONT)
        server.remove()
