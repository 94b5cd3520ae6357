"""The sections of config.yaml, each a frozen record with its defaults."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Literal
from urllib.parse import urlsplit

from monitor import evening_rule
from monitor.config.services import content_hosts, owner_of, registrable_domain
from monitor.config.value_checks import Before, Length, Limits
from monitor.config.values import (
    BOTH_FAMILIES,
    SIX_SUFFIX,
    Address,
    BasePath,
    ClockTime,
    ContentHost,
    DatabaseUrl,
    Duration,
    Folder,
    HeartbeatUrl,
    HostPattern,
    Interface,
    Label,
    ListeningHost,
    Name,
    Network,
    ProxyUrl,
    Resolver,
    SecretHash,
    ServiceUrl,
    Size,
    Whole,
    Zone,
    between,
    is_label,
    is_public,
    url_with,
)
from monitor.errors import InputError
from monitor.evening_rule import parse_window
from monitor.model import TWIN, AddressFamily, OwnTerms, Role, Target
from monitor.reason import phrase
from monitor.untyped import Theirs

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

FleetText = Annotated[str, Length(most=64, pattern=r"^[^\x00-\x1f\x7f]*$")]
OwnWords = Annotated[str, Length(most=200, pattern=r"^[^\x00-\x1f\x7f]*$")]


Language = Literal["en", "ru", "kk"]


class Section:
    """What pydantic makes of a mapping: the values of these keys, and of no others."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}


@dataclass(frozen=True, kw_only=True)
class Window(Section):
    """The evening under suspicion, in local time; it may cross midnight."""

    start: ClockTime = "20:00"
    end: ClockTime = "22:00"

    def __post_init__(self) -> None:
        if self.start == self.end:
            raise ValueError(phrase("start and end must differ"))
        try:
            parse_window(f"{self.start}-{self.end}")
        except InputError:
            raise ValueError(
                phrase("10 minutes to 10 hours from start to end")
            ) from None

    @property
    def span(self) -> evening_rule.Window:
        """What the rest of the program works with."""
        return parse_window(f"{self.start}-{self.end}")

    def __str__(self) -> str:
        """`20:00-22:00`, as the command line takes it."""
        return str(self.span)


