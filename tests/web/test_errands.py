"""What a page sets going: our own commands, one at a time, for the owner alone."""

import asyncio
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer

from monitor.config.proposal import shipped_text
from monitor.store import Store, open_store
from monitor.web.app import make_app
from monitor.web.errands import BusyError, Errand, Errands, ErrandState
from monitor.wording.consent_texts import TEXTS
from tests.fakes import FakeClock
from tests.waiting import PATIENCE_S
from tests.web import history
from tests.web.conftest import TOKEN

AGREED = {"timezone": "Asia/Almaty", "is_seen": "yes", "is_sent": "no", "agrees": "yes"}


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(shipped_text())
    return path


@pytest.fixture
def errands(shipped: Path) -> Errands:
    return Errands(shipped, f"sqlite:///{shipped.parent / 'monitor.db'}")


async def ended(errand: Errand) -> Errand:
    async with asyncio.timeout(PATIENCE_S):
        while errand.state is ErrandState.RUNNING:  # noqa: ASYNC110  as a page asks
            await asyncio.sleep(0.02)
    return errand


@pytest.mark.long
async def test_a_command_is_followed_to_its_end(errands: Errands) -> None:
    done = await ended(errands.begin("check", ["config", "check"]))
    assert done.state is ErrandState.DONE
    assert done.lines
    failed = await ended(errands.begin("report", ["report", "--date", "2026-10-19"]))
    assert failed.state is ErrandState.FAILED
    assert "monitor.db" in failed.lines[-1]


@pytest.fixture
def rewritten(shipped: Path) -> None:
    shipped.write_text("timezone: Asia/Almaty\n")


@pytest.mark.usefixtures("rewritten")
async def test_a_refusal_is_told_in_the_language_of_the_page(errands: Errands) -> None:
    running = errands.begin("first", ["init", "--page"], b"{}", language="kk")
    refused = await ended(running)
    assert refused.state is ErrandState.FAILED
    assert "рұқсат етілгені: басқа --config" in refused.lines[-1]


async def test_one_at_a_time_and_none_outlives_the_page(errands: Errands) -> None:
    running = errands.begin("first", ["init", "--page"])
    with pytest.raises(BusyError):
        errands.begin("report", ["report"])
    await errands.close()
    assert running.state is ErrandState.RUNNING
    assert errands.begin("again", ["--version"]).state is ErrandState.RUNNING
    await errands.close()


async def served_home(shipped: Path, clock: FakeClock, **web: object) -> TestClient:
    url = f"sqlite:///{shipped.parent / 'monitor.db'}"
    open_store(url).close()
    app = make_app(Store(url), history.config(url, **web), clock, shipped)
    client = TestClient(TestServer(app, host="127.0.0.1"))
    await client.start_server()
    return client


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"timezone": "Mars/Olympus"}, "zone"),
        ({"per_month": "lots"}, "size"),
        ({"per_month": "10kB"}, "size"),
        ({"password": "short"}, "10 letters or more"),
        ({"country": "KAZ"}, "country"),
        ({"is_sent": "yes"}, TEXTS["en"].wrong[:20]),
        ({"is_seen": "no", "language": "ru"}, TEXTS["ru"].wrong[:20]),
        ({"agrees": "no"}, "agrees"),
    ],
)
async def test_nothing_is_set_going_that_init_would_ask_again(
    shipped: Path, clock: FakeClock, change: dict[str, str], named: str
) -> None:
    client = await served_home(shipped, clock)
    answer = await client.post("/errand/first", json={**AGREED, **change})
    assert answer.status == 400
    assert named in " ".join((await answer.json())["details"])
    assert await (await client.get("/errand")).json() is None
    await client.close()


@pytest.fixture
def changed_file(shipped: Path) -> Path:
    shipped.write_text(shipped_text() + "# mine\n")
    return shipped


async def test_a_home_is_set_up_once(changed_file: Path, clock: FakeClock) -> None:
    client = await served_home(changed_file, clock)
    assert (await client.post("/errand/first", json=AGREED)).status == 409
    assert "was changed since" in await (await client.get("/first")).text()
    assert await (await client.get("/errand")).json() is None
    await client.close()


async def test_a_guest_sets_nothing_going(
    shipped: Path, clock: FakeClock, hashes: dict[str, str]
) -> None:
    client = await served_home(shipped, clock, **hashes)
    assert (await client.post("/errand/report", json={})).status == 401
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    share = await client.post("/api/v1/shares", json={"hours": 1}, headers=bearer)
    await client.get((await share.json())["path"])
    for path in ("report", "first"):
        assert (await client.post(f"/errand/{path}", json={})).status == 403
    assert (await client.get("/errand")).status == 403
    assert 'id="first"' not in await (await client.get("/first")).text()
    await client.close()


@pytest.mark.parametrize(
    ("path", "body", "told"),
    [
        ("switch", {"name": "nobody", "is_on": False}, "not there"),
        ("add", {"name": "x", "url": "gopher://x"}, "url"),
        ("add", {"name": "telegram", "url": "https://t.me/"}, "already"),
        ("undo", {}, "nothing was changed"),
    ],
)
async def test_a_change_that_cannot_be_leaves_the_file(
    shipped: Path, clock: FakeClock, path: str, body: dict, told: str
) -> None:
    client = await served_home(shipped, clock)
    answer = await client.post(f"/sites/{path}", json=body)
    assert answer.status == 400
    assert told in " ".join((await answer.json())["details"])
    after = await (await client.get("/sites")).json()
    assert not after["can_undo"]
    assert all(site["is_on"] for site in after["sites"])
    await client.close()


async def test_a_guest_changes_no_site(
    shipped: Path, clock: FakeClock, hashes: dict[str, str]
) -> None:
    client = await served_home(shipped, clock, **hashes)
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    share = await client.post("/api/v1/shares", json={"hours": 1}, headers=bearer)
    await client.get((await share.json())["path"])
    for path in ("switch", "add", "undo"):
        assert (await client.post(f"/sites/{path}", json={})).status == 403
    assert (await client.get("/sites")).status == 403
    await client.close()


async def test_without_a_file_nothing_is_made(client: TestClient) -> None:
    assert (await client.post("/errand/report", json={})).status == 404


@pytest.mark.parametrize(
    ("page", "form"), [("settings", 'id="add"'), ("reports", 'id="make-report"')]
)
async def test_without_a_file_no_form_asks_for_what_cannot_be(
    client: TestClient, page: str, form: str
) -> None:
    answer = await client.get(f"/{page}?lang=en")
    assert answer.status == 200
    text = await answer.text()
    assert form not in text
    assert ("<p>This page only shows" in text) == (page == "settings")
