"""What the owner does over HTTP, and who may not."""

import xml.etree.ElementTree as ElementTree
from datetime import date, timedelta

import pytest
from aiohttp.test_utils import TestClient

from monitor.store import open_store
from monitor.stored_analysis import read_document
from monitor.verdict_table import Tone
from monitor.web.drawings import badge_svg, qr_svg
from tests.fakes import FakeClock
from tests.harm import TEXTS, steering
from tests.web import history
from tests.web.conftest import TOKEN, Serve

SVG = "{http://www.w3.org/2000/svg}"


async def test_a_pause_begins_and_ends(
    serve: Serve, database: str, clock: FakeClock
) -> None:
    open_store(database).close()
    client = await serve(database)
    answer = await client.post("/api/v1/pause", json={"minutes": 120})
    assert answer.status == 200, await answer.text()
    until = (await answer.json())["paused_until_utc"]
    assert until == "2026-10-20T20:00:00Z"
    assert await paused(client) == until
    with open_store(database) as store:
        end = store.pauses.paused_until("home", now_utc=clock.now_utc())
    assert end == history.NOW + timedelta(hours=2)
    assert (await client.post("/api/v1/resume", json={})).status == 200
    assert await paused(client) is None


async def paused(client: TestClient) -> str | None:
    return (await (await client.get("/api/v1/health")).json())["paused_until_utc"]


@pytest.mark.parametrize("minutes", [0, -1, 44641, 1.5, "2h", None])
async def test_a_pause_has_a_length(serve: Serve, database: str, minutes) -> None:
    client = await serve(database)
    answer = await client.post("/api/v1/pause", json={"minutes": minutes})
    assert answer.status == 400
    assert "minutes" in await answer.text()


async def test_a_note_is_written_as_the_command_writes_it(
    serve: Serve, database: str
) -> None:
    open_store(database).close()
    client = await serve(database)
    body = {"first_date": "2026-10-18", "last_date": "2026-10-19", "text": "=1+1"}
    answer = await client.post("/api/v1/notes", json=body)
    assert answer.status == 200, await answer.text()
    with open_store(database) as store:
        (note,) = store.notes.list()
    assert (note.first_date, note.last_date) == (date(2026, 10, 18), date(2026, 10, 19))
    assert (note.text, note.vantage) == ("=1+1", "home")
    assert (await answer.json())["number"] == note.number


@pytest.mark.parametrize(
    ("field", "value"),
    [("text", ""), ("text", " \n"), ("text", "x" * 501), ("last_date", "2026-10-17")],
)
async def test_a_note_that_cannot_be_is_refused(
    serve: Serve, database: str, field: str, value: str
) -> None:
    client = await serve(database)
    body = {"first_date": "2026-10-18", "last_date": "2026-10-18", "text": "x"}
    answer = await client.post("/api/v1/notes", json={**body, field: value})
    assert answer.status == 400


@pytest.mark.parametrize("path", ["pause", "resume", "notes"])
async def test_only_the_owner_acts(guarded: TestClient, path: str) -> None:
    """Neither a stranger, nor a guest of a shared link, nor another page."""
    address = f"/api/v1/{path}"
    assert (await guarded.post(address, json={})).status == 401
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    share = await guarded.post("/api/v1/shares", json={"hours": 1}, headers=bearer)
    await guarded.get((await share.json())["path"])
    assert (await guarded.post(address, json={})).status == 403
    foreign = {**bearer, "Origin": "https://evil.example"}
    assert (await guarded.post(address, json={}, headers=foreign)).status == 403
    text = {**bearer, "Content-Type": "text/plain"}
    assert (await guarded.post(address, data="{}", headers=text)).status == 415


async def test_a_badge_tells_the_last_verdict(serve: Serve, database: str) -> None:
    with open_store(database) as store:
        document = read_document(history.document())
        moment = history.NOW - timedelta(hours=1)
        store.analyses.append(document, computed_at_utc=moment)
        store.samples.append([history.page("twitter", history.NOW, 1)])
    client = await serve(database)
    answer = await client.get("/badge.svg", params={"service": "facebook"})
    assert answer.content_type == "image/svg+xml"
    root = ElementTree.fromstring(await answer.text())
    assert root.get("aria-label").startswith("facebook: ")
    assert "Consistent with targeted throttling" in root.get("aria-label")
    other = await client.get("/badge.svg", params={"service": "twitter"})
    assert "Not judged yet" in await other.text()
    unknown = await client.get("/badge.svg", params={"service": "nobody"})
    assert unknown.status == 404


@pytest.mark.parametrize("name", TEXTS)
def test_no_name_breaks_out_of_a_badge(name: str) -> None:
    text = badge_svg(TEXTS[name], "x", Tone.ALARM)
    root = ElementTree.fromstring(text)
    assert {element.tag for element in root.iter()} <= {
        f"{SVG}{tag}" for tag in ("svg", "title", "rect", "g", "text")
    }
    assert steering(text) == []
    assert len(text) < 2000


async def test_a_phone_learns_the_address_that_it_can_reach(
    serve: Serve, sqlite_history: str, hashes: dict[str, str]
) -> None:
    alone = await serve(sqlite_history)
    assert (await alone.get("/qr.svg")).status == 404
    assert "on this machine only" in await (await alone.get("/health")).text()
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    house = await serve(sqlite_history, host="0.0.0.0", base_path="/m", **hashes)
    named = {**bearer, "Host": "192.168.1.20:8420"}
    page = await (await house.get("/m/health", headers=named)).text()
    assert "http://192.168.1.20:8420/m/" in page
    code = await (await house.get("/m/qr.svg", headers=named)).text()
    assert code == qr_svg("http://192.168.1.20:8420/m/")
    # By its own name for itself nobody else reaches it.
    page = await (await house.get("/m/health", headers=bearer)).text()
    assert 'href="http://127.0.0.1' not in page


async def test_a_phone_can_install_the_page(
    serve: Serve, sqlite_history: str, hashes: dict[str, str]
) -> None:
    client = await serve(sqlite_history, base_path="/m", **hashes)
    manifest = await (await client.get("/m/manifest.webmanifest")).json(
        content_type="application/manifest+json"
    )
    assert manifest["start_url"] == manifest["scope"] == "/m/"
    assert manifest["display"] == "standalone"
    for icon in manifest["icons"]:
        answer = await client.get(icon["src"])
        assert (answer.status, answer.content_type) == (200, icon["type"])
