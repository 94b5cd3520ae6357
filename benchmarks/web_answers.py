"""One home-year behind the dashboard: roll-ups, each answer, the first view, memory.

    python benchmarks/web_answers.py [folder]

Fills `home-year.db` in the folder (a temporary one without it) once, then prints: what
the marks of stale hours cost at writing, how long the roll-ups take, the median of each
answer that the page asks for beside plain SQL over the samples for the same question,
the first view in Chromium, and the memory of the server before and after 1,000 answers.
"""

import json
import re
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from playwright.sync_api import Page, Response
from sqlalchemy import Connection

from benchmarks.read_home_year import SITES, samples
from monitor.store import Store, open_store
from monitor.store.database import Database
from tests.web.browser import chromium

ROWS = 950_000
REPEATS = 15


def fill(url: str) -> None:
    """A year of samples, then their roll-ups."""
    began = time.perf_counter()
    with open_store(url) as store:
        store.samples.append(samples(ROWS))
    print(f"written: {ROWS} samples in {time.perf_counter() - began:.0f} s")


def roll_up(url: str) -> None:
    """Make all roll-ups that are missing."""
    began = time.perf_counter()
    rollups = Store(url).rollups()
    n_hours, held_s = rollups.n_stale(), []
    with locks_timed(rollups.database, held_s):
        while rollups.refresh():
            pass
    rollups.database.close()
    spent = time.perf_counter() - began
    longest = f"longest lock {max(held_s, default=0.0) * 1e3:.0f} ms"
    print(f"roll-ups: {n_hours} hours in {spent:.1f} s, {longest}")


@contextmanager
def locks_timed(database: Database, held_s: list[float]) -> Iterator[None]:
    """Notes how long each transaction of the roll-ups holds the lock."""
    lock = database.writing

    @contextmanager
    def timed(**limits: int) -> Iterator[Connection]:
        began = time.perf_counter()
        with lock(**limits) as connection:
            yield connection
        held_s.append(time.perf_counter() - began)

    database.writing = timed
    try:
        yield
    finally:
        database.writing = lock


def marking_cost(url: str) -> None:
    """Writing 20,000 samples with and without the trigger that marks stale hours."""
    spent = {}
    for kind in ("with", "without"):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "a.db"
            open_store(f"sqlite:///{path}").close()
            if kind == "without":
                with closing(sqlite3.connect(path)) as database:
                    database.execute("DROP TRIGGER samples_stale")
            batch = list(samples(20_000))
            began = time.perf_counter()
            with open_store(f"sqlite:///{path}") as store:
                store.samples.append(batch)
            spent[kind] = time.perf_counter() - began
    ratio = spent["with"] / spent["without"]
    print(
        f"marking: {spent['with']:.2f} s beside {spent['without']:.2f} s, x{ratio:.2f}"
    )


QUESTIONS = {
    "/targets": None,
    "/heatmap?target=facebook&since=2026-01-01&until=2026-12-31": "hour of day",
    "/heatmap?target=facebook&view=beyond_controls&since=2026-01-01&until=2026-12-31":
        "hour of day, controls",
    "/heatmap?target=facebook&view=beyond_controls&since=2026-11-27&until=2026-12-31":
        None,
    "/evenings?since=2026-01-01&until=2026-12-31": "hour of day, all",
    "/evenings?since=2026-11-27&until=2026-12-31": None,
    "/series?target=facebook&resolution=sample&with_controls=true": None,
    "/samples?target=facebook&since=2026-12-30T19:00:00Z&limit=1000": None,
    "/verdicts": None,
    "/health": None,
    "/annotations": None,
    "/compare?target=facebook&a_since=2026-12-30T15:00:00Z&a_until=2026-12-30T17:00:00Z"
    "&b_since=2026-12-23T15:00:00Z&b_until=2026-12-23T17:00:00Z": None,
}  # fmt: skip
_HOURLY = (
    "SELECT target, (started_at_us / 1000000 + 18000) / 3600, avg(goodput_bps),"
    " count(*) FROM samples JOIN series ON series.id = series_id"
    " WHERE probe = 'download'"
    " AND target IN ({names}) GROUP BY 1, 2"
)
PLAIN = {
    "hour of day": _HOURLY.format(names="'facebook'"),
    "hour of day, controls": _HOURLY.format(
        names=", ".join(f"'{s}'" for s in ("facebook", *SITES[4:]))
    ),
    "hour of day, all": _HOURLY.format(names=", ".join(f"'{s}'" for s in SITES)),
}
"""The same question of the samples, with means where the roll-up has medians."""


