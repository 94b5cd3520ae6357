"""The home at this moment: the last outcome of each site beside its usual one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from monitor import present as core
from monitor.evening_rule import middle
from monitor.model import Probe, Role, Sample
from monitor.present import Asked, Gateway, LineState, Outcome, Present, Recent
from monitor.reason import Reason
from monitor.store.instants import from_us, to_us
from monitor.store.reader import Point, SeriesInfo
from monitor.web.answers.facts import DIRECT, NOT_A_PAGE, Facts
from monitor.web.answers.schemas import Metric, Now, NowQuery, SiteNow
from monitor.wording import language
from monitor.wording.reason_words import told

_LOOK_BACK: Final = timedelta(hours=3)
"""Since when something is slow is told up to here."""
_USUAL_DAYS: Final = timedelta(days=7)
_LEAST_HOURS: Final = 6
"""With fewer hours nobody knows what is usual."""


def present(facts: Facts) -> Present:
    """The present of the configured measuring point."""
    vantage = facts.config.vantage
    now_utc = facts.clock.now_utc()
    fresh = facts.fresh
    roles = facts.roles(vantage)
    configured = {target.name for target in facts.config.all_targets()}
    last = _last_samples(facts, vantage)
    sites = (
        _recent(facts, name, role, last.get(name, []), now_utc)
        for name, role in roles.items()
        if name in configured
    )
    pause_end = facts.reader.last_pause_end(vantage, now_utc=now_utc)
    found = core.present(
        sites, now_utc=now_utc, fresh=fresh, gateway=_gateway(facts, now_utc - fresh)
    )
    if pause_end is None or pause_end <= now_utc:
        return found
    zone = ZoneInfo(facts.config.timezone)
    return replace(found, reasons=(paused(pause_end.astimezone(zone)), *found.reasons))


def paused(until: datetime) -> Reason:
    """Why nothing is measured, with the moment [local time] at which that ends."""
    return Reason(
        "now_paused",
        "Paused by the owner until {day:date}, {clock}.",
        {"day": until.date().isoformat(), "clock": f"{until:%H:%M}"},
    )


def now(facts: Facts, query: NowQuery) -> Now:
    """The present, in words where a language was asked for."""
    found = present(facts)
    tongue = None if query.language is None else language(query.language)
    return Now(
        now_utc=found.now_utc,
        vantage=facts.config.vantage,
        line=found.line,
        controls_times_slower=found.controls_times_slower,
        sites=[SiteNow.of(site) for site in found.sites],
        reasons=[str(reason) for reason in found.reasons],
        told=None if tongue is None else [told(r, tongue) for r in found.reasons],
    )


def line(facts: Facts) -> tuple[LineState, Reason]:
    """Whether the line is up, by the last attempt at each site: one question."""
    now_utc = facts.clock.now_utc()
    oldest_utc = now_utc - facts.fresh
    configured = {target.name: target.role for target in facts.config.all_targets()}
    last = _last_samples(facts, facts.config.vantage)
    pages = (_last_page(last.get(name, ()), oldest_utc) for name in configured)
    asked = [
        Asked(role, page.failure is None, page.failed_operation)
        for role, page in zip(configured.values(), pages, strict=True)
        if page is not None
    ]
    gateway = _gateway(facts, oldest_utc)
    return core.line_now(asked, gateway=gateway, fresh=facts.fresh)


def _last_samples(facts: Facts, vantage: str) -> Mapping[str, Sequence[Sample]]:
    """The last direct sample of each series by site, the oldest first."""
    infos = [
        info
        for of_site in facts.sites(vantage).values()
        for info in of_site
        if info.path == DIRECT
    ]
    by_name: dict[str, list[Sample]] = {}
    for sample in sorted(facts.reader.latest(infos), key=lambda s: s.started_at_utc):
        by_name.setdefault(sample.target, []).append(sample)
    return by_name


def _last_page(last: Sequence[Sample], oldest_utc: datetime) -> Sample | None:
    pages = [s for s in last if s.probe not in NOT_A_PAGE]
    if not pages or pages[-1].started_at_utc < oldest_utc:
        return None
    return pages[-1]


def _recent(
    facts: Facts,
    target: str,
    role: Role,
    last: Sequence[Sample],
    now_utc: datetime,
) -> Recent:
    vantage = facts.config.vantage
    transfers = facts.metric_series(target, Metric.GOODPUT, vantage)
    pages = facts.metric_series(target, Metric.DURATION, vantage)
    metric = Metric.DURATION if transfers == pages else Metric.GOODPUT
    ids = pages if metric is Metric.DURATION else transfers
    attempts = _outcomes(facts, pages, Metric.DURATION, last, now_utc)
    values = _outcomes(facts, ids, metric, last, now_utc)
    is_failing = bool(attempts and attempts[-1].failure)
    page = _last_page(last, now_utc - facts.fresh)
    return Recent(
        target=target,
        role=role,
        metric=metric.value,
        pages=attempts,
        values=values,
        usual=_usual(facts, target, ids, metric, now_utc),
        has_ever_answered=not is_failing or _has_answered(facts, pages, now_utc),
        connect_s=None if page is None else page.connect_s,
    )


def _outcomes(
    facts: Facts,
    series_ids: Sequence[int],
    metric: Metric,
    last: Iterable[Sample],
    now_utc: datetime,
) -> list[Outcome]:
    since_us, until_us = to_us(now_utc - _LOOK_BACK), to_us(now_utc) + 1
    points = facts.reader.points(series_ids, metric.value, since_us, until_us)
    points.sort(key=lambda point: point.started_at_us)
    stages = {to_us(s.started_at_utc): s.failed_operation for s in last}
    return [_outcome(point, stages) for point in points]


def _outcome(point: Point, stages: Mapping[int, str | None]) -> Outcome:
    return Outcome(
        started_at_utc=from_us(point.started_at_us),
        value=point.value if point.failure is None else None,
        failure=point.failure,
        failed_operation=stages.get(point.started_at_us),
    )


def _usual(
    facts: Facts,
    target: str,
    series_ids: Sequence[int],
    metric: Metric,
    now_utc: datetime,
) -> float | None:
    since_us = to_us(now_utc - _USUAL_DAYS)
    hours = facts.hours({target: series_ids}, metric, since_us, to_us(now_utc))[target]
    known = [value for value in hours.value if value is not None]
    return middle(known) if len(known) >= _LEAST_HOURS else None


def _has_answered(facts: Facts, series_ids: Sequence[int], now_utc: datetime) -> bool:
    """Whether any probe of a site ever had its answer."""
    days = facts.reader.days(series_ids, Metric.DURATION.value, 0, to_us(now_utc))
    in_hours = any(sum(day.n) > sum(day.n_failed) for day in days)
    since_us = to_us(now_utc - _LOOK_BACK)
    recent = facts.reader.points(
        series_ids, Metric.DURATION.value, since_us, to_us(now_utc) + 1
    )
    return in_hours or any(point.failure is None for point in recent)


def _gateway(facts: Facts, oldest_utc: datetime) -> Gateway | None:
    infos = [info for info in facts.series() if _is_of_gateway(info, facts, oldest_utc)]
    for sample in facts.reader.latest(infos):
        return Gateway(has_answered=sample.failure is None, connect_s=sample.connect_s)
    return None


def _is_of_gateway(info: SeriesInfo, facts: Facts, oldest_utc: datetime) -> bool:
    return (
        info.probe == Probe.GATEWAY
        and info.vantage == facts.config.vantage
        and info.last_utc >= oldest_utc
    )
