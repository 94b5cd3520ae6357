"""A round that says more about this machine than about the net is marked."""

import asyncio
import time
from pathlib import Path

import pytest

from monitor.clock import Clock, SystemClock
from monitor.model import Probe, Sample
from monitor.probe.gateway import Gateway, round_trip_s
from monitor.probe.route import NetworkFiles
from monitor.probe.this_machine import RoundWatch
from tests.fakes import FakeClock
from tests.probe.test_route import ARP_HEAD, HEAD


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """Kernel files of a machine whose gateway is 127.0.0.1."""
    statistics = tmp_path / "sys/class/net/eth0/statistics"
    statistics.mkdir(parents=True)
    (statistics / "rx_bytes").write_text("1000000\n")
    (tmp_path / "proc/net").mkdir(parents=True)
    line = "eth0\t00000000\t0100007F\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
    (tmp_path / "proc/net/route").write_text(HEAD + line)
    (tmp_path / "proc/net/arp").write_text(ARP_HEAD)
    return tmp_path


def watch(clock: FakeClock, root: Path) -> RoundWatch:
    return RoundWatch(clock, vantage="home", round_id="r", files=NetworkFiles(root))


def by_probe(watched: RoundWatch) -> dict[str, Sample]:
    return {sample.probe: sample for sample in watched.samples()}


def test_other_traffic_is_what_we_did_not_receive_ourselves(machine: Path) -> None:
    clock = FakeClock()
    watched = watch(clock, machine)
    watched.count(18_600)
    counter = machine / "sys/class/net/eth0/statistics/rx_bytes"
    counter.write_text(str(1_000_000 + 18_600 + 500_000))
    clock.advance(10)
    assert by_probe(watched)[Probe.OWN_TRAFFIC].encoded_body_bytes == 18_600
    sample = by_probe(watched)[Probe.INTERFACE]
    assert sample.encoded_body_bytes == 500_000
    assert sample.goodput_bps == 8 * 500_000 / 10


def test_clock_step_spoils_the_round(machine: Path) -> None:
    clock = FakeClock()
    watched = watch(clock, machine)
    clock.advance(10)
    clock.step(-3600)
    sample = by_probe(watched)[Probe.CLOCK]
    assert (sample.failure, sample.duration_s) == ("clock_stepped", 3600)


def test_steady_clock_does_not(machine: Path) -> None:
    clock = FakeClock()
    watched = watch(clock, machine)
    clock.advance(30)
    assert by_probe(watched)[Probe.CLOCK].failure is None


async def test_blocked_event_loop_is_seen(machine: Path) -> None:
    watched = RoundWatch(
        SystemClock(), vantage="home", round_id="r", files=NetworkFiles(machine)
    )
    follower = asyncio.create_task(watched.follow_loop())
    await asyncio.sleep(0.01)
    time.sleep(0.4)  # noqa: ASYNC251  the blocking is the test
    await asyncio.sleep(0.06)
    follower.cancel()
    sample = by_probe(watched)[Probe.EVENT_LOOP]
    assert sample.failure == "event_loop_late"
    assert sample.waiting_s is not None
    assert sample.waiting_s > 0.25


def test_way_out_is_a_fact_of_the_round(machine: Path) -> None:
    clock = FakeClock()
    watched = watch(clock, machine)
    clock.advance(10)
    sample = by_probe(watched)[Probe.WAY]
    assert sample.server_name is not None
    assert sample.server_name.startswith("line/ethernet/")
    assert (sample.failure, sample.duration_s) == (None, 10)
    assert sample.remote_address is None


def test_way_that_changed_meanwhile_spoils_the_round(machine: Path) -> None:
    watched = watch(FakeClock(), machine)
    line = "wlan0\t00000000\t0201007F\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
    (machine / "proc/net/route").write_text(HEAD + line)
    assert by_probe(watched)[Probe.WAY].failure == "way_changed"


def test_machine_without_a_route_has_no_interface_sample(tmp_path: Path) -> None:
    clock = FakeClock()
    watched = watch(clock, tmp_path)
    clock.advance(1)
    assert Probe.INTERFACE not in by_probe(watched)


async def test_gateway_on_loopback_answers(machine: Path) -> None:
    gateway = Gateway(SystemClock(), vantage="home", files=NetworkFiles(machine))
    sample = await gateway.measure("r")
    assert sample is not None
    assert sample.failure is None
    assert sample.connect_s is not None
    assert sample.connect_s > 0


async def test_gateway_that_vanished_is_a_failure(machine: Path) -> None:
    answers = iter([0.001, None])

    async def trip(_address: str, _clock: Clock) -> float | None:
        return next(answers)

    files = NetworkFiles(machine)
    gateway = Gateway(SystemClock(), vantage="home", files=files, trip=trip)
    first, second = await gateway.measure(), await gateway.measure()
    assert first is not None
    assert first.failure is None
    assert second is not None
    assert second.failure == "generic_timeout_error"


async def test_silent_gateway_in_the_neighbour_table_is_not_called_lost(
    machine: Path,
) -> None:
    answers = iter([0.001, None])

    async def trip(_address: str, _clock: Clock) -> float | None:
        return next(answers)

    (machine / "proc/net/arp").write_text(
        ARP_HEAD + "127.0.0.1 0x1 0x2 aa:bb:cc:dd:ee:ff * eth0\n"
    )
    files = NetworkFiles(machine)
    gateway = Gateway(SystemClock(), vantage="home", files=files, trip=trip)
    await gateway.measure()
    assert await gateway.measure() is None


async def test_gateway_that_never_answered_is_not_judged(machine: Path) -> None:
    async def trip(_address: str, _clock: Clock) -> float | None:
        return None

    files = NetworkFiles(machine)
    gateway = Gateway(SystemClock(), vantage="home", files=files, trip=trip)
    assert await gateway.measure() is None


async def test_machine_without_a_gateway_has_no_sample(tmp_path: Path) -> None:
    gateway = Gateway(SystemClock(), vantage="home", files=NetworkFiles(tmp_path))
    assert await gateway.measure() is None


async def test_refused_connection_counts_as_an_answer() -> None:
    trip_s = await round_trip_s("127.0.0.1", SystemClock())
    assert trip_s is not None
    assert trip_s > 0
