"""Whether it is the line that fails, before a site is blamed; and large packets on it.

A path that swallows packets of full size (a tunnel or PPPoE without clamping of the
segment size, RFC 4821 section 1) lets connections and short answers through:
certificates and pages never come. The proof is the same site asked once more with
small segments.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from monitor import present
from monitor.doctor.finding import Finding, State
from monitor.doctor.measured_hosts import Outcomes
from monitor.model import Operation, Sample, Target
from monitor.present import Asked, LineState
from monitor.reason import phrase

SMALL_SEGMENT_BYTES: Final = 1000
"""With its headers it passes wherever IPv6 does (RFC 8200 section 5: 1280)."""
_LEAST_SILENT: Final = 3
"""Fewer sites that connect and say nothing may be their own doing."""
_PATIENCE_S: Final = 5.0
_SILENCE: Final = "generic_timeout_error"
_AFTER_CONNECT: Final = (
    Operation.TLS_HANDSHAKE,
    Operation.HTTP_ROUND_TRIP,
    Operation.READ,
)
_JUST_NOW: Final = timedelta(minutes=1)


class Line(NamedTuple):
    """What the attempts at all sites say of the line."""

    findings: Sequence[Finding]
    is_at_fault: bool
    """Then what fails at a site is no reason to put another in its place."""


async def line_of(
    targets: Sequence[Target],
    outcomes: Outcomes,
    gateway: present.Gateway | None,
    *,
    has_next_resolver: bool = False,
) -> Line:
    """Whether anything gets through, and whether large packets do.

    Parameters
    ----------
    outcomes : one attempt at each target.
    gateway : None: it was not asked.
    has_next_resolver : another resolver answers while the first is silent.
    """
    attempts = ((t, outcomes.get(t.name)) for t in targets)
    state, reason = present.line_now(
        # What could not be tried says nothing of the line.
        [_asked(t, sample) for t, sample in attempts if isinstance(sample, Sample)],
        gateway=gateway,
        fresh=_JUST_NOW,
        has_next_resolver=has_next_resolver,
    )
    large = [finding async for finding in _large_packets(targets, outcomes)]
    if large:
        return Line(large, is_at_fault=True)
    if state is LineState.UP:
        well = Finding(phrase("line"), State.OK, reason)
        return Line([well], is_at_fault=False)
    advice = phrase(
        "look at the line, the router and the resolver first, not at the sites"
    )
    down = Finding(phrase("line"), State.BAD, reason, advice)
    return Line([down], is_at_fault=True)


def _asked(target: Target, sample: Sample) -> Asked:
    return Asked(target.role, sample.failure is None, sample.failed_operation)


async def _large_packets(
    targets: Sequence[Target], outcomes: Outcomes
) -> AsyncIterator[Finding]:
    connected = [o for o in outcomes.values() if _has_connected(o)]
    silent = [t for t in targets if _is_silent(outcomes.get(t.name))]
    if len(silent) < _LEAST_SILENT or 2 * len(silent) <= len(connected):
        return
    tried = [_answers_in_small(t, outcomes[t.name]) for t in silent]
    n_small = sum(await asyncio.gather(*tried))
    if 2 * n_small <= len(silent):
        return
    yield Finding(
        phrase("large packets"),
        State.BAD,
        phrase(
            "{silent} of {connected} sites connect and then say nothing; {small} of"
            " these answer when segments have at most {bytes} bytes: the path swallows"
            " packets of full size",
            silent=len(silent),
            connected=len(connected),
            small=n_small,
            bytes=SMALL_SEGMENT_BYTES,
        ),
        phrase(
            "on the router, clamp the segment size (MSS) to the path, or lower the MTU"
            " of its outside interface (PPPoE 1492, tunnels 1280 to 1420)"
        ),
    )


def _has_connected(outcome: object) -> bool:
    return isinstance(outcome, Sample) and outcome.connect_s is not None


def _is_silent(outcome: object) -> bool:
    return (
        isinstance(outcome, Sample)
        and outcome.failure == _SILENCE
        and outcome.failed_operation in _AFTER_CONNECT
    )


async def _answers_in_small(target: Target, outcome: object) -> bool:
    """Whether the server of a silent attempt says anything in small segments."""
    url = urlsplit(target.url)
    is_tls = url.scheme in ("https", "tls")
    port = url.port or (443 if is_tls else 80)
    address = outcome.remote_address if isinstance(outcome, Sample) else None
    if address is None:
        return False
    try:
        async with asyncio.timeout(_PATIENCE_S):
            connection = await _connected_in_small(address, port)
            return await _says_anything(connection, url.hostname or "", is_tls=is_tls)
    except (OSError, TimeoutError, EOFError):
        return False


async def _connected_in_small(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    connection = socket.socket(family)
    try:
        connection.setblocking(False)
        # Told to the server in the first packet: it then sends none that are larger.
        connection.setsockopt(
            socket.IPPROTO_TCP, socket.TCP_MAXSEG, SMALL_SEGMENT_BYTES
        )
        await asyncio.get_running_loop().sock_connect(connection, (address, port))
    except BaseException:
        connection.close()
        raise
    return connection


async def _says_anything(connection: socket.socket, host: str, *, is_tls: bool) -> bool:
    """A TLS handshake, or the first byte of an answer to a request."""
    if is_tls:
        context = ssl.create_default_context()
        # Asked is whether its certificate arrives, not whose it is.
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        _, writer = await asyncio.open_connection(
            sock=connection, ssl=context, server_hostname=host
        )
        writer.close()
        return True
    reader, writer = await asyncio.open_connection(sock=connection)
    try:
        writer.write(
            f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
        )
        return bool(await reader.read(1))
    finally:
        writer.close()
