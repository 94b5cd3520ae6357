"""Kinds of value in config.yaml: each refuses what is impossible, in plain words."""

import re
from datetime import timedelta
from ipaddress import ip_network
from typing import Annotated
from urllib.parse import urlsplit

from monitor import addresses
from monitor.config.services import is_public_suffix
from monitor.config.value_checks import After, Before
from monitor.masking import has_stray_at
from monitor.reason import Reason, phrase
from monitor.wallclock import zone_named

SIX_SUFFIX = "-ipv6"
"""Of the name under which a site of both families is measured by IPv6."""
BOTH_FAMILIES = "both"

_DURATION = re.compile(r"(\d{1,6})\s*(s|m|h)")
_SIZE = re.compile(r"(\d{1,9})\s*(B|kB|MB|GB)?")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_RESOLVER = re.compile(r"(\[[^\]]+\]|[^:\[\]]+)(?::(\d{1,5}))?")
# Surrogates are what Python makes of an argument that is no UTF-8.
_UNWRITTEN = re.compile(r"[\s\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_HOST_NAME = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63}){0,20}")
_LABEL_PATTERN = re.compile(r"[a-z0-9_*-]{1,63}")
_PROXY_URL = re.compile(r"[a-z0-9]+://[0-9A-Fa-f.:\[\]]+:\d{1,5}/?")
_INTERFACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,14}")
_BARE_URL = re.compile(r"[a-z]+://[^/?#]+/?")
_LONGEST_HOST = 253
_BASE_PATH = re.compile(r"(/[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}){1,8}")
_OWN_PATHS = frozenset(
    {"api", "healthz", "login", "logout", "metrics", "reports", "share", "static"}
)
"""First parts of the dashboard's own paths."""
_A_SIZE = phrase("a size such as 500kB or 2MB")
_SECONDS = {"s": 1, "m": 60, "h": 3600}
_BYTES = {None: 1, "B": 1, "kB": 1_000, "MB": 1_000_000, "GB": 1_000_000_000}


def parsed_duration(value: object) -> timedelta:
    """The span that a text such as `90s`, `5m` or `1h` names; raises ValueError."""
    match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError(phrase("a whole number with s, m or h, such as 90s, 5m or 1h"))
    return timedelta(seconds=int(match[1]) * _SECONDS[match[2]])


def parsed_size(value: object) -> int:
    """The bytes that a text such as `500kB` or `2MB` names; raises ValueError."""
    if isinstance(value, bool):
        raise ValueError(_A_SIZE)  # noqa: TRY004  pydantic
    match = _SIZE.fullmatch(str(value).strip())
    if match is None:
        raise ValueError(_A_SIZE)
    return int(match[1]) * _BYTES[match[2]]


def _whole(value: object) -> object:
    # To Python, true is 1; in a configuration it is a mistake.
    if isinstance(value, bool):
        raise ValueError(phrase("a whole number"))  # noqa: TRY004  pydantic
    return value


def between(low: str, high: str) -> After:
    """Only a duration from `low` to `high`, both included, written as in the file."""
    least, most = parsed_duration(low), parsed_duration(high)

    def check(value: timedelta) -> timedelta:
        if not least <= value <= most:
            raise ValueError(phrase("{low} to {high}", low=low, high=high))
        return value

    return After(check)


def is_name(value: str) -> bool:
    """Whether a site may be called so."""
    return bool(_NAME.fullmatch(value))


def _name(value: str) -> str:
    if not is_name(value):
        raise ValueError(
            phrase(
                "1 to 64 letters, digits, '.', '_' or '-', beginning with a letter or"
                " digit"
            )
        )
    return value


def _clock_time(value: object) -> str:
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        raise ValueError(phrase('a local time in quotes from "00:00" to "23:59"'))
    return value


def _folder(value: str) -> str:
    if not value.strip() or any(not c.isprintable() for c in value):
        raise ValueError(
            phrase("the path of a folder, such as reports or /srv/reports")
        )
    return value


def _zone(value: str) -> str:
    try:
        return zone_named(value).key
    except ValueError:
        raise ValueError(phrase("an IANA time zone such as Asia/Almaty")) from None


