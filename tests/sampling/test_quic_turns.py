"""Which transfers are made over QUIC, too."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest

from monitor.config import Config, load, parse
from monitor.daemon.wiring import new_ration, quic_turns
from monitor.errors import ConfigError
from monitor.model import (
    Probe,
    Role,
    Round,
    RoundStatus,
    Sample,
    Target,
    Transport,
)
from monitor.probe.traffic import Traffic
from monitor.sampling.quic_turns import MOST_A_ROUND, QuicTurns
from monitor.sampling.ration import Cost
from monitor.sampling.round import Errand, RoundPlan, RoundRunner, plan
from monitor.sampling.sampler import Pace, Sampler
from monitor.sampling.turns import taking_turns, whose_turn_it_is
from tests.sampling.test_round import Gate, LoopClock, Notebook, Site

TCP = Transport.TCP
SLOT = datetime(2026, 3, 1, 12, tzinfo=UTC)
DOCUMENT = {
    "timezone": "Asia/Almaty",
    "throughput": {"every": "10m"},
    "targets": [{"name": "a", "url": "https://a.example/"}],
    "controls": [{"name": "b", "url": "https://b.example/"}],
}


def sites(*names: str) -> list[Target]:
    return [Target(name=name, url=f"https://{name}/") for name in names]


def names_of(turns: QuicTurns, transfers: list[Target], n_rounds: int) -> list[str]:
    return [e.target.name for _ in range(n_rounds) for e in turns.errands(transfers)]


def test_every_site_has_its_turn_and_few_come_in_one_round() -> None:
    turns = QuicTurns(lambda _: Probe.DOWNLOAD, every=3)
    transfers = sites("a", "b", "c", "d")
    rounds = [turns.errands(transfers) for _ in range(30)]
    assert max(map(len, rounds)) <= MOST_A_ROUND
    assert all(e.transport is Transport.QUIC for of in rounds for e in of)
    begun = Counter(e.target.name for of in rounds for e in of)
    assert begun == dict.fromkeys("abcd", 10)


def test_sites_that_take_turns_are_all_asked() -> None:
    """By the clock every third transfer would always be the same site's."""
    turns = QuicTurns(lambda _: Probe.DOWNLOAD, every=3)
    names = [n for i in range(90) for n in names_of(turns, sites("abc"[i % 3]), 1)]
    assert Counter(names) == {"a": 10, "b": 10, "c": 10}


def test_the_shipped_targets_are_each_asked_three_times_an_evening() -> None:
    """What is needed to tell of blocked QUIC after three evenings is nine pairs."""
    config = load(Path("config.yaml"))
    targets = config.all_targets()
    turns = quic_turns(config, lambda _: Probe.DOWNLOAD)
    begun = Counter(
        e.target.name
        for turn in range(12 * 12)
        for e in turns.errands(whose_turn_it_is(targets, turn))
    )
    transferred = [t for sites in taking_turns(targets) for t in sites]
    least = {Role.TARGET: 2.9, Role.CONTROL: 0.8}
    assert all(begun[t.name] / 12 >= least[Role(t.role)] for t in transferred), begun
    assert sum(begun.values()) <= 12 * 12 * MOST_A_ROUND


def test_only_who_offers_it_and_is_wanted_is_asked() -> None:
    def offered(target: Target) -> str | None:
        return Probe.HTTPS if target.name != "b" else None

    turns = QuicTurns(offered, every=1, names=frozenset("ab"))
    errands = turns.errands(sites("a", "b", "c"))
    assert [(e.target.name, e.probe) for e in errands] == [("a", Probe.HTTPS)]


class BothWays(Site):
    """A site whose HTTP/3 is offered; what was asked over it, in its order."""

    def __init__(self) -> None:
        super().__init__()
        self.order: list[str] = []

    async def measure(self, target: Target, probe: str, *, traffic: Traffic) -> Sample:
        if probe == Probe.DOWNLOAD:
            self.order.append("tcp")
        return await super().measure(target, probe, traffic=traffic)

    async def measure_over_quic(
        self, target: Target, probe: str, *, traffic: Traffic
    ) -> Sample:
        self.order.append("quic")
        sample = await super().measure(target, probe, traffic=traffic)
        return Sample(
            started_at_utc=sample.started_at_utc,
            target=target.name,
            probe=probe,
            transport=Transport.QUIC,
        )


