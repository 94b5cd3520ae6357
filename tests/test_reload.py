"""SIGHUP: new targets from the next round on; a bad file changes nothing."""

import asyncio
import json
import re
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from tests.servers.tcp import serve
from tests.servers.web import says
from tests.test_daemon import PAGE, configuration, daemon, rows, stopped, wait_for
from tests.waiting import until


@pytest.fixture
async def port() -> AsyncIterator[int]:
    async with serve(says(PAGE)) as served:
        yield served.port


async def log_says(folder: Path, words: str, *, times: int = 1) -> None:
    log = folder / "log"
    await until(lambda: log.read_text().count(words) >= times, log=log)


@pytest.mark.every_run
async def test_new_targets_are_measured_and_old_ones_no_longer(
    tmp_path: Path, port: int
) -> None:
    configuration(tmp_path, port)
    with daemon(tmp_path) as process:
        await wait_for(tmp_path, "SELECT * FROM rounds")
        await log_says(tmp_path, "Dashboard")
        site = {"name": "new", "url": f"http://localhost:{port}/", "download": False}
        configuration(tmp_path, port, targets=[site], every="20s")
        process.send_signal(signal.SIGHUP)
        await log_says(tmp_path, "event=done targets=1 controls=1")
        # A round that had begun before was planned for the three of then.
        await wait_for(tmp_path, "SELECT * FROM rounds WHERE n_planned = 2")
        planned = rows(tmp_path, "SELECT n_planned FROM rounds ORDER BY slot_start_us")
        await log_says(tmp_path, "Dashboard", times=2)
        await stopped(process, signal.SIGTERM)
    assert planned[0] == (3,)
    assert planned[-1] == (2,)
    assert rows(tmp_path, "SELECT * FROM series WHERE target = 'new'")
    log = (tmp_path / "log").read_text()
    assert "needs_restart keys=every" in log
    assert log.count("Dashboard") == 2


def dashboards(pid: int) -> list[str]:
    """Processes of the daemon that serve its dashboard."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [
        child
        for child in children
        if "serve" in Path(f"/proc/{child}/cmdline").read_text().split("\0")
    ]


def one_stays(pid: int) -> bool:
    """Whether there is one dashboard, and after a while the same."""
    before = dashboards(pid)
    time.sleep(3)
    return len(before) == 1 and dashboards(pid) == before


@pytest.mark.long
async def test_reloads_in_a_row_leave_one_dashboard(tmp_path: Path, port: int) -> None:
    configuration(tmp_path, port)
    with daemon(tmp_path) as process:
        await log_says(tmp_path, "Dashboard")
        for _ in range(4):
            process.send_signal(signal.SIGHUP)
            await asyncio.sleep(0.05)
        # Signals that come while one is pending are one: their number is not known.
        await log_says(tmp_path, "event=done")
        await until(lambda: one_stays(process.pid), log=tmp_path / "log")
        await stopped(process, signal.SIGTERM)


PAGE_FILE = """\
timezone: Asia/Almaty
every: 10s
targets:
  - {name: site, url: "http://localhost:PORT/", download: false}
  # the one that is switched off
  - {name: other, url: "http://localhost:PORT/", download: false}
controls:
  - {name: control, url: "http://localhost:PORT/", download: false}
web: {host: 127.0.0.1, port: 0}
"""


async def posted(folder: Path, path: str, **body: object) -> None:
    """Ask the dashboard that the daemon has started last."""
    log = (folder / "log").read_text()
    address = re.findall(r"Dashboard: (\S+)", log)[-1]
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{address}{path}", json=body) as answer,
    ):
        assert answer.status == 200, await answer.text()


@pytest.mark.long
async def test_a_site_switched_in_the_page_reaches_the_daemon(
    tmp_path: Path, port: int
) -> None:
    """Off, and on again by the way back; nobody but the page tells the daemon."""
    path = tmp_path / "config.yaml"
    path.write_text(PAGE_FILE.replace("PORT", str(port)))
    with daemon(tmp_path) as process:
        await wait_for(tmp_path, "SELECT * FROM rounds WHERE n_planned = 3")
        await log_says(tmp_path, "Dashboard")
        await posted(tmp_path, "sites/switch", name="other", is_on=False)
        assert "# the one that is switched off" in path.read_text()
        await log_says(tmp_path, "event=done targets=1 controls=1")
        await wait_for(tmp_path, "SELECT * FROM rounds WHERE n_planned = 2")
        await log_says(tmp_path, "Dashboard", times=2)
        await posted(tmp_path, "sites/undo")
        await log_says(tmp_path, "event=done targets=2 controls=1")
        three = "SELECT * FROM rounds WHERE n_planned = 3 AND slot_start_us > "
        two = "(SELECT max(slot_start_us) FROM rounds WHERE n_planned = 2)"
        await wait_for(tmp_path, three + two)
        assert await stopped(process, signal.SIGTERM) == 0
    assert path.read_text() == PAGE_FILE.replace("PORT", str(port))


@pytest.mark.long
async def test_bad_file_keeps_the_old_targets_and_says_why(
    tmp_path: Path, port: int
) -> None:
    path = configuration(tmp_path, port)
    with daemon(tmp_path) as process:
        await wait_for(tmp_path, "SELECT * FROM rounds")
        path.write_text(json.dumps({"timezone": "Asia/Almaty", "targets": []}))
        process.send_signal(signal.SIGHUP)
        await log_says(tmp_path, "event=kept_the_old")
        n = len(rows(tmp_path, "SELECT * FROM rounds"))
        planned = await wait_for(tmp_path, "SELECT n_planned FROM rounds", n=n + 1)
        assert await stopped(process, signal.SIGTERM) == 0
    assert set(planned) == {(3,)}
    assert "targets: found []" in (tmp_path / "log").read_text()
