"""Asks for the owner's own heartbeat address after each round: the child of a daemon.

A service of the owner's (healthchecks.io, Uptime Kuma's push monitor) that is asked no
more tells that the machine, or its line, is off. No redirect is followed, and nothing
of the answer is read but its status.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from monitor import children
from monitor.children import Limits, answer
from monitor.untyped import Json

_LIMITS: Final = Limits(time_s=30.0, memory_bytes=128 << 20)
_PATIENCE_S: Final = 10.0


def beat(url: str) -> str:
    """Ask once; why it was in vain, in words that hold nothing of the address."""
    ended = children.run("monitor.heartbeat", {"url": url}, _LIMITS)
    return str(ended.answers[0]) if ended.answers else ended.trouble or "not asked"


def _asked(request: Mapping[str, Json]) -> Iterator[str]:
    import requests

    try:
        with requests.get(
            request["url"], timeout=_PATIENCE_S, allow_redirects=False, stream=True
        ) as response:
            is_taken = 200 <= response.status_code < 300
            yield "" if is_taken else f"HTTP status {response.status_code}"
    except requests.RequestException as error:
        yield type(error).__name__


if __name__ == "__main__":
    answer(_asked)
