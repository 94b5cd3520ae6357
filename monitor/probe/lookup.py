"""One name lookup: whom we asked, what came back, and which address a probe uses.

One UDP query to one resolver, TCP only if the answer was cut short; no cache, no second
try, no second resolver. A fresh socket gives a random source port, dnspython a random
id, and the kernel drops datagrams of other senders, as the socket is connected.
"""

import socket
import struct
from dataclasses import dataclass
from ipaddress import ip_address

from dns import flags, rcode, rdatatype
from dns.exception import DNSException
from dns.message import Message, QueryMessage, from_wire, make_query

from monitor.clock import Clock
from monitor.model import AddressFamily
from monitor.probe.failure import ProbeFailedError
from monitor.probe.readiness import connected, readable, send_all
from monitor.probe.traffic import Traffic
from monitor.probe.wire_text import printable

_RCODE_NAMES = {
    rcode.NXDOMAIN: "dns_nxdomain_error",
    rcode.SERVFAIL: "dns_servfail_error",
    rcode.REFUSED: "dns_refused_error",
}
_QUERY_TYPES = {
    AddressFamily.IPV4: (rdatatype.A,),
    AddressFamily.IPV6: (rdatatype.AAAA,),
    AddressFamily.ANY: (rdatatype.A, rdatatype.AAAA),
}
_MAX_ANSWERS = 16
_LARGEST_DATAGRAM = 4096
_MAX_DATAGRAMS = 100
"""So many that are no answer to the question, and nobody waits for it any longer."""


Server = tuple[int, tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]]
"""Address family and socket address of a resolver."""


@dataclass(frozen=True, slots=True)
class Exchanged:
    """A query's instants on the wire [s, monotonic] and the decoded answer."""

    sent_s: float
    arrived_s: float
    answer: Message


@dataclass(frozen=True, slots=True)
class Answers:
    """Addresses of one lookup, in the order of the answer, and its instants [s]."""

    sent_s: float
    arrived_s: float
    addresses: tuple[str, ...]


async def look_up(
    host: str, family: AddressFamily, resolver: str, clock: Clock, traffic: Traffic
) -> Answers:
    """Ask one resolver for the addresses of a name; `traffic` gets what arrives.

    For `any`, AAAA is asked only if the name exists and has no A; the time is then that
    of both queries together.

    Raises
    ------
    ProbeFailedError
        If the resolver says that there is no such name or address, or refuses.
    OSError
        If the resolver cannot be reached.
    """
    server = _server(resolver)
    began_s: float | None = None
    for query_type in _QUERY_TYPES[family]:
        exchanged = await _exchange(
            server, make_query(host, query_type), clock, traffic
        )
        began_s = exchanged.sent_s if began_s is None else began_s
        addresses = addresses_in(exchanged.answer)
        if addresses:
            return Answers(began_s, exchanged.arrived_s, addresses)
    raise ProbeFailedError("dns_no_answer")


def addresses_in(answer: Message) -> tuple[str, ...]:
    """The addresses in a decoded answer, in its order, at most 16.

    Raises
    ------
    ProbeFailedError
        If it says that there is no such name, refuses, or makes no sense.
    """
    if answer.rcode() != rcode.NOERROR:
        name = _RCODE_NAMES.get(answer.rcode(), "dns_server_misbehaving")
        raise ProbeFailedError(name)
    if not isinstance(answer, QueryMessage):
        raise ProbeFailedError("dns_server_misbehaving")
    try:
        chain = answer.resolve_chaining().answer
    except DNSException as error:  # a loop or a chain that is too long
        raise ProbeFailedError("dns_server_misbehaving") from error
    records = list(chain or ())[:_MAX_ANSWERS]
    return tuple(printable(record.to_text(), 60) for record in records)


def _server(resolver: str) -> Server:
    host, port = split_resolver(resolver)
    kind = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    servers = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM, flags=kind)
    return servers[0][0], servers[0][4]


def split_resolver(resolver: str) -> tuple[str, int]:
    """Address and port of `1.1.1.1`, `1.1.1.1:5353`, `::1` or `[::1]:5353`."""
    if resolver.startswith("["):
        host, _, rest = resolver[1:].partition("]")
        return host, int(rest.removeprefix(":") or 53)
    if resolver.count(":") == 1:
        host, _, port = resolver.partition(":")
        return host, int(port)
    return resolver, 53


def without_home(resolver: str | None) -> str | None:
    """The resolver, or `private` for one inside the home: that address tells of it."""
    if resolver is None:
        return None
    try:
        host, _ = split_resolver(resolver)
        address = ip_address(host.split("%")[0])
    except ValueError:
        return resolver
    is_inside = address.is_private or address.is_link_local
    return "private" if is_inside and not address.is_loopback else resolver


async def _exchange(
    server: Server, query: QueryMessage, clock: Clock, traffic: Traffic
) -> Exchanged:
    exchanged = await _over_udp(server, query, clock, traffic)
    if not exchanged.answer.flags & flags.TC:
        return exchanged
    whole = await _over_tcp(server, query, clock, traffic)
    return Exchanged(exchanged.sent_s, whole.arrived_s, whole.answer)


async def _over_udp(
    server: Server, query: QueryMessage, clock: Clock, traffic: Traffic
) -> Exchanged:
    family, address = server
    wire = query.to_wire()
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.connect(address)  # UDP: nothing is sent
        sent_s = clock.monotonic_s()
        sock.send(wire)
        for _ in range(_MAX_DATAGRAMS):
            arrived_s = await readable(sock, clock)
            raw = _datagram(sock)
            traffic.add_datagram(sock, len(raw))
            answer = answer_to(query, raw)
            if answer is not None:
                return Exchanged(sent_s, arrived_s, answer)
    raise ProbeFailedError("dns_server_misbehaving")


def _datagram(sock: socket.socket) -> bytes:
    """A datagram that was announced; nothing if its checksum was wrong."""
    try:
        return sock.recv(_LARGEST_DATAGRAM)
    except BlockingIOError:
        return b""


def answer_to(query: QueryMessage, raw: bytes) -> Message | None:
    """The decoded answer, or None for what is no answer to this very question."""
    try:
        answer = from_wire(raw, ignore_trailing=True)
    except (DNSException, ValueError, IndexError, struct.error):
        return None
    return answer if query.is_response(answer) else None


async def _over_tcp(
    server: Server, query: QueryMessage, clock: Clock, traffic: Traffic
) -> Exchanged:
    family, address = server
    with socket.socket(family, socket.SOCK_STREAM) as sock:
        sock.setblocking(False)
        try:
            sent_s, _ = await connected(sock, address, clock)
            await send_all(sock, query.to_wire(prepend_length=True), clock)
            (length,) = struct.unpack("!H", await _exactly(sock, 2, clock))
            raw = await _exactly(sock, length, clock)
            arrived_s = clock.monotonic_s()
        finally:
            traffic.add_connection(sock)
    answer = answer_to(query, raw)
    if answer is None:
        raise ProbeFailedError("dns_server_misbehaving")
    return Exchanged(sent_s, arrived_s, answer)


async def _exactly(sock: socket.socket, n_bytes: int, clock: Clock) -> bytes:
    received = b""
    while len(received) < n_bytes:
        await readable(sock, clock)
        chunk = sock.recv(n_bytes - len(received))
        if not chunk:
            raise EOFError
        received += chunk
    return received
