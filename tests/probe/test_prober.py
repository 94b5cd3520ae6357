"""What a sample of a healthy site holds."""

import asyncio

import pytest

from monitor import __version__
from monitor.clock import SystemClock
from monitor.model import AddressFamily, Target, Transport
from monitor.probe import Prober, ProbeSettings, probes_of
from tests.probe.site import SITE, at
from tests.servers import dns, web
from tests.servers.tcp import full_backlog, serve
from tests.waiting import PATIENCE_S

BODY = bytes(300_000)


async def test_every_phase_is_measured_and_together_they_are_the_whole(prober, tls):
    async with serve(web.says(web.whole(BODY)), tls=tls) as server:
        sample = await prober.measure(at(server.port), "https")
    phases = (
        sample.domain_lookup_s,
        sample.connect_s,
        sample.tls_handshake_s,
        sample.waiting_s,
        sample.response_s,
    )
    assert all(phase is not None and phase >= 0 for phase in phases)
    assert sum(phases) <= sample.duration_s
    assert sample.failure is None
    assert sample.failed_operation is None


async def test_delay_of_the_answer_is_in_waiting_and_nowhere_else(prober, tls):
    async with serve(web.says(web.whole(b"late"), after_s=1), tls=tls) as server:
        sample = await prober.measure(at(server.port), "https")
    assert sample.waiting_s >= 1
    assert sample.tls_handshake_s + sample.connect_s + sample.response_s < 1


async def test_delay_of_the_name_server_is_in_the_lookup(prober, names, tls):
    names.delay_s = 1
    async with serve(web.says(web.whole(b"x")), tls=tls) as server:
        sample = await prober.measure(at(server.port), "https")
    assert sample.domain_lookup_s >= 1
    assert sample.connect_s < 1


async def test_sample_holds_who_answered_and_with_what(prober, names, tls):
    answer = web.whole(BODY, headers={"CF-Ray": "8f00-ALA"})
    async with serve(web.says(answer), tls=tls) as server:
        sample = await prober.measure(at(server.port, path="/a?v=1"), "https")
    assert sample.remote_address == "127.0.0.1"
    assert sample.resolver == names.resolver
    assert sample.dns_answers == ("127.0.0.1",)
    assert sample.server_name == SITE
    assert sample.tls_version == "TLSv1.3"
    assert "Honest Authority" in sample.certificate_issuer
    assert len(bytes.fromhex(sample.certificate_sha256)) == 32
    assert sample.http_status == 200
    assert sample.http_version == "1.1"
    assert sample.cdn == (("cf-ray", "8f00-ALA"),)
    assert sample.encoded_body_bytes == len(BODY)
    assert sample.url == f"https://{SITE}:{server.port}/a?v=1"
    assert sample.probe_version == __version__
    assert sample.transport is Transport.TCP
    # At least its part of both handshakes, of the answer and of the end.
    assert sample.tcp_segs_in >= 4
    assert sample.tcp_rcv_ooopack == 0


async def test_sample_tells_what_the_site_is_to_its_service(prober, tls):
    async with serve(web.says(web.whole(b"x")), tls=tls) as server:
        media = at(server.port, service="video", part="media")
        told = [
            await prober.measure(media, probe) for probe in ("https", "tcp", "download")
        ]
        alone = await prober.measure(at(server.port), "https")
    assert {(s.service, s.part) for s in told} == {("video", "media")}
    assert (alone.service, alone.part) == (None, "page")


async def test_timeline_ends_with_the_last_byte(prober, tls):
    async with serve(web.says(web.whole(BODY)), tls=tls) as server:
        sample = await prober.measure(at(server.port), "https")
    assert 1 <= len(sample.timeline) <= 64
    assert sample.timeline[-1][1] == len(BODY)
    assert sample.timeline[-1][0] == pytest.approx(sample.response_s, abs=1e-5)


async def test_kernel_figures_come_with_the_sample(prober, tls):
    async with serve(web.says(web.whole(BODY)), tls=tls) as server:
        sample = await prober.measure(at(server.port), "https")
    assert 0 < sample.tcp_min_rtt_s <= sample.tcp_rtt_s < sample.duration_s
    assert sample.tcp_retransmits in range(5)  # a busy machine answers late


async def test_one_probe_is_one_connection(prober, tls):
    async with serve(web.says(web.whole(b"x")), tls=tls) as server:
        await prober.measure(at(server.port), "https")
        await prober.measure(at(server.port), "https")
    assert server.n_connections == 2


