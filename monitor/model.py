"""The records that travel through the program: targets, samples, rounds, verdicts.

Frozen values of the standard library, no logic and no I/O. Names and units are those of
docs/glossary.md: seconds, bytes, bits per second, UTC.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from monitor.evening_rule import EveningState, Window
from monitor.reason import Reason, told_together


class Role(StrEnum):
    """Whether a site is under suspicion or stands beside it for comparison."""

    TARGET = "target"
    CONTROL = "control"


class Operation(StrEnum):
    """The step of a probe that failed (OONI df-008 operation names)."""

    RESOLVE = "resolve"
    CONNECT = "connect"
    TLS_HANDSHAKE = "tls_handshake"
    HTTP_ROUND_TRIP = "http_round_trip"
    READ = "read"


class Transport(StrEnum):
    """What carries a probe's bytes."""

    TCP = "tcp"
    QUIC = "quic"


class AddressFamily(StrEnum):
    """Which address of a name a probe may use; `any` prefers IPv4 when both exist."""

    IPV4 = "ipv4"
    IPV6 = "ipv6"
    ANY = "any"


class Probe:
    """Names of the kinds of probe, as stored in `Sample.probe`.

    The local kinds describe this machine and its line, not a site. A row of a local
    kind with a `failure` means that the round it belongs to says more about this
    machine than about the net.
    """

    HTTPS = "https"
    """One page: lookup, connect, TLS, first byte, the page itself."""
    DOWNLOAD = "download"
    """One bounded transfer of a large object, for `goodput_bps`."""
    TCP = "tcp"
    """A TCP connection only."""
    TLS = "tls"
    """A TLS handshake only."""
    MTPROTO = "mtproto"
    """The first messages of Telegram's protocol, some of them in a row."""
    SNI_SWAP = "sni_swap"
    """The target's address with another server name (leg B of a block)."""
    PAIR_OWN = "pair_own"
    """Leg A of a block: the target's address under its own name."""
    PAIR_BASE = "pair_base"
    """Leg C of a block: a neutral server under its own name."""
    SNI_AWAY = "sni_away"
    """Leg D of a block: a neutral server under the target's name."""

    GATEWAY = "gateway"
    """Local: round trip to the default gateway in `connect_s`."""
    INTERFACE = "interface"
    """Local: the household's other traffic on the default interface, received, in
    `goodput_bps`, over `duration_s`."""
    EVENT_LOOP = "event_loop"
    """Local: the worst lateness of the measuring loop in the round, in `waiting_s`."""
    RESOLVER = "resolver"
    """Local: that a resolver after the first answers while the first is silent, in
    `domain_lookup_s`; which, in `resolver`."""
    WAY = "way"
    """Local: the way out of this machine in `server_name`, without addresses: kind,
    kind of interface and a mark of the gateway, such as `line/ethernet/3f2a`."""
    CLOCK = "clock"
    """Local: how far the wall clock was stepped during the round, in `duration_s`."""
    OWN_TRAFFIC = "own_traffic"
    """Local: what the round's own probes received on the wire, searches for an object
    and what failed included, in `encoded_body_bytes`, over `duration_s`."""


PROBE_ORDER: Final[tuple[str, ...]] = (
    Probe.HTTPS,
    Probe.DOWNLOAD,
    Probe.TCP,
    Probe.TLS,
    Probe.MTPROTO,
)
"""Which probe stands for a site when several measure the same thing."""

LOCAL_PROBES = frozenset(
    {
        Probe.GATEWAY,
        Probe.INTERFACE,
        Probe.RESOLVER,
        Probe.WAY,
        Probe.EVENT_LOOP,
        Probe.CLOCK,
        Probe.OWN_TRAFFIC,
    }
)


PAIR_PROBES: Final = frozenset({Probe.PAIR_OWN, Probe.PAIR_BASE, Probe.SNI_AWAY})
"""Kinds that are only ever legs of a pair; `sni_swap` is one where it has a block."""

TWIN: Final = "twin"
"""Part of a site of somebody else at a service's servers, to compare it with."""

