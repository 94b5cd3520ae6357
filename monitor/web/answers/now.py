"""The home at this moment: the last outcome of each site beside its usual one."""

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from monitor import present as core
from monitor.evening_rule import middle
from monitor.model import Probe, Role, Sample
from monitor.present import Asked, Gateway, LineState, Outcome, Present, Recent
from monitor.reason import Reason
from monitor.store.hourly_days import unpacked
from monitor.store.instants import from_us, to_us
from monitor.store.reader import Point, SeriesInfo
from monitor.web.answers.facts import DIRECT, NOT_A_PAGE, Facts
from monitor.web.answers.queries import LanguageQuery
from monitor.web.answers.schemas import Metric, Now
from monitor.wording import language
from monitor.wording.reason_words import told

_LOOK_BACK: Final = timedelta(hours=3)
_LEAST_ANSWERS: Final = 3
"""Of the gateway: one or two may be late together."""
"""Since when something is slow is told up to here."""
_USUAL_DAYS: Final = timedelta(days=7)
_LEAST_HOURS: Final = 6
"""With fewer hours nobody knows what is usual."""


NEVER: Final = Reason("now_never", "Nothing has been measured yet.", {})
"""Of a home that has just begun: "in the last minutes" would be about a fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Site:
    """A site, and the series that stand for it."""

    target: str
    role: Role
    metric: Metric
    pages: Sequence[int]
    values: Sequence[int]
    """Of the metric; those of the pages where nothing is transferred."""


def present(facts: Facts) -> Present:
    """The present of the configured measuring point."""
    vantage = facts.config.vantage
    now_utc = facts.clock.now_utc()
    moment = core.present(
        _recent(facts, now_utc),
        now_utc=now_utc,
        fresh=facts.fresh,
        gateway=_gateway_of_hours(facts, now_utc),
        has_next_resolver=_has_next_resolver(facts, now_utc - facts.fresh),
    )
    if not facts.sites(vantage):
        moment = replace(moment, reasons=(NEVER,))
    pause_end = facts.reader.last_pause_end(vantage, now_utc=now_utc)
    if pause_end is None or pause_end <= now_utc:
        return moment
    zone = ZoneInfo(facts.config.timezone)
    return replace(
        moment, reasons=(paused(pause_end.astimezone(zone)), *moment.reasons)
    )


def paused(until: datetime) -> Reason:
    """Why nothing is measured, with the moment [local time] at which that ends."""
    return Reason(
        "now_paused",
        "Paused by the owner until {day:date}, {clock}.",
        {"day": until.date().isoformat(), "clock": f"{until:%H:%M}"},
    )


def now(facts: Facts, query: LanguageQuery) -> Now:
    """The present, in words where a language was asked for."""
    return answer_of(present(facts), facts.config.vantage, query.language)


def answer_of(moment: Present, vantage: str, code: str | None) -> Now:
    """A present as the API gives it, told in the language of a code."""
    tongue = None if code is None else language(code)
    return Now(
        now_utc=moment.now_utc,
        vantage=vantage,
        line=moment.line,
        controls_times_slower=moment.controls_times_slower,
        sites=list(moment.sites),
        reasons=[str(reason) for reason in moment.reasons],
        told=None if tongue is None else [told(r, tongue) for r in moment.reasons],
    )


def line(facts: Facts) -> tuple[LineState, Reason]:
    """Whether the line is up, by the last attempt at each site: one question."""
    oldest_utc = facts.clock.now_utc() - facts.fresh
    roles, last = _roles(facts), _last_samples(facts)
    pages = (_last_page(last.get(name, ()), oldest_utc) for name in roles)
    asked = [
        Asked(role, page.failure is None, page.failed_operation)
        for role, page in zip(roles.values(), pages, strict=True)
        if page is not None
    ]
    gateway = _gateway(facts, oldest_utc)
    return core.line_now(
        asked,
        gateway=gateway,
        fresh=facts.fresh,
        has_next_resolver=_has_next_resolver(facts, oldest_utc),
    )


def _roles(facts: Facts) -> dict[str, Role]:
    """The sites that are measured now."""
    configured = {target.name for target in facts.config.all_targets()}
    roles = facts.roles(facts.config.vantage)
    return {name: role for name, role in roles.items() if name in configured}


def _last_samples(facts: Facts) -> Mapping[str, Sequence[Sample]]:
    """The last direct sample of each series by site, the oldest first."""
    infos = [
        info
        for of_site in facts.sites(facts.config.vantage).values()
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


def _recent(facts: Facts, now_utc: datetime) -> list[Recent]:
    """The last hours of each site; each kind of fact is asked for once."""
    sites = [_site(facts, name, role) for name, role in _roles(facts).items()]
    last, usual = _last_samples(facts), _usual(facts, sites, now_utc)
    pages = _points(facts, Metric.DURATION, (s.pages for s in sites), now_utc)
    transfers = (s.values for s in sites if s.metric is Metric.GOODPUT)
    values = _points(facts, Metric.GOODPUT, transfers, now_utc)
    recent = []
    for site in sites:
        samples = last.get(site.target, ())
        page = _last_page(samples, now_utc - facts.fresh)
        attempts = _outcomes(pages, site.pages, samples)
        has_transfers = site.metric is Metric.GOODPUT
        recent.append(
            Recent(
                target=site.target,
                role=site.role,
                metric=site.metric.value,
                pages=attempts,
                values=_outcomes(values, site.values, samples)
                if has_transfers
                else attempts,
                usual=usual.get(site.target),
                has_ever_answered=_has_answered(facts, site, attempts, now_utc),
                connect_s=None if page is None else page.connect_s,
            )
        )
    return recent


def _site(facts: Facts, target: str, role: Role) -> _Site:
    vantage = facts.config.vantage
    transfers = facts.metric_series(target, Metric.GOODPUT, vantage)
    pages = facts.metric_series(target, Metric.DURATION, vantage)
    return _Site(
        target=target,
        role=role,
        metric=Metric.DURATION if transfers == pages else Metric.GOODPUT,
        pages=pages,
        values=transfers,
    )


def _points(
    facts: Facts, metric: Metric, series: Iterable[Sequence[int]], now_utc: datetime
) -> Mapping[int, Sequence[Point]]:
    """What was measured in the last hours, by series."""
    ids = [series_id for of_site in series for series_id in of_site]
    since_us, until_us = to_us(now_utc - _LOOK_BACK), to_us(now_utc) + 1
    by_series: dict[int, list[Point]] = defaultdict(list)
    for point in facts.reader.points(ids, metric.value, since_us, until_us):
        by_series[point.series_id].append(point)
    return by_series


def _outcomes(
    points: Mapping[int, Sequence[Point]],
    series_ids: Sequence[int],
    last: Iterable[Sample],
) -> list[Outcome]:
    """The outcomes of some series of one site, the oldest first."""
    stages = {to_us(s.started_at_utc): s.failed_operation for s in last}
    attempts = [
        point
        for series_id in series_ids
        for point in _known_points(points.get(series_id, ()), stages)
    ]
    return [
        Outcome(
            started_at_utc=from_us(point.started_at_us),
            value=point.value if point.failure is None else None,
            failure=point.failure,
            failed_operation=stages.get(point.started_at_us),
        )
        for point in sorted(attempts, key=lambda point: point.started_at_us)
    ]


def _known_points(points: Sequence[Point], last: Container[int]) -> Sequence[Point]:
    """The points up to the last sample: what was stored since then has no stage yet."""
    places = [n for n, point in enumerate(points, 1) if point.started_at_us in last]
    return points[: places[-1]] if places else points


def _usual(
    facts: Facts, sites: Sequence[_Site], now_utc: datetime
) -> dict[str, float | None]:
    """The median of the last days of each site's metric, where enough is known."""
    since_us, until_us = to_us(now_utc - _USUAL_DAYS), to_us(now_utc)
    usual: dict[str, float | None] = {}
    for metric in (Metric.GOODPUT, Metric.DURATION):
        chosen = {s.target: s.values for s in sites if s.metric is metric}
        hours = facts.hours(chosen, metric, since_us, until_us)
        for target, of_site in hours.items():
            values = [value for value in of_site.value if value is not None]
            usual[target] = middle(values) if len(values) >= _LEAST_HOURS else None
    return usual


