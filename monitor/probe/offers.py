"""Which hosts have said that they speak HTTP/3, and on which port (RFC 7838).

What a host's last answer over TCP said counts: an offer that is withdrawn must not look
like a blocked one, and a host that no longer answers over TCP is still asked by QUIC.
"""

import re
from collections.abc import Iterable
from typing import Final

from monitor.probe.url import Endpoint

_OFFER: Final = re.compile(r'(?:^|,)\s*h3=":(\d{1,5})"')
"""At the same host: an offer that names another one leads to strangers."""
_MOST: Final = 1000


def offered_port(alt_svc: str) -> int | None:
    """The port of the first offer of HTTP/3 at the same host; None without any."""
    match = _OFFER.search(alt_svc)
    port = int(match[1]) if match else 0
    return port if 0 < port < 65_536 else None


class Offers:
    """What hosts have offered, by host and port of their page."""

    def __init__(self) -> None:
        self._ports: dict[tuple[str, int], int] = {}

    def note(self, endpoint: Endpoint, kept: Iterable[tuple[str, str]]) -> None:
        """Take what an answer over TLS said for the host's last word.

        Parameters
        ----------
        kept : headers of the answer that are kept, (name, value).
        """
        place = endpoint.host, endpoint.port
        self._ports.pop(place, None)
        port = offered_port(dict(kept).get("alt-svc", ""))
        if endpoint.scheme == "https" and port is not None and len(self._ports) < _MOST:
            self._ports[place] = port

    def port(self, endpoint: Endpoint) -> int | None:
        """Where a host speaks HTTP/3; None: it has not said that it does."""
        if endpoint.scheme != "https":
            return None
        return self._ports.get((endpoint.host, endpoint.port))
