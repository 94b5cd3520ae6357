"""config.yaml in, one frozen `Config` out; all problems at once, each with its path.

Only the command line and the use cases see a `Config`; the layers below take plain
values.
"""

import re
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from monitor.errors import ConfigError, InputError
from monitor.model import AddressFamily, Role, Target

MAX_FILE_BYTES = 1_000_000

_DURATION = re.compile(r"(\d{1,6})\s*(s|m|h)")
_SIZE = re.compile(r"(\d{1,9})\s*(B|kB|MB|GB)?")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_SECONDS = {"s": 1, "m": 60, "h": 3600}
_BYTES = {None: 1, "B": 1, "kB": 1_000, "MB": 1_000_000, "GB": 1_000_000_000}


def _duration(value: object) -> timedelta:
    match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError("a whole number with s, m or h, such as 90s, 5m or 1h")
    return timedelta(seconds=int(match[1]) * _SECONDS[match[2]])


def _size(value: object) -> int:
    if isinstance(value, bool):
        raise ValueError("a size such as 500kB or 2MB")  # noqa: TRY004  pydantic
    match = _SIZE.fullmatch(str(value).strip())
    if match is None:
        raise ValueError("a size such as 500kB or 2MB")
    return int(match[1]) * _BYTES[match[2]]


def _between(low: timedelta, high: timedelta, words: str) -> AfterValidator:
    def check(value: timedelta) -> timedelta:
        if not low <= value <= high:
            raise ValueError(words)
        return value

    return AfterValidator(check)


def _name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise ValueError(
            "1 to 64 letters, digits, '.', '_' or '-', beginning with a letter or digit"
        )
    return value


def _clock_time(value: object) -> str:
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        raise ValueError('a local time in quotes from "00:00" to "23:59"')
    return value


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise ValueError("an IANA time zone such as Asia/Almaty") from None
    return value


def _listening_host(value: str) -> str:
    try:
        ip_address(value)
    except ValueError:
        if value != "localhost":
            raise ValueError(
                "localhost or an IP address of this machine; 0.0.0.0 or :: for all"
            ) from None
    return value


def _secret_hash(value: str) -> str:
    if not re.fullmatch(r"\$argon2id\$[A-Za-z0-9$=,+/.]{20,300}", value):
        raise ValueError(
            "the hash that `monitor web password` or `monitor web token` prints"
        )
    return value


def _is_public(resolver: str) -> bool:
    host, colon, _ = resolver.rpartition(":")
    for text in (resolver, host.strip("[]") if colon else resolver):
        try:
            return ip_address(text.split("%")[0]).is_global
        except ValueError:
            continue
    return False


def _split(url: str) -> tuple[str, str | None, int | None]:
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname, parts.port
    except ValueError:
        return "", None, None


def _url(*schemes: str) -> AfterValidator:
    words = f"a URL with {' or '.join(f'{s}://' for s in schemes)} and a host"

    def check(value: str) -> str:
        scheme, host, port = _split(value)
        if scheme not in schemes or not host or re.search(r"[\s\x00-\x1f]", value):
            raise ValueError(words)
        if scheme == "tcp" and not port:
            raise ValueError("tcp:// needs a host and a port, such as tcp://host:443")
        if "@" in urlsplit(value).netloc:
            raise ValueError(f"{words}, without user name or password")
        return value

    return AfterValidator(check)


def _service_url(value: str) -> str:
    scheme, separator, rest = value.partition("://")
    if not separator or not re.fullmatch(r"[a-z][a-z0-9+]*", scheme) or not rest:
        # The value may hold a secret: it is not repeated.
        raise PydanticCustomError(
            "service_url", "a service of Apprise, such as ntfy://topic or mailto://..."
        )
    return value


def _database_url(value: str) -> str:
    if value.startswith("sqlite:///") and len(value) > len("sqlite:///"):
        return value
    if value.startswith(("postgresql+psycopg://", "postgresql://")):
        return value.replace("postgresql://", "postgresql+psycopg://", 1)
    raise ValueError(
        "sqlite:///FILE or postgresql+psycopg://user:password@host/database"
    )


