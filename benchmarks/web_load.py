"""Do visitors of the dashboard disturb the probes? Phases with and without 20 of them.

    python -m benchmarks.web_load [database file to copy]

Runs the real daemon every 10 s against ten sites on loopback, and 20 clients that open
the whole page again and again, in turns: a minute without, a minute with, twice.
Prints median and 95th percentile of the phases and the lateness of the measuring loop
in both, and the clients' own waiting times. With a home-year as the database the
clients ask for its whole year.
"""

import asyncio
import json
import os
import shutil
import signal
import sqlite3
import statistics
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import aiohttp

CLIENTS = 20
TURN_S = 60
TURNS = 2
PAUSE_S = 1.0
BODY = (
    b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\nConnection: close\r\n\r\n"
    + bytes(200_000)
)
PAGE = (
    "",
    "static/vendor/echarts.min.js",
    "api/v1/targets",
    "api/v1/verdicts",
    "api/v1/heatmap?target=facebook&view=beyond_controls&since=2026-01-01&until=2026-12-31",
    "api/v1/evenings",
    "api/v1/series?target=site0&resolution=sample&with_controls=true",
    "api/v1/samples?target=site0&limit=1000",
    "api/v1/health",
    "api/v1/annotations",
    "api/v1/reports",
    "metrics",
)
PHASES = ("connect_s", "waiting_s", "response_s", "duration_s")


async def site(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One page of 200 kB after 20 ms."""
    await reader.readuntil(b"\r\n\r\n")
    await asyncio.sleep(0.02)
    writer.write(BODY)
    await writer.drain()
    writer.close()


async def client(address: str, until: float, waits: list[float]) -> None:
    """Opens the page until a time."""
    async with aiohttp.ClientSession() as session:
        while time.monotonic() < until:
            for path in PAGE:
                began = time.monotonic()
                async with session.get(address + path) as answer:
                    await answer.read()
                waits.append(time.monotonic() - began)
            await asyncio.sleep(PAUSE_S)


def visit(address: str, seconds: float) -> None:
    """Twenty clients, in a process of their own; prints their waiting times."""

    async def run() -> None:
        until = time.monotonic() + seconds
        waits: list[float] = []
        await asyncio.gather(*(client(address, until, waits) for _ in range(CLIENTS)))
        cut = statistics.quantiles(waits, n=20)
        told = f"{len(waits)} answers, median {cut[9]:.3f} s, p95 {cut[18]:.3f} s"
        print(f"  clients: {told}")

    os.nice(10)
    asyncio.run(run())


def configuration(folder: Path, port: int) -> None:
    url = f"http://localhost:{port}/"
    sites = [{"name": f"site{i}", "url": url, "download_url": url} for i in range(10)]
    document = {
        "timezone": "Asia/Almaty",
        "every": "10s",
        "targets": sites[:5],
        "controls": sites[5:],
        "probing": {"per_second": 20},
        "database": "sqlite:///load.db",
        "web": {"port": 0},
    }
    (folder / "config.yaml").write_text(json.dumps(document))


def rows(folder: Path, since: float, until: float) -> list[tuple[float, ...]]:
    """Phases of the probes of a span."""
    wanted = (
        f"SELECT {', '.join(PHASES)} FROM samples JOIN series ON series.id = series_id"
        " WHERE target LIKE 'site%' AND probe = 'https' AND failure IS NULL"
        " AND started_at_us BETWEEN ? AND ?"
    )
    with closing(sqlite3.connect(folder / "load.db")) as database:
        return database.execute(wanted, (since * 1e6, until * 1e6)).fetchall()


def lateness(folder: Path, since: float, until: float) -> list[float]:
    wanted = (
        "SELECT waiting_s FROM samples JOIN series ON series.id = series_id"
        " WHERE probe = 'event_loop' AND started_at_us BETWEEN ? AND ?"
    )
    with closing(sqlite3.connect(folder / "load.db")) as database:
        found = database.execute(wanted, (since * 1e6, until * 1e6)).fetchall()
    return [row[0] for row in found]


def tell(kind: str, found: list[tuple[float, ...]], late: list[float]) -> None:
    """Median and 95th percentile of each phase."""
    parts = []
    for place, phase in enumerate(PHASES):
        values = [row[place] for row in found if row[place] is not None]
        cut = statistics.quantiles(values, n=20)
        parts.append(f"{phase} {cut[9] * 1e3:.2f}/{cut[18] * 1e3:.2f}")
    worst = f"loop late {statistics.median(late) * 1e3:.1f}/{max(late) * 1e3:.1f}"
    print(f"{kind}: n={len(found)}, ms median/p95: {', '.join(parts)}, {worst} (max)")


async def turns(folder: Path, address: str) -> None:
    """Minutes without and with visitors, by turns."""
    found: dict[str, list[tuple[float, ...]]] = {"without": [], "with": []}
    late: dict[str, list[float]] = {"without": [], "with": []}
    for turn in range(2 * TURNS):
        kind = "with" if turn % 2 else "without"
        since = time.time()
        if kind == "with":
            command = ("-m", "benchmarks.web_load", "--visit", address, str(TURN_S))
            visitors = await asyncio.create_subprocess_exec(sys.executable, *command)
            await visitors.wait()
        else:
            await asyncio.sleep(TURN_S)
        found[kind] += rows(folder, since, time.time())
        late[kind] += lateness(folder, since, time.time())
        await asyncio.sleep(5)
    for kind in found:
        tell(kind, found[kind], late[kind])


async def main() -> None:
    folder = Path(tempfile.mkdtemp())
    if len(sys.argv) > 1:
        shutil.copy(sys.argv[1], folder / "load.db")
    server = await asyncio.start_server(site, "127.0.0.1", 0)
    configuration(folder, server.sockets[0].getsockname()[1])
    with (folder / "log").open("w") as log:
        daemon = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "monitor", "run",
            cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=log,
        )  # fmt: skip
    while b"Dashboard" not in (line := await daemon.stdout.readline()):
        pass
    await asyncio.sleep(15)
    try:
        await turns(folder, line.decode().split()[-1])
    finally:
        daemon.send_signal(signal.SIGTERM)
        await daemon.wait()
        shutil.rmtree(folder)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--visit"]:
        visit(sys.argv[2], float(sys.argv[3]))
    else:
        asyncio.run(main())
