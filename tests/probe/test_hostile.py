"""Servers that want to hang, crash or bloat a probe: bounded in time and in bytes."""

import asyncio
import contextlib
import gzip
import tracemalloc

import pytest
import trustme

from monitor.model import Operation
from tests.probe.site import HASTE_S, SITE, at
from tests.servers import dns, web
from tests.servers.certificates import server_context
from tests.servers.tcp import serve

MIB = 1 << 20
CHUNKED = web.head(200, {"Transfer-Encoding": "chunked"})


@contextlib.contextmanager
def grows_less_than(n_bytes: int):
    """Python's memory peaks by less than so much meanwhile."""
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < n_bytes


async def measured(prober, tls, handler, probe="https"):
    """The sample of a hostile `site.test`, which must come at last."""
    async with serve(handler, tls=tls) as server:
        url = f"https://{SITE}:{server.port}/"
        target = at(server.port, download_url=url)
        return await prober.measure(target, probe)


async def test_endless_body_is_cut_at_the_byte_limit(make_prober, tls):
    flood = web.floods(web.head(200), bytes(65_536))
    with grows_less_than(8 * MIB):
        sample = await measured(make_prober(page_max_bytes=3 * MIB), tls, flood)
    assert sample.failure is None
    assert 3 * MIB <= sample.encoded_body_bytes < 4 * MIB


async def test_endless_body_is_cut_at_the_time_limit(make_prober, tls):
    flood = web.floods(web.head(200), bytes(65_536))
    prober = make_prober(download_max_bytes=1 << 40, download_max_s=0.2)
    with grows_less_than(8 * MIB):
        sample = await measured(prober, tls, flood, "download")
    assert sample.failure is None
    assert sample.response_s >= 0.2
    assert sample.goodput_bps > 0


async def test_length_beyond_all_numbers_is_not_believed(prober, tls):
    liar = web.says(web.head(200, {"Content-Length": "9" * 20}) + b"little")
    sample = await measured(prober, tls, liar)
    # As where none is announced, like curl.
    assert (sample.encoded_body_bytes, sample.failure) == (6, None)


async def test_body_beyond_its_length_is_not_counted(prober, tls):
    liar = web.says(web.head(200, {"Content-Length": "10"}) + bytes(5_000))
    sample = await measured(prober, tls, liar)
    assert (sample.encoded_body_bytes, sample.failure) == (10, None)


async def test_two_lengths_are_no_answer(prober, tls):
    liar = web.says(
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx"
    )
    sample = await measured(prober, tls, liar)
    assert sample.failure == "unknown_failure: invalid_http_response"


@pytest.mark.parametrize(
    "flood",
    [
        web.floods(b"HTTP/1.1 200 OK\r\nX: ", b"a" * 65_536),
        web.floods(b"HTTP/1.1 200 OK\r\n", b"X-More: and more\r\n" * 1000),
        web.floods(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 1000),
        web.says(b"HTTP/1.1 200 OK\r\nX: " + b"a" * MIB + b"\r\n\r\n"),
    ],
    ids=["one line", "many lines", "interim answers", "1 MB line"],
)
async def test_endless_head_is_given_up(prober, tls, flood):
    with grows_less_than(8 * MIB):
        sample = await measured(prober, tls, flood)
    assert sample.failed_operation is Operation.HTTP_ROUND_TRIP
    assert sample.failure in {
        "unknown_failure: invalid_http_response",
        "unknown_failure: response_head_too_large",
    }


async def test_dripping_head_is_given_up_in_time(hasty, tls):
    drip = web.drips(b"HTTP/1.1 200 OK\r\nX: ", b"a", every_s=0.02)
    sample = await measured(hasty, tls, drip)
    assert sample.failed_operation is Operation.HTTP_ROUND_TRIP
    assert sample.failure == "generic_timeout_error"
    assert sample.duration_s >= HASTE_S
    assert sample.waiting_s < HASTE_S


async def test_dripping_page_is_a_slow_sample(hasty, tls):
    drip = web.drips(web.head(200), b"a", every_s=0.02)
    sample = await measured(hasty, tls, drip)
    assert sample.failure is None
    assert sample.response_s >= HASTE_S
    assert 2 <= sample.encoded_body_bytes <= HASTE_S / 0.02 + 1


