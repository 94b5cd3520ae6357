"""Legs and blocks against real TLS servers that are slow to one name."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from monitor.clock import SystemClock
from monitor.evening_rule import parse_window
from monitor.model import Operation, Probe, Role, Sample, Target
from monitor.probe import ProbeSettings
from monitor.probe.legs import LegProber, legs_of, name_of
from monitor.probe.traffic import Traffic
from monitor.sampling.differential import (
    CALM_BLOCKS,
    Differential,
    DifferentialPlan,
    Means,
    PastLegs,
    block_order,
)
from tests.fakes import SetClock
from tests.servers import dns, web
from tests.servers.certificates import server_context
from tests.servers.tcp import Served, serve
from tests.waiting import PATIENCE_S

NEUTRAL, SITE = "neutral.test", "site.test"
BODY = b"x" * 100_000


@dataclass
class Server:
    """A server for any name; some it does not answer."""

    refused: set[str] = field(default_factory=set)
    hosts: list[str] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)

    async def handle(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        request = await web.request_of(reader)
        (host,) = (
            line.split(" ")[1].split(":")[0]
            for line in request.splitlines()
            if line.lower().startswith("host:")
        )
        self.hosts.append(host)
        if host in self.refused:
            return
        answer = web.whole(BODY)
        for part in (answer[:20_000], answer[20_000:]):
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0.05)


@asynccontextmanager
async def running(authority, server: Server, name: str) -> AsyncIterator[Served]:
    context = server_context(authority, name)
    context.sni_callback = lambda _, asked, __: server.names.append(asked)
    async with serve(server.handle, tls=context) as served:
        yield served


def target(port: int) -> Target:
    url = f"https://{SITE}:{port}/"
    return Target(name="site", url=url, download_url=f"{url}big")


@pytest.fixture
async def settings() -> AsyncIterator[ProbeSettings]:
    rules = {
        SITE: dns.addresses("127.0.0.1"),
        NEUTRAL: dns.addresses("127.0.0.1"),
    }
    async with dns.name_server(rules) as names:
        yield ProbeSettings(
            resolvers=(names.resolver,),
            allow_private_answers=True,
            stage_timeout_s=PATIENCE_S,
        )


async def measured(
    settings: ProbeSettings, site: Target, neutral: str
) -> dict[str, Sample]:
    prober = LegProber(settings, SystemClock(), 64_000)
    return {
        probe: await prober.measure(leg, traffic=Traffic())
        for probe, leg in legs_of(site, neutral, name_of(site) or "").items()
    }


async def test_each_leg_asks_one_server_under_one_name(settings, authority):
    own, neutral = Server(), Server()
    async with (
        running(authority, own, SITE) as at_site,
        running(authority, neutral, NEUTRAL) as elsewhere,
    ):
        url = f"https://{NEUTRAL}:{elsewhere.port}/1m.bin"
        samples = await measured(settings, target(at_site.port), url)
    assert {p: s.server_name for p, s in samples.items()} == {
        Probe.PAIR_OWN: SITE,
        Probe.SNI_SWAP: NEUTRAL,
        Probe.PAIR_BASE: NEUTRAL,
        Probe.SNI_AWAY: SITE,
    }
    assert own.names == [SITE, NEUTRAL] or own.names == [NEUTRAL, SITE]
    assert set(own.hosts) == {SITE}
    assert sorted(neutral.hosts) == sorted([NEUTRAL, SITE])
    for sample in samples.values():
        assert sample.failure is None
        assert (sample.encoded_body_bytes or 0) >= 64_000
        assert sample.goodput_bps is not None
        assert sample.certificate_sha256


async def test_a_chain_of_nobody_ends_a_leg_before_anything_is_sent(
    settings, authority, rogue
):
    neutral = Server()
    async with running(rogue, neutral, NEUTRAL) as elsewhere:
        url = f"https://{NEUTRAL}:{elsewhere.port}/1m.bin"
        site = Target(name="site", url="tls://site.test")
        samples = await measured(settings, site, url)
    assert set(samples) == {Probe.PAIR_BASE, Probe.SNI_AWAY}
    assert {s.failure for s in samples.values()} == {"ssl_unknown_authority"}
    assert neutral.hosts == []


def test_orders_are_drawn_by_coin_and_alternate():
    orders = {block_order(Random(n), has_object=True) for n in range(40)}
    assert len(orders) == 4
    for order in orders:
        inner, outer = order[:4], order[4:]
        assert inner == inner[::-1]
        assert outer == outer[::-1]
        assert set(inner) == {Probe.PAIR_OWN, Probe.SNI_SWAP}
    assert len({block_order(Random(n), has_object=False) for n in range(40)}) == 2


@dataclass
class Legs:
    """Outcomes by kind of leg: rate, or a failure."""

    rates: dict[str, float | None]
    asked: list[str] = field(default_factory=list)

    async def measure(self, leg, *, traffic: Traffic) -> Sample:
        self.asked.append(leg.probe)
        rate = self.rates.get(leg.probe, 1e7)
        return Sample(
            started_at_utc=datetime(2026, 3, 1, tzinfo=UTC),
            target=leg.target.name,
            probe=leg.probe,
            goodput_bps=rate,
            failure=None if rate else "connection_reset",
        )


def differential(
    legs: Legs,
    kept: list[Sample],
    clock: SetClock,
    spare: Callable | None = None,
    *,
    rng: Random | None = None,
    most: int = 2,
    targets: tuple[Target, ...] = (target(443),),
    past: PastLegs | None = None,
) -> Differential:
    async def write(sample) -> None:
        kept.append(sample)

    plan = DifferentialPlan(
        neutral=f"https://{NEUTRAL}/1m.bin",
        targets=targets,
        sentinel_every=timedelta(minutes=20),
        blocks_per_evening=most,
        leg_bytes=256_000,
        zone=ZoneInfo("Asia/Almaty"),
        window=parse_window("20:00-22:00"),
    )
    means = Means(prober=legs, clock=clock, write=write, spare_bytes=spare)
    return Differential(plan, means, rng or Random(1), past)


async def evening(comparing: Differential, clock: SetClock, n_slots: int) -> None:
    for _ in range(n_slots):
        await comparing.between_rounds(clock.now + timedelta(minutes=4))
        clock.now += timedelta(minutes=5)


def blocks(kept: list[Sample]) -> dict[str, list[str]]:
    by_block: dict[str, list[str]] = {}
    for sample in kept:
        by_block.setdefault(str(sample.block), []).append(sample.probe)
    return {b: legs for b, legs in by_block.items() if b.startswith("b")}


async def test_a_slow_name_triggers_blocks_up_to_the_evening_s_limit():
    kept: list[Sample] = []
    clock = SetClock()
    comparing = differential(Legs({Probe.SNI_AWAY: 1e6}), kept, clock)
    await evening(comparing, clock, 20)
    assert len(blocks(kept)) == 2
    assert all(len(legs) == 8 for legs in blocks(kept).values())
    sequences = [s.sequence for s in kept if str(s.block) == min(blocks(kept))]
    assert sequences == list(range(8))


async def test_ordinary_transfers_trigger_blocks_too():
    """Of a site by address: under its name the neutral server is as quick as ever."""
    kept: list[Sample] = []
    clock = SetClock()
    comparing = differential(Legs({}), kept, clock)
    for name, role in (("site", Role.TARGET), ("control", Role.CONTROL)):
        for n, rate in enumerate([1e7] * 30 + [1e6 if name == "site" else 1e7] * 3):
            comparing.hear(
                Sample(
                    started_at_utc=clock.now + timedelta(minutes=n),
                    target=name,
                    role=role,
                    probe=Probe.DOWNLOAD,
                    goodput_bps=rate,
                )
            )
    await evening(comparing, clock, 5)
    assert len(blocks(kept)) == 2


async def test_calm_blocks_fall_anywhere_in_the_calm():
    hours: list[int] = []
    for seed in range(30):
        kept: list[Sample] = []
        clock = SetClock(now=datetime(2026, 3, 1, 1, tzinfo=UTC))  # 06:00 in Almaty
        comparing = differential(Legs({}), kept, clock, rng=Random(seed), most=12)
        for _ in range(24 * 3):
            await comparing.between_rounds(clock.now + timedelta(minutes=4))
            clock.now += timedelta(minutes=20)
        begun = [int(block[1:]) for block in blocks(kept)]
        assert len(begun) <= CALM_BLOCKS
        hours += [
            datetime.fromtimestamp(b, ZoneInfo("Asia/Almaty")).hour for b in begun
        ]
    assert len(hours) > 0.8 * 30 * CALM_BLOCKS
    assert not {20, 21} & set(hours)
    quarters = [sum(h // 6 == q for h in hours) for q in range(4)]
    assert min(quarters) >= 8


async def test_residue_is_told_and_halves_what_is_asked(caplog):
    """The neutral server is a tenth as quick once it was asked by the name."""
    kept: list[Sample] = []
    clock = SetClock(now=datetime(2026, 3, 1, 15, tzinfo=UTC))

    class Remembers(Legs):
        async def measure(self, leg, *, traffic: Traffic) -> Sample:
            sample = await super().measure(leg, traffic=traffic)
            if Probe.SNI_AWAY in self.asked[-4:-1] and leg.probe == Probe.PAIR_BASE:
                return replace(sample, goodput_bps=1e6)
            return sample

    comparing = differential(Remembers({}), kept, clock, most=12)
    await comparing.between_rounds(clock.now + timedelta(minutes=4))
    history = next(iter(comparing._histories.values()))
    for day in range(4):
        clock.now = datetime(2026, 3, 1 + day, 15, tzinfo=UTC)
        history.reasons.looks.extend([True, True])
        await evening(comparing, clock, 23)
        if comparing.has_residue:
            break
    assert comparing.has_residue
    assert caplog.text.count("event=residue") == 1
    n_before = len(blocks(kept))
    clock.now += timedelta(days=1) - timedelta(minutes=115)
    history.reasons.looks.extend([True, True])
    await evening(comparing, clock, 23)
    assert len(blocks(kept)) - n_before == 6
    n_looks = len([s for s in kept if str(s.block).startswith("s")])
    clock.now += timedelta(hours=12)
    await evening(comparing, clock, 24)
    looks = [s for s in kept if str(s.block).startswith("s")][n_looks:]
    assert len({s.block for s in looks}) <= 3  # of 120 minutes


async def test_nothing_slow_triggers_nothing():
    kept: list[Sample] = []
    clock = SetClock()
    await evening(differential(Legs({}), kept, clock), clock, 20)
    assert blocks(kept) == {}
    assert len(kept) == 2 * 5  # a sentinel in each of five times 20 minutes


async def test_a_short_slot_and_a_spent_budget_have_no_legs():
    kept: list[Sample] = []
    clock = SetClock()
    comparing = differential(Legs({}), kept, clock)
    await comparing.between_rounds(clock.now + timedelta(seconds=30))
    poor = differential(Legs({}), kept, clock, spare=lambda _: 100_000.0)
    await poor.between_rounds(clock.now + timedelta(minutes=4))
    assert kept == []


async def test_a_poisoned_server_stops_it_for_a_day(caplog):
    legs = Legs({Probe.SNI_AWAY: 1e6, Probe.PAIR_BASE: None})
    kept: list[Sample] = []
    clock = SetClock(now=datetime(2026, 3, 1, 3, tzinfo=UTC))
    comparing = differential(legs, kept, clock)
    await evening(comparing, clock, 12 * 8)
    assert "stopped hours=24" in caplog.text
    n_legs = len(kept)
    await evening(comparing, clock, 12 * 8)
    assert len(kept) == n_legs
    clock.now += timedelta(hours=24)
    await evening(comparing, clock, 12)
    assert len(kept) > n_legs


@dataclass
class SlowNames(Legs):
    """Some targets' names are slow at the neutral server."""

    slow: str = ""

    async def measure(self, leg, *, traffic: Traffic) -> Sample:
        sample = await super().measure(leg, traffic=traffic)
        is_slow = leg.probe == Probe.SNI_AWAY and leg.target.name in self.slow
        return replace(sample, goodput_bps=1e6 if is_slow else 1e7)


