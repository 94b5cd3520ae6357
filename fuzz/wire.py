"""What a server, or whoever sits between, sends to a probe."""

import asyncio
from functools import cache
from ipaddress import ip_address

from dns.message import QueryMessage, make_query

from monitor.model import Operation, Target
from monitor.probe.assets import (
    HTML_MAX_BYTES,
    asset_urls,
    assets,
    decoded_html,
)
from monitor.probe.discovery import announced_size
from monitor.probe.failure import ProbeFailedError, failure_name
from monitor.probe.http import Head, Request
from monitor.probe.leads import Leads
from monitor.probe.lookup import addresses_in, answer_to
from monitor.probe.plausibility import has_bogon
from monitor.probe.transfer import Limits, Meter, read_body
from monitor.probe.url import endpoint_of
from monitor.probe.wire_text import printable_bytes

_LIMITS = Limits(max_bytes=1 << 20, max_s=1e9, silence_s=1.0)
_NAMED = frozenset(
    {
        "eof_error",
        "unknown_failure: invalid_http_response",
        "unknown_failure: response_head_too_large",
    }
)
_PAGE = "https://www.example.org/a/page"


class Pieces:
    """A connection whose bytes come in pieces of one size, then end."""

    def __init__(self, data: bytes, n_bytes: int) -> None:
        self.arrived_s = 0.0
        self.began_s = 0.0
        self._data = data
        self._n_bytes = n_bytes

    async def send(self, data: bytes) -> None:
        """Nobody listens."""

    async def receive(self) -> memoryview:
        """The next piece; empty at the end."""
        piece, self._data = self._data[: self._n_bytes], self._data[self._n_bytes :]
        self.arrived_s += 0.001
        return memoryview(piece)

    def wake_at(self, n_bytes: int) -> None:
        """Every piece wakes."""


def http(data: bytes) -> None:
    """An answer to a GET; the first byte is the size of the pieces it comes in."""
    n_bytes, stream = 1 + (data[0] if data else 0), data[1:]
    in_pieces = _runner().run(_outcome(stream, n_bytes))
    at_once = _runner().run(_outcome(stream, len(stream) + 1))
    assert in_pieces == at_once


async def _outcome(stream: bytes, n_bytes: int) -> tuple[str | None, bytes]:
    """The failure, and the body as far as it was read."""
    channel, kept = Pieces(stream, n_bytes), bytearray()
    request = Request("/", {"Host": "www.example.org", "Connection": "close"})
    try:
        first = await request.first_bytes(channel)
        head = await request.head(channel, first)
        meter = Meter(0.0, kept.extend)
        await read_body(channel, head.body, head.surplus, meter, _LIMITS)
    except Exception as error:
        name = failure_name(error, Operation.READ)
        if name not in _NAMED:
            raise
        return name, b""
    assert meter.n_bytes == len(kept) <= len(stream)
    _look_into(head, bytes(kept))
    return None, bytes(kept)


def _look_into(head: Head, body: bytes) -> None:
    """What is made of a page when a large object is looked for."""
    assert all(f"{name}{value}".isprintable() for name, value in head.cdn())
    assert announced_size(head) >= 0
    coding = printable_bytes(head.header(b"content-encoding") or b"")
    page(decoded_html(body, coding))


def page(data: bytes) -> None:
    """A page of a stranger: its tags, and what they refer to."""
    leads = Leads(target=Target(name="a", url=_PAGE, domain="example.org"))
    steps = list(assets(data[:HTML_MAX_BYTES], _PAGE, leads.is_followed))
    assert len(steps) <= 2 * len(data) + 1  # the cost grows with the length
    urls = asset_urls(step for step in steps if step)
    assert len(urls) <= 16
    assert all(f".{endpoint_of(url).host}".endswith(".example.org") for url in urls)


def dns(data: bytes) -> None:
    """An answer to a question for A or AAAA, without the two bytes of its id."""
    for query in _queries():
        answer = answer_to(query, b"\0\0" + data)
        if answer is None:
            continue
        try:
            addresses = addresses_in(answer)
        except ProbeFailedError:
            continue
        assert len({ip_address(a).version for a in addresses}) <= 1
        has_bogon(addresses)


@cache
def _queries() -> tuple[QueryMessage, ...]:
    return tuple(make_query("www.example.org", kind, id=0) for kind in ("A", "AAAA"))


@cache
def _runner() -> asyncio.Runner:
    return asyncio.Runner()