SIMULATED: Final = "simulated"
"""Vantage and probe version of rows that were not measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A named site; the name is stable, addresses are not."""

    name: str
    url: str
    """`https://`, `http://`, `tcp://host:port`, `tls://host` or
    `mtproto://host:port`."""
    role: Role = Role.TARGET
    service: str | None = None
    """The service that it is a host of; None: it is one itself."""
    part: str = "page"
    """What it is to its service: page, media, api, messaging; or `TWIN`."""
    download_url: str | None = None
    """Object of the throughput transfer; None: the page's biggest static asset."""
    download: bool = True
    """Whether a throughput transfer is made at all."""
    address_family: AddressFamily = AddressFamily.ANY
    domain: str | None = None
    """The registrable domain of `url`: any host of it may hold its objects; None: only
    the host of `url` itself."""
    hosts: tuple[str, ...] = ()
    """Further hosts, with all below them, that may hold its objects."""
    download_host: str | None = None
    """The object is the biggest one of this host, with all below it; None: of any."""
    host_from: str | None = None
    """URL of a page that names the host to measure; None: that of `url` is measured."""
    host_like: str | None = None
    """What this name is like: a host name with `*` for a part of a label."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One stored outcome of one probe of one target at one time.

    None means not measured. `failure` None means that nothing failed. Everything up to
    `dns_answers` is the interchange format; the rest is kept in the store and
    exported in columns that begin with `x_`.
    """

    started_at_utc: datetime
    target: str
    role: Role = Role.TARGET
    vantage: str = "home"
    path: str = "direct"
    probe: str = Probe.HTTPS
    domain_lookup_s: float | None = None
    connect_s: float | None = None
    tls_handshake_s: float | None = None
    waiting_s: float | None = None
    response_s: float | None = None
    duration_s: float | None = None
    encoded_body_bytes: int | None = None
    goodput_bps: float | None = None
    http_status: int | None = None
    failed_operation: Operation | None = None
    failure: str | None = None
    remote_address: str | None = None
    certificate_sha256: str | None = None
    certificate_issuer: str | None = None
    tcp_min_rtt_s: float | None = None
    tcp_retransmits: int | None = None
    server_name: str | None = None
    probe_version: str | None = None
    transport: Transport = Transport.TCP
    service: str | None = None
    """Which service the site belongs to, when several do."""
    part: str | None = None
    """What the site is to its service: page, media, api, messaging."""
    block: str | None = None
    """Joins the rows that were measured to be compared with each other."""
    tcp_rcv_rtt_s: float | None = None
    tcp_rcv_ooopack: int | None = None
    """Segments that arrived out of order: holes seen by the receiver."""
    tcp_segs_in: int | None = None
    """Segments that arrived, acknowledgements included."""
    timeline: tuple[tuple[float, int], ...] = ()
    """Bounded curve of the transfer: (seconds since the first response byte,
    cumulative body bytes)."""
    resolver: str | None = None
    dns_answers: tuple[str, ...] = ()

    round_id: str | None = None
    sequence: int | None = None
    """Position in the round's random order, from 0."""
    url: str | None = None
    http_version: str | None = None
    tls_version: str | None = None
    cdn: tuple[tuple[str, str], ...] = ()
    """Response headers that tell which cache answered: (name, value)."""
    tcp_rtt_s: float | None = None