@pytest.mark.parametrize(("slow", "least"), [("abcd", 5), ("d", 10)])
async def test_slow_names_share_an_evening_and_one_alone_has_nearly_all(slow, least):
    kept: list[Sample] = []
    clock = SetClock(now=datetime(2026, 3, 1, 13, tzinfo=UTC))  # 18:00 in Almaty
    targets = tuple(replace(target(443), name=name) for name in "abcd")
    legs = SlowNames({}, slow=slow)
    comparing = differential(legs, kept, clock, most=12, targets=targets)
    await evening(comparing, clock, 12 * 4)
    n_blocks = {
        name: len(blocks([s for s in kept if s.target == name])) for name in "abcd"
    }
    assert {name for name, n in n_blocks.items() if n >= least} == set(slow)


CACHE = Target(
    name="cache",
    url="tls://cdn.test",
    host_from="https://site.test/",
    host_like="r*---sn-*.cdn.test",
)


async def test_the_name_is_the_host_that_a_page_names():
    """Not that of the URL, which nobody uses; until there is one, nothing is asked."""
    asked: list[str | None] = []

    class Named(Legs):
        async def measure(self, leg, *, traffic: Traffic) -> Sample:
            asked.append(leg.server_name)
            assert leg.host == leg.server_name
            return await super().measure(leg, traffic=traffic)

    kept: list[Sample] = []
    clock = SetClock()
    comparing = differential(Named({}), kept, clock, targets=(CACHE,))
    ordinary = Sample(started_at_utc=clock.now, target="cache", probe=Probe.TLS)
    comparing.hear(replace(ordinary, server_name="cdn.test"))
    comparing.hear(replace(ordinary, target="other", server_name="r1---sn-x.cdn.test"))
    await evening(comparing, clock, 1)
    assert asked == []
    comparing.hear(replace(ordinary, server_name="r1---sn-a.cdn.test"))
    await evening(comparing, clock, 1)
    assert set(asked) == {None, "r1---sn-a.cdn.test"}


