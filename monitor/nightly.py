"""Use case 2: stored samples to verdicts and a report; which nights: `monitor.nights`.

The order is chosen so that an interruption at any point is made up for: the night's
folder appears last and complete, and a night without its folder is done anew.
"""

import json
import logging
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from errno import EISDIR
from pathlib import Path
from typing import Final

from monitor import private
from monitor.analysis import COLUMNS, analysis, analyze, as_stated
from monitor.analysis.verdict_document import Terms
from monitor.config import Config
from monitor.errors import InputError
from monitor.evidence.custody_document import custody_document, custody_for
from monitor.evidence.layout import ABOUT, ATTACHED
from monitor.evidence.ledger import whole_days
from monitor.masking import masked_in
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
    render_custody,
    render_html,
    render_json,
    render_pdf,
    shipped_pages,
)
from monitor.report.assembly import evening_marks
from monitor.report.data_files import gaps_of
from monitor.store import Store
from monitor.store.frames import load_frame
from monitor.store.own_terms import own_clock
from monitor.wallclock import is_date

_log = logging.getLogger(__name__)

_COLUMNS: Final = frozenset({"probe_version", *COLUMNS})
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


def analysed_night(
    store: Store,
    config: Config,
    night: date,
    *,
    now_utc: datetime,
    since: date | None = None,
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
    zone = own_clock(store, config.vantage, config.timezone, since=first, until=night)
    start, end = whole_days(first, night, zone)
    samples = load_frame(
        store,
        since=start,
        until=end,
        vantage=config.vantage,
        columns=_COLUMNS,
    )
    window = config.window.span
    terms = Terms(timezone=zone, window=window, since=first, until=night)
    verdicts = analyze(samples, **terms)
    verdicts = as_stated(verdicts, config.home.router_checked)
    of_night = analysis(verdicts, **terms)
    scope = _scope(config, of_night, (first, night), now_utc)
    beside = _beside(store, scope, config) if verdicts else None
    reports = [night_report(samples, of_night, scope, beside)] if beside else []
    return Night(
        night=night,
        since=first,
        analysis=of_night,
        reports=tuple(reports),
    )


def _scope(
    config: Config, of_night: Analysis, span: tuple[date, date], now_utc: datetime
) -> Scope:
    return Scope(
        vantage=config.vantage,
        timezone=of_night.timezone,
        window=of_night.window,
        since=span[0],
        night=span[1],
        made_at_utc=now_utc,
    )


def _beside(store: Store, scope: Scope, config: Config) -> Beside:
    start, end = whole_days(scope.since, scope.night, scope.timezone)
    rounds = store.rounds.read(
        since=start, until=end, vantage=scope.vantage, as_of=scope.made_at_utc
    )
    return Beside(
        rounds=[r for r in rounds if r.status is RoundStatus.MISSED],
        notes=store.notes.list(
            since=scope.since, until=scope.night, vantage=scope.vantage
        ),
        chain=_chain(store, scope.vantage, until=end),
        stated={name: masked_in(text) for name, text in config.home.stated.items()},
        budget=(config.budget.per_day, config.budget.per_month),
    )


def _chain(store: Store, vantage: str, *, until: datetime) -> Chain | None:
    links = store.digests.links(vantage=vantage)
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


def beside_report(
    store: Store,
    night: Night,
    config: Config,
    *,
    level: str,
    name: Callable[[str], str] = str,
) -> dict[str, bytes]:
    """What a bundle holds beside rows and report: what it tells of itself, attachments.

    Parameters
    ----------
    level : for whom the bundle is.
    name : vantage -> the name under which it is told.

    Raises
    ------
    StoreError : the database is out of reach.
    InputError : an attached file was altered in the database.
    """
    since, until = whole_days(night.since, night.night, night.analysis.timezone)
    log = custody_document(
        store, config.vantage, since=since, until=until, stated=config.home.stated
    )
    attached = [a for r in night.reports for note in r.notes for a in note.attached]
    log["gaps"] = [told for report in night.reports for told in gaps_of(report)]
    log["attached"] = [asdict(attachment) for attachment in attached]
    log = {**custody_for(level, log), "vantage": name(config.vantage)}
    html = render_custody(log, config.report.language)
    text = json.dumps(log, ensure_ascii=False, indent=1)
    about = {
        **shipped_pages(),
        "custody.html": html.encode(),
        "custody.json": f"{text}\n".encode(),
    }
    return {ABOUT + page: body for page, body in about.items()} | {
        ATTACHED + attachment.member: store.notes.content(attachment)
        for attachment in attached
        if "attached" in log
    }


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
        if is_date(folder.name):
            private.take_from_others(folder)
        for name in files:
            (new / name).replace(folder / name)


def store_night(store: Store, night: Night, *, computed_at_utc: datetime) -> None:
    """Append a night's analysis to the database, each verdict with all its evenings."""
    verdicts = (
        replace(verdict, marks=evening_marks(verdict, night.since, night.night))
        for verdict in night.analysis.verdicts
    )
    store.analyses.append(
        replace(night.analysis, verdicts=tuple(verdicts)),
        computed_at_utc=computed_at_utc,
    )
