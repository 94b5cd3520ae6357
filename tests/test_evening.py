"""A short evening on loopback: a policed site, a free control, real transfers stored.

The short form of benchmarks/lab_evening.py: no root, one process, a token bucket
instead of an ISP; the wall clock is shifted to the evening, the monotonic one is real.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import median
from zoneinfo import ZoneInfo

from monitor.clock import SystemClock
from monitor.model import Probe, Role, Round, Sample, Target
from monitor.probe import Prober, ProbeSettings
from monitor.probe.gateway import Gateway
from monitor.sampling.round import RoundRunner
from monitor.sampling.sampler import Pace, Sampler
from monitor.store import open_store
from tests.servers.tcp import serve
from tests.servers.web import Reader, Writer, paced, request_of, whole

ALMATY = ZoneInfo("Asia/Almaty")
BODY = bytes(64_000)
POLICED_BPS, FREE_BPS = 500_000, 200_000_000


class ShiftedClock(SystemClock):
    """The system's clock with its wall time set to a chosen evening."""

    def __init__(self) -> None:
        self._shift = timedelta()

    def set(self, moment: datetime) -> None:
        """Make it `moment` now."""
        self._shift = moment.astimezone(UTC) - super().now_utc()

    def now_utc(self) -> datetime:
        return super().now_utc() + self._shift


@asynccontextmanager
async def site(clock: ShiftedClock, *, is_policed: bool) -> AsyncIterator[int]:
    """A site that is policed from 20 to 22 h, or never."""

    async def handler(reader: Reader, writer: Writer) -> None:
        hour = clock.now_utc().astimezone(ALMATY).hour
        rate = POLICED_BPS if is_policed and 20 <= hour < 22 else FREE_BPS
        await paced(BODY, rate)(reader, writer)

    async with serve(handler) as served:
        yield served.port


def at(name: str, port: int, role: Role) -> Target:
    url = f"http://localhost:{port}/"
    return Target(name=name, url=url, download_url=f"{url}object", role=role)


def by_hour(samples: list[Sample], target: str) -> dict[int, float]:
    rates: dict[int, list[float]] = {}
    for sample in samples:
        if (sample.target, sample.probe) == (target, Probe.DOWNLOAD):
            assert sample.goodput_bps is not None
            hour = sample.started_at_utc.astimezone(ALMATY).hour
            rates.setdefault(hour, []).append(sample.goodput_bps)
    return {hour: median(values) for hour, values in rates.items()}


async def test_policed_evening_shows_in_the_stored_samples(tmp_path: Path) -> None:
    clock = ShiftedClock()
    with open_store(f"sqlite:///{tmp_path / 'monitor.db'}") as store:

        async def write(record: Sample | Round) -> None:
            if isinstance(record, Round):
                store.rounds.append(record)
            else:
                store.samples.append([record])

        runner = RoundRunner(
            prober=Prober(ProbeSettings(stage_timeout_s=5), clock),
            gateway=Gateway(clock, vantage="home"),
            clock=clock,
            vantage="home",
            write=write,
        )
        minutes = timedelta(minutes=5)
        pace = Pace(every=minutes, downloads_every=minutes, per_second=50)
        async with (
            site(clock, is_policed=True) as suspect,
            site(clock, is_policed=False) as free,
        ):
            targets = (
                at("facebook", suspect, Role.TARGET),
                at("control", free, Role.CONTROL),
            )
            sampler = Sampler(targets, pace, runner, Random(1))
            for hour in range(18, 24):
                for minute in (5, 35):
                    now = datetime(2026, 3, 10, hour, minute, tzinfo=ALMATY)
                    clock.set(now)
                    await sampler.run_round(clock.now_utc())
        samples = list(store.samples.read())
        rounds = list(store.rounds.read())

    assert len(rounds) == 12
    assert all(r.n_done == r.n_planned == 4 for r in rounds)
    # The loop may be late on a busy machine, and says so in a row of its own.
    assert not [s for s in samples if s.failure and s.probe != Probe.EVENT_LOOP]
    suspect_bps, free_bps = by_hour(samples, "facebook"), by_hour(samples, "control")
    for hour in (20, 21):
        assert 0.8 * POLICED_BPS < suspect_bps[hour] < 1.2 * POLICED_BPS
        assert free_bps[hour] > 5 * suspect_bps[hour]
    for hour in (18, 19, 22, 23):
        assert suspect_bps[hour] > 5 * POLICED_BPS


async def test_transfers_of_a_round_do_not_share_the_line(tmp_path: Path) -> None:
    """A slow transfer must not be slowed by the next one, nor slow it."""
    clock = ShiftedClock()
    clock.set(datetime(2026, 3, 10, 21, tzinfo=ALMATY))
    running, most = 0, 0

    async def counted(reader: Reader, writer: Writer) -> None:
        nonlocal running, most
        is_transfer = "/object " in await request_of(reader)
        running += is_transfer
        most = max(most, running)
        answer = whole(BODY)
        writer.write(answer[:-1])
        await writer.drain()
        await asyncio.sleep(0.2)
        running -= is_transfer
        writer.write(answer[-1:])

    async def ignore(_: Sample | Round) -> None:
        await asyncio.sleep(0)

    async with serve(counted) as served:
        targets = [at(f"s{i}", served.port, Role.TARGET) for i in range(3)]
        runner = RoundRunner(
            prober=Prober(ProbeSettings(stage_timeout_s=5), clock),
            gateway=Gateway(clock, vantage="home"),
            clock=clock,
            vantage="home",
            write=ignore,
        )
        pace = Pace(
            every=timedelta(minutes=5),
            downloads_every=timedelta(minutes=5),
            per_second=2,
        )
        await Sampler(targets, pace, runner, Random(0)).run_round(clock.now_utc())
    assert most == 1
