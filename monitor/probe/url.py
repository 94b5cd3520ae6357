"""URLs as the probe needs them: whom to ask, for what, and what may be stored."""

from dataclasses import dataclass
from urllib.parse import SplitResult, quote, urlsplit

from dns.exception import DNSException
from dns.name import from_text

from monitor.errors import InputError
from monitor.probe.wire_text import printable

_PORTS = {"https": 443, "http": 80, "tls": 443}
_WITH_PORT = ("tcp", "mtproto")
_LONGEST_STORED_VALUE = 16
_LONGEST_STORED_URL = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One URL taken apart; the host in lower-case ASCII, without brackets."""

    scheme: str
    host: str
    port: int
    request_target: str

    @property
    def authority(self) -> str:
        """Value of the Host header: the port only where it is not the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = _PORTS.get(self.scheme) == self.port
        return host if usual else f"{host}:{self.port}"


def endpoint_of(url: str) -> Endpoint:
    """The parts of a URL of a page, or of `tls://`, `tcp://` or `mtproto://`.

    Raises
    ------
    InputError
        If the URL has another scheme, no host, or no port where one is needed.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise InputError(f"{printable(url)}: {error}") from error
    port = port or _PORTS.get(parts.scheme)
    if parts.scheme not in {*_PORTS, *_WITH_PORT} or not host or not port:
        raise InputError(
            f"{printable(url)}: allowed are https://host/, http://host/, tls://host, "
            "tcp://host:port and mtproto://host:port"
        )
    return Endpoint(
        scheme=parts.scheme,
        host=_ascii_host(host),
        port=port,
        request_target=_request_target(parts),
    )


def stored_url(url: str) -> str:
    """The URL that may be kept: without user, fragment and what may be session data.

    A query value of more than 16 characters is replaced by ``...``: versions and dates
    are shorter, tokens are longer. The whole is cut at 500 characters.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return printable(url, _LONGEST_STORED_URL)
    query = "&".join(_stored_parameter(item) for item in parts.query.split("&"))
    netloc = parts.netloc.rpartition("@")[2]
    kept = parts._replace(netloc=netloc, query=query, fragment="").geturl()
    return printable(kept, _LONGEST_STORED_URL)


def site_of(url: str) -> str:
    """Scheme and host of an absolute URL, nothing else; empty for a relative one."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return ""
    return printable(f"{parts.scheme}://{host}", 120) if host else ""


def _stored_parameter(item: str) -> str:
    name, equals, value = item.partition("=")
    longest = max(len(name), len(value))
    return item if longest <= _LONGEST_STORED_VALUE else f"{name[:16]}{equals}..."


def _ascii_host(host: str) -> str:
    if ":" in host:
        return host
    try:
        return from_text(host).to_text(omit_final_dot=True).lower()
    except DNSException as error:
        raise InputError(f"{printable(host)}: no host name: {error}") from error


def _request_target(parts: SplitResult) -> str:
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = quote(parts.query, safe="/%:@!$&'()*+,;=~-._?")
    return f"{path}?{query}" if query else path
