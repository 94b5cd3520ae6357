"""What a report tells, before it has a language or a form."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from monitor.evening_rule import Window
from monitor.hour_profile import HourProfile
from monitor.lists import Curve
from monitor.model import Analysis, EveningMark, Note, ServiceVerdict, Verdict
from monitor.series.rows import Floats
from monitor.service_verdicts import services_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What is reported: one vantage, and the evenings up to one night."""

    vantage: str
    timezone: str
    window: Window
    since: date
    night: date
    made_at_utc: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatMap:
    """How slow a target was, hour by hour.

    Attributes
    ----------
    days : the local dates, one per row of `slowness`.
    first_hour : local hour at which each day's row begins.
    slowness : shape (n_days, 24); times slower than usual, inf where nothing answered,
        NaN where nothing was measured.
    n_before : hours from the first one on that lie before the first measurement of all:
        nothing is missing there.
    """

    days: tuple[date, ...]
    first_hour: int
    slowness: Floats
    n_before: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LastNight:
    """The last evening and the hours around it.

    Attributes
    ----------
    minutes : shape (n,), minutes after the local midnight before the evening.
    target : shape (n,), times slower than usual; inf: no answer; NaN: not measured.
    controls : shape (n,), the median of the controls, each against its own usual.
    controls_low, controls_high : shape (n,), the least and the most affected control.
    in_window, in_rest : median of the metric inside the window and in the rest of the
        day, in its own unit; None where nothing was measured.
    failed, made : probes of the target in the window: without an answer, and all.
    """

    minutes: Floats
    target: Floats
    controls: Floats
    controls_low: Floats
    controls_high: Floats
    in_window: float | None
    in_rest: float | None
    failed: int
    made: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EveningCost:
    """What a name cost on one evening."""

    day: date | None
    """None: of all days."""
    n: int
    """Blocks."""
    times: float | None
    """How many times slower under the site's name, median of the blocks; None where no
    transfer under one of the names lived."""
    n_legs: int
    """Transfers under either name."""
    n_dead: int
    n_other_dead: int
    """Those that died, under the site's name and under the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NameCost:
    """What a site's name cost in blocks."""

    is_away: bool
    """At a server that is not the service's; else at the site's own address."""
    evenings: tuple[EveningCost, ...]
    calm: EveningCost | None
    """The same outside the evening, of all days; None where it was not measured."""

    @property
    def has_dead(self) -> bool:
        """Whether any transfer of the evenings died."""
        return any(e.n_dead or e.n_other_dead for e in self.evenings)


@dataclass(frozen=True, slots=True, kw_only=True)
class LegCurve:
    """What one transfer of a block had brought over its time."""

    is_under_name: bool
    """Under the site's name; else under the other."""
    points: Curve


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockCurves:
    """The transfers of one block at one server, to look at beside each other."""

    begun: datetime
    is_away: bool
    """At a server that is not the service's; else at the site's own address."""
    legs: tuple[LegCurve, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """One target: the verdict and everything that is shown beside it."""

    name: str
    verdict: Verdict
    metric: str
    """The metric that the pictures show."""
    evenings: tuple[EveningMark, ...]
    heat_map: HeatMap
    last_night: LastNight
    hours: HourProfile
    control_hours: HourProfile
    """Of all control sites together, in the same metric."""
    name_costs: tuple[NameCost, ...] = ()
    block_curves: tuple[BlockCurves, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service: the verdict on it, and its hosts."""

    verdict: ServiceVerdict
    hosts: tuple[Host, ...]
    """The one whose verdict it is comes first."""

    @property
    def name(self) -> str:
        """The service's name."""
        return self.verdict.service


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What there is of measurements: attempts at sites over the direct path."""

    first: datetime
    """In local time."""
    last: datetime
    attempts: int
    in_window: int
    """Of them, in the evening under suspicion."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteData:
    """What one site's probes received [bytes]: pages, transfers, all others.

    Bodies with what is expected for handshakes and headers.
    """

    name: str
    by_kind: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DataUsed:
    """What all probes received.

    Attributes
    ----------
    days : local dates.
    by_day : shape (n_days,) [bytes]; counted on the wire where rounds did, else as
        expected of their bodies.
    by_site : the largest first.
    per_day, per_month : the budget [bytes]; None: no limit.
    """

    days: tuple[date, ...]
    by_day: Floats
    by_site: tuple[SiteData, ...]
    per_day: int | None = None
    per_month: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CircleCount:
    """How many lines of friends found a service slow, by their signed digests."""

    service: str
    n_slow: int
    n_judged: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A span without any measurement."""

    start: datetime
    """In local time."""
    end: datetime
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoiled:
    """Rounds that said more about this machine and its line than about the net."""

    reason: str
    n_rounds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    """What the report was made with."""

    software: str
    method: str
    tzdata: str
    probes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """The last link of the chain of daily digests."""

    day: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NightReport:
    """Everything that one report of one vantage tells."""

    vantage: str
    night: date
    """The local date on which the reported evening began."""
    since: date
    timezone: str
    span: Window
    hosts: tuple[Host, ...]
    controls: tuple[str, ...]
    measured: Measured | None
    """None: nothing was, at any site."""
    gaps: tuple[Gap, ...]
    spoiled: tuple[Spoiled, ...]
    notes: tuple[Note, ...]
    versions: Versions
    chain: Chain | None
    made_at: datetime
    """In local time."""
    analysis: Analysis
    """This vantage only."""
    circle: tuple[CircleCount, ...] = ()
    """What friends state; it changes no verdict."""
    data_used: DataUsed | None = None
    """None: it is not told."""
    stated: Mapping[str, str] = field(default_factory=dict)
    """What the owner says of line, provider and hardware."""
    is_simulated: bool = False
    is_public: bool = False
    """Whether it is the copy for anybody, without the house that measured."""

    @property
    def services(self) -> tuple[Service, ...]:
        """The hosts by service."""
        of = {host.verdict.target: host for host in self.hosts}
        return tuple(
            Service(verdict=verdict, hosts=tuple(of[v.target] for v in verdict.members))
            for verdict in services_of([host.verdict for host in self.hosts])
        )

    @property
    def window(self) -> tuple[str, str]:
        """Begin and end of the evening as `HH:MM`."""
        return self.span.text
