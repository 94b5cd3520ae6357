"""A round measures everything once, transfers one by one, and ends in time."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from monitor.clock import SystemClock
from monitor.model import (
    LOCAL_PROBES,
    Operation,
    Probe,
    Role,
    Round,
    RoundStatus,
    Sample,
    Target,
)
from monitor.probe.failure import NotTriedError
from monitor.probe.traffic import Traffic
from monitor.reason import phrase
from monitor.sampling.round import Errand, RoundRunner, plan
from monitor.sampling.sampler import Pace, Sampler

# No test waits, and none is late.
pytestmark = pytest.mark.virtual_time

SLOT = datetime(2026, 3, 1, 12, tzinfo=UTC)
SITES = tuple(Target(name=f"s{i}", url=f"https://s{i}/") for i in range(6))


class LoopClock(SystemClock):
    """The system's clock with the monotonic time of the running loop."""

    def monotonic_s(self) -> float:
        return asyncio.get_running_loop().time()


class Site:
    """A prober whose probes take a set time; notes what overlapped."""

    def __init__(self, delay_s: Callable[[Target, str], float] = lambda *_: 0.01):
        self.delay_s = delay_s
        self.running: set[str] = set()
        self.most_downloads = 0
        self.begun: list[tuple[str, str]] = []

    async def measure(self, target: Target, probe: str, *, traffic: Traffic) -> Sample:
        self.begun.append((target.name, probe))
        key = f"{probe}/{target.name}"
        self.running.add(key)
        downloads = [k for k in self.running if k.startswith(Probe.DOWNLOAD)]
        self.most_downloads = max(self.most_downloads, len(downloads))
        try:
            await asyncio.sleep(self.delay_s(target, probe))
        finally:
            self.running.discard(key)
        now = SystemClock().now_utc()
        return Sample(started_at_utc=now, target=target.name, probe=probe)


class Gate:
    """A gateway that answers."""

    async def measure(self, round_id: str | None = None) -> Sample | None:
        return Sample(
            started_at_utc=SystemClock().now_utc(),
            target="_gateway",
            role=Role.CONTROL,
            probe=Probe.GATEWAY,
            connect_s=0.001,
            round_id=round_id,
        )


class Notebook:
    """Where records are written."""

    def __init__(self) -> None:
        self.samples: list[Sample] = []
        self.rounds: list[Round] = []

    async def write(self, record: Sample | Round) -> None:
        if isinstance(record, Round):
            self.rounds.append(record)
        else:
            self.samples.append(record)

    def of_sites(self) -> list[Sample]:
        return [s for s in self.samples if s.probe not in LOCAL_PROBES]


def runner(site: Site, notebook: Notebook) -> RoundRunner:
    return RoundRunner(
        prober=site,
        gateway=Gate(),
        clock=LoopClock(),
        vantage="home",
        write=notebook.write,
    )


def a_plan(*, limit_s: float = 5.0, seed: int = 0, per_second: int = 50):
    errands = [Errand(target=t, probe=p) for t in SITES for p in ("https", "download")]
    return plan(
        errands,
        slot_start_utc=SLOT,
        limit=timedelta(seconds=limit_s),
        per_second=per_second,
        rng=Random(seed),
    )


async def test_every_site_is_measured_once_by_each_probe() -> None:
    notebook = Notebook()
    record = await runner(Site(), notebook).run(a_plan())
    measured = [(s.target, s.probe) for s in notebook.of_sites()]
    assert sorted(measured) == sorted(
        (t.name, p) for t in SITES for p in ("https", "download")
    )
    assert (record.status, record.n_done) == (RoundStatus.COMPLETE, 12)


async def test_order_is_stored_and_differs_from_round_to_round() -> None:
    orders = []
    for seed in range(3):
        notebook = Notebook()
        await runner(Site(), notebook).run(a_plan(seed=seed))
        ordered = sorted(notebook.of_sites(), key=lambda s: s.sequence or 0)
        assert [s.sequence for s in ordered] == list(range(12))
        orders.append([s.target for s in ordered])
    assert orders[0] != orders[1] != orders[2]


async def test_samples_carry_the_id_of_their_round() -> None:
    notebook = Notebook()
    record = await runner(Site(), notebook).run(a_plan())
    assert {s.round_id for s in notebook.samples} == {record.round_id}
    assert notebook.rounds == [record]


async def test_transfers_never_overlap() -> None:
    site = Site(lambda _, probe: 0.03 if probe == Probe.DOWNLOAD else 0.001)
    await runner(site, Notebook()).run(a_plan())
    assert site.most_downloads == 1


