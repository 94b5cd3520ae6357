"""A real Prometheus that scrapes a served home."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from tests.ports import free_port
from tests.waiting import PATIENCE_S

SCRAPES = 3


def program(name: str) -> str:
    """Where a program of Prometheus is; its lack is an error, never a skip."""
    found = shutil.which(name)
    if found is None:
        raise RuntimeError(f"these tests need {name}: apt-get install prometheus")
    return found


class Prometheus:
    """A running server, asked over its API."""

    def __init__(self, address: str, session: aiohttp.ClientSession) -> None:
        self._address = address
        self._session = session

    async def ask(self, expression: str) -> list[dict]:
        """The series that an expression gives now; ValueError: it is not PromQL."""
        async with self._session.get(
            f"{self._address}/api/v1/query", params={"query": expression}
        ) as answer:
            found = await answer.json()
        if found["status"] != "success":
            raise ValueError(found["error"])
        return found["data"]["result"]

    async def wait(self) -> None:
        """Until it has scraped some times."""
        async with asyncio.timeout(PATIENCE_S):
            # It tells nobody: there is nothing to wait for but an answer.
            while not await self._has_scraped():  # noqa: ASYNC110
                await asyncio.sleep(0.2)

    async def _has_scraped(self) -> bool:
        try:
            found = await self.ask("sum_over_time(up[1m])")
        except aiohttp.ClientError:
            return False
        return bool(found) and float(found[0]["value"][1]) >= SCRAPES


@asynccontextmanager
async def prometheus(folder: Path, scraped: str) -> AsyncIterator[Prometheus]:
    """A server that scrapes an address as docs/api.md says."""
    job = {"job_name": "monitor", "honor_labels": True, "scrape_interval": "500ms"}
    targets = [{"targets": [scraped]}]
    # JSON is YAML.
    config = {"scrape_configs": [{**job, "static_configs": targets}]}
    (folder / "prometheus.yml").write_text(json.dumps(config))
    address = f"127.0.0.1:{free_port()}"
    with (folder / "log").open("w") as log:
        process = await asyncio.create_subprocess_exec(
            program("prometheus"),
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address={address}",
            stdout=log,
            stderr=log,
        )
    try:
        async with aiohttp.ClientSession() as session:
            server = Prometheus(f"http://{address}", session)
            await server.wait()
            yield server
    finally:
        process.kill()
        await process.wait()
