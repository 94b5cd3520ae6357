"""Every kind of failure has its stage and its name: the lab's kinds, on loopback."""

import errno
import os

import pytest
import trustme
from dns import rcode

from monitor.clock import SystemClock
from monitor.model import Operation, Target
from monitor.probe import Prober, ProbeSettings
from monitor.probe.failure import failure_name
from tests.probe.site import HASTE_S, SITE, at
from tests.servers import dns, web
from tests.servers.certificates import server_context, trust_file
from tests.servers.tcp import closed_port, full_backlog, serve

PAGE = web.says(web.whole(b"a page"))
BLOCK_PAGE = web.says(web.whole(b"blocked by order", 403))


def outcome(sample):
    operation = sample.failed_operation
    return (operation and operation.value, sample.failure)


# --- kind `dns` -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "name"),
    [
        (dns.says(rcode.NXDOMAIN), "dns_nxdomain_error"),
        (dns.says(rcode.SERVFAIL), "dns_servfail_error"),
        (dns.says(rcode.REFUSED), "dns_refused_error"),
        (dns.says(rcode.NOTIMP), "dns_server_misbehaving"),
        (dns.addresses(), "dns_no_answer"),
        (dns.keeps_silent, "generic_timeout_error"),
    ],
)
async def test_lying_or_silent_name_server(hasty, names, rule, name):
    names.rules[SITE] = rule
    sample = await hasty.measure(at(443), "https")
    assert outcome(sample) == ("resolve", name)
    assert sample.resolver == names.resolver
    assert (sample.dns_answers, sample.remote_address) == ((), None)
    assert (sample.transport, sample.tcp_segs_in) == ("tcp", None)


@pytest.mark.parametrize("address", ["10.66.0.1", "127.0.0.1", "0.0.0.0", "::1"])
async def test_bogus_answer_is_seen_and_kept(make_prober, names, address):
    names.rules[SITE] = dns.addresses(address)
    prober = make_prober(allow_private_answers=False)
    sample = await prober.measure(at(443), "https")
    assert outcome(sample) == ("resolve", "dns_bogon_error")
    assert sample.dns_answers == (address,)
    assert sample.domain_lookup_s > 0


async def test_block_page_address_is_bogus_though_public(make_prober, names):
    names.rules[SITE] = dns.addresses("93.184.216.99")
    prober = make_prober(block_page_addresses=("93.184.216.99",))
    sample = await prober.measure(at(443), "https")
    assert outcome(sample) == ("resolve", "dns_bogon_error")


async def test_no_name_server_listens():
    resolver = f"127.0.0.1:{closed_port()}"
    settings = ProbeSettings(resolvers=(resolver,))
    sample = await Prober(settings, SystemClock()).measure(at(443), "https")
    assert outcome(sample) == ("resolve", "connection_refused")
    assert sample.resolver == resolver


async def test_slow_name_server_is_no_failure(prober, names, tls):
    names.delay_s = 0.2
    async with serve(PAGE, tls=tls) as server:
        sample = await prober.measure(at(server.port), "https")
    assert outcome(sample) == (None, None)
    assert sample.domain_lookup_s >= 0.2


# --- kinds `blackhole`, `rst`, `chdrop` -------------------------------------------


async def test_syn_without_answer(hasty):
    with full_backlog() as port:
        sample = await hasty.measure(at(port), "https")
    assert outcome(sample) == ("connect", "generic_timeout_error")
    assert sample.duration_s >= HASTE_S
    assert sample.remote_address == "127.0.0.1"


async def test_syn_answered_by_reset(prober):
    sample = await prober.measure(at(closed_port()), "https")
    assert outcome(sample) == ("connect", "connection_refused")


@pytest.mark.parametrize(
    ("handler", "name"),
    [
        (web.resets_at_once, "connection_reset"),
        (web.closes_at_once, "eof_error"),
        (web.silent, "generic_timeout_error"),
        (web.says(b"HTTP/1.1 403 No\r\n\r\n"), "generic_timeout_error"),
    ],
)
async def test_client_hello_is_answered_by(hasty, handler, name):
    async with serve(handler) as server:
        sample = await hasty.measure(at(server.port), "https")
    assert outcome(sample) == ("tls_handshake", name)
    assert sample.connect_s > 0
    assert sample.tls_handshake_s is None


# --- kinds `mitm`, `blockpage` ----------------------------------------------------


async def refused_at_once(reader, writer):
    await reader.read(1)
    writer.write(b"HTTP/1.1 403 Forbidden\r\n\r\nblocked")
    await writer.drain()


async def test_plain_text_where_tls_should_be(prober):
    async with serve(refused_at_once) as server:
        sample = await prober.measure(at(server.port), "https")
    assert outcome(sample) == ("tls_handshake", "ssl_failed_handshake")


async def test_rogue_authority_is_named_and_sees_no_request(prober, rogue):
    seen: list[str] = []
    site = web.site({"/": web.whole(b"stolen")}, seen)
    async with serve(site, tls=server_context(rogue, SITE)) as server:
        sample = await prober.measure(at(server.port), "https")
    assert outcome(sample) == ("tls_handshake", "ssl_unknown_authority")
    assert "Rogue Authority" in sample.certificate_issuer
    assert sample.certificate_sha256
    assert sample.tls_handshake_s > 0
    assert seen == []


async def test_self_signed_certificate(prober):
    lonely = trustme.CA(organization_name="Nobody")
    async with serve(PAGE, tls=server_context(lonely, SITE)) as server:
        sample = await prober.measure(at(server.port), "https")
    assert outcome(sample) == ("tls_handshake", "ssl_unknown_authority")


