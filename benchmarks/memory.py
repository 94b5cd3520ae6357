"""Memory of the daemon, idle and with its dashboard open, beside blackbox_exporter.

`python -m benchmarks.memory` fills a table of docs/accuracy.md. A daemon with the
shipped number of sites, all on loopback, is left alone after two rounds, then each of
its pages is opened once in Chromium, which is not counted, and the first one stays
open. PSS counts what processes share once. No root; blackbox_exporter only where it is
installed.
"""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from benchmarks.page import write_table
from benchmarks.process import ROOT
from tests.servers.tcp import serve
from tests.servers.web import says, whole
from tests.web.browser import chromium

PAGE = ROOT / "docs" / "accuracy.md"
IDLE_S, OPEN_S = 25, 10
PAGES = ("evenings/s0", "reports", "compare", "notes", "settings", "health")
EXPORTER = "prometheus-blackbox-exporter"


def descendants(pid: int) -> list[int]:
    """A process and all that it started."""
    found = [pid]
    with suppress(FileNotFoundError, ProcessLookupError):  # it ended meanwhile
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += descendants(int(child))
    return found


def memory_mib(pid: int) -> tuple[float, float]:
    """PSS and RSS of one process [MiB]."""
    rows = [
        line.split()
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    ]
    sizes = {row[0]: int(row[1]) / 1024 for row in rows}
    return sizes["Pss:"], sizes["Rss:"]


def command_of(pid: int) -> str:
    """The last word of a process's command line: what it is there for."""
    words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    return " ".join(Path(word).name for word in words if word)


def configuration(folder: Path, port: int) -> None:
    """The shipped number of sites, on loopback."""
    url = f"http://localhost:{port}/"
    sites = [{"name": f"s{i}", "url": url, "download_url": url} for i in range(13)]
    document = {
        "timezone": "Asia/Almaty",
        "every": "10s",
        "targets": sites[:6],
        "controls": sites[6:],
        "web": {"port": 0},
    }
    (folder / "config.yaml").write_text(json.dumps(document))


async def daemon_rows(folder: Path) -> list[str]:
    """A table row per process of the daemon, and their sum."""
    async with serve(says(whole(bytes(50_000)))) as served:
        configuration(folder, served.port)
        daemon = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "monitor", "run"),
            cwd=folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, "MONITOR_CONSENT": "yes"},
        )
        address = await dashboard_of(daemon)
        await asyncio.sleep(IDLE_S)
        idle = by_process(daemon.pid)
        await asyncio.to_thread(browse, address)
        opened = by_process(daemon.pid)
        daemon.terminate()
        await daemon.wait()
    return [
        *(row(name, idle.get(name, 0.0), mib) for name, mib in opened.items()),
        row("all of them", sum(idle.values()), sum(opened.values())),
    ]


async def dashboard_of(daemon: asyncio.subprocess.Process) -> str:
    """The address that the daemon tells."""
    assert daemon.stdout is not None
    async for line in daemon.stdout:
        if line.startswith(b"Dashboard: "):
            return line.decode().split()[1]
    raise RuntimeError("the daemon ended")


def by_process(pid: int) -> dict[str, float]:
    """PSS of a process and what it has started [MiB], but for the nightly's."""
    processes = {command_of(each): memory_mib(each)[0] for each in descendants(pid)}
    return {name: mib for name, mib in processes.items() if "nightly" not in name}


def browse(address: str) -> None:
    """Open each page, and stay on the first."""
    with chromium() as browser:
        page = browser.new_page()
        for path in (*PAGES, ""):
            page.goto(address + path)
            page.wait_for_selector("html[data-ready]")
        time.sleep(OPEN_S)


def exporter_rows(folder: Path) -> list[str]:
    """The row of blackbox_exporter, idle."""
    if shutil.which(EXPORTER) is None:
        return []
    modules = folder / "modules.yml"
    modules.write_text("modules:\n  page:\n    prober: http\n")
    command = [EXPORTER, f"--config.file={modules}", "--web.listen-address=127.0.0.1:0"]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        process.wait(timeout=3)
    except subprocess.TimeoutExpired:
        mib = memory_mib(process.pid)[0]
        return [row("blackbox_exporter", mib, mib)]
    finally:
        process.kill()
    return []


def row(name: str, idle_mib: float, open_mib: float) -> str:
    """One line of the table."""
    return f"| `{name}` | {idle_mib:.0f} | {open_mib:.0f} |"


def main() -> None:
    """Measure and write the table."""
    os.environ.setdefault("PYTHONPATH", str(ROOT))
    with tempfile.TemporaryDirectory() as folder:
        rows = asyncio.run(daemon_rows(Path(folder)))
        rows += exporter_rows(Path(folder))
    head = ["| process | idle [MiB] | dashboard open [MiB] |", "|---|---:|---:|"]
    write_table(PAGE, "memory", [*head, *rows])


if __name__ == "__main__":
    main()