async def test_dripping_download_is_a_slow_sample_with_its_rate(make_prober, tls):
    drip = web.drips(web.head(200), b"a" * 100, every_s=0.02)
    prober = make_prober(download_max_s=0.4)
    sample = await measured(prober, tls, drip, "download")
    assert sample.failure is None
    assert sample.goodput_bps == 8 * sample.encoded_body_bytes / sample.response_s
    assert sample.goodput_bps < 1.2 * 8 * 100 / 0.02


async def test_endless_chunk_extension_is_given_up(prober, tls):
    flood = web.floods(CHUNKED + b"5;", b"ext=" + b"a" * 4096)
    with grows_less_than(8 * MIB):
        sample = await measured(prober, tls, flood)
    assert sample.failed_operation is Operation.READ
    assert sample.failure == "unknown_failure: invalid_http_response"


async def test_endless_chunks_are_cut_at_the_byte_limit(make_prober, tls):
    flood = web.floods(CHUNKED, b"1000\r\n" + bytes(4096) + b"\r\n")
    prober = make_prober(page_max_bytes=MIB, stage_timeout_s=30.0)
    sample = await measured(prober, tls, flood)
    assert sample.failure is None
    assert MIB <= sample.encoded_body_bytes < 2 * MIB


async def test_endless_trailers_are_given_up(prober, tls):
    flood = web.floods(CHUNKED + b"0\r\n", b"X-Trailer: a\r\n" * 500)
    sample = await measured(prober, tls, flood)
    assert sample.failed_operation is Operation.READ
    assert sample.failure == "unknown_failure: invalid_http_response"


async def test_compressed_page_is_counted_and_not_unfolded(make_prober, tls):
    bomb = gzip.compress(bytes(100 * MIB), 9)
    answer = web.whole(bomb, headers={"Content-Encoding": "gzip"})
    with grows_less_than(4 * MIB):
        sample = await measured(make_prober(), tls, web.says(answer))
    assert sample.encoded_body_bytes == len(bomb)


async def test_headers_are_kept_bounded_and_printable(prober, tls):
    nasty = {"Server": "nginx\x1b[31m" + "x" * 5000, "Via": "1.1 edge"}
    head = web.head(200, nasty | {"Content-Length": "0"})
    sample = await measured(prober, tls, web.says(head))
    values = dict(sample.cdn).values()
    assert all(v.isprintable() and len(v) <= 120 for v in values)


async def test_certificate_with_a_monstrous_issuer_is_kept_short(prober):
    monster = trustme.CA(organization_name="X" * 60, organization_unit_name="Y" * 60)
    tls = server_context(monster, SITE)
    sample = await measured(prober, tls, web.says(web.whole(b"")))
    assert len(sample.certificate_issuer) <= 300


async def test_endless_handshake_is_given_up(hasty):
    record = b"\x16\x03\x03\x00\x04\x00\x00\x00\x00"  # HelloRequest, for ever
    async with serve(dripping_raw(record)) as server:
        sample = await hasty.measure(at(server.port), "https")
    assert sample.failed_operation is Operation.TLS_HANDSHAKE


def dripping_raw(drop: bytes):
    async def handler(reader, writer):
        await reader.read(1)
        while True:
            writer.write(drop)
            await writer.drain()
            await asyncio.sleep(0.001)

    return handler


async def test_dns_answer_that_points_at_itself_is_no_answer(prober, names):
    names.rules[SITE] = dns.alias(SITE + ".", dns.addresses())
    sample = await prober.measure(at(443), "https")
    assert sample.failed_operation is Operation.RESOLVE
    assert sample.failure in {"dns_no_answer", "dns_server_misbehaving"}


async def test_garbage_instead_of_a_dns_answer_is_passed_over(hasty, names):
    names.rules[SITE] = lambda query: b"\xff" * 500
    sample = await hasty.measure(at(443), "https")
    assert sample.failed_operation is Operation.RESOLVE
    assert sample.failure == "generic_timeout_error"