@dataclass(frozen=True, kw_only=True)
class Site(Section):
    """One entry of `targets` or `controls`."""

    name: Name
    url: Annotated[str, url_with("https", "http", "tcp", "tls", "mtproto")]
    service: Label | None = None
    part: Literal["page", "media", "api", "messaging"] = "page"
    host_from: Annotated[str, url_with("https", "http")] | None = None
    host_like: HostPattern | None = None
    download_url: Annotated[str, url_with("https", "http")] | None = None
    download_host: ContentHost | None = None
    download: bool = True
    address_family: Literal["any", "ipv4", "ipv6", "both"] = "any"
    hosts: Annotated[tuple[ContentHost, ...], Length(most=50)] = ()

    domain: str | None = field(init=False)
    """That somebody registered; told apart once, where the file is read."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "domain", registrable_domain(self.url))
        self._check_host()
        self._check_object()

    @classmethod
    def __get_pydantic_core_schema__(
        cls, kind: Theirs, handler: "GetCoreSchemaHandler"
    ) -> "CoreSchema":
        """As pydantic asks for it."""
        return Before(_with_defaults).__get_pydantic_core_schema__(kind, handler)

    def _check_host(self) -> None:
        if (self.host_from is None) is not (self.host_like is None):
            raise ValueError(phrase("host_from and host_like together, or neither"))
        if self.host_from is not None and not self.url.startswith("tls://"):
            raise ValueError(
                phrase("host_from beside a url with tls://, or no host_from")
            )

    def _check_object(self) -> None:
        is_page = self.url.startswith(("https://", "http://"))
        if self.download_host is not None and (not is_page or self.download_url):
            raise ValueError(
                phrase(
                    "download_host beside a page as url and without download_url, or no"
                    " download_host"
                )
            )
        if self.download_url is not None and self.url.startswith("mtproto://"):
            raise ValueError(phrase("no download_url beside a url with mtproto://"))

    @property
    def owner(self) -> str:
        """Whose server its address is at: the domain, else the host and port."""
        return self.domain or urlsplit(self.url).netloc

    @property
    def owners(self) -> frozenset[str]:
        """Whose servers it may be at: its own, and those of hosts that a page names."""
        like = () if self.host_like is None else (owner_of(f"tls://{self.host_like}"),)
        return frozenset((self.owner, *like))

    @property
    def can_be_transferred(self) -> bool:
        """Whether there is a page or an object to transfer."""
        is_page = self.url.startswith(("https://", "http://"))
        return is_page or self.download_url is not None

    def records(self, role: Role) -> Iterator[Target]:
        """What the layers below work with: of both families, a host of each."""
        values = self._values()
        family = values.pop("address_family")
        if family != BOTH_FAMILIES:
            yield Target(role=role, address_family=AddressFamily(family), **values)
            return
        for of_family, name in (
            (AddressFamily.IPV4, self.name),
            (AddressFamily.IPV6, f"{self.name}{SIX_SUFFIX}"),
        ):
            host = {**values, "name": name, "address_family": of_family}
            yield Target(role=role, **host)

    def _values(self) -> dict[str, Any]:
        named = (self.download_host,) if self.download_host is not None else ()
        return asdict(self) | {"hosts": (*self.hosts, *named)}


def _with_defaults(values: object) -> object:
    """What is written of a site, with what its name and address tell."""
    if not isinstance(values, dict):
        return values
    defaults: dict[str, object] = {"hosts": content_hosts(str(values.get("url")))}
    if is_label(values.get("name")):
        defaults["service"] = values["name"]
    return defaults | values


@dataclass(frozen=True, kw_only=True)
class Suspect(Site):
    """One entry of `targets`."""

    role: Literal["target", "twin"] = "target"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.role == "twin" and self.part != "page":
            raise ValueError(phrase("role: twin without part"))

    def _values(self) -> dict[str, Any]:
        values = super()._values()
        is_twin = values.pop("role") == "twin"
        return values | {"part": TWIN} if is_twin else values


@dataclass(frozen=True, kw_only=True)
class Throughput(Section):
    """Limits of the throughput transfers."""

    every: Annotated[
        Duration | None,
        between("10s", "24h"),
    ] = None
    max_bytes: Annotated[Size, Limits(ge=64_000, le=100_000_000)] = 500_000
    max_time: Annotated[Duration, between("2s", "60s")] = timedelta(seconds=10)


@dataclass(frozen=True, kw_only=True)
class Budget(Section):
    """Most bytes that the probes may receive on the wire; none: no limit."""

    per_day: Annotated[Size, Limits(ge=1_000_000)] | None = None
    per_month: Annotated[Size, Limits(ge=1_000_000)] | None = None


@dataclass(frozen=True, kw_only=True)
class Retention(Section):
    """How long samples are kept; none: for ever."""

    samples_days: Annotated[Whole, Limits(ge=62, le=36_500)] | None = None


@dataclass(frozen=True, kw_only=True)
class Probing(Section):
    """How a probe behaves on the wire."""

    stage_timeout: Annotated[Duration, between("1s", "60s")] = timedelta(seconds=10)
    per_second: Annotated[Whole, Limits(ge=1, le=50)] = 4
    resolvers: tuple[Resolver, ...] = ()
    block_page_addresses: tuple[Address, ...] = ()
    allow_private_answers: bool = False
    level: Literal["plain", "extended"] = "plain"

    def __post_init__(self) -> None:
        # At the plain level a probe does what a browser does.
        chosen = [r for r in self.resolvers if is_public(r)]
        if chosen and self.level == "plain":
            raise ValueError(
                phrase(
                    "level: extended, since no browser asks a resolver of its own"
                    " choice ({resolver}); or no such entry in resolvers",
                    resolver=chosen[0],
                )
            )


@dataclass(frozen=True, kw_only=True)
class Differential(Section):
    """Blocks: the same bytes under two names, at a server of the user's, too."""

    neutral: Annotated[str, url_with("https")]
    targets: Annotated[tuple[Name, ...], Length(least=1, most=20)]
    sentinel_every: Annotated[Duration, between("10m", "24h")] = timedelta(minutes=20)
    blocks_per_evening: Annotated[Whole, Limits(ge=0, le=14)] = 14
    bytes: Annotated[Size, Limits(ge=64_000, le=1_000_000)] = 256_000


