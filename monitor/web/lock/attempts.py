"""Limits how often a secret may be guessed, by address and in all."""

from collections import deque
from ipaddress import IPv6Address, ip_address
from threading import Lock
from typing import Final

from monitor.clock import Clock
from monitor.errors import MonitorError

PER_ADDRESS: Final = 5
ADDRESS_SPAN_S: Final = 15 * 60.0
IN_ALL: Final = 30
ALL_SPAN_S: Final = 60.0
MAX_ADDRESSES: Final = 10_000


class TooMany(MonitorError):  # noqa: N818 - an answer, not a failure
    """Too many wrong attempts; `retry_after_s` tells how long to wait."""

    def __init__(self, retry_after_s: float) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(f"too many attempts; come back in {retry_after_s:.0f} s")


class Attempts:
    """Remembers failures for as long as they count."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._by_network: dict[str, deque[float]] = {}
        self._all: deque[float] = deque()

    def check(self, address: str) -> None:
        """Raise TooMany when this address, or everybody together, failed too often."""
        now_s = self._clock.monotonic_s()
        with self._lock:
            failures = self._by_network.get(network(address), deque())
            wait_s = max(
                _wait_s(failures, now_s, PER_ADDRESS, ADDRESS_SPAN_S),
                _wait_s(self._all, now_s, IN_ALL, ALL_SPAN_S),
            )
        if wait_s > 0:
            raise TooMany(wait_s)

    def note_failure(self, address: str) -> None:
        """A wrong secret came from this address."""
        now_s = self._clock.monotonic_s()
        with self._lock:
            while len(self._by_network) >= MAX_ADDRESSES:
                del self._by_network[next(iter(self._by_network))]
            self._by_network.setdefault(network(address), deque()).append(now_s)
            self._all.append(now_s)

    def forget(self, address: str) -> None:
        """The right secret came from this address."""
        with self._lock:
            self._by_network.pop(network(address), None)


def network(address: str) -> str:
    """What counts as one guesser: an IPv4 address, a /64 of IPv6."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(IPv6Address(int(parsed) >> 64 << 64))
    return str(parsed)


def _wait_s(failures: deque[float], now_s: float, most: int, span_s: float) -> float:
    while failures and failures[0] <= now_s - span_s:
        failures.popleft()
    if len(failures) < most:
        return 0.0
    return failures[-most] + span_s - now_s
