"""From SQLite to verdicts: what judging years of one home costs, beside reading them.

    python benchmarks/analyze_home_year.py [years ...]

For each number of years (default 1): 9 series every 5 minutes, simulated, stored; then
a bare pandas reading of the rows that the analysis needs, and `load_frame` + `analyze`,
each in a process of its own. Prints seconds, the ratio, and peak memory.
"""

import multiprocessing
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from monitor.interchange import samples_from
from monitor.interchange.file_columns import NAMES
from monitor.simulation import FAMILIES, simulate
from monitor.store import open_store

TIMEZONE = "Asia/Almaty"
READ = (
    "SELECT started_at_us, target, is_control, vantage, path, probe, server_name, {}"
    " FROM samples JOIN series ON series.id = samples.series_id"
)


def reading(url: str) -> int:
    import pandas as pd
    import sqlalchemy as sa

    from monitor.analysis import COLUMNS

    named = ("started_at_utc", "target", "role", "vantage", "path", "probe")
    stored = [c for c in COLUMNS if c not in (*named, "server_name")]
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        return len(pd.read_sql(sa.text(READ.format(", ".join(stored))), connection))


def judging(url: str) -> int:
    from monitor.analysis import COLUMNS, analyze
    from monitor.store.frames import load_frame

    with open_store(url) as store:
        frame = load_frame(store, columns=COLUMNS)
    size_mib = frame.memory_usage(deep=True).sum() / 2**20
    print(f"    loaded {size_mib:.0f} MiB, peak {peak_mib():.0f} MiB", flush=True)
    loaded_s = time.perf_counter()
    verdicts = analyze(frame, timezone=TIMEZONE)
    print(f"    analyze alone {time.perf_counter() - loaded_s:.2f} s", flush=True)
    print("    " + ", ".join(f"{v.target} {v.verdict}" for v in verdicts), flush=True)
    return len(frame)


def peak_mib() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return float("nan")


def measured(work, url: str, answers) -> None:
    import pandas  # noqa: F401

    begin_s = time.perf_counter()
    n_rows = work(url)
    answers.put((n_rows, time.perf_counter() - begin_s, peak_mib()))


def run(name: str, work, url: str) -> float:
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    child = context.Process(target=measured, args=(work, url, answers))
    child.start()
    n_rows, took_s, highest_mib = answers.get()
    child.join()
    print(f"  {name:10} {n_rows:10,} rows {took_s:7.2f} s, peak {highest_mib:5.0f} MiB")
    return took_s


def years(url: str, n_years: int) -> None:
    with open_store(url) as store:
        for year in range(n_years):
            start = date(2016 + year, 1, 1)
            home = simulate(
                FAMILIES["slow_2x_one_row"],
                seed=2,
                days=365,
                start=start,
                timezone=TIMEZONE,
            )
            store.samples.append(samples_from(home.samples.reindex(columns=NAMES)))


def main() -> None:
    for n_years in [int(x) for x in sys.argv[1:]] or [1]:
        with tempfile.TemporaryDirectory() as folder:
            url = f"sqlite:///{folder}/home.db"
            years(url, n_years)
            print(f"{n_years} year(s)")
            pandas_s = min(run("pandas", reading, url) for _ in range(2))
            ours_s = min(run("verdicts", judging, url) for _ in range(2))
            print(
                f"  verdicts take {ours_s / pandas_s:.2f} times the reading", flush=True
            )


if __name__ == "__main__":
    main()