async def test_expired_certificate(prober, authority):
    tls = server_context(authority, SITE, is_expired=True)
    async with serve(PAGE, tls=tls) as server:
        sample = await prober.measure(at(server.port), "https")
    assert outcome(sample) == ("tls_handshake", "ssl_invalid_certificate")
    assert "Honest Authority" in sample.certificate_issuer


async def test_certificate_of_another_name(prober, authority):
    tls = server_context(authority, "other.test")
    async with serve(PAGE, tls=tls) as server:
        sample = await prober.measure(at(server.port), "https")
    assert outcome(sample) == ("tls_handshake", "ssl_invalid_hostname")
    assert sample.certificate_sha256


async def test_certificate_of_a_literal_address(make_prober, authority):
    async with serve(PAGE, tls=server_context(authority, "127.0.0.1")) as server:
        url = f"https://127.0.0.1:{server.port}/"
        sample = await make_prober().measure(Target(name="a", url=url), "https")
    assert (sample.http_status, sample.failure) == (200, None)


async def test_installed_authority_shows_in_the_issuer_only(
    make_prober, authority, rogue, trusted
):
    trust_file(trusted, authority, rogue)
    async with serve(PAGE, tls=server_context(rogue, SITE)) as server:
        sample = await make_prober().measure(at(server.port), "https")
    assert outcome(sample) == (None, None)
    assert "Rogue Authority" in sample.certificate_issuer


async def test_block_page_under_a_trusted_name_shows_in_the_status(prober, tls):
    async with serve(BLOCK_PAGE, tls=tls) as server:
        sample = await prober.measure(at(server.port), "https")
    assert outcome(sample) == (None, None)
    assert sample.http_status == 403


async def test_server_error_is_no_failure_of_the_net(prober, tls):
    async with serve(web.says(web.whole(b"", 503)), tls=tls) as server:
        sample = await prober.measure(at(server.port), "https")
    assert outcome(sample) == (None, None)
    assert sample.http_status == 503


# --- the request and its answer ---------------------------------------------------


@pytest.mark.parametrize(
    ("handler", "name"),
    [
        (web.silent, "generic_timeout_error"),
        (web.says(b""), "eof_error"),
        (web.then_resets(b""), "connection_reset"),
        (
            web.says(b"\x00\x01garbage\r\n\r\n"),
            "unknown_failure: invalid_http_response",
        ),
        (web.drips(b"HTTP/1.1 200", b"", every_s=HASTE_S / 2), "generic_timeout_error"),
    ],
)
async def test_request_is_answered_by(hasty, tls, handler, name):
    async with serve(handler, tls=tls) as server:
        sample = await hasty.measure(at(server.port), "https")
    assert outcome(sample) == ("http_round_trip", name)
    assert sample.tls_handshake_s > 0
    assert sample.http_status is None


# --- kind `stall`, and other ends inside the body ---------------------------------

LONG = web.head(200, {"Content-Length": "100000"}) + bytes(16_000)
BROKEN_CHUNK = web.head(200, {"Transfer-Encoding": "chunked"}) + b"5\r\nhello\r\nZZ\r\n"


@pytest.mark.parametrize(
    ("handler", "name"),
    [
        (web.drips(LONG, b"", every_s=9 * HASTE_S), "generic_timeout_error"),
        (web.says(LONG), "eof_error"),
        (web.then_resets(LONG), "connection_reset"),
    ],
)
async def test_body_that_breaks_off_keeps_its_bytes(hasty, tls, handler, name):
    async with serve(handler, tls=tls) as server:
        sample = await hasty.measure(at(server.port), "https")
    assert outcome(sample) == ("read", name)
    assert sample.encoded_body_bytes == 16_000
    assert sample.timeline[-1][1] == 16_000
    assert sample.http_status == 200


async def test_freeze_after_n_bytes_is_visible_in_the_goodput(hasty, tls):
    frozen = web.drips(LONG, b"", every_s=9 * HASTE_S)
    async with serve(frozen, tls=tls) as server:
        url = f"https://{SITE}:{server.port}/object"
        sample = await hasty.measure(at(server.port, download_url=url), "download")
    assert outcome(sample) == ("read", "generic_timeout_error")
    assert sample.response_s >= HASTE_S
    assert sample.goodput_bps == 8 * 16_000 / sample.response_s


async def test_broken_chunk_is_a_failure_of_the_body(prober, tls):
    async with serve(web.says(BROKEN_CHUNK), tls=tls) as server:
        sample = await prober.measure(at(server.port), "https")
    assert outcome(sample) == ("read", "unknown_failure: invalid_http_response")
    assert sample.encoded_body_bytes == 5


# --- the table --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (errno.EHOSTUNREACH, "host_unreachable"),
        (errno.ENETUNREACH, "network_unreachable"),
        (errno.ETIMEDOUT, "generic_timeout_error"),
        (errno.EPIPE, "connection_reset"),
        (errno.EMFILE, "unknown_failure: EMFILE"),
    ],
)
def test_error_numbers_have_names(number, name):
    assert failure_name(OSError(number, "text"), Operation.CONNECT) == name


def test_unknown_failure_holds_no_address():
    error = ValueError("cannot talk to 93.184.216.34")
    name = failure_name(error, Operation.READ)
    assert name == "unknown_failure: ValueError"


async def test_broken_record_after_the_handshake_has_another_name(prober, tls):
    async with serve(breaks_tls, tls=tls) as server:
        sample = await prober.measure(at(server.port), "https")
    operation, name = outcome(sample)
    assert operation == "http_round_trip"
    assert name.startswith("unknown_failure: ")


async def breaks_tls(reader, writer):
    await web.request_of(reader)
    os.write(writer.get_extra_info("socket").fileno(), b"HTTP/1.1 403 No\r\n\r\n")
