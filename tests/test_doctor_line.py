"""What `monitor doctor` says of the line, before it says anything of a site."""

import asyncio
import socket
import ssl
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime
from threading import Thread

import pytest
import trustme

from monitor.clock import SystemClock
from monitor.doctor import State, control_findings, home_zone_finding
from monitor.doctor.home_line import SMALL_SEGMENT_BYTES, Line, line_of
from monitor.doctor.measured_hosts import Outcomes, host_findings, tried
from monitor.model import Role, Target
from monitor.present import Gateway
from monitor.probe import Prober, ProbeSettings
from tests.servers import dns, web
from tests.servers.certificates import server_context, trust_file
from tests.servers.tcp import closed_port, serve

NAMES = [f"site{n}.test" for n in range(6)]
NOW = datetime(2026, 11, 29, tzinfo=UTC)
UP = Gateway(has_answered=True, connect_s=0.001)


def sites(scheme: str, port: int) -> list[Target]:
    """Half of them controls."""
    return [
        Target(
            name=host.partition(".")[0],
            url=f"{scheme}://{host}:{port}/",
            role=Role.CONTROL if n % 2 else Role.TARGET,
        )
        for n, host in enumerate(NAMES)
    ]


async def looked_at(
    targets: list[Target], *, gateway: Gateway | None = UP
) -> tuple[Line, Outcomes]:
    rules = {host: dns.addresses("127.0.0.1") for host in NAMES}
    async with dns.name_server(rules) as names:
        settings = ProbeSettings(
            resolvers=(names.resolver,), allow_private_answers=True, stage_timeout_s=1.0
        )
        outcomes = await tried(Prober(settings, SystemClock()), targets)
        return await line_of(targets, outcomes, gateway), outcomes


async def swallowing(reader: web.Reader, writer: web.Writer) -> None:
    """A page whose packets of full size never arrive, to whom asks for no less."""
    connection = writer.get_extra_info("socket")
    most = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG)
    if most > SMALL_SEGMENT_BYTES:
        await web.silent(reader, writer)
    await web.says(web.whole(b"a page"))(reader, writer)


async def test_path_that_swallows_large_packets_is_named_and_no_site() -> None:
    async with serve(swallowing) as server:
        targets = sites("http", server.port)
        line, outcomes = await looked_at(targets)
    (finding,) = line.findings
    assert (finding.check, finding.state) == ("large packets", State.BAD)
    assert finding.result.startswith(
        "6 of 6 sites connect and then say nothing; 6 of these answer when segments"
    )
    assert "MSS" in finding.advice
    advices = [
        f.advice
        for f in (
            *host_findings(targets, outcomes, blames_line=line.is_at_fault),
            *control_findings(outcomes, blames_line=line.is_at_fault),
        )
    ]
    assert set(advices) == {""}


async def test_a_silent_first_name_server_is_named_and_not_the_line() -> None:
    """Also beside a host that a page should have named: it was not tried."""
    targets = sites("http", closed_port())
    named = replace(targets[0], host_from="http://site1.test/", host_like="r*.x.test")
    named = replace(named, url="tls://x.test")
    settings = ProbeSettings(
        resolvers=(f"127.0.0.1:{closed_port()}",), stage_timeout_s=1.0
    )
    outcomes = await tried(Prober(settings, SystemClock()), [named, *targets[1:]])
    for has_next, words in ((True, "The first name server"), (False, "No name")):
        line = await line_of(targets, outcomes, UP, has_next_resolver=has_next)
        (finding,) = line.findings
        assert (finding.check, finding.state) == ("line", State.BAD)
        assert words in finding.result
        assert "0 of 5 sites" in finding.result


async def test_servers_that_are_silent_in_any_size_are_no_such_path() -> None:
    async with serve(web.silent) as server:
        line, _ = await looked_at(sites("http", server.port))
    assert [f.check for f in line.findings] == ["line"]


async def test_few_silent_sites_are_their_own_doing() -> None:
    async with (
        serve(swallowing) as silent,
        serve(web.says(web.whole(b"a page"))) as server,
    ):
        targets = sites("http", server.port)
        url = targets[0].url.replace(str(server.port), str(silent.port))
        line, _ = await looked_at([replace(targets[0], url=url), *targets[1:]])
    (finding,) = line.findings
    assert (finding.check, finding.state) == ("line", State.OK)
    assert finding.result == "The line is well: 5 of 6 sites answered."
    assert not line.is_at_fault


def greeted_in_small(server: socket.socket, context: ssl.SSLContext) -> None:
    """Handshakes with those who asked for small segments; the others wait."""
    with ExitStack() as kept, suppress(OSError):
        while True:
            connection, _ = server.accept()
            kept.enter_context(connection)
            most = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG)
            if most <= SMALL_SEGMENT_BYTES:
                kept.enter_context(context.wrap_socket(connection, server_side=True))


async def test_certificates_that_come_only_in_small_segments(
    tmp_path, monkeypatch
) -> None:
    """Over TLS the first large packet is the server's certificate."""
    authority = trustme.CA()
    path = trust_file(tmp_path / "trusted.pem", authority)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    context = server_context(authority, *NAMES)
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = Thread(target=greeted_in_small, args=(server, context))
        thread.start()
        line, _ = await looked_at(sites("https", server.getsockname()[1]))
        server.shutdown(socket.SHUT_RDWR)
        await asyncio.to_thread(thread.join)
    assert [f.check for f in line.findings] == ["large packets"]


@pytest.mark.parametrize(
    ("gateway", "words"),
    [
        (UP, "behind this home's own gateway, which answers"),
        (Gateway(has_answered=False, connect_s=None), "gateway does not answer"),
        (None, "The line is down: 0 of 6 sites answered."),
    ],
)
async def test_dead_line_is_blamed_before_any_site(
    gateway: Gateway | None, words: str
) -> None:
    targets = sites("http", closed_port())
    line, outcomes = await looked_at(targets, gateway=gateway)
    (finding,) = line.findings
    assert (finding.check, finding.state) == ("line", State.BAD)
    assert words in finding.result
    found = list(control_findings(outcomes, blames_line=line.is_at_fault))
    assert not any("another site" in f.advice for f in found)


@pytest.mark.parametrize(
    ("configured", "of_machine", "state"),
    [
        ("Asia/Almaty", "Europe/Berlin", State.WARNING),
        ("Asia/Almaty", "Asia/Almaty", State.OK),
        ("Asia/Almaty", "Asia/Qyzylorda", State.OK),
        # The same time now, another one in summer.
        ("Africa/Lagos", "Europe/Berlin", State.WARNING),
        ("Asia/Almaty", "Etc/UTC", State.OK),
        ("Asia/Almaty", None, State.OK),
        ("Asia/Almaty", "Nowhere/Land", State.WARNING),
        ("Asia/Almaty", "../../etc/passwd", State.WARNING),
    ],
)
def test_zone_of_another_place_is_told(
    configured: str, of_machine: str | None, state: State
) -> None:
    finding = home_zone_finding(configured, of_machine, NOW)
    assert finding.state is state
    assert (f"timezone: {of_machine}" in finding.advice) is (state is State.WARNING)
