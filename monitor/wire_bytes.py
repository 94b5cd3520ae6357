"""What probes are expected to receive, before anything is counted; pure."""


def expected_on_wire_bytes(n_probes: int, body_bytes: int) -> int:
    """About how much some probes with these bodies in all receive on the wire [bytes].

    The bodies with 6 % for TLS, TCP and IP headers, and 8 kB a probe for handshake and
    HTTP head. For what is not measured yet, and for rounds that were not counted.
    """
    return 8_000 * n_probes + int(1.06 * body_bytes)