def a_runner(site: Site, notebook: Notebook) -> RoundRunner:
    return RoundRunner(
        prober=site,
        gateway=Gate(),
        clock=LoopClock(),
        vantage="home",
        write=notebook.write,
    )


async def test_order_of_the_two_transports_is_drawn_with_the_round() -> None:
    firsts = set()
    (target,) = sites("a")
    errands = [
        Errand(target=target, probe=Probe.DOWNLOAD),
        Errand(target=target, probe=Probe.DOWNLOAD, transport=Transport.QUIC),
    ]
    for seed in range(8):
        site, notebook = BothWays(), Notebook()
        drawn = plan(
            errands,
            slot_start_utc=SLOT,
            limit=timedelta(seconds=5),
            per_second=50,
            rng=Random(seed),
        )
        record = await a_runner(site, notebook).run(drawn)
        assert (record.n_done, record.n_planned) == (2, 2)
        assert sorted(site.order) == ["quic", "tcp"]
        firsts.add(site.order[0])
    assert firsts == {"quic", "tcp"}


@pytest.mark.parametrize(("per_day", "n_quic"), [(None, 1), ("2MB", 0)])
async def test_budget_has_room_for_everything_else_first(
    per_day: str | None, n_quic: int
) -> None:
    config = parse({**DOCUMENT, "budget": {"per_day": per_day}}, source="x")
    site, notebook = BothWays(), Notebook()
    pace = Pace(
        every=timedelta(minutes=5), downloads_every=timedelta(minutes=5), per_second=50
    )
    sampler = Sampler(
        config.all_targets()[:1],
        pace,
        a_runner(site, notebook),
        Random(0),
        ration=new_ration(config),
    )
    sampler.ask_over_quic(quic_turns(config, lambda _: Probe.DOWNLOAD))
    await sampler.run_round(SLOT)
    assert site.order.count("quic") == n_quic


def test_configuration_says_how_often_and_whom() -> None:
    def turns(**quic: object) -> QuicTurns:
        config = parse({**DOCUMENT, "quic": quic}, source="x")
        return quic_turns(config, lambda _: None)

    (a,) = sites("a")
    assert (turns().one_in(a), turns().names) == (3, None)
    assert turns(every="10m").one_in(a) == 1
    assert turns(every="5m").one_in(a) == 1
    assert turns(targets=["a", "b"]).names == {"a", "b"}
    assert turns(targets=[]).names == frozenset()
    with pytest.raises(ConfigError, match=r"quic\.targets: no such .*: nobody"):
        turns(targets=["nobody"])
    with pytest.raises(ConfigError, match=r"quic\.every"):
        turns(every="1s")


class Planner(RoundRunner):
    """Keeps the plans of rounds instead of running them."""

    async def run(self, round_plan: RoundPlan) -> Round:
        await self.write(round_plan)  # type: ignore[arg-type]
        return replace(NO_ROUND, slot_start_utc=round_plan.slot_start_utc)


NO_ROUND = Round(
    round_id="",
    vantage="home",
    slot_start_utc=SLOT,
    started_at_utc=None,
    duration_s=0.0,
    status=RoundStatus.COMPLETE,
    n_planned=0,
    n_done=0,
)


