"""What the page shows first: sites, verdicts, notes, reports, health and data used."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from monitor.clock import is_synchronised
from monitor.model import TWIN, Probe, Role, Target
from monitor.night_folders import night_folders
from monitor.store.checkpoint import wal_bytes
from monitor.store.judged import readable
from monitor.store.notices import NOT_SENT, Notice
from monitor.store.reader import SeriesInfo, StoredAnalysis
from monitor.wallclock import clock_named
from monitor.web.answers import now
from monitor.web.answers.data_used import usage
from monitor.web.answers.facts import Facts, NotHere, is_twin
from monitor.web.answers.queries import NoQuery, VerdictHistoryQuery
from monitor.web.answers.schemas import (
    Health,
    Metric,
    Report,
    Reports,
    TargetInfo,
    Targets,
    Trouble,
    Window,
)
from monitor.web.answers.verdict_answers import (
    Verdict,
    VerdictHistory,
    VerdictPoint,
    Verdicts,
)
from monitor.web.version import VERSION

REPORT_FILES: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}")
_TROUBLES_KEPT: Final = timedelta(days=7)
_MAX_DIGEST_CHARS: Final = 300
_WRITTEN_DIGEST: Final = re.compile(r"(?P<digest>[0-9a-f]{64})  (?P<name>[^\n]+)\n")


def targets(facts: Facts, _query: NoQuery) -> Targets:
    """The sites, their roles, and how the home's clock goes."""
    config = facts.config
    vantage = facts.vantage(None)
    configured = {target.name: target for target in config.all_targets()}
    sites = facts.sites(vantage)
    infos = [info for of_site in sites.values() for info in of_site]
    twins = {n: Role.TARGET for n in sorted(sites) if is_twin(sites[n])}
    zone = clock_named(facts.terms(vantage).timezone)
    return Targets(
        vantage=vantage,
        vantages=facts.vantages(),
        timezone=facts.terms(vantage).timezone,
        now_utc=facts.clock.now_utc(),
        every_s=config.every.total_seconds(),
        transfer_every_s=facts.interval(Metric.GOODPUT).total_seconds(),
        window=Window(start=config.window.start, end=config.window.end),
        first_date=_local(min((i.first_utc for i in infos), default=None), zone),
        last_date=_local(max((i.last_utc for i in infos), default=None), zone),
        targets=[
            _target(name, role, configured.get(name), sites.get(name, []))
            for name, role in {**facts.roles(vantage), **twins}.items()
        ],
    )


def _local(moment: datetime | None, zone: ZoneInfo) -> date | None:
    return None if moment is None else moment.astimezone(zone).date()


def _target(
    name: str, role: Role, configured: Target | None, infos: list[SeriesInfo]
) -> TargetInfo:
    newest = max(infos, key=lambda info: info.last_utc, default=None)
    # Before the first sample the configuration alone says whose host a site is.
    says = newest if newest is not None and newest.service else configured
    return TargetInfo(
        name=name,
        role="twin" if newest is not None and newest.part == TWIN else role.value,
        service=(says and says.service) or name,
        part=(says and says.part) or "page",
        url=configured and configured.url,
        is_configured=configured is not None,
        probes=sorted({info.probe for info in infos}),
        paths=sorted({info.path for info in infos}),
        first_sample_utc=min((info.first_utc for info in infos), default=None),
        last_sample_utc=max((info.last_utc for info in infos), default=None),
    )


def verdicts(facts: Facts, _query: NoQuery) -> Verdicts:
    """The last analysis."""
    for stored in facts.analyses(1):
        return verdicts_of(stored)
    return Verdicts(
        computed_at_utc=None,
        method_version=None,
        since=None,
        until=None,
        timezone=None,
        verdicts=[],
    )


def verdicts_of(stored: StoredAnalysis) -> Verdicts:
    """One analysis."""
    analysis = stored.read()
    return Verdicts(
        computed_at_utc=stored.computed_at_utc,
        method_version=stored.method_version,
        since=analysis.since,
        until=analysis.until,
        timezone=analysis.timezone,
        verdicts=[Verdict.of(verdict) for verdict in analysis.verdicts],
    )


def verdict_history(facts: Facts, query: VerdictHistoryQuery) -> VerdictHistory:
    """What the last analyses said, newest first."""
    points = [
        VerdictPoint(
            computed_at_utc=computed_at_utc,
            until=analysis.until,
            vantage=verdict.vantage,
            target=verdict.target,
            verdict=verdict.verdict,
            strength=verdict.strength,
        )
        for computed_at_utc, analysis in readable(
            facts.reader,
            query.limit,
            facts.config.vantage,
            before=facts.clock.now_utc(),
        )
        for verdict in analysis.verdicts
    ]
    return VerdictHistory(verdicts=points)


def reports(facts: Facts, _query: NoQuery) -> Reports:
    """Stored night reports, newest first."""
    nights = reversed(night_folders(Path(facts.config.report.folder)))
    # A clock that was wrong may have left one of a night to come: it is not the newest.
    today = facts.now_local().date().isoformat()
    return Reports(
        reports=[_report(n) for n in nights if n.name <= today],
        troubles=troubles(facts),
    )


