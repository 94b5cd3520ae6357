"""Attacks tried against a running server; each must come to nothing."""

import asyncio
import gzip
import json
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient

from monitor.web import http_server
from monitor.web.lock.guard import CSP
from tests.waiting import PATIENCE_S
from tests.web import history
from tests.web.conftest import PASSWORD, Serve

TRAVERSAL = [
    "/static/../app.py",
    "/static/..%2fapp.py",
    "/static/%2e%2e/%2e%2e/config.py",
    "/static//etc/passwd",
    "/static/vendor/../../api.py",
    "/static/..\\app.py",
    "/reports/2026-10-19/..%2f..%2fmonitor.db",
    "/reports/../monitor.db",
    "/reports/..%2f/monitor.db",
    "/reports/2026-10-19/.hidden",
    "/reports/2026-10-19/link.html",
]


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    """A night's report, beside files that are nobody's business."""
    night = tmp_path / "reports" / "2026-10-19"
    night.mkdir(parents=True)
    (night / "report.html").write_text("<title>night</title><script>evil()</script>")
    (night / ".hidden").write_text("hidden")
    (tmp_path / "monitor.db").write_text("secret")
    (night / "link.html").symlink_to(tmp_path / "monitor.db")
    return night


async def raw(client: TestClient, request: bytes) -> bytes:
    """What the server answers to these very bytes."""
    url = client.make_url("/")
    reader, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(request)
    await writer.drain()
    answer = await asyncio.wait_for(reader.read(100_000), PATIENCE_S)
    writer.close()
    return answer


@pytest.mark.parametrize("path", TRAVERSAL)
async def test_no_path_leads_out(client: TestClient, reports: Path, path: str):
    """Sent as it is: a client would tidy the path."""
    answer = await raw(
        client,
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode(),
    )
    assert answer.startswith((b"HTTP/1.1 404", b"HTTP/1.1 400"))
    assert b"secret" not in answer
    assert b"import" not in answer


async def test_a_report_is_shown_but_runs_no_script(client: TestClient, reports: Path):
    answer = await client.get("/reports/2026-10-19/report.html")
    assert answer.status == 200
    assert answer.headers["Content-Security-Policy"].startswith("sandbox;")
    found = await (await client.get("/api/v1/reports")).json()
    assert found["reports"][0]["files"] == ["link.html", "report.html"]


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (f"{'ab' * 32}  evidence.zip\n", {"evidence.zip": "ab" * 32}),
        (f"{'ab' * 32}  another.zip\n", {}),
        ("<script>", {}),
        ("é", {}),
        ("", {}),
    ],
)
async def test_a_bundle_is_listed_with_its_digest(
    client: TestClient, reports: Path, written: str, told: dict[str, str]
):
    (reports / "evidence.zip").write_bytes(b"PK")
    (reports / "evidence.zip.sha256").write_text(written, encoding="utf-8")
    found = await (await client.get("/api/v1/reports")).json()
    assert found["reports"][0]["digests"] == told


async def test_every_answer_forbids_foreign_script(client: TestClient):
    for path in ("/", "/login", "/api/v1/targets", "/nothing", "/metrics"):
        headers = (await client.get(path)).headers
        assert headers["Content-Security-Policy"] == CSP
        assert headers["X-Content-Type-Options"] == "nosniff"
    assert "unsafe" not in CSP


async def test_the_page_has_no_inline_script_or_style(client: TestClient):
    text = await (await client.get("/")).text()
    assert "style=" not in text
    assert "<style" not in text
    assert " onclick" not in text
    assert "http://" not in text.replace("http://www.w3.org", "")


async def test_hostile_text_is_data_for_the_browser(client: TestClient):
    """A certificate can say what it likes: JSON, never HTML."""
    answer = await client.get("/api/v1/samples", params={"target": "facebook"})
    assert answer.content_type == "application/json"
    assert (await answer.json())["samples"][0]["certificate_issuer"] == history.HOSTILE


async def test_what_a_visitor_sends_is_not_echoed_as_html(client: TestClient):
    answer = await client.get(
        "/api/v1/heatmap", params={"target": "<script>x</script>"}
    )
    assert answer.content_type == "application/json"
    page = await client.get("/", params={"lang": "<script>x</script>"})
    assert "<script>x" not in await page.text()


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {},
    ],
)
async def test_another_page_cannot_act_for_a_visitor(
    guarded: TestClient, headers: dict[str, str]
):
    """A logged-in browser, a POST from elsewhere."""
    await guarded.post("/login", data={"password": PASSWORD})
    answer = await guarded.post("/api/v1/shares", json={"hours": 1}, headers=headers)
    assert answer.status == 403


