"""A TLS handshake alone: what it holds, what it costs, what its failures are called."""

from contextlib import suppress

import pytest

from monitor.model import Target
from monitor.probe import probes_of
from monitor.probe.traffic import Traffic
from tests.probe.site import SITE, at
from tests.servers import dns, web
from tests.servers.certificates import server_context
from tests.servers.mtproto import says_raw
from tests.servers.tcp import closed_port, serve
from tests.waiting import until


def outcome(sample):
    operation = sample.failed_operation
    return (operation and operation.value, sample.failure)


async def test_handshake_holds_phases_and_certificate_and_asks_for_nothing(
    prober, names, tls
):
    heard: list[bytes] = []

    async def handler(reader, writer):
        # Our end may be gone before the other side's last words have come.
        with suppress(ConnectionError):
            heard.append(await reader.read())

    traffic = Traffic()
    async with serve(handler, tls=tls) as server:
        target = at(server.port, "tls", "")
        assert probes_of(target) == ("tls",)
        sample = await prober.measure(target, "tls", traffic=traffic)
        await until(lambda: server.n_connections == 1)
    assert outcome(sample) == (None, None)
    assert sample.probe == "tls"
    assert min(sample.domain_lookup_s, sample.connect_s, sample.tls_handshake_s) > 0
    assert "Honest Authority" in sample.certificate_issuer
    assert len(bytes.fromhex(sample.certificate_sha256)) == 32
    assert sample.server_name == SITE
    assert sample.url == f"tls://{SITE}:{server.port}"
    assert sample.tls_version == "TLSv1.3"
    assert sample.waiting_s is sample.response_s is sample.http_status is None
    assert sample.encoded_body_bytes is sample.goodput_bps is None
    assert heard in ([], [b""]), "nothing was asked for"
    assert 500 < traffic.received_bytes < 8_000


async def test_port_is_the_usual_one_where_none_is_written(prober, names):
    names.rules[SITE] = dns.addresses("127.0.0.9")
    sample = await prober.measure(Target(name="a", url=f"tls://{SITE}"), "tls")
    assert outcome(sample) == ("connect", "connection_refused")


async def test_object_of_a_handshake_is_transferred_as_any_other(prober, tls):
    answer = web.says(web.whole(bytes(300_000)))
    async with serve(answer, tls=tls) as server:
        url = f"https://{SITE}:{server.port}/a.jpg"
        target = at(server.port, "tls", "", download_url=url)
        assert probes_of(target) == ("tls", "download")
        sample = await prober.measure(target, "download")
    assert (sample.http_status, sample.encoded_body_bytes) == (200, 300_000)
    assert sample.goodput_bps > 0


@pytest.mark.parametrize(
    "url", ["tcp://a.test:1", "tls://a.test", "mtproto://a.test:1"]
)
def test_what_has_no_page_has_no_object_to_be_found(url):
    assert len(probes_of(Target(name="a", url=url))) == 1


@pytest.mark.parametrize(
    ("handler", "failure"),
    [
        (web.silent, "generic_timeout_error"),
        (web.resets_at_once, "connection_reset"),
        (web.closes_at_once, "eof_error"),
        (says_raw(b"HTTP/1.1 400 No\r\n\r\n"), "ssl_failed_handshake"),
    ],
)
async def test_failed_handshake_is_named(hasty, handler, failure):
    async with serve(handler) as server:
        sample = await hasty.measure(at(server.port, "tls", ""), "tls")
    assert outcome(sample) == ("tls_handshake", failure)
    assert sample.connect_s > 0


async def test_false_certificate_is_kept_and_named(prober, rogue, authority):
    for context, failure in (
        (server_context(rogue, SITE), "ssl_unknown_authority"),
        (server_context(authority, "other.test"), "ssl_invalid_hostname"),
        (server_context(authority, SITE, is_expired=True), "ssl_invalid_certificate"),
    ):
        async with serve(web.silent, tls=context) as server:
            sample = await prober.measure(at(server.port, "tls", ""), "tls")
        assert outcome(sample) == ("tls_handshake", failure)
        assert len(bytes.fromhex(sample.certificate_sha256)) == 32
        assert sample.tls_handshake_s > 0


async def test_unknown_name_and_closed_port(prober, names):
    closed = await prober.measure(at(closed_port(), "tls", ""), "tls")
    assert outcome(closed) == ("connect", "connection_refused")
    unknown = await prober.measure(Target(name="a", url="tls://no.test"), "tls")
    assert outcome(unknown) == ("resolve", "dns_nxdomain_error")
