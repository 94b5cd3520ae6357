"""A served home: real databases, a real HTTP server on loopback."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer

from monitor.store import Store
from monitor.web.app import make_app
from monitor.web.lock.access import new_hash
from tests.databases import KINDS_IN_BRIEF
from tests.fakes import FakeClock
from tests.postgres import PostgresServer
from tests.web import history

PASSWORD = "correct horse battery"
TOKEN = "a-long-random-token"

Serve = Callable[..., Awaitable[TestClient]]


@pytest.fixture(scope="session")
def sqlite_history(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The week in SQLite; read only."""
    url = f"sqlite:///{tmp_path_factory.mktemp('history') / 'monitor.db'}"
    history.fill(url)
    return url


@pytest.fixture(scope="session")
def postgres_history(postgres_server: PostgresServer) -> str:
    """The week in PostgreSQL; read only."""
    url = postgres_server.create_database("history")
    history.fill(url)
    return url


@pytest.fixture(params=KINDS_IN_BRIEF)
def history_url(request: pytest.FixtureRequest) -> str:
    """The week, once on each kind of database."""
    kind = "sqlite" if request.param == "sqlite" else "postgres"
    return request.getfixturevalue(f"{kind}_history")


@pytest.fixture(scope="session")
def hashes() -> dict[str, str]:
    """Hashes of the test's password and token, made once."""
    return {"password_hash": new_hash(PASSWORD), "token_hash": new_hash(TOKEN)}


@pytest.fixture
def clock() -> FakeClock:
    """A clock just after the week."""
    return FakeClock(history.NOW)


@pytest.fixture
async def serve(clock: FakeClock, tmp_path: Path) -> AsyncIterator[Serve]:
    """Starts servers of a database, with configuration for `web`."""
    clients: list[TestClient] = []

    async def start(url: str, **web: object) -> TestClient:
        folder = str(tmp_path / "reports")
        config = history.config(url, report_folder=folder, **web)
        app = make_app(Store(url), config, clock)
        client = TestClient(TestServer(app, host="127.0.0.1"))
        await client.start_server()
        clients.append(client)
        return client

    yield start
    for client in clients:
        await client.close()


@pytest.fixture
async def client(serve: Serve, sqlite_history: str) -> TestClient:
    """An open dashboard over SQLite."""
    return await serve(sqlite_history)


@pytest.fixture
async def guarded(
    serve: Serve, sqlite_history: str, hashes: dict[str, str]
) -> TestClient:
    """A dashboard with password and token."""
    return await serve(sqlite_history, **hashes)
