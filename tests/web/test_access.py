"""Who gets in, and who does not: password, token, session, share link."""

import re

import pytest
from aiohttp.test_utils import TestClient

from monitor.errors import ConfigError
from monitor.web.lock.access import new_hash
from tests.fakes import FakeClock
from tests.web import history
from tests.web.conftest import PASSWORD, TOKEN, Serve

DAY_S = 86400


def routes(client: TestClient) -> list[str]:
    """Every path that the application answers, with something in its places."""
    resources = client.app.router.resources()
    return [re.sub(r"\{[^}]*\}", "x", r.canonical) for r in resources]


def own(client: TestClient) -> dict[str, str]:
    """What a browser adds to what the page itself sends."""
    return {"Origin": str(client.make_url("")).rstrip("/")}


async def log_in(client: TestClient, password: str = PASSWORD) -> int:
    answer = await client.post(
        "/login", data={"password": password}, allow_redirects=False
    )
    return answer.status


async def test_nothing_is_shown_to_a_stranger(guarded: TestClient):
    """Each route: a login page, or 401."""
    public = {"/login", "/healthz", "/healthz/line", "/static/x", "/share/x"}
    public.add("/manifest.webmanifest")
    for path in routes(guarded):
        for method in ("GET", "POST"):
            answer = await guarded.request(method, path, allow_redirects=False)
            body = await answer.text()
            assert "facebook" not in body, path
            if path not in public:
                assert answer.status in (303, 401), (method, path)


async def test_the_password_lets_in_and_logging_out_ends_it(guarded: TestClient):
    assert await log_in(guarded) == 303
    assert (await guarded.get("/api/v1/targets")).status == 200
    await guarded.post("/logout", headers=own(guarded))
    assert (await guarded.get("/api/v1/targets")).status == 401


async def test_a_session_ends_by_itself(guarded: TestClient, clock: FakeClock):
    await log_in(guarded)
    clock.advance(8 * DAY_S)
    assert (await guarded.get("/api/v1/targets")).status == 401


async def test_the_session_cookie_is_out_of_reach_of_scripts(guarded: TestClient):
    answer = await guarded.post(
        "/login", data={"password": PASSWORD}, allow_redirects=False
    )
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie


async def test_behind_tls_the_cookie_is_secure(
    serve: Serve, sqlite_history: str, hashes: dict[str, str]
):
    client = await serve(sqlite_history, behind_proxy=True, **hashes)
    answer = await client.post(
        "/login",
        data={"password": PASSWORD},
        headers={"X-Forwarded-Proto": "https"},
        allow_redirects=False,
    )
    assert "Secure" in answer.headers["Set-Cookie"]


async def test_a_token_lets_a_program_in(guarded: TestClient):
    right = {"Authorization": f"Bearer {TOKEN}"}
    for _ in range(2):
        assert (await guarded.get("/metrics", headers=right)).status == 200
    wrong = {"Authorization": f"Bearer {TOKEN}x"}
    assert (await guarded.get("/metrics", headers=wrong)).status == 401


async def test_guessing_is_stopped_and_allowed_again_later(
    guarded: TestClient, clock: FakeClock
):
    """After five wrong passwords not even the right one is looked at."""
    assert [await log_in(guarded, f"wrong{i}") for i in range(5)] == [401] * 5
    assert await log_in(guarded) == 429
    clock.advance(16 * 60)
    assert await log_in(guarded) == 303


async def test_guessing_tokens_is_stopped_too(guarded: TestClient):
    statuses = [
        (await guarded.get("/metrics", headers={"Authorization": f"Bearer {i}"})).status
        for i in range(7)
    ]
    assert statuses == [401] * 5 + [429] * 2


async def test_a_forged_address_does_not_help_the_guesser(guarded: TestClient):
    """Without a proxy in the configuration nobody believes X-Forwarded-For."""
    for i in range(5):
        await guarded.post(
            "/login",
            data={"password": "wrong"},
            headers={"X-Forwarded-For": f"203.0.113.{i}"},
        )
    assert await log_in(guarded) == 429


async def test_a_share_link_lets_look_until_it_expires(
    guarded: TestClient, serve: Serve, sqlite_history: str,
    hashes: dict[str, str], clock: FakeClock,
):  # fmt: skip
    await log_in(guarded)
    made = await guarded.post("/api/v1/shares", json={"hours": 2}, headers=own(guarded))
    path = (await made.json())["path"]
    guest = await serve(sqlite_history, **hashes)
    assert (await guest.get("/api/v1/targets")).status == 401
    assert (await guest.get(path)).status == 200
    assert (await guest.get("/api/v1/targets")).status == 200
    asked = await guest.post("/api/v1/shares", json={"hours": 1}, headers=own(guest))
    assert asked.status == 403
    clock.advance(2 * 3600 + 1)
    assert (await guest.get("/api/v1/targets")).status == 401
    assert (await guest.get(path)).status == 404


async def test_a_share_link_cannot_be_made_up_or_outlive_the_password(
    guarded: TestClient, serve: Serve, sqlite_history: str
):
    await log_in(guarded)
    made = await guarded.post("/api/v1/shares", json={"hours": 2}, headers=own(guarded))
    path = (await made.json())["path"]
    payload, _, signature = path.rpartition(".")
    for forged in (path[:-2], f"{payload}x.{signature}", "/share/1.2", "/share/%00"):
        assert (await guarded.get(forged)).status == 404
    other = await serve(sqlite_history, password_hash=new_hash("another password"))
    assert (await other.get(path)).status == 404


async def test_without_a_password_there_are_no_share_links(client: TestClient):
    assert (await client.post("/api/v1/shares", json={"hours": 2})).status == 403


@pytest.mark.parametrize("web", [{"host": "0.0.0.0"}, {"behind_proxy": True}])
def test_other_machines_need_a_secret(web: dict[str, object]):
    with pytest.raises(ConfigError, match="monitor web password"):
        history.config("sqlite:///x.db", **web)


def test_a_password_instead_of_its_hash_is_refused():
    with pytest.raises(ConfigError, match="monitor web password"):
        history.config("sqlite:///x.db", password_hash="correct horse battery")
