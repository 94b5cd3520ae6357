"""Use case 2: stored samples to stored verdicts, once a night.

Runs in a process of its own, of low priority: number crunching in the measuring process
would delay the probes' own timestamps, always at the same hour.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from monitor.evidence.ledger import close_days
from monitor.store import open_store

N_EVENINGS = 60
"""Evenings that a nightly verdict rests on: enough for half a percent of false alarms
and for weekly patterns, few enough that a slowdown that begins after a quiet year is
not held against that year."""
_WINDOW_AND_DAY_AFTER = timedelta(days=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """What a nightly analysis is about."""

    database: str
    vantage: str
    timezone: str
    window: str
    last_evening: date


def analyse(night: Night, *, computed_at_utc: datetime) -> dict[str, Any] | None:
    """Verdicts after an evening, stored with method version and evidence.

    The days that have ended are chained as well, so that a later change of their rows
    shows.

    Returns
    -------
    dict : the document of contracts 5; None where there are no samples.

    Raises
    ------
    StoreError : the database is out of reach.
    """
    # Imported here: whoever only asks what is owed need not load pandas.
    from monitor.analysis import analysis_document, analyze
    from monitor.store.frames import load_frame

    first_evening = night.last_evening - timedelta(days=N_EVENINGS - 1)
    zone = ZoneInfo(night.timezone)
    midnight = datetime(*first_evening.timetuple()[:3], tzinfo=zone)
    samples = load_frame(
        night.database,
        since=midnight,
        until=midnight + timedelta(days=N_EVENINGS) + _WINDOW_AND_DAY_AFTER,
        vantage=night.vantage,
    )
    if samples.empty:
        return None
    about = {
        "timezone": night.timezone,
        "window": night.window,
        "since": first_evening.isoformat(),
        "until": night.last_evening.isoformat(),
    }
    document = analysis_document(analyze(samples, **about), **about)
    store(night.database, document, computed_at_utc=computed_at_utc)
    close_days(night.database, now_utc=computed_at_utc)
    return document


def store(
    database: str, document: Mapping[str, Any], *, computed_at_utc: datetime
) -> None:
    """Append an analysis to the database."""
    with open_store(database) as opened:
        opened.append_verdicts(
            document["verdicts"],
            computed_at_utc=computed_at_utc,
            method_version=document["method_version"],
            document=document,
        )


def owed(
    latest: Mapping[str, Any] | None, *, now_utc: datetime, timezone: str
) -> date | None:
    """The last evening that is over and not analysed yet; None when nothing is owed.

    Parameters
    ----------
    latest : the document of the last stored analysis.
    """
    yesterday = now_utc.astimezone(ZoneInfo(timezone)).date() - timedelta(days=1)
    until = None if latest is None else latest.get("until")
    return None if until is not None and until >= yesterday.isoformat() else yesterday