async def plans_of_days(config: Config, n_days: int, *, has_quic: bool):
    """What is planned for some days, from midnight on."""
    plans: list[RoundPlan] = []

    async def write(drawn) -> None:
        plans.append(drawn)

    runner = Planner(
        prober=BothWays(),
        gateway=Gate(),
        clock=LoopClock(),
        vantage="home",
        write=write,
    )
    every = config.throughput.every
    assert every is not None
    pace = Pace(every=config.every, downloads_every=every, per_second=4)
    sampler = Sampler(
        config.all_targets(), pace, runner, Random(0), ration=new_ration(config)
    )
    if has_quic:
        sampler.ask_over_quic(quic_turns(config, lambda _: Probe.DOWNLOAD))
    midnight = datetime(2026, 3, 1, tzinfo=ZoneInfo(config.timezone)).astimezone(UTC)
    for n in range(n_days * timedelta(days=1) // config.every):
        await sampler.run_round(midnight + n * config.every)
    return plans


def transfers_in(plans: Sequence[RoundPlan], transport: Transport) -> Counter[str]:
    return Counter(
        errand.target.name
        for drawn in plans
        for errand in drawn.downloads
        if errand.transport is transport
    )


def local_hour(drawn: RoundPlan, config: Config) -> int:
    return drawn.slot_start_utc.astimezone(ZoneInfo(config.timezone)).hour


async def test_with_quic_a_day_receives_no_more_than_without() -> None:
    """What a transfer over QUIC brings, one over TCP of the same site does not."""
    config = load(Path("config.yaml"))
    n_days = 2
    alone = await plans_of_days(config, n_days, has_quic=False)
    both = await plans_of_days(config, n_days, has_quic=True)
    of_tcp, before = (transfers_in(p, Transport.TCP) for p in (both, alone))
    over_quic = transfers_in(both, Transport.QUIC)
    assert over_quic.total() > n_days * 200
    # The last ones are made up for the day after.
    owed = of_tcp.total() + over_quic.total() - before.total()
    assert 0 <= owed <= 3 * len(before)
    assert owed < over_quic.total() / 10


async def test_near_the_evening_nothing_is_left_out_for_quic() -> None:
    config = load(Path("config.yaml"))
    alone = await plans_of_days(config, 1, has_quic=False)
    both = await plans_of_days(config, 1, has_quic=True)
    near = [[p for p in of if 19 <= local_hour(p, config) < 23] for of in (both, alone)]
    assert len(near[0]) == 48
    of_tcp, before = (transfers_in(p, Transport.TCP) for p in near)
    assert of_tcp == before
    assert transfers_in(near[0], Transport.QUIC).total() == 24 * MOST_A_ROUND


async def test_a_long_evening_leaves_the_calm_its_transfers() -> None:
    """Ten hours of pairs owe more than the rest of the day can make up for."""
    long = {**DOCUMENT, "window": {"start": "12:00", "end": "22:00"}}
    config = parse({**long, "quic": {"every": "10m"}}, source="x")
    both = await plans_of_days(config, 2, has_quic=True)
    calm = [p for p in both if not 11 <= local_hour(p, config) < 23]
    assert min(transfers_in(calm, Transport.TCP).values()) >= 2 * 24
    of_tcp = transfers_in(both, Transport.TCP)
    over_quic = transfers_in(both, Transport.QUIC)
    assert all(of_tcp[n] + over_quic[n] <= 2 * 144 + 25 for n in "ab")


async def test_no_hour_of_the_calm_is_without_transfers() -> None:
    """After the evening all sites owe; their transfers stay two of three."""
    config = load(Path("config.yaml"))
    both = await plans_of_days(config, 2, has_quic=True)
    after = [p for p in both if local_hour(p, config) == 23]
    alone = await plans_of_days(config, 2, has_quic=False)
    before = transfers_in([p for p in alone if local_hour(p, config) == 23], TCP)
    made = transfers_in(after, TCP)
    assert all(made[name] >= before[name] / 2 for name in before)
    assert made.total() < before.total()


async def test_rounds_that_were_not_made_have_paid() -> None:
    """A machine that was off by day has received less already."""
    (target,) = sites("a")
    costs = {("a", Probe.DOWNLOAD): Cost(n_bytes=500.0, n_turns=2)}
    turns = QuicTurns(lambda _: Probe.DOWNLOAD, every=1)
    turns.owe(turns.errands([target]), costs)
    assert not turns.may_ask(target, costs, is_evening=False)
    turns.have_been_left_out(1, costs)
    assert turns.may_ask(target, costs, is_evening=False)
    assert turns.made_up_for([target], costs) == [target]