def test_the_name_is_that_of_the_host_whose_objects_are_transferred():
    site = Target(name="x", url="https://x.test/", download_host="abs.img.test")
    assert name_of(site) == "abs.img.test"
    assert name_of(replace(site, download_url="https://y.test/big")) == "y.test"
    assert name_of(replace(site, download_host=None)) == "x.test"
    assert name_of(CACHE) is None
    assert name_of(replace(CACHE, url="tls://r1---sn-a.cdn.test")) is not None


def of_before(kept: list[Sample]) -> PastLegs:
    """What the store has of the legs at the neutral server."""

    async def past(since: datetime) -> list[Sample]:
        kinds = (Probe.PAIR_BASE, Probe.SNI_AWAY)
        return [s for s in kept if s.probe in kinds and s.started_at_utc >= since]

    return past


class Timed(Legs):
    """Legs that begin when the clock says so."""

    clock: SetClock

    async def measure(self, leg, *, traffic: Traffic) -> Sample:
        sample = await super().measure(leg, traffic=traffic)
        return replace(sample, started_at_utc=self.clock.now)


async def test_a_restart_gives_an_evening_no_more_blocks():
    kept: list[Sample] = []
    clock = SetClock()
    legs = Timed({Probe.SNI_AWAY: 1e6})
    legs.clock = clock
    await evening(differential(legs, kept, clock), clock, 12)
    assert len(blocks(kept)) == 2
    again = differential(legs, kept, clock, past=of_before(kept))
    await evening(again, clock, 1)
    n_legs = len(kept)
    await evening(again, clock, 3)
    assert len(kept) == n_legs  # the last look is known, too
    await evening(again, clock, 7)
    assert len(blocks(kept)) == 2


