"""Use case 2: stored samples to verdicts, a report and messages; a process of its own.

The order is chosen so that an interruption at any point is made up for: the night's
folder appears last and complete, and a night without its folder is done anew.
"""

import logging
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from errno import EISDIR
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from monitor import private
from monitor.analysis import analysis, analyze
from monitor.config import Config
from monitor.errors import InputError
from monitor.evidence.ledger import close_days, whole_days
from monitor.model import Analysis, RoundStatus
from monitor.report import (
    Beside,
    Chain,
    NightReport,
    PdfUnavailableError,
    Scope,
    night_report,
    public_copy,
    render_csv,
    render_html,
    render_json,
    render_pdf,
)
from monitor.report.assembly import evening_marks
from monitor.series.frame import MEASURED, TEXT_DEFAULTS
from monitor.store import Store, open_store
from monitor.store.digests import Digests
from monitor.store.frames import load_frame
from monitor.store.notes import Notes
from monitor.store.retention import Retention
from monitor.wallclock import local_instant

if TYPE_CHECKING:
    import pandas as pd

_log = logging.getLogger(__name__)

MAKE_UP_NIGHTS: Final = 7
"""How many nights back a missing report is made up for."""

_NIGHT: Final = re.compile(r"\d{4}-\d\d-\d\d")
_COLUMNS: Final = frozenset(
    {"started_at_utc", "probe_version", *TEXT_DEFAULTS, *MEASURED}
)
"""What the analysis and the report read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """One analysed night of a vantage, with its report."""

    night: date
    since: date
    analysis: Analysis
    """Of the configured vantage."""
    reports: tuple[NightReport, ...]
    """One; none when nothing was measured."""


def last_night(now_utc: datetime, config: Config) -> date:
    """The last evening whose day is over, so that nothing will be added to it."""
    window = config.window.span
    begun = timedelta(minutes=window.day_end_min)
    return (now_utc.astimezone(ZoneInfo(config.timezone)) - begun).date()


def analysed_night(
    config: Config, night: date, *, now_utc: datetime, since: date | None = None
) -> Night:
    """The verdicts on the configured vantage as of a night, and what there is to tell.

    Parameters
    ----------
    since : first evening; None: as many nights back as configured.

    Raises
    ------
    StoreError : the database is out of reach.
    """
    first = since or night - timedelta(days=config.report.nights - 1)
    start, end = whole_days(first, night, config.timezone)
    samples = load_frame(
        config.database,
        since=start,
        until=end,
        vantage=config.vantage,
        columns=_COLUMNS,
    )
    window = config.window.span
    verdicts = analyze(
        samples, timezone=config.timezone, window=window, since=first, until=night
    )
    of_night = analysis(
        verdicts, timezone=config.timezone, window=window, since=first, until=night
    )
    scope = _scope(config, first, night, now_utc)
    reports = [_report(config, samples, of_night, scope)] if verdicts else []
    return Night(
        night=night,
        since=first,
        analysis=of_night,
        reports=tuple(reports),
    )


def _scope(config: Config, since: date, night: date, now_utc: datetime) -> Scope:
    return Scope(
        vantage=config.vantage,
        timezone=config.timezone,
        window=config.window.span,
        since=since,
        night=night,
        made_at_utc=now_utc,
    )


def _report(
    config: Config,
    samples: "pd.DataFrame",
    of_night: Analysis,
    scope: Scope,
) -> NightReport:
    start, end = whole_days(scope.since, scope.night, scope.timezone)
    with open_store(config.database) as store:
        rounds = store.rounds(
            since=start, until=end, vantage=scope.vantage, as_of=scope.made_at_utc
        )
        missed = [r for r in rounds if r.status is RoundStatus.MISSED]
    with closing(Notes(config.database)) as notes:
        noted = notes.list(since=scope.since, until=scope.night, vantage=scope.vantage)
    chain = _chain(config.database, scope.vantage, until=end)
    beside = Beside(rounds=missed, notes=noted, chain=chain)
    return night_report(samples, of_night, scope, beside)


def _chain(url: str, vantage: str, *, until: datetime) -> Chain | None:
    with closing(Digests(url)) as digests:
        links = digests.links(vantage=vantage)
    closed = [link for link in links if link.day < until.date().isoformat()]
    if not closed:
        return None
    # The last link may be a second one, of a day before.
    return Chain(day=max(link.day for link in closed), digest=closed[-1].digest)


def public_night(night: Night, name: Callable[[str], str]) -> Night:
    """The night as its reports for anybody tell it.

    Parameters
    ----------
    name : vantage -> the name under which it is told.
    """
    reports = [public_copy(report, name(report.vantage)) for report in night.reports]
    return replace(night, reports=tuple(reports))


def report_files(night: Night, config: Config) -> dict[str, bytes]:
    """The files of a night by name; without a PDF where the system cannot make one."""
    files: dict[str, bytes] = {}
    for report in night.reports:
        html = render_html(report, config.report.language)
        files["report.html"] = html.encode()
        files["report.csv"] = render_csv(report).encode()
        files["report.json"] = render_json(report).encode()
        if config.report.pdf:
            files |= _pdf(html)
    return files


def _pdf(html: str) -> dict[str, bytes]:
    try:
        return {"report.pdf": render_pdf(html)}
    except PdfUnavailableError as error:
        _log.warning("report event=no_pdf reason=%s", error)
        return {}


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files into a folder: a new folder appears complete, a file never half.

    Raises
    ------
    InputError : the folder cannot be written.
    """
    try:
        _write_files(folder, files)
    except OSError as error:
        raise InputError(f"{folder}: cannot be written: {error.strerror}") from None


