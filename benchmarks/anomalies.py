"""`monitor anomalies` over a home-year, beside the same question in plain SQL.

    python benchmarks/anomalies.py [rows] [repetitions]

Both answers are asked for by the command line in a process of its own, start-up
included. The plain question reads the single samples; it gives means, because SQLite
has no median. Prints the median of the wall and CPU seconds, and the peak memory.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from monitor.anomalies.search import refresh_rollups
from monitor.model import Role, Sample
from monitor.store import open_store

BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
SITES = (
    "facebook",
    "youtube",
    "telegram",
    "twitter",
    "vk",
    "bbc",
    "wikipedia",
    "ok",
    "py",
)
ROWS = 950_000
ZONE = "Asia/Almaty"

PLAIN = """
WITH cells AS (
  SELECT vantage, target, (started_at_us / 1000000 + 18000) / 86400 AS day,
         (started_at_us / 1000000 + 18000) % 86400 / 3600 AS hour, goodput_bps
    FROM v_samples WHERE goodput_bps IS NOT NULL)
SELECT vantage, target, day,
       avg(CASE WHEN hour IN (20, 21) THEN goodput_bps END) AS evening,
       avg(CASE WHEN hour NOT IN (19, 20, 21, 22) THEN goodput_bps END) AS rest
  FROM cells GROUP BY vantage, target, day HAVING rest > 1.25 * evening ORDER BY day
"""


def samples(n_rows: int) -> Iterator[Sample]:
    """Nine sites, a page and a transfer each round; facebook slow on most evenings."""
    rng = Random(1)
    for i in range(n_rows):
        site = SITES[i // 2 % len(SITES)]
        moment = BEGIN + timedelta(seconds=i * 365 * 86_400 / n_rows)
        common = {
            "started_at_utc": moment,
            "target": site,
            "role": Role.TARGET if site in SITES[:4] else Role.CONTROL,
            "connect_s": 0.08 * rng.lognormvariate(0, 0.2),
            "duration_s": 0.8 * rng.lognormvariate(0, 0.2),
            "http_status": 200,
        }
        if i % 2 == 0:
            yield Sample(**common)
            continue
        is_slow = site == "facebook" and moment.hour in (15, 16) and moment.day % 5
        rate = 8e6 * rng.lognormvariate(0, 0.3) / (5 if is_slow else 1)
        yield Sample(**common, probe="download", goodput_bps=rate)


def _filled(folder: Path, n_rows: int) -> str:
    url = f"sqlite:///{folder / 'year.db'}"
    with open_store(url) as store:
        store.samples.append(samples(n_rows))
        start = time.perf_counter()
        for _ in refresh_rollups(store, ZONE, BEGIN):
            pass
    print(f"roll-ups of the whole year, once: {time.perf_counter() - start:.1f} s")
    return url


def _measured(arguments: list[str], url: str) -> tuple[float, float, float]:
    environment = {**os.environ, "MONITOR_DATABASE": url}
    command = [sys.executable, "-m", "monitor", *arguments]
    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - start, cpu_s, after.ru_maxrss / 1024


def main(n_rows: int = ROWS, repetitions: int = 5) -> None:
    year = ["--since", "2025-01-01", "--until", "2025-12-31"]
    questions = {
        "anomalies": ["anomalies", *year],
        "anomalies --episodes": ["anomalies", *year, "--episodes"],
        "anomalies --compare": ["anomalies", "--compare", "2025-10-21 20:00..22:00"],
        "plain SQL": ["sql", "--limit", "100000", PLAIN],
    }
    with tempfile.TemporaryDirectory() as folder:
        url = _filled(Path(folder), n_rows)
        for name, arguments in questions.items():
            runs = [_measured(arguments, url) for _ in range(repetitions)]
            wall_s, cpu_s, peak = (
                statistics.median(x) for x in zip(*runs, strict=True)
            )
            print(f"{name:22} {wall_s:6.2f} s wall {cpu_s:6.2f} s CPU {peak:5.0f} MiB")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
