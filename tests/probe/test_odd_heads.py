"""What curl and browsers read of HTTP/1 is read; bounds and refusals stay."""

import asyncio

import pytest

from monitor.probe.chunks import ChunkedBody
from monitor.probe.field_lines import Fields, status_line
from tests.probe.site import at
from tests.servers import web
from tests.servers.tcp import serve

BODY = b"<html>hello</html>"
LENGTH = f"Content-Length: {len(BODY)}\r\n".encode()
CHUNKS = b"12\r\n" + BODY + b"\r\n0\r\n\r\n"


def head(*lines: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\n" + b"".join(lines) + b"\r\n"


async def measured(prober, answer: bytes):
    async with serve(web.says(answer)) as server:
        return await prober.measure(at(server.port, "http"), "https")


@pytest.mark.parametrize(
    "answer",
    [
        head(b"X-Note: caf\x0be\x01\x7f\r\n", LENGTH) + BODY,
        head(b"X-Powered-By : PHP\r\n", LENGTH) + BODY,
        head(b"X@Cache(1): hit\r\n", LENGTH) + BODY,
        head(b"X@Cache(1): hit\r\n  and more\r\n", LENGTH) + BODY,
        head(b"X Cache: hit\r\n", LENGTH) + BODY,
        head(b": nothing\r\n", LENGTH) + BODY,
        head("X-Город: Алматы\r\n".encode(), LENGTH) + BODY,
        head(b"Content-Length \t: 18\r\n") + BODY,
        head(b"Transfer-Encoding: identity\r\n", LENGTH) + BODY,
        head(b"Content-Security-Policy: a;\r\n  \x02 b\r\n", LENGTH) + BODY,
        head(b"Transfer-Encoding : chunked\r\n") + b"12\r\n" + BODY + b"\r\n0\r\n\r\n",
        b"HTTP/1.1 103 Early\r\nLink : </a\x01>\r\n\r\n" + head(LENGTH) + BODY,
        b"HTTP/1.1 200\n: x\nContent-Length: 18\n\n" + BODY,
        b"HTTP/2 200\r\n" + LENGTH + b"\r\n" + BODY,
        b"http/1.1  200OK\r\n" + LENGTH + b"\r\r\n" + BODY,
        head(b"X-Note: a\rb\r\r\n", LENGTH) + BODY,
        head(b"Content-Length: +0000000000000000000000018 bytes\r\n") + BODY,
        head(b"Content-Length: 99999999999999999999\r\n") + BODY,
        head(b"Transfer-Encoding: Identity\r\n", LENGTH) + BODY,
        head(b"Transfer-Encoding:\r\n", LENGTH) + BODY,
        head(*[b"Transfer-Encoding: chunked\r\n"] * 2) + CHUNKS,
        head(b"Transfer-Encoding: identity, Chunked, chunked\r\n") + CHUNKS,
        head(b"transfer-encoding: chunked\n") + CHUNKS.replace(b"\r\n", b"\n"),
        head(b"Transfer-Encoding: chunked\r\n")
        + b"012 ; a = b\x01\r\n"
        + BODY
        + b"\n0 \r\nX-Sum : \x02\r\n: \r\n\r\n",
    ],
)
async def test_odd_head_is_read(prober, answer):
    sample = await measured(prober, answer)
    assert (sample.http_status, sample.failure) == (200, None)
    assert sample.encoded_body_bytes == len(BODY)


@pytest.mark.parametrize(
    "answer",
    [
        head(b"SomeJunkLine\r\n", LENGTH) + BODY,
        head(b"Set-Cookie: a=b\x00c\r\n", LENGTH) + BODY,
        head(b"Content-Length: 18\r\n  99\r\n") + BODY,
        head(LENGTH, b"Content-Length: 999\r\n") + BODY,
        head(b"Content-Length: 18, 999\r\n") + BODY,
        head(b"Content-Length: -18\r\n") + BODY,
        head(b"Content-Length: many\r\n") + BODY,
        head(b"Transfer-Encoding: gzip, chunked\r\n") + BODY,
        head(b" starts with a fold\r\n", LENGTH) + BODY,
        b"\r\n" + head(LENGTH) + BODY,
        b"ICY 200 OK\r\n" + LENGTH + b"\r\n" + BODY,
        b"\x16\x03\x01\x00\xa5",
    ],
)
async def test_what_curl_refuses_is_no_answer(prober, answer):
    sample = await measured(prober, answer)
    assert sample.failed_operation == "http_round_trip"
    assert sample.failure == "unknown_failure: invalid_http_response"


async def test_control_characters_reach_no_one(prober):
    answer = head(b"Server : ng\x1b[31minx\x07\r\n", LENGTH) + BODY
    sample = await measured(prober, answer)
    assert dict(sample.cdn)["server"] == "ng?[31minx?"


@pytest.mark.parametrize(
    ("line", "result"),
    [
        (b"A: b\r\n", b"A: b\r\n"),
        (b"A :b\n", b"A:b\r\n"),
        (b"A: " + b"\r" * 65_000 + b"b\n", b"A: " + b"?" * 65_000 + b"b\r\n"),
        (b"Content-Length: 0\r\n", b"Content-Length: 0\r\n"),
        (
            b"Content-Length: " + b"0" * 65_000 + b",1\r\n",
            b"Content-Length: " + b"0" * 65_000 + b",1\r\n",
        ),
        (b"\tfolded : x\r\n", b"\tfolded : x\r\n"),
        (b"no colon\r\n", b"no colon\r\n"),
        (b"\r\n", b"\r\n"),
        (b"a(b): c\r\n", b"x-odd: c\r\n"),
        (b"A: \x00\x01\r\n", b"A: \x00?\r\n"),
        (b"A: \xff\r\n", b"A: \xff\r\n"),
    ],
)
def test_only_what_is_odd_is_mended(line, result):
    assert Fields().mended(line) == result


@pytest.mark.parametrize(
    "line",
    [
        b"HTTP/1.1 200" + b" " * 65_000 + b"\rx\n",
        b"HTTP/1.1" + b" " * 65_000 + b"20\r\n",
        b"HTTP/1.1 200 " + b"\r" * 65_000 + b"x\n",
        b"HTTP/1.1 2000 OK\r\n",
    ],
)
def test_first_line_that_is_none_is_read_once_and_stays(line):
    assert status_line(line) == line


@pytest.mark.parametrize(
    "chunks",
    [
        b"12\r\n" + BODY + b"x\r\n0\r\n\r\n",
        b"g\r\n" + BODY + b"\r\n0\r\n\r\n",
        b"00000000000000012\r\n" + BODY + b"\r\n0\r\n\r\n",
        b"-12\r\n" + BODY + b"\r\n0\r\n\r\n",
        b"\r\n",
    ],
)
async def test_what_is_no_chunk_is_no_body(prober, chunks):
    sample = await measured(prober, head(b"Transfer-Encoding: chunked\r\n") + chunks)
    assert sample.failed_operation == "read"
    assert sample.failure == "unknown_failure: invalid_http_response"


@pytest.mark.parametrize("n_cut", [1, 2, 4, 5, 12])
async def test_chunks_without_their_end_are_cut_off(prober, n_cut):
    answer = head(b"Transfer-Encoding: chunked\r\n") + CHUNKS[:-n_cut]
    sample = await measured(prober, answer)
    assert (sample.failed_operation, sample.failure) == ("read", "eof_error")


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_chunks_in_crumbs_are_the_same_chunks(size):
    chunks = CHUNKS[:-5] + b"2;x\r\nab\r\n0\r\nA: b\r\n\r\n"
    body = ChunkedBody()
    parts = [
        bytes(part)
        for k in range(0, len(chunks), size)
        for part in body.feed(memoryview(chunks)[k : k + size])
    ]
    assert (b"".join(parts), body.is_complete) == (BODY + b"ab", True)


async def test_first_line_in_crumbs_is_the_same_line(prober):
    async def handler(reader, writer):
        await web.request_of(reader)
        for crumb in (b"HT", b"TP/2", b" ", b"20", b"0\r\n" + LENGTH + b"\r\n" + BODY):
            writer.write(crumb)
            await writer.drain()
            await asyncio.sleep(0.02)

    async with serve(handler) as server:
        sample = await prober.measure(at(server.port, "http"), "https")
    assert (sample.http_status, sample.failure) == (200, None)
