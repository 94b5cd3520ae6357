"""What a question asks, and the sites that it is about."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeAlias

from monitor.anomalies.evening_lines import Site
from monitor.errors import refuse_unknown
from monitor.evening_rule import DEFAULT_WINDOW, EveningState
from monitor.model import TWIN, Probe, Role, Transport
from monitor.store import Store
from monitor.store.instants import to_us
from monitor.store.judged import readable
from monitor.store.reader import Reader, SeriesInfo, is_site
from monitor.wallclock import clock_named

Sites: TypeAlias = dict[Site, list[SeriesInfo]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which evenings are wanted; None and empty: all."""

    timezone: str
    since: date
    until: date
    """Local dates, both included."""
    window: str = DEFAULT_WINDOW
    targets: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    """Only hosts of these."""
    vantage: str | None = None
    metric: str | None = None
    """None: goodput where there are transfers, else duration, else connect."""
    weekdays: tuple[str, ...] = ()
    """Of `mon`, `tue`, ...: the local day on which the window begins."""
    states: tuple[EveningState, ...] = (EveningState.SLOW, EveningState.DEAD)
    min_ratio: float | None = None
    verdict: str | None = None
    """Only targets whose last stored verdict is this one."""
    with_controls: bool = False
    is_exact: bool = False
    """From the single samples instead of the hourly roll-ups."""
    as_of: datetime | None = None
    """The last verdict is the last one that was stored by then."""


def bounds_us(start: datetime, end: datetime, question: Question) -> tuple[int, int]:
    """Instants between which samples of a local span can lie [us]."""
    # An hour more on either side: zones with changed offsets.
    zone, hour = clock_named(question.timezone), timedelta(hours=1)
    return (
        to_us(start.replace(tzinfo=zone) - hour),
        to_us(end.replace(tzinfo=zone) + hour),
    )


def sites_of(store: Store, question: Question) -> tuple[Sites, frozenset[str]]:
    """The series of each site, and the names of the targets that are wanted."""
    sites: Sites = {}
    for info in store.reader.series():
        is_own = info.probe != Probe.SNI_SWAP and info.transport == Transport.TCP
        if is_site(info) and is_own and info.part != TWIN:
            sites.setdefault(_site(info), []).append(info)
    _check_names(question, sites)
    sites = {
        site: infos
        for site, infos in sites.items()
        if question.vantage in (None, site.vantage)
    }
    names = {site.target for site in sites}
    if question.targets:
        names &= set(question.targets)
    if question.services:
        of = ((site, _service(infos)) for site, infos in sites.items())
        names &= {site.target for site, name in of if name in question.services}
    if question.verdict is not None:
        names &= _judged(store.reader, question, {site.vantage for site in sites})
    return sites, frozenset(names)


def _check_names(question: Question, sites: Sites) -> None:
    """A name that was misspelled must not look like an evening without slowness."""
    vantages = [] if question.vantage is None else [question.vantage]
    refuse_unknown("--target", question.targets, {site.target for site in sites})
    services = {_service(infos) for site, infos in sites.items() if _is_target(site)}
    refuse_unknown("--service", question.services, services)
    refuse_unknown("--vantage", vantages, {site.vantage for site in sites})


def _service(infos: Sequence[SeriesInfo]) -> str:
    """The service that a site is a host of, as its newest sample says."""
    newest = max(infos, key=lambda info: info.last_utc)
    return newest.service or newest.target


def _is_target(site: Site) -> bool:
    return site.role == Role.TARGET


def _site(info: SeriesInfo) -> Site:
    return Site(
        vantage=info.vantage, target=info.target, path=info.path, role=info.role
    )


def _judged(reader: Reader, question: Question, vantages: Collection[str]) -> set[str]:
    return {
        verdict.target
        for vantage in vantages
        for _, analysis in readable(reader, 1, vantage, before=question.as_of)
        for verdict in analysis.verdicts
        if (verdict.vantage, verdict.verdict) == (vantage, question.verdict)
    }
