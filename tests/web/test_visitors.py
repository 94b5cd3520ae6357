"""Who asks, and how much of one client at once; with real connections."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from aiohttp.test_utils import TestClient

from monitor.config import Web
from monitor.web import http_server
from monitor.web.lock import visitors
from monitor.web.lock.visitors import visitor
from tests.web import history
from tests.web.conftest import TOKEN, Serve

HASH = "$argon2id$v=19$m=65536,t=3,p=4$" + "a" * 30
ASK = "GET /api/v1/targets HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"


def web(*proxies: str, behind: bool = True) -> Web:
    return Web(password_hash=HASH, behind_proxy=behind, proxies=proxies)


@pytest.mark.parametrize(
    ("peer", "lines", "config", "found"),
    [
        ("9.9.9.9", ["1.1.1.1"], web(behind=False), "9.9.9.9"),
        ("127.0.0.1", [], web(), "127.0.0.1"),
        ("127.0.0.1", ["1.1.1.1"], web(), "1.1.1.1"),
        ("127.0.0.1", ["6.6.6.6, 1.1.1.1"], web(), "1.1.1.1"),
        ("127.0.0.1", ["6.6.6.6", "1.1.1.1"], web(), "1.1.1.1"),
        ("127.0.0.1", ["1.1.1.1", "6.6.6.6, 2.2.2.2"], web(), "2.2.2.2"),
        ("127.0.0.1", ["1.1.1.1:5555"], web(), "1.1.1.1"),
        ("127.0.0.1", ["[2001:db8::1]:5555"], web(), "2001:db8::1"),
        ("127.0.0.1", ["unknown"], web(), "127.0.0.1"),
        ("127.0.0.1", ["6.6.6.6", ""], web(), "127.0.0.1"),
        ("10.0.0.2", ["1.1.1.1"], web("10.0.0.0/24"), "1.1.1.1"),
        ("10.0.0.2", ["6.6.6.6", "1.1.1.1, 10.0.0.3"], web("10.0.0.0/24"), "1.1.1.1"),
        ("10.0.1.2", ["6.6.6.6"], web("10.0.0.0/24"), "10.0.1.2"),
        ("::ffff:10.0.0.2", ["1.1.1.1"], web("10.0.0.2"), "1.1.1.1"),
        ("2001:db8::5", ["1.1.1.1"], web("2001:db8::5"), "1.1.1.1"),
        ("2001:db8::6", ["6.6.6.6"], web("2001:db8::5"), "2001:db8::6"),
    ],
)
def test_the_client_is_the_last_that_a_proxy_names(
    peer: str, lines: list[str], config: Web, found: str
):
    assert visitor(peer, lines, config) == found


async def sent(address: tuple[str, int], request: str) -> bytes:
    reader, writer = await asyncio.open_connection(*address)
    writer.write(request.encode())
    answer = await asyncio.wait_for(reader.read(), 30)
    writer.close()
    return answer


async def test_guesses_are_counted_by_the_last_of_two_lines(
    serve: Serve, sqlite_history: str, hashes: dict[str, str]
):
    """A client writes a line of its own; the proxy adds another one below."""
    client: TestClient = await serve(sqlite_history, behind_proxy=True, **hashes)
    url = client.make_url("/")
    answers = [
        await sent(
            (url.host, url.port),
            f"{ASK}Authorization: Bearer wrong\r\n"
            f"X-Forwarded-For: 6.6.6.{n}\r\nX-Forwarded-For: 1.1.1.1\r\n\r\n",
        )
        for n in range(7)
    ]
    assert [b" 429 " in answer.split(b"\r\n")[0] for answer in answers][-2:] == [
        True,
        True,
    ]
    right = f"{ASK}Authorization: Bearer {TOKEN}\r\nX-Forwarded-For: 1.1.1.1\r\n"
    other = right + "X-Forwarded-For: 2.2.2.2\r\n\r\n"
    assert b" 200 " in (await sent((url.host, url.port), other)).split(b"\r\n")[0]


class TestCrowds:
    """Against the real server loop, as it stands in the house."""

    @pytest.fixture
    def served(
        self, sqlite_history: str, clock: object, hashes: dict[str, str]
    ) -> Callable[..., object]:
        @asynccontextmanager
        async def start(**web: object) -> AsyncIterator[int]:
            told = asyncio.get_running_loop().create_future()
            stop = asyncio.Event()
            task = asyncio.create_task(
                http_server.serve(
                    history.config(sqlite_history, **web),
                    clock,
                    announce=told.set_result,
                    stop=stop,
                )
            )
            url = await asyncio.wait_for(told, 30)
            try:
                yield int(url.rstrip("/").rpartition(":")[2])
            finally:
                stop.set()
                await task

        return start

    async def test_one_client_cannot_hold_most_connections(
        self, served: Callable[..., object], hashes: dict[str, str]
    ):
        """Idle ones, slow ones, as many as there are: others still come in."""
        async with (
            served(host="0.0.0.0", **hashes) as port,
            AsyncExitStack() as stack,
        ):
            held = []
            for n in range(http_server.MAX_CONNECTIONS + 50):
                reader, writer = await asyncio.open_connection(
                    "127.0.0.1", port, local_addr=("127.0.0.9", 0)
                )
                stack.callback(writer.close)
                if n % 2:
                    writer.write(b"GET / HTTP/1.1\r\nHost: 127")
                held.append(reader)
            await asyncio.sleep(0.5)
            assert sum(not r.at_eof() for r in held) <= visitors.MOST_OF_ONE
            ask = "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
            answer = await sent(("127.0.0.1", port), ask)
        assert answer.startswith(b"HTTP/1.1 ")

    async def test_behind_a_proxy_requests_of_one_client_are_counted(
        self,
        served: Callable[..., object],
        hashes: dict[str, str],
        monkeypatch: pytest.MonkeyPatch,
    ):
        """All connections come from the proxy; a client's slow bodies are its own."""
        monkeypatch.setattr(visitors, "MOST_OF_ONE", 5)

        def login(client: str) -> bytes:
            return (
                "POST /login HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n"
                "Content-Type: application/x-www-form-urlencoded\r\n"
                f"X-Forwarded-For: {client}\r\n\r\n"
            ).encode()

        async with served(behind_proxy=True, **hashes) as port, AsyncExitStack() as s:
            slow = []
            for _ in range(20):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                s.callback(writer.close)
                writer.write(login("1.1.1.1"))
                slow.append(reader)
            refused = 0
            for reader in slow:
                try:
                    line = await asyncio.wait_for(reader.readline(), 1)
                except TimeoutError:
                    continue
                refused += b" 429 " in line
            assert refused >= 10
            other = ASK + "X-Forwarded-For: 2.2.2.2\r\n\r\n"
            answer = await sent(("127.0.0.1", port), other)
        assert b" 401 " in answer.split(b"\r\n")[0]
