"""What each site is like at this moment, and whether the line itself is well; pure.

One moment is no pattern, so nothing here is a verdict: it tells the last outcome beside
the site's own usual one and the controls'.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import takewhile
from typing import Final, NamedTuple

from monitor.evening_rule import is_outage, middle, times_slower
from monitor.model import Role
from monitor.near import is_nearer
from monitor.reason import Reason, Value

SLOW_NOW: Final = 2.0
"""Times slower than usual, and than the controls are: single transfers on a home line
scatter by less."""
_IN_A_ROW: Final = 2
"""One slow sample is chance."""


class SiteState(StrEnum):
    """What a site was like when it was asked last."""

    WELL = "well"
    SLOW = "slow"
    FAILED = "failed"
    UNMEASURED = "unmeasured"
    """Not asked within the last rounds."""


class LineState(StrEnum):
    """Whether anything gets through."""

    UP = "up"
    DOWN = "down"
    UNKNOWN = "unknown"
    """Nothing was measured within the last rounds."""


class Outcome(NamedTuple):
    """One attempt."""

    started_at_utc: datetime
    value: float | None
    """Of the site's metric, in its unit; None: not measured."""
    failure: str | None
    failed_operation: str | None = None


class Asked(NamedTuple):
    """The last attempt at one site."""

    role: Role
    has_answered: bool
    failed_operation: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recent:
    """The last hours of one site, the oldest outcome first."""

    target: str
    role: Role
    metric: str
    pages: Sequence[Outcome]
    """Attempts of the probe that stands for the site."""
    values: Sequence[Outcome]
    """Attempts of the probe that measures the metric; may be the same."""
    usual: float | None
    """Median of the last days."""
    has_ever_answered: bool = True
    connect_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """The home's own gateway when it was asked last."""

    has_answered: bool
    connect_s: float | None
    quickest_s: float | None = None
    """The quickest of its answers in the last hours; None: too few to tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteNow:
    """One site at this moment."""

    target: str
    role: Role
    state: SiteState
    measured_at_utc: datetime | None
    metric: str
    value: float | None
    usual: float | None
    times_slower: float | None
    """Than usual."""
    failure: str | None
    failed_operation: str | None
    since_utc: datetime | None
    """Since when it is slow or fails, as far as the last hours show."""
    slow_run: tuple[float, ...]
    """How many times slower than usual in the slow rounds in a row, the last first."""
    has_answered: bool
    """Its page or connection, whatever became of the transfer."""
    has_ever_answered: bool
    is_nearer_than_gateway: bool

    @property
    def asked(self) -> bool:
        """Whether it was asked within the last rounds."""
        return self.state is not SiteState.UNMEASURED


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """A home at this moment."""

    now_utc: datetime
    line: LineState
    controls_times_slower: float | None
    """Median over the controls that answered."""
    sites: tuple[SiteNow, ...]
    reasons: tuple[Reason, ...]
    """The line first, then each site of which something is to be said."""


def present(
    sites: Iterable[Recent],
    *,
    now_utc: datetime,
    fresh: timedelta,
    gateway: Gateway | None,
    has_next_resolver: bool = False,
) -> Present:
    """The present of a home.

    Parameters
    ----------
    fresh : older outcomes say nothing of now.
    gateway : None: it was not asked.
    has_next_resolver : another resolver answers while the first is silent.
    """
    all_sites = list(sites)
    controls = _controls(all_sites, now_utc - fresh)
    gateway_s = _gateway_s(all_sites, gateway)
    each = tuple(_site(s, now_utc - fresh, gateway_s, controls) for s in all_sites)
    asked = [Asked(s.role, s.has_answered, s.failed_operation) for s in each if s.asked]
    line, of_line = line_now(
        asked, gateway=gateway, fresh=fresh, has_next_resolver=has_next_resolver
    )
    return Present(
        now_utc=now_utc,
        line=line,
        controls_times_slower=controls,
        sites=each,
        reasons=(
            of_line,
            *(_of_sites(each, controls, now_utc) if line is LineState.UP else ()),
        ),
    )


def _gateway_s(sites: Sequence[Recent], gateway: Gateway | None) -> float | None:
    """How long the gateway takes to answer, where that tells how near a site is.

    Routers answer late while they have other work, and so does a busy machine: only
    the quickest of several answers tells, and not where most sites are nearer still.
    """
    if gateway is None or gateway.quickest_s is None:
        return None
    connects = [site.connect_s for site in sites if site.connect_s is not None]
    n_nearer = sum(is_nearer(connect_s, gateway.quickest_s) for connect_s in connects)
    return None if 2 * n_nearer > len(connects) else gateway.quickest_s


def _controls(sites: Iterable[Recent], oldest_utc: datetime) -> float | None:
    """How many times slower than usual the middle control is now."""
    return middle(
        times_slower(site.metric, site.values[-1].value, site.usual)
        for site in sites
        if site.role is Role.CONTROL
        and site.values
        and site.values[-1].started_at_utc >= oldest_utc
    )


def _site(
    site: Recent, oldest_utc: datetime, gateway_s: float | None, controls: float | None
) -> SiteNow:
    page, value = _last(site.pages, oldest_utc), _last(site.values, oldest_utc)
    failed = next((o for o in (page, value) if o and o.failure), None)
    times = None
    if value is not None:
        times = times_slower(site.metric, value.value, site.usual)
    state, since_utc = SiteState.WELL, None
    if page is None and value is None:
        state = SiteState.UNMEASURED
    elif failed is not None:
        state = SiteState.FAILED
        since_utc = _since_failed(site.pages if failed is page else site.values)
    elif times is not None and times >= SLOW_NOW * max(1.0, controls or 1.0):
        run = _slow_run(site)
        if len(run) >= _IN_A_ROW:
            state, since_utc = SiteState.SLOW, run[-1].started_at_utc
    measured = max((o.started_at_utc for o in (page, value) if o), default=None)
    return SiteNow(
        target=site.target,
        role=site.role,
        state=state,
        measured_at_utc=measured,
        metric=site.metric,
        value=None if value is None else value.value,
        usual=site.usual,
        times_slower=times,
        failure=None if failed is None else failed.failure,
        failed_operation=None if failed is None else failed.failed_operation,
        since_utc=since_utc,
        slow_run=tuple(_times(site, o) or 0.0 for o in _slow_run(site)),
        has_answered=page is not None and page.failure is None,
        has_ever_answered=site.has_ever_answered,
        is_nearer_than_gateway=is_nearer(
            site.connect_s if page is not None else None, gateway_s
        ),
    )


def _last(outcomes: Sequence[Outcome], oldest_utc: datetime) -> Outcome | None:
    if not outcomes or outcomes[-1].started_at_utc < oldest_utc:
        return None
    return outcomes[-1]


def _since_failed(outcomes: Sequence[Outcome]) -> datetime:
    run = list(takewhile(lambda o: o.failure, reversed(outcomes)))
    return run[-1].started_at_utc


def _times(site: Recent, outcome: Outcome) -> float | None:
    return times_slower(site.metric, outcome.value, site.usual)


def _slow_run(site: Recent) -> list[Outcome]:
    """The slow outcomes at the end, the newest first."""

    def is_slow(outcome: Outcome) -> bool:
        times = _times(site, outcome)
        return times is not None and times >= SLOW_NOW

    return list(takewhile(is_slow, reversed(site.values)))


def line_now(
    asked: Sequence[Asked],
    *,
    gateway: Gateway | None,
    fresh: timedelta,
    has_next_resolver: bool = False,
) -> tuple[LineState, Reason]:
    """Whether anything gets through, and where it ends, as far as that shows.

    Parameters
    ----------
    asked : the last attempt at each site that was asked within `fresh`.
    """
    if not asked:
        return LineState.UNKNOWN, Reason(
            "now_unmeasured",
            "Nothing was measured in the last {minutes:.0f} minutes.",
            {"minutes": fresh / timedelta(minutes=1)},
        )
    values = {"answered": sum(a.has_answered for a in asked), "asked": len(asked)}
    if not _is_down(asked):
        return LineState.UP, Reason(
            "now_line_up",
            "The line is well: {answered} of {asked} sites answered.",
            values,
        )
    if has_next_resolver and _stages(asked) == {"resolve"}:
        return LineState.DOWN, _of_dead_resolver(values)
    return LineState.DOWN, _of_dead_line(asked, gateway, values)


def _is_down(asked: Sequence[Asked]) -> bool:
    failed = [not a.has_answered for a in asked]
    of_controls = [not a.has_answered for a in asked if a.role is Role.CONTROL]
    # Without controls nobody can tell a dead line from dead sites: nothing gets
    # through, and that is what is told.
    return is_outage(failed, of_controls) if of_controls else all(failed)


def _stages(asked: Sequence[Asked]) -> set[str | None]:
    return {a.failed_operation for a in asked if not a.has_answered}


def _of_dead_resolver(values: dict[str, int]) -> Reason:
    return Reason(
        "now_first_resolver",
        "The first name server that this home uses gives no answer, while another one "
        "does: other programs go on with that one after some seconds, the probes ask "
        "the first one alone. {answered} of {asked} sites answered.",
        values,
    )


def _of_dead_line(
    asked: Sequence[Asked], gateway: Gateway | None, values: dict[str, int]
) -> Reason:
    if _stages(asked) == {"resolve"} and (gateway is None or gateway.has_answered):
        return Reason(
            "now_no_names",
            "No name can be looked up: the resolver that this home uses gives no "
            "answer, or the line behind it is down. {answered} of {asked} sites "
            "answered.",
            values,
        )
    if gateway is None:
        return Reason(
            "now_line_down",
            "The line is down: {answered} of {asked} sites answered.",
            values,
        )
    if gateway.has_answered:
        return Reason(
            "now_line_down",
            "The line is down behind this home's own gateway, which answers: "
            "{answered} of {asked} sites answered.",
            values,
        )
    return Reason(
        "now_line_down",
        "The line is down: this home's own gateway does not answer, and {answered} "
        "of {asked} sites did.",
        values,
    )


def _of_sites(
    sites: Sequence[SiteNow], controls: float | None, now_utc: datetime
) -> Iterator[Reason]:
    targets = [site for site in sites if site.role is Role.TARGET]
    for site in sites:
        if site.state is SiteState.FAILED:
            yield _of_failed(site, now_utc)
    for site in targets:
        if site.state is SiteState.SLOW:
            yield _of_slow(site, controls, now_utc)
    for site in sites:
        if site.is_nearer_than_gateway:
            yield Reason(
                "near_now",
                "{site:names} is connected to quicker than this home's own gateway "
                "answers: something near answers for it.",
                {"site": (site.target,)},
            )
    quick = tuple(s.target for s in targets if _is_quick(s))
    if quick:
        yield Reason(
            "now_none_slow",
            "Answered, and less than {limit:.0f} times slower than usual: "
            "{names:names}.",
            {"limit": SLOW_NOW, "names": quick},
        )


def _is_quick(site: SiteNow) -> bool:
    times = site.times_slower
    return site.state is SiteState.WELL and times is not None and times < SLOW_NOW


def _of_failed(site: SiteNow, now_utc: datetime) -> Reason:
    values: dict[str, Value] = {
        "site": (site.target,),
        "stage": site.failed_operation or "unknown",
    }
    if site.has_answered:
        return Reason(
            "now_no_transfer",
            "{site:names} answers, but its transfers have failed for {minutes:.0f} "
            "min.",
            {"site": (site.target,), "minutes": _minutes(site, now_utc)},
        )
    if not site.has_ever_answered:
        return Reason(
            "now_never",
            "{site:names} has never answered since it is measured; the attempts end "
            "at the stage {stage:stage}.",
            values,
        )
    return Reason(
        "now_failed",
        "{site:names} has not answered for {minutes:.0f} min; the attempts end at "
        "the stage {stage:stage}.",
        {**values, "minutes": _minutes(site, now_utc)},
    )


def _of_slow(site: SiteNow, controls: float | None, now_utc: datetime) -> Reason:
    values: dict[str, Value] = {
        "site": (site.target,),
        "times": site.times_slower,
        "minutes": _minutes(site, now_utc),
    }
    if controls is None:
        return Reason(
            "now_slow",
            "{site:names} is {times:.1f} times slower than usual, for "
            "{minutes:.0f} min; no control site tells whether the line is.",
            values,
        )
    return Reason(
        "now_slow",
        "{site:names} is {times:.1f} times slower than usual, for {minutes:.0f} min; "
        "the control sites take {controls:factor} their usual time.",
        {**values, "controls": controls},
    )


def _minutes(site: SiteNow, now_utc: datetime) -> float:
    if site.since_utc is None:
        return 0.0
    return max(0.0, (now_utc - site.since_utc) / timedelta(minutes=1))
