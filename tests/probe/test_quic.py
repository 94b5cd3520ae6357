"""HTTP/3: against a server of another make, and against servers that misbehave."""

import os
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme

from monitor.model import Probe, Transport
from monitor.probe import http3
from monitor.probe.failure import NotTriedError
from monitor.probe.offers import Offers, offered_port
from monitor.probe.traffic import Traffic
from monitor.probe.url import endpoint_of
from tests.probe.site import HASTE_S, SITE, at
from tests.servers import web
from tests.servers.caddy import serving
from tests.servers.certificates import server_context
from tests.servers.tcp import serve

SIZE = 300_000


@pytest.fixture(scope="module")
def port(
    tmp_path_factory: pytest.TempPathFactory, authority: trustme.CA
) -> Iterator[int]:
    """A real server of a page and of a large file."""
    folder = tmp_path_factory.mktemp("caddy")
    (folder / "site").mkdir()
    (folder / "site" / "index.html").write_text("<title>a page</title>")
    (folder / "site" / "large.bin").write_bytes(bytes(SIZE))
    with serving(folder, authority, SITE, more="header x-cache hit") as port:
        yield port


def target_of(port: int):
    return at(port, download_url=f"https://{SITE}:{port}/large.bin")


async def test_page_and_object_are_measured_over_quic(prober, port: int):
    target = target_of(port)
    assert prober.offered(target) is None, "nobody has said so yet"
    over_tcp = await prober.measure(target, Probe.DOWNLOAD)
    assert over_tcp.transport is Transport.TCP
    assert prober.offered(target) == Probe.DOWNLOAD
    traffic = Traffic()
    sample = await prober.measure_over_quic(target, Probe.DOWNLOAD, traffic=traffic)
    assert (sample.failure, sample.http_status, sample.http_version) == (None, 206, "3")
    assert (sample.transport, sample.probe) == (Transport.QUIC, Probe.DOWNLOAD)
    assert sample.encoded_body_bytes == SIZE
    assert sample.timeline[-1][1] == SIZE
    assert sample.connect_s is None
    assert sample.tcp_min_rtt_s is None
    phases = (sample.tls_handshake_s, sample.waiting_s, sample.response_s)
    assert all(phase > 0 for phase in phases)
    assert sum(phases) < sample.duration_s
    assert sample.goodput_bps == pytest.approx(8 * SIZE / sample.response_s)
    assert sample.domain_lookup_s > 0
    assert sample.dns_answers == ("127.0.0.1",)
    assert sample.server_name == SITE
    assert sample.certificate_sha256 == over_tcp.certificate_sha256
    assert "Honest Authority" in sample.certificate_issuer
    assert ("x-cache", "hit") in sample.cdn
    # Headers of datagrams, handshake and acknowledgements are some per cent.
    assert 1.02 * SIZE < traffic.received_bytes < 1.3 * SIZE


async def test_quic_is_asked_only_where_it_is_offered(prober, tls):
    async with serve(web.says(web.whole(b"x")), tls=tls) as server:
        target = at(server.port)
        await prober.measure(target, Probe.HTTPS)
        assert prober.offered(target) is None
        with pytest.raises(NotTriedError, match="not offered"):
            await prober.measure_over_quic(target, Probe.HTTPS)


