"""A Telegram data centre as its first messages show it, well or badly behaved.

The server's side of the transport is written from the protocol's page, apart from the
client's: obfuscated, abridged packets.
"""

import asyncio
import itertools
import os
import struct
from collections.abc import Callable, Iterator

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from tests.servers.tcp import Handler, reset

Reply = Callable[[bytes], bytes | None]
"""The question's message in, the answer's out; None: keeps silent."""
KEY = 0xD09D1D85DE64FD85
PQ = 0x17ED48941A08F981


def res_pq(message: bytes, *, nonce: bytes | None = None, pq: bytes = b"") -> bytes:
    """The right answer to a question."""
    kind, own = struct.unpack("<I16s", message[20:40])
    assert kind == 0xBE7E8EF1, "req_pq_multi"
    text = pq or struct.pack(">Q", PQ)
    padded = bytes([len(text)]) + text
    padded += bytes(-len(padded) % 4)
    body = struct.pack("<I", 0x05162463) + (nonce or own) + os.urandom(16) + padded
    body += struct.pack("<IIQ", 0x1CB5C415, 1, KEY)
    head = struct.pack("<qqI", 0, 0x5F00_0000_0000_0001, len(body))
    return head + body


def data_centre(
    *replies: Reply,
    ends_after: int | None = None,
    resets_after: int | None = None,
    piecewise: bool = False,
    delay_s: float = 0.0,
    seen: list[bytes] | None = None,
) -> Handler:
    """Answers each question by the next of `replies`, the last one for ever."""

    async def handler(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        unseal, seal = await _keys(reader)
        for number, reply in _numbered(replies or (res_pq,)):
            if number == ends_after:
                return
            if number == resets_after:
                reset(writer)
                return
            (length,) = unseal(await reader.readexactly(1))
            message = unseal(await reader.readexactly(4 * length))
            if seen is not None:
                seen.append(message)
            answer = reply(message)
            await asyncio.sleep(delay_s)
            if answer is None:
                continue
            packet = seal(bytes([len(answer) // 4]) + answer)
            for piece in (packet[:7], packet[7:]) if piecewise else (packet,):
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)

    return handler


def says_raw(answer: bytes) -> Handler:
    """Whatever is asked, these bytes, and then silence."""

    async def handler(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.read(1)
        writer.write(answer)
        await writer.drain()
        while await reader.read(65_536):
            pass

    return handler


async def _keys(
    reader: asyncio.StreamReader,
) -> tuple[Callable[[bytes], bytes], Callable[[bytes], bytes]]:
    opening = await reader.readexactly(64)
    assert opening[:1] != b"\xef"
    assert opening[:4] not in (b"\xee" * 4, b"\xdd" * 4, b"GET ", b"POST", b"HEAD")
    back = opening[8:56][::-1]
    unseal = _stream(opening[8:40], opening[40:56])
    assert unseal(opening)[56:60] == b"\xef" * 4, "the abridged transport"
    return unseal, _stream(back[:32], back[32:])


def _stream(key: bytes, counter: bytes) -> Callable[[bytes], bytes]:
    return Cipher(algorithms.AES(key), modes.CTR(counter)).encryptor().update


def _numbered(replies: tuple[Reply, ...]) -> Iterator[tuple[int, Reply]]:
    return enumerate(itertools.chain(replies, itertools.repeat(replies[-1])))
