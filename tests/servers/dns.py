"""A loopback name server that tells the truth, lies, refuses or keeps silent."""

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import cast

from dns import flags, rcode, rdatatype
from dns.message import Message, from_wire, make_response
from dns.rdatatype import RdataType
from dns.rrset import from_text_list

from tests.ports import free_port
from tests.servers.tcp import Handler, serve

Reply = Message | bytes | None
Rule = Callable[[Message], Reply]


def addresses(*found: str) -> Rule:
    """Answers with these addresses, each to a query of its family."""

    def rule(query: Message) -> Message:
        question = query.question[0]
        is_six = question.rdtype == rdatatype.AAAA
        wanted = [a for a in found if (":" in a) == is_six]
        reply = make_response(query)
        if wanted:
            kind = rdatatype.to_text(question.rdtype)
            rrset = from_text_list(question.name, 60, "IN", kind, wanted)
            reply.answer.append(rrset)
        return reply

    return rule


def alias(canonical: str, rule: Rule) -> Rule:
    """Answers with a CNAME and, for that name, what `rule` says."""

    def aliased(query: Message) -> Message:
        reply = make_response(query)
        name = query.question[0].name
        reply.answer.append(from_text_list(name, 60, "IN", "CNAME", [canonical]))
        inner = rule(query)
        assert isinstance(inner, Message)
        for rrset in inner.answer:
            texts = [record.to_text() for record in rrset]
            kind = rdatatype.to_text(rrset.rdtype)
            reply.answer.append(from_text_list(canonical, 60, "IN", kind, texts))
        return reply

    return aliased


def says(code: rcode.Rcode) -> Rule:
    """Answers with an error code."""

    def rule(query: Message) -> Message:
        reply = make_response(query)
        reply.set_rcode(code)
        return reply

    return rule


def truncated(query: Message) -> Message:
    """Answers that the answer is too long for UDP."""
    reply = make_response(query)
    reply.flags |= flags.TC
    return reply


def keeps_silent(query: Message) -> None:
    """Answers nothing."""


@dataclass(slots=True)
class NameServer:
    """A running name server; `rules` may be changed at any time."""

    port: int
    rules: dict[str, Rule]
    over_tcp: dict[str, Rule] = field(default_factory=dict)
    delay_s: float = 0.0
    asked: list[tuple[str, RdataType]] = field(default_factory=list)
    host: str = "127.0.0.1"
    times: int = 1
    """How often each answer over UDP is sent."""

    @property
    def resolver(self) -> str:
        """The server as `ProbeSettings.resolvers` wants it."""
        return f"{self.host}:{self.port}"

    def reply(self, raw: bytes, rules: dict[str, Rule]) -> bytes | None:
        """The reply on the wire to a query on the wire."""
        query = from_wire(raw)
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True)
        self.asked.append((name, question.rdtype))
        made = rules.get(name, says(rcode.NXDOMAIN))(query)
        return made.to_wire(want_shuffle=False) if isinstance(made, Message) else made


class Udp(asyncio.DatagramProtocol):
    def __init__(self, server: NameServer) -> None:
        self._server = server
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        reply = self._server.reply(data, self._server.rules)
        loop = asyncio.get_running_loop()
        if reply is not None:
            loop.call_later(self._server.delay_s, self._send, reply, addr)

    def _send(self, reply: bytes, addr: tuple[str, int]) -> None:
        if self._transport is not None and not self._transport.is_closing():
            for _ in range(self._server.times):
                self._transport.sendto(reply, addr)


@contextlib.asynccontextmanager
async def name_server(
    rules: dict[str, Rule], *, host: str = "127.0.0.1"
) -> AsyncIterator[NameServer]:
    """A name server on a free port of this machine, UDP and TCP."""
    server = NameServer(free_port(host), rules, host=host)
    loop = asyncio.get_running_loop()
    async with serve(_tcp_handler(server), host=host, port=server.port):
        udp, _ = await loop.create_datagram_endpoint(
            lambda: Udp(server), local_addr=(host, server.port)
        )
        try:
            yield server
        finally:
            udp.close()


def _tcp_handler(server: NameServer) -> Handler:
    async def handler(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        (length,) = struct.unpack("!H", await reader.readexactly(2))
        query = await reader.readexactly(length)
        reply = server.reply(query, server.over_tcp)
        if reply is not None:
            writer.write(struct.pack("!H", len(reply)) + reply)
            await writer.drain()

    return handler