def _write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    # Found out before the first file is replaced: all of them are, or none.
    for name in files:
        if (folder / name).is_dir():
            raise IsADirectoryError(EISDIR, f"{name} is a folder")
    private.make_folder(folder.parent)
    with tempfile.TemporaryDirectory(
        prefix=f".{folder.name}-", dir=folder.parent
    ) as made:
        new = Path(made) / "night"
        private.make_folder(new)
        for name, body in files.items():
            private.write(new / name, body)
        if not folder.exists():
            new.rename(folder)
            return
        if _NIGHT.fullmatch(folder.name):
            private.take_from_others(folder)
        for name in files:
            (new / name).replace(folder / name)


def due_nights(config: Config, *, now_utc: datetime) -> list[date]:
    """Nights whose evening was measured and has no report yet; oldest first."""
    folder = Path(config.report.folder)
    last = last_night(now_utc, config)
    nights = [last - timedelta(days=n) for n in range(MAKE_UP_NIGHTS)]
    missing = [n for n in nights if not (folder / n.isoformat()).exists()]
    if not missing:
        return []
    with open_store(config.database) as store:
        return sorted(night for night in missing if _is_measured(store, config, night))


def _is_measured(store: Store, config: Config, night: date) -> bool:
    window = config.window.span
    zone = ZoneInfo(config.timezone)
    start = local_instant(night, zone, minute=window.start_min)
    end = start + timedelta(minutes=window.length_min)
    own = store.samples(since=start, until=end, vantage=config.vantage)
    return any(True for _ in own)


def run_due_nights(config: Config, *, now_utc: datetime) -> Iterator[Night]:
    """Close the days, then analyse, store and report every night that is due.

    Raises
    ------
    StoreError : the database is out of reach.
    """
    folder = Path(config.report.folder)
    _close_to_others(folder)
    close_days(config.database, now_utc=now_utc, vantage=config.vantage)
    for day in due_nights(config, now_utc=now_utc):
        night = analysed_night(config, day, now_utc=now_utc)
        store_night(config.database, night, computed_at_utc=now_utc)
        write_files(folder / day.isoformat(), report_files(night, config))
        _log.info("nightly event=reported night=%s", day)
        yield night
    with closing(Retention(config.database, config.vantage)) as retention:
        age = retention.age(config.report.keep_nights, now=now_utc)
    if age.first_kept is not None:
        gone = remove_old(folder, before=age.first_kept)
        if gone:
            _log.info("reports event=removed nights=%d", len(gone))


def _close_to_others(folder: Path) -> None:
    """Take the reports from all but their owner; older versions left them open."""
    if folder.is_dir():
        for path in folder.iterdir():
            if _NIGHT.fullmatch(path.name):
                private.take_from_others(path)


def remove_old(folder: Path, *, before: date) -> list[Path]:
    """Remove the reports of nights before a date; whatever else lies there stays."""
    if not folder.is_dir():
        return []
    oldest = before.isoformat()
    old = [
        path
        for path in sorted(folder.iterdir())
        if _NIGHT.fullmatch(path.name)
        and path.name < oldest
        and path.is_dir()
        and not path.is_symlink()
    ]
    for path in old:
        shutil.rmtree(path)
    return old


def store_night(url: str, night: Night, *, computed_at_utc: datetime) -> None:
    """Append a night's analysis to the database, each verdict with all its evenings."""
    verdicts = (
        replace(verdict, marks=evening_marks(verdict, night.since, night.night))
        for verdict in night.analysis.verdicts
    )
    with open_store(url) as store:
        store.append_analysis(
            replace(night.analysis, verdicts=tuple(verdicts)),
            computed_at_utc=computed_at_utc,
        )
