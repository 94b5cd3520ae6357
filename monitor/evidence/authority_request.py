"""Asks a time-stamp authority: the child of `monitor.evidence.timestamp`.

The authority is a stranger that may hang, drip or flood. It is asked where the owner
said, and nowhere that it leads to.
"""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Final

import aiohttp

from monitor.children import answer

TIMEOUT_S: Final = 30.0
_MAX_REPLY_BYTES: Final = 100_000


def main() -> None:
    """Answer a request of `{"authority", "query"}`, the query in hexadecimal."""
    answer(_asked)


def _asked(request: Mapping[str, str]) -> Iterator[dict[str, str]]:
    query = bytes.fromhex(request["query"])
    try:
        reply = asyncio.run(_reply(request["authority"], query))
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        yield {"trouble": _words(error)}
    else:
        yield {"reply": reply.hex()}


async def _reply(authority: str, query: bytes) -> bytes:
    headers = {"Content-Type": "application/timestamp-query"}
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    async with (
        # What comes is taken as it is: unpacked it could be of any size.
        aiohttp.ClientSession(timeout=timeout, auto_decompress=False) as session,
        session.post(
            authority, data=query, headers=headers, allow_redirects=False
        ) as reply,
    ):
        if not reply.ok or 300 <= reply.status < 400:
            raise aiohttp.ClientPayloadError(f"HTTP status {reply.status}")
        received = bytearray()
        async for chunk in reply.content.iter_chunked(1 << 12):
            received += chunk
            if len(received) > _MAX_REPLY_BYTES:
                raise aiohttp.ClientPayloadError("the reply is too long")
        return bytes(received)


def _words(error: Exception) -> str:
    # Some errors of the library repeat the address, which may hold a password.
    if isinstance(error, aiohttp.ClientPayloadError | aiohttp.ClientConnectorError):
        return str(error)
    return "no reply" if isinstance(error, TimeoutError) else type(error).__name__


if __name__ == "__main__":
    main()
