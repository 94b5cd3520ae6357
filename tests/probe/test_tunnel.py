"""Ways: pairs directly and by a proxy or an interface, against real servers."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from monitor.clock import SystemClock
from monitor.config import parse
from monitor.daemon.wiring import new_sampler
from monitor.model import Role, Round, Sample, Target
from monitor.probe import ProbeSettings
from monitor.probe.legs import LegProber, own_leg
from monitor.probe.traffic import Traffic
from monitor.probe.tunnel import Tunnel
from monitor.sampling.by_ways import WayPairs, WayPlan
from monitor.sampling.leg_runs import Means
from tests.fakes import SetClock
from tests.ports import free_port
from tests.probe.test_legs import SITE, Server, running, target
from tests.servers import dns
from tests.servers.proxy import Proxy
from tests.servers.tcp import serve
from tests.servers.web import says, whole
from tests.waiting import PATIENCE_S


@pytest.fixture
async def settings():
    async with dns.name_server({SITE: dns.addresses("127.0.0.1")}) as names:
        yield ProbeSettings(
            resolvers=(names.resolver,),
            allow_private_answers=True,
            stage_timeout_s=PATIENCE_S,
        )


async def leg_by(tunnel: Tunnel, settings: ProbeSettings, site: Target) -> Sample:
    prober = LegProber(settings, SystemClock(), 64_000, tunnel)
    return await prober.measure(own_leg(site), traffic=Traffic())


@pytest.mark.parametrize("scheme", ["socks5", "http"])
async def test_a_proxy_is_asked_for_the_address_that_was_looked_up_here(
    settings, authority, scheme
):
    site, proxy = Server(), Proxy()
    handler = proxy.socks5 if scheme == "socks5" else proxy.connect
    async with running(authority, site, SITE) as there, serve(handler) as between:
        tunnel = Tunnel(name="t", proxy=f"{scheme}://127.0.0.1:{between.port}")
        sample = await leg_by(tunnel, settings, target(there.port))
    assert proxy.asked == [("127.0.0.1", there.port)]
    assert site.names == [SITE]
    assert (sample.path, sample.failure, sample.http_status) == ("t", None, 200)
    assert sample.remote_address == "127.0.0.1"
    assert sample.goodput_bps
    assert sample.connect_s
    assert sample.tls_handshake_s
    # what the kernel knows is of the proxy
    assert sample.tcp_min_rtt_s is None


@pytest.mark.parametrize(
    ("scheme", "refusal", "failure"),
    [
        ("socks5", 5, "socks_connection_refused"),
        ("socks5", 99, "socks_error"),
        ("http", 407, "unknown_failure: proxy_status_407"),
        ("http", 503, "unknown_failure: proxy_status_503"),
    ],
)
async def test_a_proxy_that_says_no_is_told(settings, scheme, refusal, failure):
    proxy = Proxy(refusal)
    handler = proxy.socks5 if scheme == "socks5" else proxy.connect
    async with serve(handler) as between:
        tunnel = Tunnel(name="t", proxy=f"{scheme}://127.0.0.1:{between.port}")
        sample = await leg_by(tunnel, settings, target(443))
    assert (sample.failed_operation, sample.failure) == ("connect", failure)


async def nothing_of_a_proxy(reader, writer) -> None:
    writer.write(b"220 mail\r\n" * 2)
    await writer.drain()


@pytest.mark.parametrize(
    "tunnel",
    [
        Tunnel(name="t", proxy=f"socks5://127.0.0.1:{free_port()}"),
        Tunnel(name="t", interface="nowhere0"),
    ],
)
async def test_a_way_that_is_down_is_the_way_s_failure(settings, tunnel):
    sample = await leg_by(tunnel, settings, target(443))
    assert sample.failed_operation == "connect"
    assert sample.failure == "unknown_failure: way_down"


@pytest.mark.parametrize("scheme", ["socks5", "http"])
async def test_what_is_no_proxy_is_told(settings, scheme):
    async with serve(nothing_of_a_proxy) as other:
        tunnel = Tunnel(name="t", proxy=f"{scheme}://127.0.0.1:{other.port}")
        sample = await leg_by(tunnel, settings, target(443))
    assert sample.failed_operation == "connect"
    assert sample.failure is not None


async def test_an_interface_is_bound(settings, authority):
    async with running(authority, Server(), SITE) as there:
        tunnel = Tunnel(name="lo", interface="lo")
        sample = await leg_by(tunnel, settings, target(there.port))
    assert (sample.path, sample.failure) == ("lo", None)
    assert sample.tcp_min_rtt_s is not None


# When pairs are made.


@dataclass
class Legs:
    """Outcomes without a net, each with the name of its way."""

    path: str
    order: list[tuple[str, str]] = field(default_factory=list)

    async def measure(self, leg, *, traffic: Traffic) -> Sample:
        traffic.received_bytes = 100
        self.order.append((leg.target.name, self.path))
        return Sample(
            started_at_utc=datetime(2026, 3, 1, tzinfo=UTC),
            target=leg.target.name,
            path=self.path,
            probe=leg.probe,
        )


def site_of(name: str, role: Role = Role.TARGET) -> Target:
    return Target(name=name, url=f"https://{name}.test/", role=role)


@dataclass
class House:
    clock: SetClock = field(default_factory=SetClock)
    kept: list[Sample] = field(default_factory=list)
    order: list[tuple[str, str]] = field(default_factory=list)
    spare_bytes: float = 1e9

    def pairs(self, seed: int = 1) -> WayPairs:
        async def write(sample: Sample) -> None:
            self.kept.append(sample)

        plan = WayPlan(
            every=timedelta(minutes=30),
            targets=(site_of("a"), site_of("b")),
            controls=tuple(site_of(f"c{n}", Role.CONTROL) for n in range(3)),
            leg_bytes=256_000,
        )
        direct, by_way = (
            Means(
                prober=Legs(path, self.order),
                clock=self.clock,
                write=write,
                spare_bytes=lambda _: self.spare_bytes,
            )
            for path in ("direct", "tunnel")
        )
        return WayPairs(plan, (direct, by_way), Random(seed))

    async def slots(self, n_slots: int, comparing: WayPairs) -> None:
        for _ in range(n_slots):
            await comparing.between_rounds(self.clock.now + timedelta(minutes=4))
            self.clock.now += timedelta(minutes=5)


async def test_each_half_hour_has_a_site_and_a_control_by_both_ways():
    house = House()
    await house.slots(18, house.pairs())
    assert len(house.kept) == 3 * 4
    by_block: dict[tuple[str | None, str], set[str]] = {}
    for sample in house.kept:
        by_block.setdefault((sample.block, sample.target), set()).add(sample.path)
    assert set(map(frozenset, by_block.values())) == {frozenset({"direct", "tunnel"})}
    assert {name for _, name in by_block} == {"a", "b", "c0", "c1", "c2"}
    assert {s.probe for s in house.kept} == {"pair_own"}
    assert all(str(s.block).startswith("w") for s in house.kept)


async def test_the_first_way_is_drawn_by_coin():
    firsts = set()
    for seed in range(20):
        house = House()
        await house.slots(1, house.pairs(seed))
        firsts.add(house.order[0][1])
    assert firsts == {"direct", "tunnel"}


async def test_neither_a_short_slot_nor_a_spent_budget_has_pairs():
    house = House()
    await house.pairs().between_rounds(house.clock.now + timedelta(seconds=40))
    house.spare_bytes = 1e5
    await house.slots(3, house.pairs())
    assert house.kept == []


async def test_a_clock_that_went_back_years_stops_nothing():
    house = House()
    comparing = house.pairs()
    await house.slots(1, comparing)
    house.clock.now -= timedelta(days=700)
    await house.slots(1, comparing)
    assert len(house.kept) == 8


async def test_a_configuration_is_measured_by_its_ways(authority):
    """From the keys to rows: the pairs come after the round, from real servers."""
    proxy, kept = Proxy(), []

    async def write(record: Sample | Round) -> None:
        if isinstance(record, Sample):
            kept.append(record)

    rules = {name: dns.addresses("127.0.0.1") for name in (SITE, "control.test")}
    async with (
        dns.name_server(rules) as names,
        serve(says(whole(b"x" * 1000))) as page,
        serve(proxy.socks5) as between,
    ):
        document = {
            "timezone": "Asia/Almaty",
            "every": "10m",
            "targets": [{"name": "site", "url": f"http://{SITE}:{page.port}/"}],
            "controls": [{"name": "c", "url": f"http://control.test:{page.port}/"}],
            "probing": {"resolvers": [names.resolver], "allow_private_answers": True},
            "ways": [{"name": "p", "url": f"socks5://127.0.0.1:{between.port}"}],
        }
        config, clock = parse(document, source="test"), SystemClock()
        sampler = new_sampler(config, clock=clock, write=write)
        await sampler.run_round(clock.now_utc())
    pairs = [s for s in kept if s.probe == "pair_own"]
    assert {(s.target, s.path) for s in pairs} == {
        *(("site", "direct"), ("site", "p"), ("c", "direct"), ("c", "p"))
    }
    assert {s.failure for s in pairs} == {None}
    assert proxy.asked == [("127.0.0.1", page.port)] * 2
    assert {s.path for s in kept if s.probe != "pair_own"} == {"direct"}
