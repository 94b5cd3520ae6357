"""Links, cookies and guards under a path prefix, and behind a proxy."""

import re

import pytest
from aiohttp.test_utils import TestClient

from monitor.config import Web
from monitor.config.loading import checked
from tests.web.conftest import PASSWORD, Serve


async def test_each_path_answers_with_the_prefix_and_without(
    serve: Serve, sqlite_history: str, hashes: dict[str, str]
):
    """And no more is open under the prefix than at the root."""
    client = await serve(sqlite_history, base_path="/monitor/", **hashes)
    for base in ("", "/monitor"):
        assert (await client.get(f"{base}/healthz")).status in (200, 503)
        assert (await client.get(f"{base}/api/v1/targets")).status == 401
        assert (await client.get(f"{base}/metrics")).status == 401
        found = await client.get(f"{base}/", allow_redirects=False)
        assert found.headers["Location"] == "/monitor/login"
    to_slash = await client.get("/monitor", allow_redirects=False)
    assert to_slash.status == 303
    assert (await client.get("/monitor/static/style.css")).status == 200
    other = await client.get("/monitors/static/style.css", allow_redirects=False)
    assert other.headers["Location"] == "/monitor/login"


async def test_cookies_and_links_stay_below_the_prefix(
    serve: Serve, sqlite_history: str, hashes: dict[str, str]
):
    client = await serve(sqlite_history, base_path="/a/b", **hashes)
    answer = await client.post(
        "/a/b/login", data={"password": PASSWORD}, allow_redirects=False
    )
    assert answer.headers["Location"] == "/a/b/"
    assert "Path=/a/b" in answer.headers["Set-Cookie"]
    document = await (await client.get("/a/b/api/openapi.json")).json()
    assert document["servers"] == [{"url": "/a/b/api/v1"}]
    text = await (await client.get("/a/b/")).text()
    assert not re.search(r'(href|src|action)="/(?!a/b/)', text)


@pytest.mark.parametrize(
    "path", ["monitor", "/api", "/static/x", "/a b", "/..", "/a/../b", "//x", "/x?y"]
)
def test_a_prefix_that_cannot_be_is_refused(path: str):
    with pytest.raises(ValueError, match="a path such as /monitor"):
        checked(Web, {"base_path": path})


ELSEWHERE = "192.168.1.5:8080"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin", "Origin": f"http://{ELSEWHERE}"}, 303),
        ({"Sec-Fetch-Site": "cross-site", "Origin": f"http://{ELSEWHERE}"}, 403),
        ({"Origin": f"http://{ELSEWHERE}", "X-Forwarded-Host": ELSEWHERE}, 303),
        ({"Origin": f"http://{ELSEWHERE}", "X-Forwarded-Host": "evil, x.kz"}, 403),
        ({"Origin": f"http://{ELSEWHERE}"}, 403),
    ],
)
async def test_a_proxy_that_changes_the_host(
    serve: Serve,
    sqlite_history: str,
    hashes: dict[str, str],
    headers: dict[str, str],
    status: int,
):
    client = await serve(sqlite_history, behind_proxy=True, **hashes)
    answer = await _log_in(client, headers)
    assert answer.status == status
    if status == 403 and "Sec-Fetch-Site" not in headers:
        text = await answer.text()
        assert ELSEWHERE in text
        assert "proxy_set_header Host $http_host" in text


async def test_only_a_proxy_is_believed_about_the_host(guarded: TestClient):
    headers = {"Origin": "http://evil.example", "X-Forwarded-Host": "evil.example"}
    assert (await _log_in(guarded, headers)).status == 403


async def _log_in(client: TestClient, headers: dict[str, str]):
    return await client.post(
        "/login",
        data={"password": PASSWORD},
        headers=headers,
        allow_redirects=False,
    )
