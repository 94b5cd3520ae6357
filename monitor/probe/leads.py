"""Where a page, or a redirect, may lead us: to hosts of its service, into no home.

What a target's own URL names is its user's choice. What its page names is a stranger's:
it is followed only on the site's own domain and on the hosts that its service keeps
its files on, and only to an address that somebody out on the net can own and that is
not in the network of this machine.
"""

import re
from dataclasses import dataclass
from typing import Final

from monitor.addresses import is_public
from monitor.errors import InputError
from monitor.model import Target
from monitor.probe import hosts
from monitor.probe.failure import ProbeFailedError
from monitor.probe.url import Endpoint, endpoint_of

_NAME: Final = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")
"""Letters as in DNS: a dot inside of a label would look like a border."""
Place = tuple[str, int]
"""Address and port."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leads:
    """What is followed of the leads of one target's page.

    Parameters
    ----------
    origin : where the target's own URL was found: in the home, perhaps, but asked for.
    allow_private : whether the hosts that the user named may be in the home, too.
    """

    target: Target
    origin: Place | None = None
    allow_private: bool = False

    def is_followed(self, url: str) -> bool:
        """Whether a URL is one of a host of the service."""
        try:
            host = endpoint_of(url).host
        except InputError:
            return False
        return self._is_own(host) or any(
            is_within(host, hosts) for hosts in self.target.hosts
        )

    def check_address(self, endpoint: Endpoint, address: str) -> None:
        """Refuse an address, as resolved, that a page may not lead to.

        Raises
        ------
        ProbeFailedError
            `unknown_failure: address_not_public`.
        """
        is_named = self.allow_private and endpoint.host in self.target.hosts
        is_origin = (address, endpoint.port) == self.origin
        is_outside = is_public(address) and not hosts.is_beside_us(address)
        if not (is_named or is_origin or is_outside):
            raise ProbeFailedError("unknown_failure: address_not_public")

    def _is_own(self, host: str) -> bool:
        domain = self.target.domain
        if domain is not None and is_within(host, domain):
            return True
        return host == endpoint_of(self.target.url).host


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is measured, and where its URL may lead; None: it is the user's own."""

    url: str
    leads: Leads | None = None


def is_within(host: str, domain: str) -> bool:
    """Whether a host is one of a domain, or the domain itself."""
    is_below = host == domain or host.endswith(f".{domain}")
    return is_below and _NAME.fullmatch(host) is not None
