"""Ten years in one SQLite file beside one year: the dashboard's answers, compaction.

    python -m benchmarks.ten_years [folder] [--sites N]

Both files hold the hourly roll-ups and rounds of all their years and the samples of the
last one, as with `retention: {samples_days: 365}`. Printed side by side: the median of
what the page asks for, and how long a write of the daemon takes while old samples are
removed and while nothing else happens.
"""

import argparse
import asyncio
import json
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.web_answers import QUESTIONS, get, variant
from monitor.clock import SystemClock
from monitor.config import load
from monitor.daemon.chores import remove_old_samples
from monitor.model import Role, Sample
from monitor.store import Store, open_store
from monitor.store.engine import make_engine, writing
from monitor.store.hourly_days import repack, write_days
from monitor.store.spool import SpooledWriter

END = datetime(2027, 1, 1, tzinfo=UTC)
NAMES = ("facebook", "youtube", "telegram", "twitter", "vk", "bbc", "wikipedia", "ok")
EVERY_S = 300
RAW_DAYS = 365
REPEATS = 5
WRITES = 300
HOUR_US = 3_600_000_000

_COUNT = (
    "WITH RECURSIVE k(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM k WHERE i + 1 < ?)"
)
_SAMPLES = f"""{_COUNT}
INSERT INTO samples (series_id, started_at_us, is_control, domain_lookup_s, connect_s,
 tls_handshake_s, waiting_s, response_s, duration_s, encoded_body_bytes, goodput_bps,
 http_status, remote_address, certificate_sha256, certificate_issuer, round_id, url,
 probe_version)
SELECT ?, ? + i * ?, ?, 0.011 + i * 1e-9, 0.081, 0.091, 0.12, 0.4 + (i % 97) * 1e-3,
 0.8 + (i % 97) * 1e-3, 500000 + i, 8e6 + i, 200, '192.0.2.' || (i % 40),
 printf('%064x', i / 30000), 'CN=Example Root,O=Example,C=US', printf('%032x', i),
 'https://www.example.com/', '1' FROM k"""
_HOURLY = f"""{_COUNT}
INSERT INTO hourly (series_id, hour_us, n, n_failed, body_bytes, domain_lookup_s,
 connect_s, tls_handshake_s, waiting_s, response_s, duration_s, goodput_bps)
SELECT ?, ? + i * {HOUR_US}, 12, i % 2, 6000000, 0.011, 0.081, 0.091, 0.12,
 0.4 + (i % 24) * 1e-2, 0.8, 8e6 - (i % 24) * 1e5 FROM k"""
_ROUNDS = f"""{_COUNT}
INSERT INTO rounds (vantage, slot_start_us, round_id, started_at_us, duration_s, status,
 n_planned, n_done) SELECT 'home', ? + i * ?, printf('%032x', i), ? + i * ?, 9.5,
 'complete', 24, 24 FROM k"""


def fill(path: Path, years: int, n_sites: int) -> None:
    """A home of so many years, with the samples of the last one."""
    url = f"sqlite:///{path}"
    with open_store(url) as store:
        store.samples.append(_firsts(n_sites))
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA synchronous=OFF")
        _fill_rows(database, years)
        database.commit()
        ids = [row[0] for row in database.execute("SELECT id FROM series")]
    _pack(url, ids, years)


def _firsts(n_sites):
    """One sample of each series, so that the store names them."""
    for name in NAMES[:n_sites]:
        role = Role.TARGET if name in NAMES[:4] else Role.CONTROL
        for probe in ("https", "download"):
            yield Sample(
                started_at_utc=END - timedelta(days=RAW_DAYS, seconds=1),
                target=name,
                role=role,
                probe=probe,
                server_name=f"www.{name}.com",
            )


def _fill_rows(database, years):
    begin_us = _us(END - timedelta(days=365 * years))
    trigger = database.execute(
        "SELECT sql FROM sqlite_schema WHERE name = 'samples_stale'"
    ).fetchone()[0]
    database.execute("DROP TRIGGER samples_stale")
    for number, probe in database.execute("SELECT id, probe FROM series").fetchall():
        every_s = EVERY_S if probe == "https" else 2 * EVERY_S
        n = RAW_DAYS * 86_400 // every_s
        raw_us = _us(END - timedelta(days=RAW_DAYS))
        database.execute(_SAMPLES, [n, number, raw_us, every_s * 1_000_000, False])
        database.execute(_HOURLY, [24 * 365 * years, number, begin_us])
    n_rounds = 365 * years * 86_400 // EVERY_S
    step_us = EVERY_S * 1_000_000
    database.execute(_ROUNDS, [n_rounds, begin_us, step_us, begin_us, step_us])
    database.execute("DELETE FROM hourly_stale")
    database.execute(trigger)