async def test_transfers_follow_the_latency_probes() -> None:
    site = Site()
    await runner(site, Notebook()).run(a_plan())
    assert [probe for _, probe in site.begun[:6]] == ["https"] * 6


@pytest.mark.virtual_time(False)
async def test_rate_is_bounded() -> None:
    site, clock = Site(), SystemClock()
    begun_s = clock.monotonic_s()
    await runner(site, Notebook()).run(a_plan(per_second=8))
    assert clock.monotonic_s() - begun_s > 0.9


async def test_round_that_runs_out_of_time_says_what_was_not_done() -> None:
    site = Site(
        lambda target, probe: 9 if (target.name, probe) == ("s1", "https") else 0
    )
    notebook = Notebook()
    record = await runner(site, notebook).run(a_plan(limit_s=0.6))
    assert record.status is RoundStatus.OVERLONG
    assert record.n_done < record.n_planned
    assert record.reason is not None
    assert "s1/https" in record.reason
    assert record.duration_s is not None
    assert record.duration_s < 2


async def test_transfer_is_not_begun_when_it_could_not_end() -> None:
    slow = Site(lambda _, probe: 0.2 if probe == Probe.DOWNLOAD else 0)
    record = await runner(slow, Notebook()).run(a_plan(limit_s=0.8))
    begun = [name for name, probe in slow.begun if probe == Probe.DOWNLOAD]
    assert 1 <= len(begun) < len(SITES)
    assert record.status is RoundStatus.OVERLONG


async def test_slow_transfer_that_was_begun_in_time_is_kept() -> None:
    slow = Site(lambda _, probe: 0.55 if probe == Probe.DOWNLOAD else 0)
    notebook = Notebook()
    record = await runner(slow, notebook).run(a_plan(limit_s=1.0))
    done = [s for s in notebook.of_sites() if s.probe == Probe.DOWNLOAD]
    begun = [name for name, probe in slow.begun if probe == Probe.DOWNLOAD]
    assert len(done) == len(begun) == 2
    assert record.duration_s is not None
    assert record.duration_s > 1.0


async def test_stopped_round_keeps_what_it_has_and_its_record() -> None:
    site = Site(lambda _, probe: 9 if probe == Probe.DOWNLOAD else 0)
    notebook = Notebook()
    task = asyncio.create_task(runner(site, notebook).run(a_plan()))
    await asyncio.sleep(0.3)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(notebook.of_sites()) == 6
    assert notebook.rounds[0].status is RoundStatus.OVERLONG
    assert notebook.rounds[0].reason is not None
    assert notebook.rounds[0].reason.startswith("stopped")


async def test_local_side_is_stored_with_every_round() -> None:
    notebook = Notebook()
    await runner(Site(), notebook).run(a_plan())
    local = {s.probe for s in notebook.samples} & LOCAL_PROBES
    assert {Probe.GATEWAY, Probe.EVENT_LOOP, Probe.CLOCK} <= local
    assert all(s.role is Role.CONTROL for s in notebook.samples if s.probe in local)


async def test_failed_probe_is_a_sample_like_any_other() -> None:
    class Broken(Site):
        async def measure(
            self, target: Target, probe: str, *, traffic: Traffic
        ) -> Sample:
            good = await super().measure(target, probe, traffic=traffic)
            return Sample(
                started_at_utc=good.started_at_utc,
                target=target.name,
                probe=probe,
                failed_operation=Operation.CONNECT,
                failure="connection_refused",
            )

    notebook = Notebook()
    record = await runner(Broken(), notebook).run(a_plan())
    assert record.status is RoundStatus.COMPLETE
    assert {s.failure for s in notebook.of_sites()} == {"connection_refused"}


async def test_bug_in_one_probe_leaves_the_others_alone() -> None:
    class Buggy(Site):
        async def measure(
            self, target: Target, probe: str, *, traffic: Traffic
        ) -> Sample:
            if target.name == "s2":
                raise ZeroDivisionError
            return await super().measure(target, probe, traffic=traffic)

    notebook = Notebook()
    record = await runner(Buggy(), notebook).run(a_plan())
    assert (record.status, record.n_done) == (RoundStatus.OVERLONG, 10)
    assert len(notebook.of_sites()) == 10


