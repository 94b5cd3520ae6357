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


def probes_of(target: Target) -> tuple[str, ...]:
    """The kinds of probe that one round makes of a target."""
    if target.url.startswith("tcp://"):
        return (Probe.TCP,)
    if not target.download:
        return (Probe.HTTPS,)
    return (Probe.HTTPS, Probe.DOWNLOAD)