async def test_the_page_itself_can_act(guarded: TestClient):
    await guarded.post("/login", data={"password": PASSWORD})
    origin = str(guarded.make_url("")).rstrip("/")
    answer = await guarded.post(
        "/api/v1/shares", json={"hours": 1}, headers={"Origin": origin}
    )
    assert answer.status == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8420", "", "[", "127.0.0.1.evil.example"]
)
async def test_a_foreign_name_for_this_machine_is_refused(
    client: TestClient, host: str
):
    """DNS rebinding: the attacker's page, our address."""
    answer = await raw(
        client,
        f"GET /api/v1/targets HTTP/1.1\r\nHost: {host}\r\n"
        "Connection: close\r\n\r\n".encode(),
    )
    assert b" 421 " in answer or b" 400 " in answer
    assert b"facebook" not in answer


async def test_a_named_host_is_served(serve: Serve, sqlite_history: str):
    client = await serve(sqlite_history, hosts=["monitor.lan"])
    answer = await client.get("/api/v1/targets", headers={"Host": "monitor.lan:8420"})
    assert answer.status == 200


async def test_an_oversized_body_is_refused(guarded: TestClient):
    await guarded.post("/login", data={"password": PASSWORD})
    origin = {"Origin": str(guarded.make_url("")).rstrip("/")}
    answer = await guarded.post(
        "/api/v1/shares",
        data=b" " * 100_000,
        headers={**origin, "Content-Type": "application/json"},
    )
    assert answer.status == 413
    packed = gzip.compress(b" " * 10_000_000)
    bomb = await guarded.post(
        "/api/v1/shares",
        data=packed,
        headers={
            **origin,
            "Content-Type": "application/json",
            "Content-Encoding": "gzip",
        },
    )
    assert bomb.status in (400, 413)


@pytest.mark.parametrize(
    "body", ["", "[]", "null", "{", '{"hours": "x"}', '{"hours": -1}', "[" * 5000]
)
async def test_a_body_that_is_nonsense_is_named(guarded: TestClient, body: str):
    await guarded.post("/login", data={"password": PASSWORD})
    answer = await guarded.post(
        "/api/v1/shares",
        data=body,
        headers={
            "Content-Type": "application/json",
            "Origin": str(guarded.make_url("")).rstrip("/"),
        },
    )
    assert answer.status == 400
    assert json.loads(await answer.text())["details"]


async def test_huge_headers_and_addresses_are_refused(client: TestClient):
    long = b"a" * 50_000
    for request in (
        b"GET /" + long + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + long + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00 not http at all\r\n\r\n",
    ):
        assert (await raw(client, request)).startswith(b"HTTP/1.")


async def test_a_long_password_costs_no_more_than_a_wrong_one(guarded: TestClient):
    answer = await guarded.post("/login", data={"password": "x" * 15_000})
    assert answer.status == 401


class TestSlowVisitors:
    """Against the real server loop, with its limits made short."""

    @pytest.fixture
    async def address(
        self, sqlite_history: str, clock: object, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(http_server, "IDLE_S", 0.5)
        monkeypatch.setattr(http_server, "MAX_CONNECTIONS", 20)
        told = asyncio.get_running_loop().create_future()
        stop = asyncio.Event()
        task = asyncio.create_task(
            http_server.serve(
                history.config(sqlite_history),
                clock,
                announce=told.set_result,
                stop=stop,
            )
        )
        url = await asyncio.wait_for(told, PATIENCE_S)
        yield "127.0.0.1", int(url.rstrip("/").rpartition(":")[2])
        stop.set()
        await task

    async def test_unfinished_requests_are_let_go(self, address: tuple[str, int]):
        """A few letters and then nothing."""
        reader, writer = await asyncio.open_connection(*address)
        writer.write(b"GET / HTTP/1.1\r\nHost: 127")
        assert await asyncio.wait_for(reader.read(), PATIENCE_S) == b""
        writer.close()

    async def test_many_idle_connections_do_not_shut_others_out_for_long(
        self, address: tuple[str, int]
    ):
        idle = [await asyncio.open_connection(*address) for _ in range(40)]
        async with asyncio.timeout(PATIENCE_S):
            # It tells nobody that it has room again.
            while b"200 OK" not in await health(address):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        for _, other in idle:
            other.close()


async def health(address: tuple[str, int]) -> bytes:
    """What the server answers; nothing when it lets nobody in."""
    reader, writer = await asyncio.open_connection(*address)
    writer.write(
        b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    )
    try:
        return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()
