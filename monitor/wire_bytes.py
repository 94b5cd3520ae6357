"""What probes are expected to receive, before anything is counted; pure."""

from typing import Final

PER_PROBE_BYTES: Final = 8_000
"""Handshake and HTTP head of one probe."""
WIRE_FACTOR: Final = 1.06
"""A body with its TLS, TCP and IP headers."""


def expected_on_wire_bytes(n_probes: int, body_bytes: int) -> int:
    """About how much some probes with these bodies in all receive on the wire [bytes].

    The bodies with 6 % for TLS, TCP and IP headers, and 8 kB a probe for handshake and
    HTTP head. For what is not measured yet, and for rounds that were not counted.
    """
    return PER_PROBE_BYTES * n_probes + int(WIRE_FACTOR * body_bytes)
