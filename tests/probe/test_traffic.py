"""What the line carried is counted, whatever it was, and a connection has an end."""

import asyncio
import gzip
import json
import subprocess
import sys

import pytest

from monitor.probe.traffic import Traffic
from tests.costs import in_brief
from tests.probe.site import SITE, at
from tests.servers import dns, hostile_pages, web
from tests.servers.tcp import serve

MIB = 1 << 20
CHUNKED = web.head(200, {"Transfer-Encoding": "chunked"})


def _has_namespaces() -> bool:
    words = ["unshare", "-rn", "unshare", "-n", "true"]
    try:
        return subprocess.run(words, check=False, capture_output=True).returncode == 0
    except OSError:
        return False


@pytest.mark.every_run
@pytest.mark.skipif(not _has_namespaces(), reason="no network namespaces here")
@pytest.mark.parametrize(
    ("case", "n_probes"),
    [("page", 3), ("ok", 2), ("refuse", 4), ("norange", 4), ("interim", 2)],
)
def test_counted_is_what_a_real_interface_received(case: str, n_probes: int) -> None:
    words = ["unshare", "-rn", sys.executable, "-m", "tests.servers.veth"]
    done = subprocess.run(
        [*words, case, str(n_probes)], check=True, capture_output=True, text=True
    )
    found = json.loads(done.stdout)
    # A cable of two namespaces carries many segments under one header.
    assert found["received"] * 0.9 < found["counted"] < found["received"] * 1.08, found
    assert found["bodies"] < found["counted"]


async def measured(prober, handler, tls=None, probe="https"):
    traffic = Traffic()
    async with serve(handler, tls=tls) as server:
        scheme = "http" if tls is None else "https"
        url = f"{scheme}://{SITE}:{server.port}/"
        target = at(server.port, scheme, download_url=url)
        sample = await prober.measure(target, probe, traffic=traffic)
    return sample, traffic.received_bytes


FLOODS = {
    "extensions of chunks": (CHUNKED, b"1;x=" + b"e" * 8_000 + b"\r\na\r\n"),
    "chunks of one byte": (CHUNKED, b"1\r\na\r\n" * 1000),
    "interim answers": (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 1000),
    "trailers": (CHUNKED + b"0\r\n", b"x: y\r\n" * 1000),
    "a page": (web.head(200), bytes(65_536)),
}


@pytest.mark.parametrize("name", FLOODS)
@pytest.mark.parametrize("is_secure", in_brief([True, False], True))
async def test_no_flood_is_taken_beyond_its_cap(make_prober, tls, name, is_secure):
    """Of 3.7 GB that came down, 41 kB were counted."""
    prober = make_prober(page_max_bytes=MIB, stage_timeout_s=20.0)
    flood = web.floods(*FLOODS[name])
    sample, counted = await measured(prober, flood, tls if is_secure else None)
    # What is taken, and what the kernel held when the connection was cut.
    assert counted < 1.25 * MIB + 192 * 1024 + 8 * MIB
    assert sample.failure in {
        None,
        "unknown_failure: received_too_much",
        "unknown_failure: response_head_too_large",
        "unknown_failure: invalid_http_response",
    }
    if name == "extensions of chunks":
        assert sample.failure == "unknown_failure: received_too_much"
        assert counted > 1.25 * MIB > 1000 * sample.encoded_body_bytes


async def test_a_flood_of_handshake_records_is_cut(make_prober):
    record = b"\x16\x03\x03\x00\x04\x00\x00\x00\x00"  # HelloRequest, for ever

    async def handler(reader, writer):
        await reader.read(1)
        while True:
            writer.write(record * 10_000)
            await writer.drain()
            await asyncio.sleep(0)  # see `tests.servers.hostile`

    traffic = Traffic()
    async with serve(handler) as server:
        prober = make_prober(page_max_bytes=MIB, stage_timeout_s=20.0)
        sample = await prober.measure(at(server.port), "https", traffic=traffic)
    assert sample.failed_operation == "tls_handshake"
    assert traffic.received_bytes < 12 * MIB


@pytest.mark.parametrize("n_bytes", [0, 1_000, 100_000, 1_000_000])
async def test_heads_records_and_segments_are_counted(make_prober, tls, n_bytes):
    prober = make_prober(page_max_bytes=2 * MIB)
    sample, counted = await measured(prober, web.says(web.whole(bytes(n_bytes))), tls)
    assert sample.encoded_body_bytes == n_bytes
    assert n_bytes + 1_000 < counted < 1.07 * n_bytes + 12_000


async def test_what_is_packed_counts_as_it_came(make_prober, tls):
    bomb = gzip.compress(bytes(100 * MIB), 9)
    answer = web.whole(bomb, headers={"Content-Encoding": "gzip"})
    _, counted = await measured(make_prober(), web.says(answer), tls)
    assert len(bomb) < counted < 1.1 * len(bomb) + 12_000


async def test_names_and_failed_connections_are_counted(prober, hasty, names):
    before = Traffic()
    await prober.measure(at(9, "tcp", ""), "tcp", traffic=before)
    names.rules[SITE] = dns.keeps_silent
    silent = Traffic()
    await hasty.measure(at(9, "tcp", ""), "tcp", traffic=silent)
    assert 50 < before.received_bytes < 400
    assert silent.received_bytes == 0


async def test_name_server_that_floods_is_not_waited_for(prober, names):
    names.rules[SITE] = lambda query: b"\xff" * 500
    names.times = 10_000
    traffic = Traffic()
    sample = await prober.measure(at(443), "https", traffic=traffic)
    assert sample.failed_operation == "resolve"
    assert sample.failure == "dns_server_misbehaving"
    assert 100 * 500 <= traffic.received_bytes <= 100 * 600


async def test_the_search_for_an_object_is_counted(prober):
    page = b"".join(b"<script src=/%d.js></script>" % i for i in range(8))
    pages = {"/": web.whole(page + bytes(100_000))}
    pages |= {f"/{i}.js": web.whole(bytes(100_000 + i)) for i in range(8)}
    traffic = Traffic()
    async with serve(web.site(pages)) as server:
        target = at(server.port, "http")
        sample = await prober.measure(target, "download", traffic=traffic)
        first = traffic.received_bytes
        await prober.measure(target, "download", traffic=traffic)
    body = sample.encoded_body_bytes
    assert body == 100_007
    assert first > body + 100_000 + 8 * 200
    assert traffic.received_bytes - first < 1.1 * body + 3_000


@pytest.mark.parametrize("name", hostile_pages.ANSWERS)
async def test_hostile_answers_have_an_end_and_an_outcome(make_prober, name):
    answer = hostile_pages.ANSWERS[name]()
    prober = make_prober(stage_timeout_s=20.0, page_max_bytes=100_000)
    sample, counted = await measured(prober, web.says(answer))
    assert sample.failed_operation in {None, "http_round_trip", "read"}
    assert counted < len(answer) * 1.1 + 10_000
