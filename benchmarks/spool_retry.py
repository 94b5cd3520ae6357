"""CPU of a retry while the database is away, by how much waits: a ratio near 1.

`python -m benchmarks.spool_retry`: side by side, spools of 1,000 records (some hours)
and of 200,000 (a month of the shipped configuration and more) before a database that
takes nothing.
"""

import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from monitor.model import Sample
from monitor.store.spool_file import SpoolFile
from monitor.store.spool_lines import to_line

SIZES = (1_000, 200_000)
N_RETRIES = 15
START = datetime(2026, 10, 1, tzinfo=UTC)


def cpu_s(call: Callable[[], object]) -> float:
    begin = time.process_time()
    call()
    return time.process_time() - begin


def filled(path: Path, n: int) -> SpoolFile:
    timeline = tuple((i * 0.01, i * 1000) for i in range(30))
    with path.open("w") as file:
        for number in range(n):
            moment = START + timedelta(seconds=number)
            one = Sample(
                started_at_utc=moment, target="a", connect_s=0.05, timeline=timeline
            )
            file.write(to_line(one) + "\n")
    spool = SpoolFile(path)
    spool.count()
    return spool


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        spools = {n: filled(Path(folder) / str(n), n) for n in SIZES}
        retries: dict[int, list[float]] = {n: [] for n in SIZES}
        counts: dict[int, list[float]] = {n: [] for n in SIZES}
        for _ in range(N_RETRIES):
            for n, spool in spools.items():
                retries[n].append(cpu_s(lambda s=spool: s.drain(lambda _: False)))
                counts[n].append(cpu_s(spool.count))
    for name, spent in (("retry", retries), ("count", counts)):
        small, large = (median(spent[n]) for n in SIZES)
        print(
            f"{name}: {1e3 * small:.2f} ms of CPU with {SIZES[0]:,} records waiting,"
            f" {1e3 * large:.2f} ms with {SIZES[1]:,}: ratio {large / small:.2f}"
        )


if __name__ == "__main__":
    main()
