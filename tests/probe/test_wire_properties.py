"""What a server says arrives whole, whatever the framing and the pieces it comes in."""

import asyncio
import struct
from ipaddress import IPv4Address

import pytest
from dns.message import make_query
from h11 import RemoteProtocolError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fuzz.wire import Pieces
from monitor.model import Operation
from monitor.probe.failure import failure_name
from monitor.probe.http import Request
from monitor.probe.lookup import addresses_in, answer_to
from monitor.probe.transfer import Limits, Meter, read_body

BODY = st.binary(max_size=2000)
PIECES = st.integers(1, 700)
UNHURRIED = settings(
    deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow]
)


def sized(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def chunked(body: bytes) -> bytes:
    parts = [body[i : i + 97] for i in range(0, len(body), 97)]
    framed = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
    return b"Transfer-Encoding: chunked\r\n\r\n" + framed + b"0\r\n\r\n"


def to_the_end(body: bytes) -> bytes:
    return b"\r\n" + body


def got(stream: bytes, n_bytes: int) -> tuple[int, bytes]:
    """Status and body that a probe reads of a stream in pieces."""

    async def read() -> tuple[int, bytes]:
        channel, kept = Pieces(stream, n_bytes), bytearray()
        request = Request("/", {"Host": "a.example", "Connection": "close"})
        head = await request.head(channel, await request.first_bytes(channel))
        limits = Limits(max_bytes=1_000_000, max_s=1e9, silence_s=1)
        meter = Meter(0.0, kept.extend)
        await read_body(channel, head.body, head.surplus, meter, limits)
        return head.status, bytes(kept)

    return asyncio.run(read())


@UNHURRIED
@given(BODY, PIECES, st.sampled_from([sized, chunked, to_the_end]))
def test_a_body_arrives_whole(body, n_bytes, framed):
    stream = b"HTTP/1.1 200 OK\r\nServer: x\r\n" + framed(body)
    assert got(stream, n_bytes) == (200, body)


@UNHURRIED
@given(st.binary(min_size=1, max_size=2000), PIECES, st.data())
def test_a_body_cut_short_is_a_failure_with_a_name(body, n_bytes, data):
    framed = data.draw(st.sampled_from([sized, chunked]))
    stream = b"HTTP/1.1 200 OK\r\n" + framed(body)
    cut = data.draw(st.integers(1, len(stream) - 1))
    with pytest.raises((EOFError, RemoteProtocolError)) as caught:
        got(stream[:cut], n_bytes)
    name = failure_name(caught.value, Operation.READ)
    assert name in ("eof_error", "unknown_failure: invalid_http_response")


@UNHURRIED
@given(st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=24, unique=True))
def test_addresses_keep_their_order(numbers: list[int]):
    query = make_query("www.example.org", "A", id=7)
    question = query.to_wire()[12:]
    head = struct.pack("!6H", 7, 0x8180, 1, len(numbers), 0, 0)
    # Every record: the name of the question, A, IN, 60 s, four bytes.
    rows = [struct.pack("!HHHIHI", 0xC00C, 1, 1, 60, 4, number) for number in numbers]
    decoded = answer_to(query, head + question + b"".join(rows))
    assert decoded is not None
    expected = [str(IPv4Address(number)) for number in numbers[:16]]
    assert addresses_in(decoded) == tuple(expected)


@UNHURRIED
@given(st.binary(max_size=200))
def test_what_is_no_answer_to_the_question_is_passed_over(raw: bytes):
    query = make_query("www.example.org", "A", id=7)
    found = answer_to(query, raw)
    assert found is None or query.is_response(found)
