"""The steps of one attempt, in order: lookup, connect, TLS, request, body.

An attempt may end after any of them, and Telegram's protocol has one of its own.

One address, one connection, no second try. Every step has its time limit; what it
learns goes into the observation before the next one starts.
"""

import asyncio
import contextlib
import math
import socket

from monitor.addresses import is_address
from monitor.clock import Clock
from monitor.model import AddressFamily, Operation, Transport
from monitor.probe import http3
from monitor.probe.certificate import TrustStore, client_context, presented_by
from monitor.probe.channel import Channel, PlainChannel, TlsChannel
from monitor.probe.exchanges import EXCHANGES_MAX_BYTES, Exchanges
from monitor.probe.failure import ProbeFailedError
from monitor.probe.hosts import (
    HostsFile,
    localhost_addresses,
    of_family,
    system_resolver,
)
from monitor.probe.http import Head, Request
from monitor.probe.kernel import handshake_s
from monitor.probe.leads import Chosen, Leads
from monitor.probe.lookup import look_up
from monitor.probe.nat64 import Translation
from monitor.probe.observation import Observation
from monitor.probe.plausibility import has_bogon
from monitor.probe.route import is_six_alone
from monitor.probe.settings import ProbeSettings
from monitor.probe.timing import Mark
from monitor.probe.transfer import Limits, Meter, read_body
from monitor.probe.tunnel import DIRECT, Tunnel
from monitor.probe.url import Endpoint, endpoint_of

_GREETING_MAX_BYTES = 64 * 1024
"""Of a handshake: a chain of ten certificates of 6 kB."""


