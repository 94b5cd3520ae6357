"""A real Chromium and a real `monitor web serve` for the browser tests."""

import asyncio
import json
import shutil
import subprocess
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from threading import Thread

from aiohttp.test_utils import TestServer
from playwright.sync_api import Browser, Page, expect, sync_playwright

from monitor.clock import SystemClock
from monitor.store import Store
from monitor.web.app import make_app
from tests import forks
from tests.waiting import PATIENCE_S
from tests.web import history

CHROMIUM = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE_MS = 1000 * PATIENCE_S
AXE = Path(__file__).parent / "vendor" / "axe.min.js"


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium; its lack is an error, never a skip."""
    found = next((path for name in CHROMIUM if (path := shutil.which(name))), None)
    if found is None:
        raise RuntimeError("the browser tests need Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        expect.set_options(timeout=PATIENCE_MS)
        browser = playwright.chromium.launch(
            executable_path=found, args=list(FLAGS), timeout=PATIENCE_MS
        )
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def served(folder: Path, database: str, **web: object) -> Iterator[str]:
    """The address of a dashboard over a database, in a process of its own."""
    config = history.config(database, **web)
    document = {
        "timezone": config.timezone,
        "database": config.database,
        "web": asdict(config.web),
        "every": "15m",
    }
    for key in ("targets", "controls"):
        sites = getattr(config, key)
        document[key] = [{"name": s.name, "url": s.url} for s in sites]
    (folder / "config.yaml").write_text(json.dumps(document))
    with (folder / "log").open("w") as log:
        process = forks.Command(
            # Not as the daemon's child, which a busy machine lets wait.
            *("web", "serve"),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    try:
        line = process.stdout.readline()
        if not line:
            raise RuntimeError((folder / "log").read_text())
        yield line.removeprefix("Dashboard: ").strip()
    finally:
        process.terminate()
        process.stdout.close()
        process.wait(PATIENCE_S)


@contextmanager
def served_without_file(database: str) -> Iterator[str]:
    """The address of a dashboard that has no configuration file, as the demo's."""
    app = make_app(Store(database), history.config(database), SystemClock())
    server, loop = TestServer(app, host="127.0.0.1"), asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever)
    thread.start()

    def done(work: Coroutine[object, object, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, loop).result(PATIENCE_S)

    try:
        done(server.start_server())
        yield str(server.make_url("/"))
        done(server.close())
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE_S)
        loop.close()


class Watched:
    """A page whose console and requests are watched."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        page.set_default_timeout(PATIENCE_MS)
        self.address = address
        self.complaints: list[str] = []
        self.foreign: list[str] = []
        page.on("console", self._note_console)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self._note_request)

    def _note_console(self, message) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _note_request(self, request) -> None:
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.foreign.append(request.url)

    def open(self, path: str = "") -> Page:
        """Load a page and wait until it has drawn what it shows first."""
        self.page.goto(self.address + path)
        self.page.wait_for_selector("html[data-ready]")
        return self.page

    def axe(self, *rules: str) -> list[str]:
        """What the accessibility checker objects to, by all rules or by some."""
        # A row that is scrolled halfway beneath the header is no small target.
        self.page.evaluate("scrollTo({top: 0, behavior: 'instant'})")
        self.page.evaluate(AXE.read_text())
        tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
        found = self.page.evaluate(
            # What passed is megabytes, and takes seconds to come over.
            "async only => (await axe.run(document, {runOnly: only, "
            "resultTypes: ['violations']})).violations",
            {"type": "rule", "values": rules} if rules else tags,
        )
        return [
            f"{v['id']}: {node['target']} {node.get('failureSummary', '')}"
            for v in found
            for node in v["nodes"]
        ]
