"""Goodput of a limited sender is its rate, whatever ends the transfer."""

import pytest

from tests.probe.site import SITE, at
from tests.servers import web
from tests.servers.tcp import serve


async def downloaded(prober, handler, tls):
    async with serve(handler, tls=tls) as server:
        url = f"https://{SITE}:{server.port}/object"
        return await prober.measure(at(server.port, download_url=url), "download")


@pytest.mark.parametrize("rate_bps", [1_000_000, 5_000_000, 20_000_000])
async def test_goodput_of_a_whole_object_is_the_rate(make_prober, tls, rate_bps):
    per_s = rate_bps // 8
    body, burst_bytes = bytes(per_s * 6 // 10), per_s // 20
    handler = web.paced(body, rate_bps, burst_bytes=burst_bytes)
    prober = make_prober(download_max_bytes=len(body), stage_timeout_s=2)
    sample = await downloaded(prober, handler, tls)
    assert sample.failure is None
    assert sample.encoded_body_bytes == len(body)
    with_burst_bps = rate_bps * len(body) / (len(body) - burst_bytes)
    assert sample.goodput_bps == pytest.approx(with_burst_bps, rel=0.08)


async def test_transfer_cut_by_time_is_a_slow_sample_with_its_bytes(make_prober, tls):
    handler = web.paced(bytes(500_000), 140_000, burst_bytes=1_500)
    prober = make_prober(download_max_s=1.0, stage_timeout_s=1.0)
    sample = await downloaded(prober, handler, tls)
    assert (sample.failure, sample.failed_operation) == (None, None)
    assert 1.0 <= sample.response_s < 1.3
    assert sample.goodput_bps == pytest.approx(140_000, rel=0.15)
    assert sample.encoded_body_bytes < 30_000


async def test_transfer_that_only_pauses_at_the_limit_is_not_frozen(make_prober, tls):
    first = web.head(200) + bytes(1_000)
    handler = web.drips(first, bytes(1_000), every_s=0.35, n_drops=2)
    prober = make_prober(download_max_s=0.3, stage_timeout_s=1.0)
    sample = await downloaded(prober, handler, tls)
    assert sample.failure is None
    assert sample.encoded_body_bytes == 2_000
    assert 0.35 <= sample.response_s < 0.5


async def test_slow_sample_is_slower_than_a_fast_one(make_prober, tls):
    prober = make_prober(download_max_s=0.5, stage_timeout_s=1)
    slow = await downloaded(prober, web.paced(bytes(200_000), 500_000), tls)
    fast = await downloaded(prober, web.paced(bytes(200_000), 50_000_000), tls)
    assert fast.goodput_bps > 20 * slow.goodput_bps