async def test_what_has_nothing_to_measure_is_told_and_no_failure() -> None:
    """No row that looks like a failure of the site, no lost round, no late one."""

    class Nameless(Site):
        async def measure(
            self, target: Target, probe: str, *, traffic: Traffic
        ) -> Sample:
            if target.name == "s2" and probe == Probe.HTTPS:
                raise NotTriedError(phrase("no host like r* is named by https://s2/"))
            return await super().measure(target, probe, traffic=traffic)

    notebook = Notebook()
    record = await runner(Nameless(), notebook).run(a_plan())
    assert (record.status, record.n_done) == (RoundStatus.COMPLETE, 11)
    assert record.n_planned == 12
    why = "no host like r* is named by https://s2/"
    assert record.reason == f"not tried: s2/https ({why})"
    assert len(notebook.of_sites()) == 11


async def test_sites_of_one_service_take_turns_with_their_transfers() -> None:
    pace = Pace(
        every=timedelta(minutes=5),
        downloads_every=timedelta(minutes=10),
        per_second=50,
    )
    sites = [
        *(Target(name=n, url=f"https://{n}/", service="video") for n in "abc"),
        Target(name="d", url="https://d/", service="d"),
    ]
    site = Site()
    sampler = Sampler(sites, pace, runner(site, Notebook()), Random(0))
    for i in range(12):
        await sampler.run_round(SLOT + i * timedelta(minutes=5))
    begun = Counter(name for name, probe in site.begun if probe == Probe.DOWNLOAD)
    assert begun == {"a": 2, "b": 2, "c": 2, "d": 6}
    pages = Counter(name for name, probe in site.begun if probe == Probe.HTTPS)
    assert pages == dict.fromkeys("abcd", 12)
    site.begun.clear()
    await sampler.run_round(SLOT, with_downloads=True)
    told = [name for name, probe in site.begun if probe == Probe.DOWNLOAD]
    assert sorted(told) == ["a", "b", "c", "d"], "a person who asks gets all of them"


def a_sampler(notebook: Notebook, *, downloads_every: timedelta) -> Sampler:
    pace = Pace(
        every=timedelta(minutes=5), downloads_every=downloads_every, per_second=50
    )
    return Sampler(SITES, pace, runner(Site(), notebook), Random(0))


async def test_transfers_are_made_as_often_as_configured() -> None:
    notebook = Notebook()
    sampler = a_sampler(notebook, downloads_every=timedelta(minutes=15))
    for i in range(6):
        await sampler.run_round(SLOT + i * timedelta(minutes=5))
    planned = [record.n_planned for record in notebook.rounds]
    assert sorted(planned) == [6, 6, 6, 6, 12, 12]


async def test_gap_is_one_missed_record_with_its_length() -> None:
    notebook = Notebook()
    sampler = a_sampler(notebook, downloads_every=timedelta(minutes=5))
    gap = sampler.downtime(SLOT, SLOT + timedelta(hours=1, minutes=2))
    assert gap is not None
    await sampler.record_gap(gap, reason="the monitor was not running")
    record = notebook.rounds[0]
    assert (record.status, record.duration_s) == (RoundStatus.MISSED, 3600)
    assert record.started_at_utc is None
    assert (record.n_planned, record.n_done) == (12 * 12, 0)


def test_no_gap_within_a_slot() -> None:
    sampler = a_sampler(Notebook(), downloads_every=timedelta(minutes=5))
    assert sampler.downtime(SLOT, SLOT + timedelta(minutes=2)) is None


async def test_every_byte_of_a_round_is_somebodys() -> None:
    """Of what ended well, failed, and was given up when the time ran out."""

    class Costly(Site):
        async def measure(
            self, target: Target, probe: str, *, traffic: Traffic
        ) -> Sample:
            traffic.received_bytes += 1_000
            if target.name == "s2":
                raise ZeroDivisionError
            if target.name == "s3":
                await asyncio.sleep(60)
            return await super().measure(target, probe, traffic=traffic)

    notebook = Notebook()
    paid: dict[str, int] = {}

    def account(_: datetime, errand: Errand, received_bytes: int) -> None:
        paid[errand.target.name] = paid.get(errand.target.name, 0) + received_bytes

    brief = replace(a_plan(), limit_s=0.4)
    await replace(runner(Costly(), notebook), account=account).run(brief)
    own = next(s for s in notebook.samples if s.probe == Probe.OWN_TRAFFIC)
    assert own.encoded_body_bytes == sum(paid.values())
    assert {"s2", "s3"} <= paid.keys()
    assert own.role is Role.CONTROL