def _has_answered(
    facts: Facts, site: _Site, attempts: Sequence[Outcome], now_utc: datetime
) -> bool:
    """Whether a site ever answered; only asked of one that fails now."""
    if not attempts or any(attempt.failure is None for attempt in attempts):
        return True
    rows = facts.reader.days(site.pages, Metric.DURATION.value, 0, to_us(now_utc))
    days = [unpacked(row) for row in rows]
    return any(sum(day.n) > sum(day.n_failed) for day in days)


def _gateway(facts: Facts, oldest_utc: datetime) -> Gateway | None:
    for sample in facts.reader.latest(_local(Probe.GATEWAY, facts, oldest_utc)):
        return Gateway(has_answered=sample.failure is None, connect_s=sample.connect_s)
    return None


def _gateway_of_hours(facts: Facts, now_utc: datetime) -> Gateway | None:
    """The gateway as it was asked last, and the quickest of its last hours' answers."""
    gateway = _gateway(facts, now_utc - facts.fresh)
    if gateway is None:
        return None
    series = [s.series_id for s in _local(Probe.GATEWAY, facts, now_utc - facts.fresh)]
    points = _points(facts, Metric.CONNECT, [series], now_utc)
    answers = [p.value for of_series in points.values() for p in of_series if p.value]
    is_enough = len(answers) >= _LEAST_ANSWERS
    return replace(gateway, quickest_s=min(answers) if is_enough else None)


def _has_next_resolver(facts: Facts, oldest_utc: datetime) -> bool:
    """Whether another resolver answered lately while the first was silent."""
    return bool(_local(Probe.RESOLVER, facts, oldest_utc))


def _local(probe: str, facts: Facts, oldest_utc: datetime) -> list[SeriesInfo]:
    """The series of a local probe that was made lately."""
    return [
        info
        for info in facts.series()
        if info.probe == probe
        and info.vantage == facts.config.vantage
        and info.last_utc >= oldest_utc
    ]