@contextmanager
def udp(answer) -> Iterator[int]:
    """A UDP server that says what `answer` makes of each datagram."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(0.05)
        is_over = threading.Event()

        def run() -> None:
            while not is_over.is_set():
                try:
                    data, peer = sock.recvfrom(65_536)
                except TimeoutError:
                    continue
                if reply := answer(data):
                    sock.sendto(reply, peer)

        thread = threading.Thread(target=run)
        thread.start()
        yield sock.getsockname()[1]
        is_over.set()
        thread.join()


async def over_quic(prober, tls, quic_port: int):
    """The sample of a page that offers HTTP/3 at another port."""
    offer = {"Alt-Svc": f'h3=":{quic_port}"; ma=86400'}
    answer = web.whole(b"x", headers=offer)
    async with serve(web.says(answer), tls=tls) as server:
        target = at(server.port)
        await prober.measure(target, Probe.HTTPS)
        assert prober.offered(target) == Probe.HTTPS
        return await prober.measure_over_quic(target, Probe.HTTPS)


def other_version(data: bytes) -> bytes:
    """A version negotiation packet (RFC 9000, 17.2.1) that offers no known version."""
    n_destination = data[5]
    destination = data[6 : 6 + n_destination]
    n_source = data[6 + n_destination]
    source = data[7 + n_destination : 7 + n_destination + n_source]
    ids = bytes([n_source]) + source + bytes([n_destination]) + destination
    return struct.pack("!BI", 0x80, 0) + ids + struct.pack("!I", 0x0A0A0A0A)


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (lambda _: b"", "generic_timeout_error"),
        (lambda data: data[::-1], "generic_timeout_error"),
        (other_version, "quic_incompatible_version"),
    ],
    ids=["silent", "no QUIC", "another version"],
)
async def test_a_handshake_that_fails_is_a_value(hasty, tls, answer, failure: str):
    with udp(answer) as quic_port:
        sample = await over_quic(hasty, tls, quic_port)
    assert (sample.failed_operation, sample.failure) == ("tls_handshake", failure)
    assert sample.transport is Transport.QUIC
    assert sample.tls_handshake_s is None
    if failure == "generic_timeout_error":
        assert sample.duration_s >= HASTE_S


async def test_a_refused_port_is_told_as_such(prober, tls):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        closed = sock.getsockname()[1]
    sample = await over_quic(prober, tls, closed)
    assert sample.failure == "connection_refused"


async def test_a_false_certificate_is_kept_and_nothing_is_asked(
    prober, authority: trustme.CA, rogue: trustme.CA, tmp_path: Path
):
    (tmp_path / "site").mkdir()
    with serving(tmp_path, rogue, SITE, more="log") as port:
        sample = await over_quic(prober, server_context(authority, SITE), port)
    assert sample.failure == "ssl_unknown_authority"
    assert sample.failed_operation == "tls_handshake"
    assert "Rogue Authority" in sample.certificate_issuer
    assert sample.waiting_s is None
    assert "handled request" not in (tmp_path / "log").read_text()


async def test_without_a_process_there_is_no_sample(
    prober, port: int, monkeypatch: pytest.MonkeyPatch
):
    target = target_of(port)
    await prober.measure(target, Probe.DOWNLOAD)
    monkeypatch.setattr(http3, "MODULE", "no_such_module")
    with pytest.raises(NotTriedError, match="the process for HTTP/3 ended with"):
        await prober.measure_over_quic(target, Probe.DOWNLOAD)


CHILD = """
import os
from monitor.children import answer
from monitor.clock import SystemClock
from monitor.model import Operation
from monitor.probe.http3 import told
from monitor.probe.observation import new_observation
from monitor.probe.timing import Mark
from monitor.probe.traffic import Traffic

def work(request):
    observation = new_observation(SystemClock(), "", Traffic(3000))
    observation.operation = Operation.READ
    observation.mark(Mark.TLS_START, 1.0)
    observation.mark(Mark.TLS_END, 1.25)
    yield told(observation)
    os.abort()

answer(work)
"""


async def test_a_process_that_is_ended_leaves_what_it_had_told(
    prober, port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    target = target_of(port)
    await prober.measure(target, Probe.DOWNLOAD)
    (tmp_path / "dies.py").write_text(CHILD)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(http3, "MODULE", "dies")
    traffic = Traffic()
    sample = await prober.measure_over_quic(target, Probe.DOWNLOAD, traffic=traffic)
    assert (sample.failed_operation, sample.failure) == ("read", http3.KILLED)
    assert sample.tls_handshake_s == 0.25
    assert sample.goodput_bps is None
    assert traffic.received_bytes >= 3000


def test_offers():
    assert offered_port('h3=":443"; ma=86400') == 443
    assert offered_port('h3-29=":443", h3=":8443"') == 8443
    assert offered_port('h3="other.example:443"') is None, "no host of a stranger's"
    assert offered_port('h3=":0"') is None
    assert offered_port('h3=":99999"') is None
    assert offered_port("clear") is None
    offers, page = Offers(), endpoint_of("https://site.test/a")
    offers.note(page, [("alt-svc", 'h3=":443"')])
    assert offers.port(endpoint_of("https://site.test/b")) == 443
    assert offers.port(endpoint_of("https://other.test/")) is None
    offers.note(page, [])
    assert offers.port(page) is None, "the last word counts"


def test_library_is_not_loaded_by_those_who_measure():
    code = "import monitor.daemon.wiring, sys; sys.exit('qh3' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert http3.is_installed()