def _base_path(text: str) -> str:
    """A path prefix without the slash at its end; empty: none."""
    path = text.rstrip("/")
    first = path[1:].partition("/")[0]
    if path and (_BASE_PATH.fullmatch(path) is None or first in _OWN_PATHS):
        raise ValueError(
            phrase(
                "a path such as /monitor, of letters, digits, '-', '_' and '.'; its"
                " first part none of {paths:names}",
                paths=tuple(sorted(_OWN_PATHS)),
            )
        )
    return path


def _listening_host(value: str) -> str:
    if value != "localhost" and not addresses.is_address(value):
        raise ValueError(
            phrase("localhost or an IP address of this machine; 0.0.0.0 or :: for all")
        )
    return value


def _secret_hash(value: str) -> str:
    if not re.fullmatch(r"\$argon2id\$[A-Za-z0-9$=,+/.]{20,300}", value):
        raise ValueError(
            phrase("the hash that `monitor web password` or `monitor web token` prints")
        )
    return value


def _address(value: str) -> str:
    if not addresses.is_address(value):
        raise ValueError(phrase("an IP address"))
    return value


def _network(value: str) -> str:
    try:
        ip_network(value)
    except ValueError:
        raise ValueError(
            phrase(
                "an IP address or a network such as 10.0.0.0/24, of the proxy in front"
            )
        ) from None
    return value


def _resolver(value: str) -> str:
    match = _RESOLVER.fullmatch(value)
    host, port = match.groups(default="") if match else (value, "")
    if not addresses.is_address(host.strip("[]")):
        port = "0"
    if not 0 < int(port or 53) < 65_536:
        raise ValueError(
            phrase("an IP address, alone or as in 9.9.9.9:53 or [2620:fe::fe]:53")
        )
    return value


def is_public(resolver: str) -> bool:
    """Whether a resolver, with or without a port, is out in the net."""
    host, colon, _ = resolver.rpartition(":")
    for text in (resolver, host.strip("[]") if colon else resolver):
        try:
            return addresses.is_public(text.split("%")[0])
        except ValueError:
            continue
    return False


def _split(url: str) -> tuple[str, str | None, int | None]:
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname, parts.port
    except ValueError:
        return "", None, None


def _is_host(host: str) -> bool:
    """Whether it is an address or could be a name in DNS."""
    # For those who read a configuration: others have its records only.
    from dns.exception import DNSException
    from dns.name import from_text

    try:
        if ":" in host:
            # An address with a zone (fe80::1%eth0) is good on one machine only.
            return "%" not in host and addresses.is_address(host)
        from_text(host).to_text()
    except (ValueError, DNSException):
        return False
    return True


_WITHOUT_SPACE = phrase("without white space or control characters")
_A_PORT = phrase("a port, when there is one, from 1 to 65535")
_WITHOUT_USER = phrase("without user name or password")


def _and(words: Reason, more: Reason) -> Reason:
    return phrase("{words:parts}", words=(words, more))


def url_with(*schemes: str) -> After:
    """Only a URL with one of the schemes, with a host and without a password."""
    *others, last = (f"{scheme}://" for scheme in schemes)
    words = (
        phrase(
            "a URL with {others} or {last} and a host",
            others=", ".join(others),
            last=last,
        )
        if others
        else phrase("a URL with {scheme} and a host", scheme=last)
    )

    def check(value: str) -> str:
        scheme, host, port = _split(value)
        if scheme not in schemes or not host or not _is_host(host):
            raise ValueError(words)
        if _UNWRITTEN.search(value):
            raise ValueError(_and(words, _WITHOUT_SPACE))
        if port == 0:
            raise ValueError(_and(words, _A_PORT))
        if scheme in ("tcp", "mtproto") and not port:
            raise ValueError(
                phrase(
                    "{scheme}:// needs a host and a port, such as {scheme}://host:443",
                    scheme=scheme,
                )
            )
        if scheme in ("tls", "mtproto") and not _BARE_URL.fullmatch(value):
            raise ValueError(
                phrase(
                    "{scheme}:// with a host and a port and nothing else", scheme=scheme
                )
            )
        if "@" in urlsplit(value).netloc:
            raise ValueError(_and(words, _WITHOUT_USER))
        return value

    return After(check)


