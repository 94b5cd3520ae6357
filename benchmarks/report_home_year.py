"""The report of one home-year, beside the same question in plain SQL and in pandas.

    python benchmarks/report_home_year.py [repetitions] [FOLDER]

A simulated year in SQLite (nine sites, a page and a transfer every five minutes); every
answer is asked for in a process of its own, start-up included, in turns. The plain
questions ("on which evenings was a target slower than in the rest of its day?") print a
table; the report judges, draws and prints as well. Prints the median of wall and CPU
seconds and the peak memory. The year stays in FOLDER for another run.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from monitor.interchange import samples_from
from monitor.interchange.file_columns import NAMES
from monitor.simulation import FAMILIES, simulate
from monitor.store import open_store

ZONE = "Asia/Almaty"
FIRST, DAYS, LAST = date(2016, 1, 1), 365, date(2016, 12, 29)

PLAIN_SQL = """
WITH cells AS (
  SELECT vantage, target, (started_at_us / 1000000 + 21600) / 86400 AS day,
         (started_at_us / 1000000 + 21600) % 86400 / 3600 AS hour, goodput_bps
    FROM v_samples WHERE goodput_bps IS NOT NULL)
SELECT vantage, target, day,
       avg(CASE WHEN hour IN (20, 21) THEN goodput_bps END) AS evening,
       avg(CASE WHEN hour NOT IN (19, 20, 21, 22) THEN goodput_bps END) AS rest
  FROM cells GROUP BY vantage, target, day HAVING rest > 1.25 * evening ORDER BY day
"""

PLAIN_PANDAS = """
import sys, pandas, sqlalchemy
query = ("SELECT started_at_us, target, goodput_bps FROM samples JOIN series"
         " ON series.id = samples.series_id WHERE goodput_bps IS NOT NULL")
with sqlalchemy.create_engine(sys.argv[1]).connect() as connection:
    rows = pandas.read_sql(sqlalchemy.text(query), connection)
local = pandas.to_datetime(rows["started_at_us"], unit="us", utc=True)
local = local.dt.tz_convert("Asia/Almaty")
rows["day"], rows["in_window"] = local.dt.date, local.dt.hour.isin([20, 21])
medians = rows.groupby(["target", "day", "in_window"])["goodput_bps"].median().unstack()
print(medians[medians[False] > 1.25 * medians[True]].to_csv())
"""


def _filled(folder: Path) -> str:
    url = f"sqlite:///{folder / 'home-year.db'}"
    if (folder / "home-year.db").exists():
        return url
    family = FAMILIES["slow_2x_one_row"]
    home = simulate(family, seed=2, days=DAYS, start=FIRST, timezone=ZONE)
    with open_store(url) as store:
        store.samples.append(samples_from(home.samples.reindex(columns=NAMES)))
    return url


def _configuration(folder: Path) -> Path:
    document = {
        "timezone": ZONE,
        "targets": [{"name": "facebook", "url": "https://facebook.invalid/"}],
        "controls": [{"name": "wikipedia", "url": "https://wikipedia.invalid/"}],
    }
    path = folder / "config.yaml"
    path.write_text(json.dumps(document))
    return path


def _measured(arguments: list[str], url: str) -> tuple[float, float, float]:
    start_s = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *arguments],
        stdout=subprocess.DEVNULL,
        env={**os.environ, "MONITOR_DATABASE": url},
    )
    _, status, used = os.wait4(process.pid, 0)
    took_s = time.perf_counter() - start_s
    if status:
        raise SystemExit(
            f"{arguments}: exit status {os.waitstatus_to_exitcode(status)}"
        )
    # A child's peak begins at its parent's: this process stays small.
    return took_s, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def _questions(folder: Path, url: str) -> dict[str, list[str]]:
    monitor = ["-m", "monitor", "--config", str(_configuration(folder))]
    night = ["--since", str(FIRST), "--date", str(LAST), "--out", str(folder / "out")]
    return {
        "monitor report": [*monitor, "report", *night],
        "plain SQL (means)": [*monitor, "sql", "--limit", "100000", PLAIN_SQL],
        "pandas (medians)": ["-c", PLAIN_PANDAS, url],
    }


def _told(name: str, runs: list[tuple[float, float, float]]) -> None:
    wall_s, cpu_s, peak = (statistics.median(x) for x in zip(*runs, strict=True))
    print(f"{name:20} {wall_s:6.2f} s wall {cpu_s:6.2f} s CPU {peak:5.0f} MiB")


def run(folder: Path, repetitions: int) -> None:
    filling = [sys.executable, __file__, "fill", str(folder)]
    subprocess.run(filling, check=True)
    url = f"sqlite:///{folder / 'home-year.db'}"
    questions = _questions(folder, url)
    chaining = ["-c", CLOSE_DAYS, url]
    _told("chaining, once", [_measured(chaining, url)])
    runs: dict[str, list[tuple[float, float, float]]] = {name: [] for name in questions}
    for _ in range(repetitions):
        for name, arguments in questions.items():
            runs[name].append(_measured(arguments, url))
    for name, found in runs.items():
        _told(name, found)


CLOSE_DAYS = """
import sys
from monitor.clock import SystemClock
from monitor.evidence.ledger import close_days
print(len(close_days(sys.argv[1], now_utc=SystemClock().now_utc())))
"""


def main(repetitions: int = 3, folder: str | None = None) -> None:
    if folder is not None:
        run(Path(folder), repetitions)
        return
    with tempfile.TemporaryDirectory() as made:
        run(Path(made), repetitions)


if __name__ == "__main__":
    if sys.argv[1:2] == ["fill"]:
        _filled(Path(sys.argv[2]))
    else:
        main(*(int(x) if x.isdigit() else x for x in sys.argv[1:]))
