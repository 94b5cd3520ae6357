"""What a starting daemon asks the database: is it fit, what is missing or spent."""

import logging
from datetime import datetime, timedelta

from monitor.clock import Clock
from monitor.config import Config
from monitor.errors import StoreError
from monitor.model import RoundStatus
from monitor.probe.local import expected_on_wire_bytes
from monitor.sampling.ration import Ration
from monitor.sampling.schedule import Gap, unrecorded
from monitor.store import open_store
from monitor.wallclock import local_instant

_log = logging.getLogger(__package__)

LOOK_BACK = timedelta(days=62)
"""Before a gap: a missed record that begins there may reach into it."""


def check_database(url: str) -> None:
    """Open the database once; only a database that is away is not an obstacle."""
    try:
        open_store(url).close()
    except StoreError as error:
        _log.warning("database_away error=%s", error)


def recorded_until(config: Config, before_utc: datetime) -> datetime | None:
    """End of the last slot on record that began before a moment; None without one.

    Raises
    ------
    StoreError
        The database is out of reach.
    """
    with open_store(config.database) as store:
        last = store.last_round(config.vantage, before=before_utc)
    if last is not None and last.status is RoundStatus.MISSED:
        return last.slot_start_utc + timedelta(seconds=last.duration_s or 0.0)
    return None if last is None else last.slot_start_utc + config.every


def parts_off_record(gap: Gap, config: Config) -> list[Gap]:
    """The parts of a gap that are not on record; all of it without a database."""
    try:
        with open_store(config.database) as store:
            rounds = store.rounds(
                since=gap.start_utc - LOOK_BACK,
                until=gap.start_utc + gap.duration,
                vantage=config.vantage,
            )
            return list(unrecorded(gap, rounds, config.every))
    except StoreError as error:
        _log.warning("gap event=recorded_whole reason=%s", error)
        return [gap]


def fill_ration(ration: Ration, config: Config, clock: Clock) -> None:
    """Note what this month received before this start; only needed for a budget."""
    if config.budget.per_day is None and config.budget.per_month is None:
        return
    now_utc, zone = clock.now_utc(), ration.timetable.zone
    today = now_utc.astimezone(zone).date()
    midnight = local_instant(today, zone)
    month_start = local_instant(today.replace(day=1), zone)
    spans = ((today, midnight, now_utc), (today.replace(day=1), month_start, midnight))
    try:
        with open_store(config.database) as store:
            for day, since, until in spans:
                found = store.received(config.vantage, since=since, until=until)
                expected = expected_on_wire_bytes(found.n_probes, found.body_bytes)
                ration.add(day, found.counted_bytes + expected)
    except StoreError as error:
        _log.warning("budget event=counted_from_now reason=%s", error)