class RoundStatus(StrEnum):
    """What became of one slot of the schedule."""

    COMPLETE = "complete"
    OVERLONG = "overlong"
    """Begun, but the time ran out: what was not started is counted as not tried."""
    MISSED = "missed"
    """Never begun: a gap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One slot of the schedule: all targets once, or the reason why not."""

    round_id: str
    vantage: str
    slot_start_utc: datetime
    started_at_utc: datetime | None
    duration_s: float | None
    status: RoundStatus
    n_planned: int
    n_done: int
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DayDigest:
    """One link of the chain of a vantage's days."""

    vantage: str
    day: str
    """UTC date, such as 2026-10-20."""
    n_rows: int
    root: str
    """SHA-256 over the leaves of the day's rows [hex]."""
    previous: str
    """Digest of the link before; zeros before the first."""
    digest: str
    """SHA-256 over row format, day, number of rows, root and previous digest [hex]."""
    row_format: int = 1
    """Which columns its rows have: the day is checked under this format for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file of somebody else that is kept with a note, as it was given."""

    name: str
    sha256: str
    n_bytes: int

    @property
    def member(self) -> str:
        """Its name in a bundle: that of its content, and a harmless end."""
        end = re.sub(r"[^\w.-]", "_", self.name, flags=re.ASCII)[-60:]
        return f"{self.sha256}-{end}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What a user wrote about a date or a span of dates: a broadcast, a match."""

    number: int
    first_date: date
    last_date: date
    """Included."""
    text: str
    vantage: str | None = None
    """Where it is seen; None: everywhere."""
    attached: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Evenings:
    """Counts of local evenings behind a verdict."""

    observed: int
    usable: int
    slow: int
    dead: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """How many times slower than the rest of the day and beyond the controls."""

    metric: str
    ratio: float | None
    """What the verdict claims: the mean over its evenings, or after against before."""
    ci95: tuple[float | None, float | None]
    typical: float | None = None
    """The median of the evenings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MechanismCheck:
    """One piece of evidence on the cause: +1 interference, -1 against it, 0 unknown."""

    check: str
    score: int
    detail: Reason
    """Its figure, or why it could not be made."""
    is_made: bool = True
    """Whether the samples allowed it."""

    def __str__(self) -> str:
        """The figure in the rule's own English."""
        return str(self.detail) if self.is_made else f"unknown: {self.detail}"

    def to_dict(self) -> dict[str, object]:
        """The JSON object of contracts 5, and the reason before it had a language."""
        return {
            "check": self.check,
            "score": self.score,
            "detail": str(self),
            "is_made": self.is_made,
            "detail_record": self.detail.to_dict(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class EveningMark:
    """What one evening of one target was like."""

    day: date
    state: EveningState
    ratio: float | None = None
    """How many times slower than the rest of the day and beyond the controls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricEvidence:
    """What one metric says of a target."""

    metric: str
    weight: float
    """Share in the target's evidence."""
    e_value: float
    law: str
    """How the common movement reaches the site, of `evening_rule.LAWS`."""
    innocent_spread_log: float
    innocent_rates: tuple[float, ...]
    """How often innocent evenings pass each level."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """The numbers behind a verdict, for `--explain`, the report and the dashboard."""

    controls: tuple[str, ...]
    controls_live: int
    controls_left_out: tuple[str, ...]
    """Those that were slow or dead themselves."""
    is_mostly_dead: bool
    """Whether its season is told by evenings without an answer."""
    mechanism_sum: int
    e_slow: float
    e_dead: float
    interval_s: float
    """Usual time between two rounds."""
    first_evening: date | None
    """Of the samples, of any target."""
    last_evening: date | None
    metrics: tuple[MetricEvidence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The judgement on one target at one vantage, with its evidence."""

    vantage: str
    target: str
    verdict: str
    strength: str | None
    evenings: Evenings
    effect: Effect
    p_value: float | None
    e_value: float | None
    found_window: tuple[str, str] | None
    onset_date: str | None
    offset_date: str | None
    mechanism: tuple[MechanismCheck, ...] = ()
    reasons: tuple[Reason, ...] = ()
    """The first is the rule that decided."""
    marks: tuple[EveningMark, ...] = ()
    """Its evenings one by one, by date; not part of the JSON contract."""
    details: Details | None = None
    service: str = ""
    """The service that the target is a host of; by default its own name."""
    part: str = "page"
    """What the host is to its service."""

    def __post_init__(self) -> None:
        if not self.service:
            object.__setattr__(self, "service", self.target)

    @property
    def rule(self) -> str | None:
        """Id of the rule that decided, in docs/method.md."""
        return self.reasons[0].rule if self.reasons else None

    def sentences(self) -> list[str]:
        """The reasons in the rules' own English, those of one rule in one text."""
        return told_together(self.reasons)

    def to_dict(self) -> dict[str, object]:
        """The JSON object of contracts 5, and its reasons as they were made."""
        window = self.found_window
        return {
            "vantage": self.vantage,
            "target": self.target,
            "service": self.service,
            "part": self.part,
            "verdict": self.verdict,
            "strength": self.strength,
            "evenings": {
                "observed": self.evenings.observed,
                "usable": self.evenings.usable,
                "slow": self.evenings.slow,
                "dead": self.evenings.dead,
            },
            "effect": {
                "metric": self.effect.metric,
                "ratio": self.effect.ratio,
                "ci95": list(self.effect.ci95),
                "typical": self.effect.typical,
            },
            "p_value": self.p_value,
            "e_value": self.e_value,
            "found_window": (
                None if window is None else {"start": window[0], "end": window[1]}
            ),
            "onset_date": self.onset_date,
            "offset_date": self.offset_date,
            "mechanism": [check.to_dict() for check in self.mechanism],
            "rule": self.rule,
            "reasons": self.sentences(),
            "reason_records": [reason.to_dict() for reason in self.reasons],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceVerdict:
    """The judgement on one service at one vantage, rolled up from its hosts'."""

    vantage: str
    service: str
    verdict: str
    strength: str | None
    hosts: tuple[str, ...]
    """Those about which something is established."""
    e_value: float | None
    """The weighted mean of its hosts'."""
    reasons: tuple[Reason, ...]
    leading: Verdict
    """The host whose verdict it is."""
    members: tuple[Verdict, ...]
    """All its hosts, the leading one first."""

    @property
    def is_one_host(self) -> bool:
        """Whether it is a single host under the service's own name."""
        return len(self.members) == 1 and self.leading.target == self.service

    def to_dict(self) -> dict[str, object]:
        """The JSON object of contracts 5, and its reasons as they were made."""
        return {
            "vantage": self.vantage,
            "service": self.service,
            "verdict": self.verdict,
            "strength": self.strength,
            "hosts": list(self.hosts),
            "e_value": self.e_value,
            "reasons": told_together(self.reasons),
            "reason_records": [reason.to_dict() for reason in self.reasons],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class VantageTerms:
    """Terms of one vantage where they differ from those of the whole analysis."""

    timezone: str | None = None
    window: Window | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnTerms:
    """In which zone and window a vantage's evenings are judged."""

    timezone: str
    window: Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """All verdicts of one look at some evenings, and the terms it was made on."""

    method_version: str
    timezone: str
    tzdata_version: str
    window: Window
    since: date | None
    """First evening; None: there was none."""
    until: date | None
    """Last evening, included."""
    verdicts: tuple[Verdict, ...]
    vantages: Mapping[str, VantageTerms] = field(default_factory=dict)
    """Terms of the vantages that have their own."""
