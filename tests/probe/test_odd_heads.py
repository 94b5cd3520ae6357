"""What curl and browsers read of HTTP/1 is read; bounds and refusals stay."""

import asyncio

import pytest

from monitor.probe.field_lines import mended
from tests.probe.site import at
from tests.servers import web
from tests.servers.tcp import serve

BODY = b"<html>hello</html>"
LENGTH = f"Content-Length: {len(BODY)}\r\n".encode()


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
        (b"A :b\n", b"A:b\n"),
        (b"\tfolded : x\r\n", b"\tfolded : x\r\n"),
        (b"no colon\r\n", b"no colon\r\n"),
        (b"\r\n", b"\r\n"),
        (b"a(b): c\r\n", b"x-odd: c\r\n"),
        (b"A: \x00\x01\r\n", b"A: \x00?\r\n"),
        (b"A: \xff\r\n", b"A: \xff\r\n"),
    ],
)
def test_only_what_is_odd_is_mended(line, result):
    assert mended(line) == result


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