class Wire:
    """What all attempts share: settings, clock, TLS context, trusted authorities."""

    def __init__(
        self, settings: ProbeSettings, clock: Clock, tunnel: Tunnel = DIRECT
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._tunnel = tunnel
        self._hosts = HostsFile()
        self._context = client_context()
        self._trust = TrustStore(clock)
        self._translation = Translation(clock)

    async def touch(
        self, endpoint: Endpoint, family: AddressFamily, observation: Observation
    ) -> None:
        """Lookup and connect, nothing more."""
        with await self._opened(endpoint, family, observation) as sock:
            observation.connection_ends(sock)

    async def greet(
        self,
        endpoint: Endpoint,
        family: AddressFamily,
        observation: Observation,
        leads: Leads | None = None,
    ) -> None:
        """Lookup, connect and TLS handshake, then a polite end."""
        with await self._opened(endpoint, family, observation, leads) as sock:
            plain = PlainChannel(sock, self._clock, _GREETING_MAX_BYTES)
            try:
                channel = await self._secured(plain, endpoint.host, observation)
                await channel.say_goodbye()
            finally:
                observation.connection_ends(sock, plain.received_bytes)

    async def converse(
        self, endpoint: Endpoint, family: AddressFamily, observation: Observation
    ) -> None:
        """Lookup, connect, and Telegram's first question over and over."""
        # its keys are made before the connection, as the request of a page is
        exchanges = Exchanges(observation, self._settings.stage_timeout_s)
        with await self._opened(endpoint, family, observation) as sock:
            plain = PlainChannel(sock, self._clock, EXCHANGES_MAX_BYTES)
            try:
                await exchanges.run(plain)
            finally:
                observation.connection_ends(sock, plain.received_bytes)

    async def get(
        self,
        endpoint: Endpoint,
        family: AddressFamily,
        observation: Observation,
        *,
        headers: dict[str, str],
        limits: Limits,
        leads: Leads | None = None,
    ) -> Head:
        """A whole GET: the head of the answer, and its body as far as limits allow.

        Parameters
        ----------
        headers : sent in this order, after Host and before ``Connection: close``.
        leads : where a page may lead; None: its user sent us there.
        """
        # made before the connection: nothing but the judgement of the certificate
        # stands between the handshake and the request
        fields = {"Host": endpoint.authority, **headers, "Connection": "close"}
        request = Request(endpoint.request_target, fields)
        window_bytes = limits.window_bytes
        with await self._opened(
            endpoint, family, observation, leads, window_bytes
        ) as sock:
            plain = PlainChannel(sock, self._clock, limits.received_max_bytes)
            try:
                channel = await self._channel(plain, endpoint, observation)
                head = await self._head(channel, request, observation)
                await self._body(channel, head, limits, observation)
            finally:
                observation.connection_ends(sock, plain.received_bytes)
        return head

    async def get_over_quic(
        self,
        chosen: Chosen,
        port: int,
        family: AddressFamily,
        observation: Observation,
        *,
        headers: dict[str, str],
        limits: Limits,
    ) -> None:
        """As `get`, over HTTP/3, at the port that the host has offered."""
        observation.transport = Transport.QUIC
        endpoint = endpoint_of(chosen.url)
        address = await self._found(endpoint, family, observation, chosen.leads)
        request = http3.Http3Request(
            address=address,
            port=port,
            server_name=endpoint.host,
            authority=endpoint.authority,
            request_target=endpoint.request_target,
            fields=headers,
            stage_s=self._settings.stage_timeout_s,
            limits=limits,
        )
        await http3.get(request, observation)

    async def _opened(
        self,
        endpoint: Endpoint,
        family: AddressFamily,
        observation: Observation,
        leads: Leads | None = None,
        window_bytes: int | None = None,
    ) -> socket.socket:
        """A connection to the first address of the endpoint's host."""
        address = await self._found(endpoint, family, observation, leads)
        observation.operation = Operation.CONNECT
        kind = self._tunnel.family(address)
        sock = socket.socket(kind, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        if window_bytes is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window_bytes)
        try:
            await self._connect(sock, (address, endpoint.port), observation)
        except BaseException:
            observation.connection_ends(sock)
            sock.close()
            raise
        return sock

    async def _found(
        self,
        endpoint: Endpoint,
        family: AddressFamily,
        observation: Observation,
        leads: Leads | None,
    ) -> str:
        """The address that the endpoint is asked at."""
        address = await self._address(endpoint.host, family, observation)
        if leads is not None:
            leads.check_address(endpoint, self._translation.original(address))
        observation.remote_address = address
        return address

    async def _address(
        self, host: str, family: AddressFamily, observation: Observation
    ) -> str:
        """The first address of the wanted family; where it came from is noted."""
        if is_address(host):
            reached = await self._reached_at(host, family, observation)
            addresses = of_family((reached,), family)
        elif local := localhost_addresses(host, family):
            addresses, observation.resolver = local, "localhost"
        elif written := self._hosts.addresses(host, family):
            addresses, observation.resolver = written, "hosts"
        else:
            addresses = await self._looked_up(host, family, observation)
        if not addresses:
            raise ProbeFailedError("address_family_not_supported")
        observation.dns_answers = () if is_address(host) else addresses
        return addresses[0]

    async def _reached_at(
        self, address: str, family: AddressFamily, observation: Observation
    ) -> str:
        """A given address, or the one at which this home's network translates it."""
        if ":" in address or family is not AddressFamily.ANY or not is_six_alone():
            return address
        await self._learn_translation(self._resolver(), observation)
        return self._translation.reached_at(address)

    def _resolver(self) -> str:
        configured = self._settings.resolvers
        return configured[0] if configured else system_resolver()

    async def _learn_translation(self, resolver: str, observation: Observation) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._settings.stage_timeout_s):
                await self._translation.learn(resolver, observation.traffic)

    async def _looked_up(
        self, host: str, family: AddressFamily, observation: Observation
    ) -> tuple[str, ...]:
        settings = self._settings
        if family is AddressFamily.ANY and is_six_alone():
            family = AddressFamily.IPV6  # an address of the other one leads nowhere
        observation.resolver = resolver = self._resolver()
        async with asyncio.timeout(settings.stage_timeout_s):
            answers = await look_up(
                host, family, resolver, self._clock, observation.traffic
            )
        observation.mark(Mark.LOOKUP_START, answers.sent_s)
        observation.mark(Mark.LOOKUP_END, answers.arrived_s)
        observation.dns_answers = answers.addresses
        if await self._is_bogus(answers.addresses, observation):
            raise ProbeFailedError("dns_bogon_error")
        return answers.addresses

    async def _is_bogus(
        self, addresses: tuple[str, ...], observation: Observation
    ) -> bool:
        """Whether an answer is a lie; what the home's own network translated is none.

        The prefix of that is asked for only when an answer of IPv6 looks like a lie.
        """
        if not self._has_bogon(addresses):
            return False
        if observation.resolver is None or not any(":" in a for a in addresses):
            return True
        await self._learn_translation(observation.resolver, observation)
        return self._has_bogon(tuple(map(self._translation.original, addresses)))

    def _has_bogon(self, addresses: tuple[str, ...]) -> bool:
        return has_bogon(
            addresses,
            block_page_addresses=self._settings.block_page_addresses,
            allow_private=self._settings.allow_private_answers,
        )

    async def _connect(
        self, sock: socket.socket, address: tuple[str, int], observation: Observation
    ) -> None:
        sock.setblocking(False)
        # Nagle's algorithm would hold the request back until the handshake's last
        # segment is acknowledged: one round trip too much in `waiting_s`.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        async with asyncio.timeout(self._settings.stage_timeout_s):
            began_s, ended_s = await self._tunnel.connect(sock, address, self._clock)
        observation.mark(Mark.CONNECT_START, began_s)
        if self._tunnel.proxy is not None:
            observation.mark(Mark.CONNECT_END, ended_s)
            return
        # The kernel saw the answer; we saw it when the scheduler let us.
        kernel_s = handshake_s(sock) or math.inf
        observation.mark(Mark.CONNECT_END, min(ended_s, began_s + kernel_s))

    async def _channel(
        self, plain: PlainChannel, endpoint: Endpoint, observation: Observation
    ) -> Channel:
        if endpoint.scheme == "http":
            return plain
        return await self._secured(plain, endpoint.host, observation)

    async def _secured(
        self, plain: PlainChannel, host: str, observation: Observation
    ) -> TlsChannel:
        observation.operation = Operation.TLS_HANDSHAKE
        name = observation.other_name or host
        observation.server_name = name
        secure = TlsChannel(plain, self._context, name)
        observation.mark(Mark.TLS_START)
        async with asyncio.timeout(self._settings.stage_timeout_s):
            await secure.handshake()
        observation.mark(Mark.TLS_END)
        observation.tls_version = secure.tls.version()
        presented = presented_by(secure.tls)
        observation.certificate_sha256 = presented.sha256
        observation.certificate_issuer = presented.issuer
        if observation.other_name is None:
            self._trust.verify(presented, host)
        else:
            # no server has a certificate for a foreign name
            self._trust.verify_chain(presented)
        return secure

    async def _head(
        self, channel: Channel, request: Request, observation: Observation
    ) -> Head:
        observation.operation = Operation.HTTP_ROUND_TRIP
        async with asyncio.timeout(self._settings.stage_timeout_s):
            observation.mark(Mark.REQUEST_START)
            await channel.send(request.wire_bytes)
            first = await request.first_bytes(channel)
            observation.mark(Mark.RESPONSE_START, channel.began_s)
            head = await request.head(channel, first)
        observation.http_status = head.status
        observation.http_version = head.http_version
        observation.cdn = head.cdn()
        return head

    async def _body(
        self, channel: Channel, head: Head, limits: Limits, observation: Observation
    ) -> None:
        observation.operation = Operation.READ
        began_s = observation.marks[Mark.RESPONSE_START]
        keep = None if observation.body is None else observation.body.extend
        observation.meter = meter = Meter(began_s, keep)
        await read_body(channel, head.body, head.surplus, meter, limits)
        observation.mark(Mark.RESPONSE_END, began_s + meter.elapsed_s)
