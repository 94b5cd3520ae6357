"""What a probe may do: limits, resolvers, and what counts as a bogus answer."""

from dataclasses import dataclass

from monitor.model import Probe, Target

BROWSER = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Safari/537.36"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeSettings:
    """Limits and choices that hold for every probe of one `Prober`."""

    vantage: str = "home"
    resolvers: tuple[str, ...] = ()
    """Name servers, `address` or `address:port`; the first one is asked. Empty: the
    first `nameserver` of /etc/resolv.conf, read anew for each lookup."""
    stage_timeout_s: float = 10.0
    """Longest wait in each of resolve, connect, TLS, first byte and whole head; longest
    silence inside a body; longest page body."""
    download_max_bytes: int = 500_000
    download_max_s: float = 10.0
    page_max_bytes: int = 2_000_000
    block_page_addresses: tuple[str, ...] = ()
    """Addresses that are known to serve block pages: an answer with one is bogus."""
    allow_private_answers: bool = False
    """Take loopback, private and other unroutable answers for true (own networks)."""
    user_agent: str = BROWSER


def latency_probe(url: str) -> str:
    """The kind of probe that measures a URL without a transfer."""
    return _WITHOUT_PAGE.get(url.partition("://")[0], Probe.HTTPS)


def probes_of(target: Target) -> tuple[str, ...]:
    """The kinds of probe that one round makes of a target."""
    first = latency_probe(target.url)
    has_object = first == Probe.HTTPS or (
        first == Probe.TLS and target.download_url is not None
    )
    return (first, Probe.DOWNLOAD) if target.download and has_object else (first,)


_WITHOUT_PAGE = {"tcp": Probe.TCP, "tls": Probe.TLS, "mtproto": Probe.MTPROTO}
"""Scheme of a URL -> what is measured instead of a page."""