async def test_a_restart_ends_no_rest(caplog):
    kept: list[Sample] = []
    clock = SetClock(now=datetime(2026, 3, 1, 3, tzinfo=UTC))
    legs = Timed({Probe.SNI_AWAY: 1e6, Probe.PAIR_BASE: None})
    legs.clock = clock
    await evening(differential(legs, kept, clock), clock, 12 * 8)
    n_legs = len(kept)
    again = differential(legs, kept, clock, past=of_before(kept))
    await evening(again, clock, 12 * 8)
    assert len(kept) == n_legs
    assert "event=still_stopped" in caplog.text
    clock.now += timedelta(hours=24)
    await evening(again, clock, 12)
    assert len(kept) > n_legs


async def test_nothing_is_done_while_the_past_cannot_be_had():
    kept: list[Sample] = []
    clock = SetClock()

    async def away(_: datetime) -> None:
        return None

    await evening(differential(Legs({}), kept, clock, past=away), clock, 6)
    assert kept == []


async def test_a_server_that_is_away_is_not_poisoned(caplog):
    """The name never went over the line."""

    class Away(Legs):
        async def measure(self, leg, *, traffic: Traffic) -> Sample:
            sample = await super().measure(leg, traffic=traffic)
            return replace(sample, failed_operation=Operation.CONNECT)

    kept: list[Sample] = []
    clock = SetClock(now=datetime(2026, 3, 1, 3, tzinfo=UTC))
    gone = dict.fromkeys((Probe.PAIR_BASE, Probe.SNI_AWAY))
    comparing = differential(Away(gone), kept, clock, most=12)
    next(iter(comparing._histories.values())).reasons.looks.extend([True, True])
    await evening(comparing, clock, 12 * 20)
    assert len(blocks(kept)) > 4
    assert "stopped" not in caplog.text
