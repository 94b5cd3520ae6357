"""What `monitor doctor` tells of name servers and of hosts without a page."""

from dataclasses import replace

import pytest
import trustme
from dns import rcode

from monitor.cli.forecast import quic_forecast
from monitor.clock import SystemClock
from monitor.config import parse
from monitor.doctor import Finding, State
from monitor.doctor.http3_answers import quic_finding
from monitor.doctor.measured_hosts import host_findings, tried
from monitor.doctor.name_servers import answering, resolver_findings
from monitor.model import TWIN, Probe, Role, Target
from monitor.probe import Prober, ProbeSettings, http3
from tests.servers import dns, web
from tests.servers.caddy import serving
from tests.servers.certificates import server_context, trust_file
from tests.servers.mtproto import data_centre
from tests.servers.tcp import closed_port, serve

HOST = "video.test"


@pytest.fixture
def authority(tmp_path, monkeypatch):
    """An authority that this machine trusts."""
    authority = trustme.CA()
    path = trust_file(tmp_path / "trusted.pem", authority)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    return authority


async def of_resolvers(*resolvers: str) -> list[Finding]:
    clock = SystemClock()
    answers = await answering(resolvers, "a.example", clock)
    return [*resolver_findings(resolvers, answers)]


def dead() -> str:
    return f"127.0.0.1:{closed_port()}"


async def test_first_resolver_that_is_dead_is_told_though_the_second_works() -> None:
    async with dns.name_server({}) as names:
        first = dead()
        (finding,) = await of_resolvers(first, names.resolver)
    assert finding.state is State.BAD
    assert finding.result == (
        f"{first}, the first of 2, does not answer; {names.resolver} does"
    )
    assert f"put {names.resolver} under probing.resolvers" in finding.advice


async def test_no_resolver_answers() -> None:
    (finding,) = await of_resolvers(dead(), dead())
    assert finding.state is State.BAD
    assert finding.result.endswith("the first of 2, does not answer")


@pytest.mark.parametrize("code", [rcode.NXDOMAIN, rcode.REFUSED, rcode.SERVFAIL])
async def test_resolver_that_knows_no_such_name_answers(code) -> None:
    rules = {"a.example": dns.says(code)}
    async with dns.name_server(rules) as names:
        (finding,) = await of_resolvers(names.resolver)
    # On loopback, as all of these: it may have a cache.
    assert finding.state is State.WARNING
    assert "is on this machine and may answer from its cache" in finding.result


async def test_no_resolver_at_all() -> None:
    (finding,) = await of_resolvers()
    assert (finding.state, finding.check) == (State.BAD, "resolver")


async def findings(targets: list[Target], names: dns.NameServer) -> list[Finding]:
    settings = ProbeSettings(resolvers=(names.resolver,), allow_private_answers=True)
    prober = Prober(settings, SystemClock())
    suspects = [target for target in targets if target.role is Role.TARGET]
    return list(host_findings(targets, await tried(prober, suspects)))


async def test_each_kind_without_a_page_is_tried_and_told(authority) -> None:
    rules = {HOST: dns.addresses("127.0.0.1")}
    async with (
        dns.name_server(rules) as names,
        serve(web.silent, tls=server_context(authority, HOST)) as tls,
        serve(data_centre()) as telegram,
        serve(web.says(web.whole(b"no host here"))) as page,
    ):
        media = Target(name="media", url=f"tls://{HOST}:{tls.port}", service="s")
        targets = [
            Target(name="page", url=f"http://{HOST}:{page.port}/"),
            Target(name="tcp", url=f"tcp://{HOST}:{page.port}"),
            media,
            Target(name="app", url=f"mtproto://{HOST}:{telegram.port}"),
            replace(
                media,
                name="cache",
                host_from=f"http://{HOST}:{page.port}/",
                host_like="r*.cdn.test",
            ),
            Target(name="gone", url="tls://gone.test"),
            replace(media, name="control", role=Role.CONTROL),
        ]
        found = {f.check: f for f in await findings(targets, names)}
    assert {check: f.state for check, f in found.items()} == {
        "target page": State.OK,
        "target tcp": State.OK,
        "target media": State.OK,
        "target app": State.OK,
        "target cache": State.WARNING,
        "target gone": State.WARNING,
    }
    assert found["target page"].result.startswith("HTTP status 200 in ")
    assert found["target tcp"].result.startswith("connected in ")
    assert found["target media"].result.startswith(f"handshake with {HOST} in ")
    app = "20 of 20 questions answered, 0 segments sent again"
    assert found["target app"].result == app
    assert found["target cache"].result.startswith("not tried: no host like r*.cdn.t")
    assert "host_like" in found["target cache"].advice
    assert found["target gone"].result == "resolve: dns_nxdomain_error"


async def test_twin_is_compared_with_the_addresses_of_its_service(authority) -> None:
    hosts = {"media.test": "127.0.0.1", "near.test": "127.0.0.1", "far.test": "::1"}
    rules = {host: dns.addresses(address) for host, address in hosts.items()}
    context = server_context(authority, *hosts)
    async with (
        dns.name_server(rules) as names,
        serve(web.silent, tls=context) as four,
        serve(web.silent, tls=context, host="::1") as six,
    ):
        ports = {"far.test": six.port}
        targets = [
            Target(
                name=host.partition(".")[0],
                url=f"tls://{host}:{ports.get(host, four.port)}",
                service="s",
                part="media" if host == "media.test" else TWIN,
            )
            for host in hosts
        ]
        found = {f.check: f for f in await findings(targets, names)}
    near = found["twin near"]
    assert (near.state, near.result) == (State.OK, "at the same address as media")
    assert found["twin far"].state is State.WARNING
    assert found["twin far"].result == "at another address than media"


async def test_what_offers_quic_is_asked_over_it(authority, tmp_path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").write_text("x")
    async with dns.name_server({"site.test": dns.addresses("127.0.0.1")}) as names:
        with serving(tmp_path, authority, "site.test") as port:
            target = Target(name="site", url=f"https://site.test:{port}/")
            settings = ProbeSettings(
                resolvers=(names.resolver,), allow_private_answers=True
            )
            prober = Prober(settings, SystemClock())
            await prober.measure(target, Probe.HTTPS)
            document = {
                "timezone": "UTC",
                "targets": [{"name": "site", "url": target.url}],
            }
            config = parse(document, source="x")
            well = await quic_finding(prober, config, [target])
        dead = await quic_finding(prober, config, [target])
    assert (well.state, well.result) == (State.OK, "answers at site")
    assert dead.state is State.WARNING
    assert "site (tls_handshake: connection_refused)" in dead.result
    assert "UDP port 443" in dead.advice


async def test_without_the_extra_nothing_is_lost(monkeypatch) -> None:
    monkeypatch.setattr(http3, "LIBRARY", "no_such_library")
    document = {"timezone": "UTC", "targets": [{"name": "a", "url": "https://a.test/"}]}
    prober = Prober(ProbeSettings(), SystemClock())
    told = {}
    for wanted in (None, [], ["a"]):
        config = parse({**document, "quic": {"targets": wanted}}, source="x")
        told[str(wanted)] = await quic_finding(prober, config, config.all_targets())
    assert told["None"].state is State.OK
    assert "monitor[quic] is not installed" in told["None"].result
    assert told["[]"] is None
    assert told["['a']"].state is State.WARNING
    assert "not measured; it needs" in str(quic_forecast(config))
