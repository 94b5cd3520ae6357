"""A first resolver that is dead while the second works, as a fact of the home."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from monitor.clock import SystemClock
from monitor.model import LOCAL_PROBES, Probe, Role, Round, Sample, Target
from monitor.probe import Prober, ProbeSettings
from monitor.probe.next_resolver import FIRST_SILENT, NextResolver
from monitor.probe.traffic import Traffic
from monitor.sampling.round import Errand, RoundRunner, plan
from tests.sampling.test_round import Gate, Notebook
from tests.servers import dns
from tests.servers.tcp import closed_port

SLOT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def dead() -> str:
    return f"127.0.0.1:{closed_port()}"


async def asked(*resolvers: str) -> Sample | None:
    ask = NextResolver(SystemClock(), vantage="home", resolvers=resolvers)
    return await ask.measure("a.example", Traffic(), "round")


async def test_another_resolver_that_answers_is_a_fact() -> None:
    async with dns.name_server({"a.example": dns.addresses("192.0.2.1")}) as names:
        sample = await asked(dead(), names.resolver)
    assert sample is not None
    assert (sample.target, sample.probe) == ("_resolver", Probe.RESOLVER)
    assert (sample.role, sample.failure) == (Role.CONTROL, FIRST_SILENT)
    assert (sample.resolver, sample.round_id) == (names.resolver, "round")
    assert sample.domain_lookup_s is not None
    assert sample.probe in LOCAL_PROBES


async def test_that_there_is_no_such_name_is_an_answer() -> None:
    async with dns.name_server({}) as names:
        assert await asked(dead(), dead(), names.resolver) is not None


async def test_where_none_answers_nothing_is_said() -> None:
    assert await asked(dead(), dead()) is None
    assert await asked(dead()) is None


async def rows_of_a_round(*resolvers: str) -> list[Sample]:
    """What a round of two sites stores in a home with these resolvers."""
    clock, notebook = SystemClock(), Notebook()
    settings = ProbeSettings(resolvers=resolvers, stage_timeout_s=1.0)
    runner = RoundRunner(
        prober=Prober(settings, clock),
        gateway=Gate(),
        clock=clock,
        vantage="home",
        write=notebook.write,
        next_resolver=NextResolver(clock, vantage="home", resolvers=resolvers),
    )
    errands = [
        Errand(target=Target(name=name, url=f"tcp://{name}.example:443"), probe="tcp")
        for name in ("a", "b")
    ]
    drawn = plan(
        errands,
        slot_start_utc=SLOT,
        limit=timedelta(seconds=20),
        per_second=50,
        rng=Random(0),
    )
    record = await runner.run(drawn)
    assert isinstance(record, Round)
    assert record.n_done == 2
    return [row for row in notebook.samples if row.target in ("a", "b", "_resolver")]


async def test_in_a_round_the_first_alone_is_measured_and_the_second_is_told() -> None:
    async with dns.name_server({}) as names:
        first = dead()
        rows = await rows_of_a_round(first, names.resolver)
    of = {row.target: row for row in rows}
    assert set(of) == {"a", "b", "_resolver"}
    assert {of[name].resolver for name in "ab"} == {first}
    assert {of[name].failed_operation for name in "ab"} == {"resolve"}
    assert of["_resolver"].resolver == names.resolver


@pytest.mark.parametrize("rule", [dns.keeps_silent, None], ids=["silent", "answers"])
async def test_a_resolver_that_answers_for_one_name_is_not_dead(rule) -> None:
    """Silence for one name alone is about that name: it must not be set aside."""
    rules = {"b.example": dns.addresses("192.0.2.1")}
    if rule is not None:
        rules["a.example"] = rule
    async with dns.name_server(rules) as first, dns.name_server({}) as second:
        rows = await rows_of_a_round(first.resolver, second.resolver)
    assert {row.target for row in rows} == {"a", "b"}