@dataclass(frozen=True, kw_only=True)
class Quic(Section):
    """Transfers over HTTP/3, beside those over TCP; needs the extra monitor[quic]."""

    every: Annotated[Duration, between("5m", "24h")] = timedelta(minutes=30)
    targets: Annotated[tuple[Name, ...], Length(most=200)] | None = None


@dataclass(frozen=True, kw_only=True)
class Way(Section):
    """Another way out of the home: an interface, or a proxy on this machine or LAN."""

    name: Name
    interface: Interface | None = None
    url: ProxyUrl | None = None
    every: Annotated[Duration, between("10m", "24h")] = timedelta(minutes=30)
    targets: Annotated[tuple[Name, ...], Length(most=20)] = ()

    def __post_init__(self) -> None:
        if self.name == "direct":
            raise ValueError(phrase("name: any but direct, which is the usual way"))
        if (self.interface is None) == (self.url is None):
            raise ValueError(phrase("either interface or url"))


@dataclass(frozen=True, kw_only=True)
class Web(Section):
    """Where the dashboard listens, and who may see it."""

    host: ListeningHost = "127.0.0.1"
    port: Annotated[Whole, Limits(ge=0, le=65535)] = 8420
    password_hash: SecretHash | None = None
    token_hash: SecretHash | None = None
    behind_proxy: bool = False
    proxies: tuple[Network, ...] = ()
    hosts: tuple[str, ...] = ()
    base_path: BasePath = ""

    def __post_init__(self) -> None:
        self._check_secrets()
        if self.proxies and not self.behind_proxy:
            raise ValueError(phrase("behind_proxy: true beside proxies, or no proxies"))

    def _check_secrets(self) -> None:
        if not self.is_loopback and not (self.password_hash or self.token_hash):
            raise ValueError(
                phrase(
                    "password_hash or token_hash, since other machines can reach host"
                    " {host}; make one with `monitor web password` or"
                    " `monitor web token`; or host: 127.0.0.1",
                    host=self.host,
                )
            )
        if self.behind_proxy and not (self.password_hash or self.token_hash):
            raise ValueError(
                phrase(
                    "password_hash or token_hash, since behind_proxy lets others in;"
                    " make one with `monitor web password` or `monitor web token`"
                )
            )

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the address."""
        return self.host == "localhost" or ip_address(self.host).is_loopback


@dataclass(frozen=True, kw_only=True)
class Report(Section):
    """The nightly report."""

    folder: Folder = "reports"
    language: Language = "en"
    nights: Annotated[Whole, Limits(ge=7, le=400)] = 60
    keep_nights: Annotated[Whole, Limits(ge=1, le=10_000)] = 400
    pdf: bool = True
    deliver: Literal["weekly", "monthly", "nightly", "never"] = "never"
    deliver_urls: tuple[ServiceUrl, ...] = ()
    link: Annotated[str, url_with("https", "http")] | None = None


@dataclass(frozen=True, kw_only=True)
class SlowNow(Section):
    """When a site that is slow at this moment is told."""

    factor: Annotated[float, Limits(ge=2, le=1000)] = 3.0
    rounds: Annotated[Whole, Limits(ge=2, le=36)] = 3


@dataclass(frozen=True, kw_only=True)
class Quiet(Section):
    """Hours without messages of the moment, in local time; may cross midnight."""

    start: ClockTime
    end: ClockTime


@dataclass(frozen=True, kw_only=True)
class Notify(Section):
    """Messages to people; none without an address."""

    urls: tuple[ServiceUrl, ...] = ()
    silent_after: Annotated[Duration, between("10m", "48h")] = timedelta(hours=1)
    slow_now: SlowNow | None = None
    quiet: Quiet | None = None
    heartbeat: HeartbeatUrl | None = None


@dataclass(frozen=True, kw_only=True)
class Fleet(Section):
    """Where closed days go for a fleet, and what is said of this home; see fleet.md."""

    to: Annotated[str, Length(least=1, most=2000)] | None = None
    level: Literal["trusted"] = "trusted"
    consent: Annotated[Whole, Limits(ge=0)] = 0
    isp: FleetText = ""
    asn: FleetText = ""
    country: FleetText = ""
    region: FleetText = ""
    access: FleetText = ""
    kind: Literal["home", "office", "data_centre", "vpn"] = "home"


@dataclass(frozen=True, kw_only=True)
class Router(Section):
    """What the owner states of the home's own router, and since when it is known."""

    filters: Literal["none"]
    checked: date