def get(address: str, path: str) -> bytes:
    with urllib.request.urlopen(f"{address}api/v1{path}") as answer:
        return answer.read()


def answers(address: str, path: Path) -> None:
    """Median time of each answer, beside plain SQL."""
    for question, plain in QUESTIONS.items():
        times = []
        for turn in range(REPEATS):
            began = time.perf_counter()
            body = get(address, variant(question, turn))
            times.append(time.perf_counter() - began)
        beside = "" if plain is None else f", plain SQL {plain_s(path, plain):.0f} ms"
        print(
            f"  {statistics.median(times) * 1e3:6.0f} ms {len(body) / 1e3:7.1f} kB"
            f"  {question[:78]}{beside}"
        )


def variant(question: str, turn: int) -> str:
    """Nearly the same question: the server keeps an answer for five seconds."""
    return (
        question.replace("since=2026-01-01", f"since=2026-01-{turn + 1:02d}")
        .replace("since=2026-11-27", f"since=2026-11-{27 - turn:02d}")
        .replace("since=2026-12-30T19:00:00", f"since=2026-12-30T19:00:{turn:02d}")
        .replace("limit=1000", f"limit={1000 - turn}")
        .replace("T15:00:00", f"T15:00:{turn:02d}")
    )


def plain_s(path: Path, name: str) -> float:
    """Milliseconds of plain SQL over the samples."""
    with closing(sqlite3.connect(path)) as database:
        began = time.perf_counter()
        database.execute(PLAIN[name]).fetchall()
        return (time.perf_counter() - began) * 1e3


HEAT_MAP = "[data-figure=heatmap] figcaption p"
VISITS = {
    "Now": ("", ".card"),
    "Evenings": ("evenings/facebook", HEAT_MAP),
    "Evenings, a year of hours": ("evenings/facebook?weeks=52", HEAT_MAP),
}
"""Page -> its address, and what stands there when its answer is drawn."""


def first_view(address: str) -> None:
    """The first visits in Chromium: time to the drawn page, bytes."""
    with chromium() as browser:
        for name, (path, drawn) in VISITS.items():
            print(f"{name}:")
            context = browser.new_context(viewport={"width": 1400, "height": 900})
            visits(context.new_page(), address + path, drawn)
            context.close()


def visits(page: Page, address: str, drawn: str) -> None:
    """The same page four times."""
    for visit in ("first", "second", "third", "fourth"):
        wire = []
        with answers_noted(page, wire):
            began = time.perf_counter()
            page.goto(address)
            page.wait_for_selector(drawn)
            shown = time.perf_counter() - began
            page.wait_for_load_state("networkidle")
            whole = time.perf_counter() - began
        sizes = [r.request.sizes()["responseBodySize"] for r in wire]
        print(
            f"  {visit} visit: drawn {shown:.2f} s, all {whole - 0.5:.2f} s,"
            f" {sum(sizes) / 1e3:.0f} kB on the wire"
        )


@contextmanager
def answers_noted(page: Page, wire: list) -> Iterator[None]:
    """Notes the answers that come meanwhile."""

    def note(answer: Response) -> None:
        wire.append(answer)

    page.on("response", note)
    try:
        yield
    finally:
        page.remove_listener("response", note)


def memory_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())
    path = folder / "home-year.db"
    url = f"sqlite:///{path}"
    marking_cost(url)
    if not path.exists():
        fill(url)
    roll_up(url)
    site = [{"name": s, "url": f"https://{s}.com/"} for s in SITES]
    document = {
        "timezone": "Asia/Almaty",
        "database": url,
        "targets": site[:4],
        "controls": site[4:],
        "web": {"port": 0},
    }
    (folder / "config.yaml").write_text(json.dumps(document))
    command = [
        sys.executable,
        "-m",
        "monitor",
        "--config",
        "config.yaml",
        "web",
        "serve",
    ]
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            ask(server, path)
        finally:
            server.terminate()


def ask(server: subprocess.Popen, path: Path) -> None:
    """Everything that is measured of a running server."""
    address = server.stdout.readline().split()[-1]
    print("answers, median:")
    answers(address, path)
    print("first view:")
    first_view(address)
    before = memory_mib(server.pid)
    for i in range(1000):
        get(address, list(QUESTIONS)[i % len(QUESTIONS)])
    after = memory_mib(server.pid)
    print(f"memory: {before:.0f} MiB, after 1,000 answers {after:.0f} MiB")


if __name__ == "__main__":
    main()
