"""Which nights are due, and what else is done after each: a process of its own.

It is started with every start of the daemon, and most often finds nothing to analyse:
what analysing needs is loaded when a night is due.
"""

import logging
import shutil
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from monitor import private
from monitor.config import Config
from monitor.evidence.ledger import close_days
from monitor.night_folders import night_folders
from monitor.store import Store
from monitor.wallclock import local_instant

if TYPE_CHECKING:
    from monitor.nightly import Night

_log = logging.getLogger(__name__)

MAKE_UP_NIGHTS: Final = 7
"""How many nights back a missing report is made up for."""


def last_night(now_utc: datetime, config: Config) -> date:
    """The last evening whose day is over, so that nothing will be added to it."""
    begun = timedelta(minutes=config.window.span.day_end_min)
    return (now_utc.astimezone(ZoneInfo(config.timezone)) - begun).date()


def first_night(first_utc: datetime, config: Config) -> date:
    """The first evening that was not over yet when the first sample was taken."""
    window = config.window.span
    over = timedelta(minutes=window.start_min + window.length_min)
    moment = first_utc.astimezone(ZoneInfo(config.timezone))
    return (moment - over).date() + timedelta(days=1)


def due_nights(store: Store, config: Config, *, now_utc: datetime) -> list[date]:
    """Nights whose evening was measured and has no report yet; oldest first."""
    folder = Path(config.report.folder)
    last = last_night(now_utc, config)
    nights = [last - timedelta(days=n) for n in range(MAKE_UP_NIGHTS)]
    missing = [n for n in nights if not (folder / n.isoformat()).exists()]
    if not missing:
        return []
    return sorted(night for night in missing if _is_measured(store, config, night))


def _is_measured(store: Store, config: Config, night: date) -> bool:
    window = config.window.span
    zone = ZoneInfo(config.timezone)
    start = local_instant(night, zone, minute=window.start_min)
    end = start + timedelta(minutes=window.length_min)
    samples = store.samples.read(since=start, until=end, vantage=config.vantage)
    return any(True for _ in samples)


def run_due_nights(
    store: Store, config: Config, *, now_utc: datetime
) -> "Iterator[Night]":
    """Close the days, then analyse, store and report every night that is due.

    Raises
    ------
    StoreError : the database is out of reach.
    """
    folder = Path(config.report.folder)
    _close_to_others(folder)
    close_days(store, now_utc=now_utc, vantage=config.vantage)
    for day in due_nights(store, config, now_utc=now_utc):
        # pandas and matplotlib take seconds, and most starts find nothing to do.
        from monitor.nightly import (
            analysed_night,
            report_files,
            store_night,
            write_files,
        )

        night = analysed_night(store, config, day, now_utc=now_utc)
        store_night(store, night, computed_at_utc=now_utc)
        write_files(folder / day.isoformat(), report_files(night, config))
        _log.info("nightly event=reported night=%s", day)
        yield night
    retention = store.retention(config.vantage)
    age = retention.age(config.report.keep_nights, now=now_utc)
    if age.first_kept is not None:
        gone = remove_old(folder, before=age.first_kept)
        if gone:
            _log.info("reports event=removed nights=%d", len(gone))


def _close_to_others(folder: Path) -> None:
    """Take the reports from all but their owner; older versions left them open."""
    for path in night_folders(folder):
        private.take_from_others(path)


def remove_old(folder: Path, *, before: date) -> list[Path]:
    """Remove the reports of nights before a date; whatever else lies there stays."""
    old = [night for night in night_folders(folder) if night.name < str(before)]
    for path in old:
        shutil.rmtree(path)
    return old