@dataclass(frozen=True, kw_only=True)
class Home(Section):
    """What only the owner can know of the home; printed as the owner's words."""

    provider: OwnWords = ""
    line: OwnWords = ""
    hardware: OwnWords = ""
    router: Router | None = None

    @property
    def stated(self) -> dict[str, str]:
        """What the owner says of the home, by name; nothing of what is not said."""
        checked = self.router_checked
        texts = {
            "provider": self.provider,
            "line": self.line,
            "hardware": self.hardware,
            "router_checked": "" if checked is None else checked.isoformat(),
        }
        return {name: text for name, text in texts.items() if text}

    @property
    def router_checked(self) -> date | None:
        """The day on which the owner found no filter on the router."""
        return None if self.router is None else self.router.checked


@dataclass(frozen=True, kw_only=True)
class Config(Section):
    """The whole configuration; see docs/configuration.md for each key."""

    vantage: Name = "home"
    timezone: Zone
    database: DatabaseUrl = "sqlite:///monitor.db"
    every: Annotated[Duration, between("10s", "1h")] = timedelta(minutes=5)
    window: Window = Window()
    targets: Annotated[tuple[Suspect, ...], Length(least=1, most=100)]
    controls: Annotated[tuple[Site, ...], Length(most=100)] = ()
    throughput: Throughput = Throughput()
    budget: Budget = Budget()
    retention: Retention = Retention()
    probing: Probing = Probing()
    differential: Differential | None = None
    quic: Quic = Quic()
    ways: Annotated[tuple[Way, ...], Length(most=5)] = ()
    consent: Literal["ask", "require"] = "ask"
    web: Web = Web()
    report: Report = Report()
    notify: Notify = Notify()
    fleet: Fleet = Fleet()
    home: Home = Home()

    @property
    def own_terms(self) -> OwnTerms:
        """In which zone and window this home is judged."""
        return OwnTerms(timezone=self.timezone, window=self.window.span)

    @property
    def deliver_urls(self) -> tuple[str, ...]:
        """Where reports are sent: as configured, else to mail addresses of messages."""
        mail = (url for url in self.notify.urls if url.startswith(_MAIL))
        return self.report.deliver_urls or tuple(mail)

    def names_by(self, way: Way) -> frozenset[str]:
        """The targets that are compared by a way: those with something to transfer."""
        return frozenset(
            site.name
            for site in self.targets
            if site.name in (way.targets or [site.name]) and site.can_be_transferred
        )

    def all_targets(self) -> tuple[Target, ...]:
        """Targets, then controls, as records."""
        return tuple(
            target
            for role, sites in (
                (Role.TARGET, self.targets),
                (Role.CONTROL, self.controls),
            )
            for site in sites
            for target in site.records(role)
        )


_MAIL: Final = ("mailto://", "mailtos://")
