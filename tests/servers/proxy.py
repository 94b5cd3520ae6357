"""A SOCKS5 and a CONNECT proxy that carry bytes to where they are asked to."""

import asyncio
import contextlib
from dataclasses import dataclass, field
from ipaddress import ip_address

Reader, Writer = asyncio.StreamReader, asyncio.StreamWriter


@dataclass
class Proxy:
    """What a proxy was asked for, and what it answers.

    Attributes
    ----------
    refusal : SOCKS outcome or HTTP status that it says instead; None: it connects.
    """

    refusal: int | None = None
    asked: list[tuple[str, int]] = field(default_factory=list)

    async def socks5(self, reader: Reader, writer: Writer) -> None:
        n_methods = (await reader.readexactly(2))[1]
        await reader.readexactly(n_methods)
        writer.write(b"\x05\x00")
        kind = (await reader.readexactly(4))[3]
        packed = await reader.readexactly(4 if kind == 1 else 16)
        port = int.from_bytes(await reader.readexactly(2), "big")
        self.asked.append((str(ip_address(packed)), port))
        if self.refusal is not None:
            writer.write(bytes((5, self.refusal, 0, 1)) + bytes(6))
            await writer.drain()
            return
        await self._carry(reader, writer, b"\x05\x00\x00\x01" + bytes(6))

    async def connect(self, reader: Reader, writer: Writer) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        host, _, port = head.split(" ")[1].rpartition(":")
        self.asked.append((host.strip("[]"), int(port)))
        if self.refusal is not None:
            writer.write(f"HTTP/1.1 {self.refusal} No\r\n\r\n".encode())
            await writer.drain()
            return
        await self._carry(reader, writer, b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n")

    async def _carry(self, reader: Reader, writer: Writer, accepted: bytes) -> None:
        there, back = await asyncio.open_connection(*self.asked[-1])
        writer.write(accepted)
        try:
            await asyncio.gather(
                _copied(reader, back), _copied(there, writer), return_exceptions=True
            )
        finally:
            back.close()
            with contextlib.suppress(ConnectionError):
                await back.wait_closed()


async def _copied(source: Reader, sink: Writer) -> None:
    while data := await source.read(65_536):
        sink.write(data)
        await sink.drain()
    sink.close()