def _us(moment):
    return int(moment.timestamp()) * 1_000_000


def _pack(url, ids, years):
    engine = make_engine(url)
    for number in ids:
        for year in range(years):
            until = END - timedelta(days=365 * year)
            span = (_us(until - timedelta(days=365)), _us(until))
            with writing(engine) as connection:
                write_days(connection, repack(connection, number, *span))
    engine.dispose()


def configure(folder: Path, path: Path, n_sites: int) -> Path:
    """The configuration that goes with a file."""
    sites = [{"name": s, "url": f"https://{s}.com/"} for s in NAMES[:n_sites]]
    document = {
        "timezone": "Asia/Almaty",
        "database": f"sqlite:///{path}",
        "targets": sites[: n_sites // 2],
        "controls": sites[n_sites // 2 :],
        "web": {"port": 0},
        "retention": {"samples_days": 62},
    }
    config = folder / f"{path.stem}.yaml"
    config.write_text(json.dumps(document))
    return config


def answers_s(config: Path) -> dict[str, float]:
    """Median time of each answer of the dashboard; the page itself is `/`."""
    command = [sys.executable, "-m", "monitor", "--config", str(config), "web", "serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        address = server.stdout.readline().split()[-1]
        found = {question: _asked_s(address, question) for question in QUESTIONS}
        server.terminate()
    return found


def _asked_s(address, question):
    times = []
    for turn in range(REPEATS):
        began = time.perf_counter()
        get(address, variant(question, turn))
        times.append(time.perf_counter() - began)
    return statistics.median(times)


async def write_s(config: Path, *, is_compacting: bool) -> list[float]:
    """How long each of the daemon's writes takes."""
    configuration = load(config)
    clock = SystemClock()
    with ThreadPoolExecutor(1) as thread:
        loop = asyncio.get_running_loop()
        spool = config.with_suffix(".spool")
        writer = await loop.run_in_executor(
            thread, SpooledWriter, Store(configuration.database), spool, clock
        )
        work = asyncio.create_task(_compaction(configuration, is_compacting))
        times = []
        for number in range(WRITES):
            began = time.perf_counter()
            await loop.run_in_executor(thread, writer.write, _sample(number))
            times.append(time.perf_counter() - began)
            await asyncio.sleep(0.05)
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        await loop.run_in_executor(thread, writer.close)
    return times


async def _compaction(configuration, is_compacting):
    if is_compacting:
        with Store(configuration.database) as store:
            await remove_old_samples(
                store, configuration, _Then(), is_steady=lambda: True
            )


class _Then(SystemClock):
    def now_utc(self):
        return END


def _sample(number):
    moment = END + timedelta(microseconds=time.time_ns() // 1000 % 10**12)
    return Sample(started_at_utc=moment, target=NAMES[0], sequence=number)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--sites", type=int, default=8)
    chosen = parser.parse_args()
    folder = chosen.folder or Path(tempfile.mkdtemp(prefix="ten-years-"))
    configs = {}
    for years in (1, 10):
        path = folder / f"years-{years}.db"
        if not path.exists():
            fill(path, years, chosen.sites)
        configs[years] = configure(folder, path, chosen.sites)
        print(f"{years} years: {path.stat().st_size / 1e6:.0f} MB", flush=True)
    _tell_answers({years: answers_s(config) for years, config in configs.items()})
    _tell_writes(configs)


def _tell_answers(found):
    print("| the page asks for | 1 year [ms] | 10 years [ms] |\n|---|---:|---:|")
    for question in QUESTIONS:
        one, ten = (found[years][question] * 1e3 for years in (1, 10))
        print(f"| `{question.split('?')[0]}` | {one:.0f} | {ten:.0f} |", flush=True)


def _tell_writes(configs):
    print("| write of one sample | median [ms] | p99 [ms] | worst [ms] |")
    print("|---|---:|---:|---:|")
    for is_compacting in (False, True):
        for years, config in configs.items():
            times = asyncio.run(write_s(config, is_compacting=is_compacting))
            cuts = statistics.quantiles(times, n=100)
            told = "while old samples are removed" if is_compacting else "alone"
            figures = (statistics.median(times), cuts[98], max(times))
            shown = " | ".join(f"{1e3 * figure:.1f}" for figure in figures)
            print(f"| {years} years, {told} | {shown} |", flush=True)


if __name__ == "__main__":
    main()