def _proxy_url(value: str) -> str:
    words = phrase(
        "socks5:// or http:// with the address and port of a proxy on this machine or"
        " in this home, such as {example}",
        example="socks5://127.0.0.1:1080",
    )
    scheme, host, port = _split(value)
    if scheme not in ("socks5", "http") or not host or not port:
        raise ValueError(words)
    try:
        is_elsewhere = not addresses.is_of_home(host)
    except ValueError:
        raise ValueError(words) from None
    if not _PROXY_URL.fullmatch(value):
        raise ValueError(_and(words, phrase("and nothing else")))
    if is_elsewhere:
        danger = phrase(
            "not {host}: between here and there the names of sites could be read, so"
            " let a program of this machine carry them encrypted (ssh -D)",
            host=host,
        )
        raise ValueError(phrase("{words:reasons}", words=(words, danger)))
    return value


def _interface(value: str) -> str:
    if not _INTERFACE.fullmatch(value):
        raise ValueError(phrase("the name of a network interface, such as wg0"))
    return value


def _content_host(value: str) -> str:
    words = phrase(
        "a host name such as {example}; all hosts below it belong to it",
        example="cdn.example.org",
    )
    host = value.rstrip(".").lower()
    if not _HOST_NAME.fullmatch(host) or "." not in host or host[-1].isdigit():
        raise ValueError(words)
    if is_public_suffix(host):
        shared = phrase("not {host}, below which sites of many owners live", host=host)
        raise ValueError(_and(words, shared))
    return host


def _host_pattern(value: str) -> str:
    words = phrase(
        "a host name with * for any letters, digits and hyphens of a label, such as"
        " {example}",
        example="cdn*.example.org",
    )
    pattern = value.rstrip(".").lower()
    labels = pattern.split(".")
    owned = pattern.rpartition("*")[2].partition(".")[2] if "*" in pattern else pattern
    is_long = len(pattern) > _LONGEST_HOST
    if is_long or not all(map(_LABEL_PATTERN.fullmatch, labels)):
        raise ValueError(words)
    if "." not in owned or labels[-1].isdigit() or is_public_suffix(owned):
        domain = phrase("and behind it a domain that somebody registered")
        raise ValueError(_and(words, domain))
    return pattern


def is_label(value: object) -> bool:
    """Whether a value is a name that fits into a short column."""
    return isinstance(value, str) and bool(_LABEL.fullmatch(value))


def _label(value: str) -> str:
    if not is_label(value):
        raise ValueError(phrase("a name as of a target, of 32 characters at most"))
    return value


def _service_url(value: str) -> str:
    scheme, separator, rest = value.partition("://")
    if not separator or not re.fullmatch(r"[a-z][a-z0-9+]*", scheme) or not rest:
        from pydantic_core import PydanticCustomError

        # The value may hold a secret: it is not repeated.
        raise PydanticCustomError("service_url", "a service of Apprise")
    return value


def database_url(value: str) -> str:
    """A database URL as SQLAlchemy takes it; raises `ValueError`."""
    if value.startswith("sqlite:///") and len(value) > len("sqlite:///"):
        return value
    if has_stray_at(value) and not value.startswith("sqlite:"):
        raise ValueError(phrase("%40 for an '@' in user, password or query"))
    if value.startswith(("postgresql+psycopg://", "postgresql://")):
        return value.replace("postgresql://", "postgresql+psycopg://", 1)
    raise ValueError(
        phrase("sqlite:///FILE or postgresql+psycopg://user:password@host/database")
    )


Duration = Annotated[timedelta, Before(parsed_duration)]
Whole = Annotated[int, Before(_whole)]
Size = Annotated[int, Before(parsed_size)]
Name = Annotated[str, After(_name)]
ClockTime = Annotated[str, Before(_clock_time)]
Address = Annotated[str, After(_address)]
Network = Annotated[str, After(_network)]
HostPattern = Annotated[str, After(_host_pattern)]
Label = Annotated[str, After(_label)]
ContentHost = Annotated[str, After(_content_host)]
Resolver = Annotated[str, After(_resolver)]
Zone = Annotated[str, After(_zone)]
Folder = Annotated[str, After(_folder)]
BasePath = Annotated[str, After(_base_path)]
ListeningHost = Annotated[str, After(_listening_host)]
SecretHash = Annotated[str, After(_secret_hash)]
ProxyUrl = Annotated[str, After(_proxy_url)]
Interface = Annotated[str, After(_interface)]
HeartbeatUrl = Annotated[str, url_with("https", "http")]
ServiceUrl = Annotated[str, After(_service_url)]
DatabaseUrl = Annotated[str, After(database_url)]
