"""Samples and verdicts to a `NightReport`: what is told, gathered in one place."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import monitor
from monitor.evening_rule import EveningState, dates_between
from monitor.model import (
    LOCAL_PROBES,
    SIMULATED,
    Analysis,
    EveningMark,
    Note,
    Role,
    Round,
    RoundStatus,
    Verdict,
)
from monitor.report.block_curves import block_curves
from monitor.report.content import (
    Chain,
    Gap,
    Host,
    Measured,
    NightReport,
    Scope,
    Spoiled,
    Versions,
)
from monitor.report.data_by_site import data_used
from monitor.report.name_costs import name_costs
from monitor.report.pictures import is_any, is_remote, pictures_of
from monitor.series.local_time import evening_of, local_seconds
from monitor.series.pairs import legs_apart
from monitor.wallclock import clock_named, day_number

_SHORTEST_GAP_MIN: Final = 20
_GAP_IN_INTERVALS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What a report tells beside the samples and verdicts."""

    rounds: Sequence[Round] = ()
    """The schedule's own account, for the reasons of gaps."""
    notes: Sequence[Note] = ()
    chain: Chain | None = None
    stated: Mapping[str, str] = field(default_factory=dict)
    """What the owner says of line, provider and hardware."""
    budget: tuple[int | None, int | None] = (None, None)
    """Most bytes per day and per month; None: no limit."""


def night_report(
    samples: pd.DataFrame,
    analysis: Analysis,
    scope: Scope,
    beside: Beside,
) -> NightReport:
    """The report of one vantage.

    Parameters
    ----------
    samples : columns of contracts 4; other vantages are left out.
    analysis : of the same samples; other vantages are left out.
    """
    whole = _of_vantage(samples, scope.vantage)
    # As the analysis has it: legs of pairs are no series of their site.
    series, legs = legs_apart(whole)
    frame = series if isinstance(series, pd.DataFrame) else whole
    verdicts = [v for v in analysis.verdicts if v.vantage == scope.vantage]
    scope = replace(
        scope, since=max(scope.since, _first_evening(verdicts, scope.since))
    )
    zone = clock_named(scope.timezone)
    return NightReport(
        vantage=scope.vantage,
        night=scope.night,
        since=scope.since,
        timezone=scope.timezone,
        span=scope.window,
        hosts=_with_blocks(_hosts(frame, verdicts, scope), legs, scope),
        controls=_controls(frame),
        measured=_measured(frame, scope),
        gaps=_gaps(frame, scope, beside.rounds),
        spoiled=_spoiled(frame),
        notes=tuple(beside.notes),
        versions=Versions(
            software=monitor.__version__,
            method=analysis.method_version,
            tzdata=analysis.tzdata_version,
            probes=_probe_versions(frame),
        ),
        chain=beside.chain,
        stated=beside.stated,
        data_used=data_used(
            whole, scope.timezone, (scope.since, scope.night), beside.budget
        ),
        made_at=scope.made_at_utc.astimezone(zone),
        analysis=replace(analysis, verdicts=tuple(verdicts)),
        is_simulated=_is_simulated(frame, scope.vantage),
    )


def public_copy(report: NightReport, name: str) -> NightReport:
    """The report for anybody: under another name, without what tells about the house.

    Left out are gaps, rounds that were set aside, notes and the hour of its making. The
    rest is made of what a public bundle's rows hold as well.
    """
    verdicts = (replace(v, vantage=name) for v in report.analysis.verdicts)
    return replace(
        report,
        vantage=name,
        hosts=tuple(replace(host, block_curves=()) for host in report.hosts),
        measured=report.measured and _to_the_quarter(report.measured),
        gaps=(),
        spoiled=(),
        notes=(),
        stated={},
        circle=(),
        data_used=None,
        made_at=report.made_at.replace(hour=0, minute=0, second=0, microsecond=0),
        analysis=replace(report.analysis, verdicts=tuple(verdicts)),
        is_public=True,
    )


def _to_the_quarter(measured: Measured) -> Measured:
    """As a public bundle tells times."""
    first, last = (
        moment.replace(minute=moment.minute - moment.minute % 15, second=0)
        for moment in (measured.first, measured.last)
    )
    return replace(measured, first=first, last=last)


def _of_vantage(samples: pd.DataFrame, vantage: str) -> pd.DataFrame:
    is_of_it = is_any(samples, "vantage", {vantage}, absent=True)
    # A copy of a year would not fit beside it on a small machine.
    return samples if is_of_it.all() else samples.loc[is_of_it]


def _first_evening(verdicts: Sequence[Verdict], default: date) -> date:
    firsts = (v.details.first_evening for v in verdicts if v.details)
    return min((first for first in firsts if first), default=default)


def _hosts(
    frame: pd.DataFrame,
    verdicts: Sequence[Verdict],
    scope: Scope,
) -> tuple[Host, ...]:
    pictures = pictures_of(
        frame,
        scope,
        metrics={v.target: v.effect.metric for v in verdicts},
        controls=_controls(frame),
    )
    return tuple(
        Host(
            name=verdict.target,
            verdict=verdict,
            metric=pictures[verdict.target].metric,
            evenings=evening_marks(verdict, scope.since, scope.night),
            heat_map=pictures[verdict.target].heat_map,
            last_night=pictures[verdict.target].last_night,
            hours=pictures[verdict.target].hours,
            control_hours=pictures[verdict.target].control_hours,
        )
        for verdict in verdicts
    )