def troubles(facts: Facts) -> list[Trouble]:
    """Nights that were ended and messages that were not sent in the last week."""
    now_utc = facts.clock.now_utc()
    notices = facts.store.notices.troubles(
        facts.config.vantage, since=now_utc - _TROUBLES_KEPT, until=now_utc
    )
    return [_trouble(notice) for notice in notices]


def _trouble(notice: Notice) -> Trouble:
    what, _, rest = notice.kind.partition(" ")
    service, _, reason = rest.partition(": ") if what == NOT_SENT else ("", "", rest)
    return Trouble(at_utc=notice.told_at_utc, what=what, service=service, reason=reason)


def _report(night: Path) -> Report:
    names = sorted(p.name for p in night.iterdir() if REPORT_FILES.fullmatch(p.name))
    digests = {name: digest for name in names if (digest := _digest(night / name))}
    return Report(date=date.fromisoformat(night.name), files=names, digests=digests)


def _digest(path: Path) -> str | None:
    """What names a bundle: it lies beside it, as `sha256sum` writes it."""
    beside = path.with_name(f"{path.name}.sha256")
    if not beside.is_file() or beside.is_symlink():
        return None
    with beside.open(encoding="ascii", errors="replace") as file:
        written = _WRITTEN_DIGEST.fullmatch(file.read(_MAX_DIGEST_CHARS))
    is_its = written is not None and written["name"] == path.name
    return written["digest"] if written and is_its else None


def report_file(facts: Facts, night: str, name: str) -> Path:
    """A file of a stored report; raises NotHere.

    Only names that a listing gives are taken: a path cannot lead out of the folder.
    """
    for report in reports(facts, NoQuery()).reports:
        if report.date.isoformat() == night and name in report.files:
            path = Path(facts.config.report.folder) / night / name
            if path.is_file() and not path.is_symlink():
                return path
    raise NotHere("there is no such report")


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """How old the last sample is, and whether that is in order."""

    last_sample_utc: datetime | None
    age_s: float | None
    is_fresh: bool
    reason: str


def freshness(facts: Facts, vantage: str) -> Freshness:
    """Whether samples of a measuring point keep coming, as far as the owner wants."""
    now_utc = facts.clock.now_utc()
    last = facts.last_utc(vantage)
    age_s = None if last is None else (now_utc - last).total_seconds()
    limit_s = facts.fresh.total_seconds()
    pause_end = facts.reader.last_pause_end(vantage, now_utc=now_utc)
    # Just after it the first round is still to come.
    is_fresh = age_s is not None and 0 <= age_s <= limit_s
    reason = _reason(age_s, limit_s)
    if not is_fresh and pause_end is not None and now_utc < pause_end + facts.fresh:
        local = pause_end.astimezone(ZoneInfo(facts.config.timezone))
        is_fresh, reason = True, f"paused by the owner until {local:%H:%M}"
    return Freshness(
        last_sample_utc=last, age_s=age_s, is_fresh=is_fresh, reason=reason
    )


def _reason(age_s: float | None, limit_s: float) -> str:
    if age_s is None:
        return "no sample yet: the first round comes within one interval"
    if age_s < 0:
        return f"the last sample is {-age_s:.0f} s later than now: the clock was set"
    if age_s > limit_s:
        return f"the last sample is {age_s:.0f} s old; allowed: {limit_s:.0f} s"
    return "samples are fresh"


def health(facts: Facts, _query: NoQuery) -> Health:
    """Whether samples are fresh, and what the daemon has to deal with."""
    vantage = facts.config.vantage
    fresh = freshness(facts, vantage)
    totals = facts.round_totals(vantage)
    removed = facts.reader.removed(vantage)
    missed = totals.get("missed", (0, 0, 0, 0.0))
    line, of_line = now.line(facts)
    return Health(
        is_fresh=fresh.is_fresh,
        reason=fresh.reason,
        line=line,
        line_reason=str(of_line),
        vantage=vantage,
        version=VERSION,
        last_sample_utc=fresh.last_sample_utc,
        age_s=fresh.age_s,
        rounds_complete=totals.get("complete", (0,))[0],
        rounds_overlong=totals.get("overlong", (0,))[0],
        gaps=missed[0],
        gap_s=missed[3],
        event_loop_lateness_s=_lateness_s(facts, vantage),
        spool_records=facts.spool.count(),
        wal_bytes=wal_bytes(facts.config.database),
        paused_until_utc=paused_until(facts),
        n_stale_hours=facts.reader.n_stale_hours(),
        n_removed_samples=removed.n_rows,
        n_removed_days=removed.n_days,
        is_clock_synchronised=is_synchronised(),
        usage=usage(facts, vantage),
        troubles=troubles(facts),
    )


def paused_until(facts: Facts) -> datetime | None:
    """When the pause that holds now ends; None without one."""
    now_utc = facts.clock.now_utc()
    end = facts.reader.last_pause_end(facts.config.vantage, now_utc=now_utc)
    return end if end is not None and end > now_utc else None


def _lateness_s(facts: Facts, vantage: str) -> float | None:
    loops = [
        info
        for info in facts.series()
        if info.vantage == vantage and info.probe == Probe.EVENT_LOOP
    ]
    return max((s.waiting_s or 0.0 for s in facts.reader.latest(loops)), default=None)
