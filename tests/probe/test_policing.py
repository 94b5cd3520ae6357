"""Goodput of a limited sender is its rate, whatever ends the transfer."""

import pytest

from tests.probe.site import SITE, at
from tests.servers import web
from tests.servers.tcp import serve
from tests.waiting import least


async def downloaded(prober, handler, tls):
    async with serve(handler, tls=tls) as server:
        url = f"https://{SITE}:{server.port}/object"
        return await prober.measure(at(server.port, download_url=url), "download")


def true_bps(n_bytes: int, sent_s: list[float]) -> float:
    return 8 * n_bytes / (sent_s[-1] - sent_s[0])


def off(measured: float, true: float) -> float:
    """How far from the truth, as a share of it."""
    return abs(measured / true - 1)


@pytest.mark.parametrize("rate_bps", [1_000_000, 5_000_000, 20_000_000])
async def test_goodput_of_a_whole_object_is_the_rate(make_prober, tls, rate_bps):
    body = bytes(rate_bps // 8 * 6 // 10)
    prober = make_prober(download_max_bytes=len(body))

    async def error() -> float:
        sent_s: list[float] = []
        handler = web.paced(body, rate_bps, burst_bytes=rate_bps // 160, sent_s=sent_s)
        sample = await downloaded(prober, handler, tls)
        assert sample.failure is None
        assert sample.encoded_body_bytes == len(body)
        return off(sample.goodput_bps, true_bps(len(body), sent_s))

    assert await least(error, enough=0.05) <= 0.05


async def test_transfer_cut_by_time_is_a_slow_sample_with_its_bytes(make_prober, tls):
    prober = make_prober(download_max_s=1.0)

    async def error() -> float:
        sent_s: list[float] = []
        handler = web.paced(bytes(500_000), 140_000, burst_bytes=1_500, sent_s=sent_s)
        sample = await downloaded(prober, handler, tls)
        assert (sample.failure, sample.failed_operation) == (None, None)
        assert sample.response_s >= 1.0
        assert sample.encoded_body_bytes < 500_000
        n_sent = round(sample.encoded_body_bytes / web.SEGMENT_BYTES)
        sent_bps = true_bps(sample.encoded_body_bytes, sent_s[:n_sent])
        return off(sample.goodput_bps, sent_bps)

    assert await least(error, enough=0.1) <= 0.1


async def test_transfer_that_only_pauses_at_the_limit_is_not_frozen(make_prober, tls):
    first = web.head(200) + bytes(1_000)
    handler = web.drips(first, bytes(1_000), every_s=1.5, n_drops=2)
    prober = make_prober(download_max_s=0.3)
    sample = await downloaded(prober, handler, tls)
    assert sample.failure is None
    assert sample.encoded_body_bytes == 2_000
    assert sample.response_s >= 0.3


async def test_slow_sample_is_slower_than_a_fast_one(make_prober, tls):
    prober = make_prober(download_max_s=0.5)
    slow = await downloaded(prober, web.paced(bytes(200_000), 50_000), tls)
    fast = await downloaded(prober, web.paced(bytes(200_000), 50_000_000), tls)
    assert fast.goodput_bps > 20 * slow.goodput_bps