async def test_request_is_an_ordinary_browsers(prober, tls):
    seen: list[str] = []
    async with serve(web.site({"/": web.whole(b"x")}, seen), tls=tls) as server:
        await prober.measure(at(server.port), "https")
    assert seen[0].startswith("GET / HTTP/1.1\r\n")
    assert f"Host: {SITE}:{server.port}\r\n" in seen[0]
    assert "User-Agent: Mozilla/5.0 " in seen[0]
    assert "Accept-Encoding: gzip, deflate, br, zstd\r\n" in seen[0]
    assert "Connection: close\r\n" in seen[0]


async def test_redirect_is_an_answer_and_not_followed(prober, tls):
    moved = web.whole(b"", 302, {"Location": "https://u:p@elsewhere.test/x?y=z"})
    async with serve(web.says(moved), tls=tls) as server:
        sample = await prober.measure(at(server.port), "https")
    assert (sample.http_status, sample.failure) == (302, None)
    assert sample.cdn == (("location", "https://elsewhere.test"),)
    assert server.n_connections == 1


async def test_plain_http_has_no_tls(prober):
    async with serve(web.says(web.whole(b"plain"))) as server:
        sample = await prober.measure(at(server.port, "http"), "https")
    assert sample.tls_handshake_s is None
    assert sample.certificate_sha256 is None
    assert (sample.http_status, sample.encoded_body_bytes) == (200, 5)


async def test_tcp_probe_only_connects(prober):
    async with serve(web.silent) as server:
        sample = await prober.measure(at(server.port, "tcp", ""), "tcp")
    assert sample.connect_s > 0
    assert sample.waiting_s is None
    assert sample.failure is None


async def test_page_has_no_goodput(prober, tls):
    async with serve(web.says(web.whole(BODY)), tls=tls) as server:
        sample = await prober.measure(at(server.port), "https")
    assert sample.goodput_bps is None


async def test_ipv6_is_used_when_it_is_wanted(make_prober, names, tls):
    names.rules[SITE] = dns.addresses("127.0.0.1", "::1")
    async with serve(web.says(web.whole(b"six")), tls=tls, host="::1") as server:
        target = at(server.port, address_family=AddressFamily.IPV6)
        sample = await make_prober().measure(target, "https")
    assert (sample.remote_address, sample.http_status) == ("::1", 200)


async def test_literal_address_needs_no_lookup():
    prober = Prober(ProbeSettings(), SystemClock())
    async with serve(web.says(web.whole(b"x")), host="::1") as server:
        target = Target(name="six", url=f"http://[::1]:{server.port}/")
        sample = await prober.measure(target, "https")
    assert (sample.http_status, sample.domain_lookup_s) == (200, None)
    assert sample.dns_answers == ()


async def test_literal_address_of_the_other_family_is_a_failure(prober):
    target = Target(
        name="four", url="http://127.0.0.1/", address_family=AddressFamily.IPV6
    )
    sample = await prober.measure(target, "https")
    assert sample.failure == "address_family_not_supported"


async def test_trace_tells_the_steps_in_order(prober, tls):
    trace: list[tuple[float, str]] = []
    async with serve(web.says(web.whole(b"x")), tls=tls) as server:
        await prober.measure(at(server.port), "https", trace)
    events = [event for _, event in trace]
    assert events[0] == "start"
    assert events[-1] == "end"
    assert events.index("tls_end") < events.index("request_start")
    assert [at_s for at_s, _ in trace] == sorted(at_s for at_s, _ in trace)


@pytest.mark.parametrize("url", ["gopher://x/", "https://[broken/", ""])
@pytest.mark.parametrize("probe", ["https", "download", "tcp"])
async def test_impossible_url_is_a_failed_sample_too(prober, url, probe):
    sample = await prober.measure(Target(name="bad", url=url), probe)
    assert sample.failure.startswith("unknown_failure")


async def test_cancelling_ends_a_probe_at_once(prober):
    with full_backlog() as port:
        task = asyncio.create_task(prober.measure(at(port), "https"))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(task, PATIENCE_S / 2)


@pytest.mark.parametrize(
    ("target", "probes"),
    [
        (Target(name="a", url="https://a.test/"), ("https", "download")),
        (Target(name="a", url="https://a.test/", download=False), ("https",)),
        (Target(name="a", url="tcp://a.test:443"), ("tcp",)),
    ],
)
def test_probes_of_a_target(target, probes):
    assert probes_of(target) == probes