Duration = Annotated[timedelta, BeforeValidator(_duration)]
Size = Annotated[int, BeforeValidator(_size)]
Name = Annotated[str, AfterValidator(_name)]
ClockTime = Annotated[str, BeforeValidator(_clock_time)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Window(_Section):
    """The evening under suspicion, in local time; it may cross midnight."""

    start: ClockTime = "20:00"
    end: ClockTime = "22:00"

    @model_validator(mode="after")
    def _has_a_length(self) -> Self:
        if self.start == self.end:
            raise ValueError("start and end must differ")
        return self

    def __str__(self) -> str:
        """`20:00-22:00`, as the command line takes it."""
        return f"{self.start}-{self.end}"


class Site(_Section):
    """One entry of `targets` or `controls`."""

    name: Name
    url: Annotated[str, _url("https", "http", "tcp")]
    download_url: Annotated[str, _url("https", "http")] | None = None
    download: bool = True
    address_family: AddressFamily = AddressFamily.ANY

    def target(self, role: Role) -> Target:
        """The record that the layers below work with."""
        return Target(role=role, **self.model_dump())


class Throughput(_Section):
    """Limits of the throughput transfers."""

    every: Annotated[
        Duration | None,
        _between(timedelta(seconds=10), timedelta(hours=24), "10s to 24h"),
    ] = None
    max_bytes: Annotated[Size, Field(ge=64_000, le=100_000_000)] = 500_000
    max_time: Annotated[
        Duration, _between(timedelta(seconds=2), timedelta(seconds=60), "2s to 60s")
    ] = timedelta(seconds=10)


class Budget(_Section):
    """Most bytes that the probes may receive on the wire; none: no limit."""

    per_day: Annotated[Size, Field(ge=1_000_000)] | None = None
    per_month: Annotated[Size, Field(ge=1_000_000)] | None = None


class Retention(_Section):
    """How long samples are kept; none: for ever."""

    samples_days: Annotated[int, Field(ge=62, le=36_500)] | None = None


class Probing(_Section):
    """How a probe behaves on the wire."""

    stage_timeout: Annotated[
        Duration, _between(timedelta(seconds=1), timedelta(seconds=60), "1s to 60s")
    ] = timedelta(seconds=10)
    per_second: Annotated[int, Field(ge=1, le=50)] = 4
    resolvers: tuple[str, ...] = ()
    block_page_addresses: tuple[str, ...] = ()
    allow_private_answers: bool = False
    level: Literal["plain", "extended"] = "plain"

    @model_validator(mode="after")
    def _plain_does_what_a_browser_does(self) -> Self:
        chosen = [r for r in self.resolvers if _is_public(r)]
        if chosen and self.level == "plain":
            raise ValueError(
                f"level: extended, since no browser asks a resolver of its own choice"
                f" ({chosen[0]}); or no such entry in resolvers"
            )
        return self


class Web(_Section):
    """Where the dashboard listens, and who may see it."""

    host: Annotated[str, AfterValidator(_listening_host)] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8420
    password_hash: Annotated[str, AfterValidator(_secret_hash)] | None = None
    token_hash: Annotated[str, AfterValidator(_secret_hash)] | None = None
    behind_proxy: bool = False
    hosts: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _others_need_a_secret(self) -> Self:
        if not self.is_loopback and not (self.password_hash or self.token_hash):
            raise ValueError(
                f"password_hash or token_hash, since other machines can reach host"
                f" {self.host}; make one with `monitor web password` or"
                " `monitor web token`; or host: 127.0.0.1"
            )
        if self.behind_proxy and not (self.password_hash or self.token_hash):
            raise ValueError(
                "password_hash or token_hash, since behind_proxy lets others in; make"
                " one with `monitor web password` or `monitor web token`"
            )
        return self

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the address."""
        return self.host == "localhost" or ip_address(self.host).is_loopback


class Report(_Section):
    """The nightly report."""

    language: Literal["en", "ru", "kk"] = "en"
    nights: Annotated[int, Field(ge=7, le=400)] = 60
    keep_nights: Annotated[int, Field(ge=1, le=10_000)] = 400
    pdf: bool = True


class Notify(_Section):
    """Messages to people; none without an address."""

    urls: tuple[Annotated[str, AfterValidator(_service_url)], ...] = ()
    silent_after: Annotated[
        Duration, _between(timedelta(minutes=10), timedelta(hours=48), "10m to 48h")
    ] = timedelta(hours=1)


class Config(_Section):
    """The whole configuration; see docs/configuration.md for each key."""

    vantage: Name = "home"
    timezone: Annotated[str, AfterValidator(_zone)]
    database: Annotated[str, AfterValidator(_database_url)] = "sqlite:///monitor.db"
    every: Annotated[
        Duration, _between(timedelta(seconds=10), timedelta(hours=1), "10s to 1h")
    ] = timedelta(minutes=5)
    window: Window = Window()
    targets: Annotated[tuple[Site, ...], Field(min_length=1, max_length=100)]
    controls: Annotated[tuple[Site, ...], Field(max_length=100)] = ()
    throughput: Throughput = Throughput()
    budget: Budget = Budget()
    retention: Retention = Retention()
    probing: Probing = Probing()
    consent: Literal["ask", "require"] = "ask"
    web: Web = Web()
    report: Report = Report()
    notify: Notify = Notify()

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        names = [site.name for site in (*self.targets, *self.controls)]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(
                f"names used twice: {', '.join(twice)}; each must be unique"
            )
        return self

    def all_targets(self) -> tuple[Target, ...]:
        """Targets, then controls, as records."""
        return tuple(
            site.target(role)
            for role, sites in (
                (Role.TARGET, self.targets),
                (Role.CONTROL, self.controls),
            )
            for site in sites
        )


def load(path: Path, *, database: str | None = None) -> Config:
    """The configuration in a file.

    Parameters
    ----------
    path : the YAML file.
    database : replaces the file's `database` when given.

    Raises
    ------
    InputError
        The file cannot be read or is not YAML.
    ConfigError
        Unknown keys or impossible values; all of them, each with its path.
    """
    document = _read(path)
    if database is not None:
        document = {**document, "database": database}
    return parse(document, source=str(path))


def parse(document: dict[str, Any], *, source: str) -> Config:
    """The configuration in an already read document; raises `ConfigError`."""
    try:
        return Config.model_validate(document)
    except ValidationError as error:
        raise ConfigError(source, _problems(error.errors())) from None


def checked_database_url(value: str, *, source: str) -> str:
    """A database URL from the command line or the environment; raises `ConfigError`."""
    try:
        return _database_url(value)
    except ValueError as error:
        raise ConfigError(
            source, [f"found {masked(value)!r}; allowed: {error}"]
        ) from None


def masked(url: str) -> str:
    """A database URL whose password is replaced, for messages and bundles."""
    return re.sub(r"(://[^:/@]*):[^@]*@", r"\1:***@", url)


def effective(config: Config) -> dict[str, Any]:
    """Every key with the value in force, secrets masked, ready to be printed."""
    document = config.model_dump(mode="python")
    document["database"] = masked(config.database)
    for name in ("password_hash", "token_hash"):
        if document["web"][name] is not None:
            document["web"][name] = "***"
    document["notify"]["urls"] = [
        f"{url.partition('://')[0]}://***" for url in config.notify.urls
    ]
    return {key: _plain(value) for key, value in document.items()}


def _plain(value: object) -> object:
    if isinstance(value, timedelta):
        return f"{int(value.total_seconds())}s"
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.value if isinstance(value, AddressFamily) else value


def _read(path: Path) -> dict[str, Any]:
    text = _text(path)
    try:
        # Pure Python and YAML 1.2: duplicate keys are refused, 20:00 stays a text.
        document = YAML(typ="safe", pure=True).load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        raise InputError(f"{where}: not valid YAML: {error.problem}") from None
    except (YAMLError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: not valid YAML: {error}") from None
    if not isinstance(document, dict):
        found = "nothing" if document is None else type(document).__name__
        raise InputError(f"{path}: found {found}; a mapping with keys is needed")
    return {str(key): value for key, value in document.items()}


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
        if len(data) > MAX_FILE_BYTES:
            raise InputError(f"{path}: larger than {MAX_FILE_BYTES} bytes")
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 at byte {error.start}") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None


def _problems(errors: list[ErrorDetails]) -> list[str]:
    # A list is also called too short when its items are bad: only the items are news.
    inner = {error["loc"][:n] for error in errors for n in range(len(error["loc"]))}
    inner.discard(())
    return [_problem(error) for error in errors if error["loc"] not in inner]


def _problem(error: ErrorDetails) -> str:
    path = _path(error["loc"])
    if error["type"] == "extra_forbidden":
        return f"{path}: unknown key"
    if error["type"] == "missing":
        return f"{path}: missing; it is needed"
    allowed = error["msg"].removeprefix("Value error, ")
    if not path:
        return allowed
    if error["type"] == "service_url":
        return f"{path}: found no service's address; allowed: {allowed}"
    return f"{path}: found {_short(error['input'])}; allowed: {allowed}"


def _path(loc: tuple[int | str, ...]) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc)
    return text.removeprefix(".")


def _short(value: object) -> str:
    text = repr(masked(value) if isinstance(value, str) else value)
    return text if len(text) <= 80 else f"{text[:77]}..."
