"""`monitor demo`: a simulated home, judged and reported; no network, no configuration.

Everything in it carries the vantage `simulated`, and the report says so in words.
"""

import sys
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor import private
from monitor.cli.options import progress
from monitor.cli.terminal import say
from monitor.errors import InputError
from monitor.text import printable

if TYPE_CHECKING:
    from datetime import datetime

    from monitor.config import Config
    from monitor.nightly import Night
    from monitor.simulation import Home
    from monitor.store import Store

TIMEZONE = "Asia/Almaty"
DATABASE = "demo.db"
NIGHTS = 35


@click.command("demo")
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("demo"),
    show_default=True,
    help="Folder for database, report and bundle.",
)
@click.option("--once", is_flag=True, help="Exit instead of showing the dashboard.")
@click.option(
    "--language",
    type=click.Choice(["en", "ru", "kk"]),
    default="en",
    show_default=True,
    help="Of the report.",
)
def demo_command(*, folder: Path, once: bool, language: str) -> None:
    """Show everything on five simulated weeks in which two services are slowed."""
    from monitor.clock import SystemClock

    now_utc = SystemClock().now_utc()
    night = _last_whole_day(now_utc)
    home = _home(night)
    config = _config(folder, home, language)
    with _filled(folder, config, home) as store:
        made = _report(store, folder, config, night, now_utc)
    if not once:
        _show(config, made)


def _last_whole_day(now_utc: "datetime") -> date:
    """The last local day that is over: up to its midnight the home is simulated."""
    from zoneinfo import ZoneInfo

    return now_utc.astimezone(ZoneInfo(TIMEZONE)).date() - timedelta(days=1)


def _home(night: date) -> "Home":
    from monitor.simulation import demo_home

    return demo_home(start=night - timedelta(days=NIGHTS - 1))


def _config(folder: Path, home: "Home", language: str) -> "Config":
    from monitor.config import parse

    samples = home.samples[["target", "role"]].drop_duplicates().astype(str)
    sites = {
        role: [
            {"name": name, "url": f"https://{name}.invalid/"}
            for name in samples.loc[samples["role"] == role, "target"]
            if not name.startswith("_")
        ]
        for role in ("target", "control")
    }
    document = {
        "vantage": "simulated",
        "timezone": TIMEZONE,
        "database": f"sqlite:///{folder / DATABASE}",
        "targets": sites["target"],
        "controls": sites["control"],
        "throughput": {"every": "10m"},
        "web": {"port": 0},
        "report": {"language": language, "folder": str(folder / "reports")},
    }
    return parse(document, source="demo")


def _filled(folder: Path, config: "Config", home: "Home") -> "Store":
    """The new database with the home in it."""
    from monitor.interchange import NAMES, samples_from
    from monitor.store import open_store

    try:
        private.make_folder(folder)
        for name in (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm"):
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be written: {error.strerror}") from None
    samples = samples_from(home.samples.reindex(columns=list(NAMES)))
    store = open_store(config.database)
    n_new = store.samples.append(progress(samples, "storing simulated samples"))
    name = printable(str(folder / DATABASE))
    say(f"{name}: {n_new} SIMULATED samples of {NIGHTS} days")
    return store


def _report(
    store: "Store", folder: Path, config: "Config", day: date, now_utc: "datetime"
) -> dict[str, bytes]:
    """Judge, store, report and bundle the last night; the report's files."""
    from monitor.cli.report import BUNDLE, print_night, write_evidence
    from monitor.evidence.ledger import close_days
    from monitor.nightly import (
        analysed_night,
        report_files,
        store_night,
        write_files,
    )

    # Nothing will be added to a simulated home: its last day is over, too, and the
    # digest in the report binds every row.
    closed = close_days(store, now_utc=max(now_utc, _closing_time(day)))
    since = day - timedelta(days=NIGHTS - 1)
    night: Night = analysed_night(store, config, day, now_utc=now_utc, since=since)
    store_night(store, night, computed_at_utc=now_utc)
    files = report_files(night, config)
    write_files(folder, files)
    print_night(night, config)
    for name in sorted(files):
        say(printable(str(folder / name)))
    write_evidence(
        folder / BUNDLE, store, night, config, files=files, just_closed=closed
    )
    return files


def _closing_time(day: date) -> "datetime":
    """When every UTC day of the simulated home can be closed."""
    from monitor.evidence.ledger import CLOSE_AFTER, whole_days

    _, end = whole_days(day, day, TIMEZONE)
    return end + CLOSE_AFTER


def _show(config: "Config", files: dict[str, bytes]) -> None:
    """The dashboard on the simulated home, until Ctrl-C."""
    import asyncio
    import signal

    from monitor.clock import SystemClock
    from monitor.nightly import write_files
    from monitor.web.http_server import serve

    night = _last_whole_day(SystemClock().now_utc()).isoformat()
    write_files(Path(config.report.folder) / night, files)

    async def run() -> None:
        stop = asyncio.Event()
        for signum in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(signum, stop.set)
        await serve(config, SystemClock(), announce=_announce, stop=stop)

    asyncio.run(run())


def _announce(address: str) -> None:
    say(f"Dashboard of SIMULATED data: {address} (Ctrl-C ends it)")
    # Whoever waits for the line gets it at once, also through a pipe.
    sys.stdout.flush()
