"""What a clock that stood in the future has left behind is never the last."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient

from monitor.model import Round, RoundStatus, Sample
from monitor.store import Store, open_store
from tests.fakes import FakeClock
from tests.store.analyses import an_analysis
from tests.web import history
from tests.web.test_metrics import families

AHEAD = timedelta(days=800)
HOUR = timedelta(hours=1)
Serve = Callable[..., Awaitable[TestClient]]


def page(moment: datetime) -> Sample:
    return history.page("facebook", moment, 1)


def a_round(slot: datetime, status: RoundStatus, length: timedelta) -> Round:
    return Round(
        round_id=f"{slot} {status}",
        vantage="home",
        slot_start_utc=slot,
        started_at_utc=slot,
        duration_s=length.total_seconds(),
        status=status,
        n_planned=5,
        n_done=5,
        reason="no round was begun in time; 9 slot(s)",
    )


@pytest.fixture
def stepped(database: str) -> str:
    """Three hours of rounds; in the second hour the clock stood in 2028 for a while."""
    slots = [history.NOW - 3 * HOUR + n * history.STEP for n in range(12)]
    ahead = slots[4] + AHEAD
    with open_store(database) as store:
        store.samples.append(
            [page(slot) for slot in (*slots, ahead, ahead + history.STEP)]
        )
        for slot in (*slots, ahead):
            store.rounds.append(a_round(slot, RoundStatus.COMPLETE, HOUR / 60))
        store.rounds.append(a_round(slots[4], RoundStatus.MISSED, AHEAD))
        store.analyses.append(an_analysis("facebook"), computed_at_utc=slots[0])
        store.analyses.append(an_analysis("twitter"), computed_at_utc=ahead)
    rollups = Store(database).rollups()
    while rollups.refresh():
        pass
    rollups.database.close()
    return database


async def test_freshness_is_that_of_the_last_sample_up_to_now(
    serve: Serve, stepped: str, clock: FakeClock
) -> None:
    client = await serve(stepped)
    health = await (await client.get("/api/v1/health")).json()
    assert (health["is_fresh"], health["age_s"]) == (True, 15 * 60)
    clock.advance(2 * 3600)
    answer = await client.get("/healthz")
    assert answer.status == 503
    assert "8100 s old" in await answer.text()
    found = await families(client)
    assert found["monitor_fresh"][frozenset()] == 0
    assert found["monitor_sample_age_seconds"][frozenset()] == 2.25 * 3600
    assert "probe_success" not in found


async def test_a_sample_later_than_now_is_not_fresh(
    serve: Serve, stepped: str, clock: FakeClock
) -> None:
    """Also where the dashboard has not looked again since the clock was set."""
    client = await serve(stepped)
    await client.get("/healthz")
    clock.step(-86_400)
    answer = await client.get("/healthz")
    assert answer.status == 503
    assert "later than now" in await answer.text()


async def test_gaps_end_where_measuring_went_on(serve: Serve, stepped: str) -> None:
    client = await serve(stepped)
    span = {"since": "2026-10-01T00:00:00Z", "until": "2026-11-01T00:00:00Z"}
    found = await (await client.get("/api/v1/gaps", params=span)).json()
    assert found["gaps"] == []
    health = await (await client.get("/api/v1/health")).json()
    assert (health["gaps"], health["gap_s"], health["rounds_complete"]) == (0, 0, 12)


async def test_the_last_verdict_is_that_of_the_last_analysis_up_to_now(
    serve: Serve, stepped: str
) -> None:
    client = await serve(stepped)
    found = await (await client.get("/api/v1/verdicts")).json()
    assert [v["target"] for v in found["verdicts"]] == ["facebook"]
    past = await (await client.get("/api/v1/verdicts/history")).json()
    assert [v["target"] for v in past["verdicts"]] == ["facebook"]


async def test_dates_and_data_used_are_those_up_to_now(
    serve: Serve, stepped: str, clock: FakeClock
) -> None:
    client = await serve(stepped)
    targets = await (await client.get("/api/v1/targets")).json()
    assert targets["last_date"] == "2026-10-20"
    before = (await (await client.get("/api/v1/health")).json())["usage"]
    with open_store(stepped) as store:
        more = replace(page(history.NOW + AHEAD), encoded_body_bytes=10**9)
        store.samples.append([more])
    rollups = Store(stepped).rollups()
    while rollups.refresh():
        pass
    rollups.database.close()
    clock.advance(10)
    usage = (await (await client.get("/api/v1/health")).json())["usage"]
    assert (usage["today_bytes"], usage["month_bytes"]) == (
        before["today_bytes"],
        before["month_bytes"],
    )


async def test_report_of_a_night_to_come_is_not_listed(
    serve: Serve, stepped: str, tmp_path: Path
) -> None:
    for night in ("2026-10-19", "2028-12-27"):
        (tmp_path / "reports" / night).mkdir(parents=True)
    client = await serve(stepped)
    found = await (await client.get("/api/v1/reports")).json()
    assert [report["date"] for report in found["reports"]] == ["2026-10-19"]


async def test_all_samples_are_handed_out_without_a_walk_through_the_years(
    serve: Serve, stepped: str
) -> None:
    with open_store(stepped) as store:
        store.samples.append([page(history.NOW.replace(year=9000))])
    client = await serve(stepped)
    text = await (await client.get("/api/v1/samples.ndjson")).text()
    assert len(text.splitlines()) == 15
