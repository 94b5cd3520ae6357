"""The daemon under a clock that stands years ahead for a while, and comes back."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest

from benchmarks.soak.checks import Findings, check_ledger, check_slots
from benchmarks.soak.run import BEGIN, Settings, laid_out
from benchmarks.soak.soaking import Soak
from monitor.config import Config, parse
from monitor.daemon.startup import History, history, note_clock_step, parts_off_record
from monitor.model import Round, RoundStatus, Sample
from monitor.sampling.schedule import Gap
from monitor.store import Store, open_store
from monitor.store.clock_steps import ClockStep
from tests.databases import KINDS_IN_BRIEF
from tests.door import ask_store
from tests.postgres import make_server

YEARS = timedelta(days=730)
HOUR = timedelta(hours=1)


def past(n_days: int) -> Iterator[Sample]:
    """Samples of days for which no report is made up any more."""
    for number in range(n_days * 24):
        moment = BEGIN - timedelta(days=n_days + 20) + number * HOUR
        yield Sample(started_at_utc=moment, target="steady", connect_s=0.02)


@pytest.fixture(params=KINDS_IN_BRIEF)
async def home(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Soak]:
    """A home with ten days of samples, whose daemon keeps those of 62 days."""
    settings = Settings(every_min=60, has_root=False, end_s=60, has_pdf=False)
    async with AsyncExitStack() as stack:
        soak = await laid_out(stack, tmp_path, settings)
        if request.param == "postgresql":
            server = make_server()
            stack.callback(server.remove)
            await asyncio.to_thread(server.start)
            soak.base["database"] = server.url()
        with open_store(soak.base["database"]) as store:
            store.samples.append(past(10))
        soak.configure()
        await soak.start()
        try:
            yield soak
        finally:
            if soak.daemon.process.returncode is None:
                await soak.daemon.stop()


async def answered(soak: Soak, path: str) -> tuple[int, str]:
    url = f"http://127.0.0.1:{soak.base['web']['port']}/{path}"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status, await answer.text()


async def fresh_again(soak: Soak) -> str:
    """What `/metrics` tells when `/healthz` is well again; answers are kept 5 s."""
    for _ in range(60):
        status, text = await answered(soak, "healthz")
        _, metrics = await answered(soak, "metrics")
        if status == 200 and "\nmonitor_fresh 1.0" in metrics:
            return metrics
        await asyncio.sleep(1)
    raise AssertionError(text)


async def removal_considered(log: Path) -> None:
    """The hourly removal is due at once when the clock jumps ahead."""
    for _ in range(120):
        if "retention event=waits" in await asyncio.to_thread(log.read_text):
            return
        await asyncio.sleep(0.5)
    raise AssertionError("removal was not considered")


# Two starts of the daemon and some rounds, on a machine that does other things, too.
@pytest.mark.long
@pytest.mark.timeout(600)
async def test_two_years_ahead_and_back_cost_nothing(
    home: Soak, tmp_path: Path
) -> None:
    url, log = home.base["database"], tmp_path / "log"
    await home.slots()
    home.step(YEARS)
    await removal_considered(log)
    await home.slots(2)
    home.step(-YEARS)
    await home.seen_by_the_daemon()
    await home.slots(2)
    metrics = await fresh_again(home)
    (age,) = re.findall(r"\nmonitor_sample_age_seconds (\S+)", metrics)
    assert 0 <= float(age) <= 3 * 3600 + 60
    (gap_s,) = re.findall(r"\nmonitor_gap_seconds_total (\S+)", metrics)
    assert float(gap_s) < 6 * 3600
    # A power cut: the gap is on record, though a record spans two years.
    await home.daemon.kill()
    await home.sleep(5 * HOUR)
    await home.start()
    await home.daemon.stop()
    found = Findings()
    check_slots(found, url, home, BEGIN)
    check_ledger(found, url, home.ledger)
    assert found.wrong == []
    with open_store(url) as store:
        assert len(list(store.samples.read(until=BEGIN))) == 240
        missed = list(store.rounds.read(since=BEGIN, as_of=home.time.now()))
    reasons = [r.reason for r in missed if r.status is RoundStatus.MISSED]
    assert any("the monitor was not running" in (reason or "") for reason in reasons)


# What a start finds in the database.

EVERY = timedelta(minutes=10)
START = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    with open_store(database) as opened:
        yield opened


@pytest.fixture
def config(database: str) -> Config:
    document = {
        "timezone": "Asia/Almaty",
        "every": "10m",
        "database": database,
        "targets": [{"name": "a", "url": "https://a.example/"}],
    }
    return parse(document, source="test")


def at_slot(n: float) -> datetime:
    return START + n * EVERY


def a_round(n: float, n_missed: float = 0) -> Round:
    return Round(
        round_id=f"{n} {n_missed}",
        vantage="home",
        slot_start_utc=at_slot(n),
        started_at_utc=None,
        duration_s=n_missed * 600.0 or 5.0,
        status=RoundStatus.MISSED if n_missed else RoundStatus.COMPLETE,
        n_planned=1,
        n_done=0 if n_missed else 1,
    )


def put(store: Store, *rounds: Round) -> None:
    for round_ in rounds:
        store.rounds.append(round_)


def holes(config: Config, began: int) -> list[tuple[float, int]]:
    """Slots that a start at a slot finds on no record: the first, how many."""
    end = ask_store(config.database, history, config, at_slot(began)).recorded_until_utc
    assert end is not None
    n_slots = (at_slot(began) - end) // EVERY
    gap = Gap(start_utc=end, duration=n_slots * EVERY, n_slots=n_slots)
    parts = ask_store(config.database, parts_off_record, gap, config)
    return [((part.start_utc - START) / EVERY, part.n_slots) for part in parts]


AHEAD = YEARS / EVERY


def test_record_of_years_swallows_no_later_gap(store: Store, config: Config) -> None:
    put(store, a_round(0), a_round(1, n_missed=AHEAD), a_round(AHEAD + 1))
    note_clock_step(
        store,
        config,
        ClockStep(before_utc=at_slot(AHEAD + 1.5), after_utc=at_slot(1.2)),
    )
    put(store, a_round(2), a_round(3))
    assert holes(config, 9) == [(4, 5)]


def test_gap_before_slots_that_a_clock_ahead_had_measured_is_found(
    store: Store, config: Config
) -> None:
    """Three slots ahead, measured there, back, and then a power cut."""
    put(store, a_round(0), a_round(1, n_missed=2), a_round(3), a_round(4))
    ask_store(
        config.database,
        note_clock_step,
        config,
        ClockStep(before_utc=at_slot(4.5), after_utc=at_slot(1.2)),
    )
    put(store, a_round(1))
    assert holes(config, 8) == [(2, 1), (5, 3)]


def test_power_cut_in_the_future_is_no_downtime_of_years(
    store: Store, config: Config
) -> None:
    put(store, a_round(0), a_round(1, n_missed=AHEAD), a_round(AHEAD + 1))
    assert holes(config, 5) == []
    found = ask_store(config.database, history, config, at_slot(5))
    back = ClockStep(before_utc=at_slot(AHEAD + 1), after_utc=at_slot(5))
    assert (found.first_utc, found.step) == (START, back)
    ask_store(config.database, note_clock_step, config, back)
    # Once is enough.
    assert ask_store(config.database, history, config, at_slot(6)).step is None


def test_time_before_the_first_round_is_no_gap(store: Store, config: Config) -> None:
    """The clock went back by years and came again: nobody measured then."""
    put(store, a_round(0), a_round(1))
    gap = Gap(start_utc=at_slot(-AHEAD), duration=YEARS, n_slots=int(AHEAD))
    assert parts_off_record(store, gap, config, START) == []
    longer = Gap(start_utc=at_slot(-AHEAD), duration=YEARS + 4 * EVERY, n_slots=1)
    (part,) = parts_off_record(store, longer, config, START)
    assert (part.start_utc, part.n_slots) == (at_slot(2), 2)


def test_history_of_an_empty_database_is_none(store: Store, config: Config) -> None:
    assert ask_store(config.database, history, config, START) == History()