def _with_blocks(
    hosts: Sequence[Host], legs: pd.DataFrame | None, scope: Scope
) -> tuple[Host, ...]:
    """The same with what blocks show of each."""
    costs, curves = name_costs(legs, scope), block_curves(legs, scope)
    return tuple(
        replace(
            host,
            name_costs=costs.get(host.name, ()),
            block_curves=curves.get(host.name, ()),
        )
        for host in hosts
    )


def evening_marks(
    verdict: Verdict, since: date, night: date
) -> tuple[EveningMark, ...]:
    """One mark per date; an evening that the analysis could not use is unusable."""
    usable = {mark.day: mark for mark in verdict.marks}
    return tuple(
        usable.get(day, EveningMark(day=day, state=EveningState.UNUSABLE))
        for day in dates_between(since, night)
    )


def _controls(frame: pd.DataFrame) -> tuple[str, ...]:
    rows = is_any(frame, "role", {Role.CONTROL.value}, absent=False) & is_remote(frame)
    return _names(frame, rows)


def _measured(frame: pd.DataFrame, scope: Scope) -> Measured | None:
    moments = frame["started_at_utc"].to_numpy("datetime64[s]").astype(np.int64)
    moments = moments[is_remote(frame)]
    local_s, _ = local_seconds(moments, scope.timezone)
    day, second = evening_of(local_s, scope.window)
    is_told = (day >= day_number(scope.since)) & (day <= day_number(scope.night))
    minute = second[is_told] // 60
    zone, told_s = clock_named(scope.timezone), moments[is_told]
    if not told_s.size:
        return None
    return Measured(
        first=datetime.fromtimestamp(int(told_s.min()), zone),
        last=datetime.fromtimestamp(int(told_s.max()), zone),
        attempts=int(told_s.size),
        in_window=int(scope.window.is_inside(minute, minute + 1).sum()),
    )


def _names(frame: pd.DataFrame, rows: NDArray[np.bool_]) -> tuple[str, ...]:
    texts = frame["target"].astype("category")
    codes = np.unique(texts.cat.codes.to_numpy()[rows])
    return tuple(sorted(str(texts.cat.categories[code]) for code in codes))


def _gaps(
    frame: pd.DataFrame, scope: Scope, rounds: Sequence[Round]
) -> tuple[Gap, ...]:
    """Spans much longer than the usual time between two rounds, to the minute."""
    moments = frame["started_at_utc"].to_numpy("datetime64[m]").astype(np.int32)
    minutes = np.unique(moments[is_remote(frame)]).astype(np.int64)
    local_s, _ = local_seconds(minutes * 60, scope.timezone)
    minutes = minutes[local_s >= day_number(scope.since) * 86_400]
    if minutes.size < 2:
        return ()
    steps = np.diff(minutes)
    # Probes of one round begin within a minute or two of each other.
    usual = float(np.median(steps[steps > 1])) if (steps > 1).any() else 1.0
    limit = max(_SHORTEST_GAP_MIN, _GAP_IN_INTERVALS * usual)
    missed = [r for r in rounds if r.status is RoundStatus.MISSED and r.reason]
    zone = clock_named(scope.timezone)
    return tuple(
        _gap(int(minutes[i]) * 60, int(minutes[i + 1]) * 60, zone, missed)
        for i in np.flatnonzero(steps > limit)
    )


def _gap(start_s: int, end_s: int, zone: ZoneInfo, missed: Sequence[Round]) -> Gap:
    start, end = (datetime.fromtimestamp(s, UTC) for s in (start_s, end_s))
    reasons = {
        r.reason for r in missed if r.reason and start <= r.slot_start_utc <= end
    }
    return Gap(
        start=start.astimezone(zone),
        end=end.astimezone(zone),
        reason="; ".join(sorted(reasons)) or None,
    )


def _spoiled(frame: pd.DataFrame) -> tuple[Spoiled, ...]:
    local = is_any(frame, "probe", LOCAL_PROBES, absent=False)
    local &= ~is_any(frame, "failure", {""}, absent=True)
    if not local.any():
        return ()
    failed = frame.loc[local, ["probe", "failure"]].astype(str)
    counts = Counter(zip(failed["probe"], failed["failure"], strict=True))
    return tuple(
        Spoiled(reason=f"{probe}: {failure}", n_rounds=n)
        for (probe, failure), n in sorted(counts.items())
    )


def _probe_versions(frame: pd.DataFrame) -> tuple[str, ...]:
    if "probe_version" not in frame.columns:
        return ()
    versions = frame["probe_version"].dropna().unique()
    return tuple(sorted(map(str, versions)))


def _is_simulated(frame: pd.DataFrame, vantage: str) -> bool:
    return vantage == SIMULATED or SIMULATED in _probe_versions(frame)
