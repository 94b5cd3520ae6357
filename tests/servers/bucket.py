"""A token bucket: rate and burst of a sender that is limited like a policed line."""

import asyncio
import time


class TokenBucket:
    """Hands out bytes at a mean rate, with a burst at the beginning.

    Parameters
    ----------
    rate_bps : mean rate [bit/s].
    burst_bytes : bytes that may go at once [bytes].
    """

    def __init__(self, rate_bps: float, burst_bytes: int) -> None:
        self._bytes_per_s = rate_bps / 8
        self._burst_bytes = burst_bytes
        self._credit_bytes = float(burst_bytes)
        self._at_s = time.monotonic()

    async def take(self, n_bytes: int) -> None:
        """Wait until so many bytes may go."""
        now_s = time.monotonic()
        earned = (now_s - self._at_s) * self._bytes_per_s
        self._credit_bytes = min(self._burst_bytes, self._credit_bytes + earned)
        self._at_s = now_s
        self._credit_bytes -= n_bytes
        if self._credit_bytes < 0:
            await asyncio.sleep(-self._credit_bytes / self._bytes_per_s)
