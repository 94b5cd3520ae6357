"""What the hosts of the shipped configuration cost: bytes and CPU of a round.

Daemons in the lab's home, one after the other, the same rounds each: of an earlier
version with its own config.yaml, of this one with and without HTTP/3, and
blackbox_exporter asked for the same hosts as this one. Bytes are those of the home's
interface, CPU is that of the program's processes and of the children they saw end.

    sudo LAB=... python -m benchmarks.host_costs --before FOLDER

FOLDER: a checkout of the earlier version. It writes a table of docs/deployment.md.
About ten minutes.
"""

import argparse
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.lab import IN_HOME, labctl
from benchmarks.lab_days import FIRST, PREFIX, daemon, set_clock, wait_for_round
from benchmarks.lab_hosts import CACHE, CONFIG
from benchmarks.memory import descendants
from benchmarks.page import write_table
from benchmarks.process import ROOT
from monitor.config import load

PAGE = ROOT / "docs" / "deployment.md"
WARM, N_ROUNDS, PER_DAY = 2, 18, 288
EVERY = timedelta(minutes=5)
WITHIN_SLOT_S = (241,)
EXPORTER = "127.0.0.1:9115"
MODULES = """modules:
  https: {prober: http, http: {preferred_ip_protocol: ip4}}
  tls: {prober: tcp, tcp: {preferred_ip_protocol: ip4, tls: true}}
  tcp: {prober: tcp}
"""


@dataclass(frozen=True)
class Spent:
    """So far: CPU [s], bytes received and sent."""

    cpu_s: float
    received: int
    sent: int


def spent(pid: int) -> Spent:
    """What the processes from one on, and the home's interface, have seen."""
    ticks = 0
    for process in descendants(pid):
        told = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        ticks += sum(map(int, told[11:15]))
    words = ["ip", "netns", "exec", f"{PREFIX}home", "cat", "/proc/net/dev"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    rows = [line.split() for line in done.stdout.splitlines()[2:]]
    wire = [row for row in rows if row[0] != "lo:"]
    received, sent = (sum(int(row[place]) for row in wire) for place in (1, 9))
    return Spent(ticks / os.sysconf("SC_CLK_TCK"), received, sent)


def slots() -> Iterator[datetime]:
    """Rounds one after the other, by day."""
    begin = FIRST + timedelta(hours=10)
    yield from (begin + n * EVERY for n in range(WARM + N_ROUNDS))


def of_daemon(config: str, home: Path) -> tuple[Spent, Spent]:
    """What a daemon takes for the rounds, before and after them."""
    with tempfile.TemporaryDirectory() as name, _version(home):
        folder = Path(name)
        (folder / "config.yaml").write_text(config)
        set_clock(next(slots()) + timedelta(seconds=1))
        with daemon(folder) as process:
            for n, slot in enumerate(slots()):
                if n == WARM:
                    before = spent(process.pid)
                wait_for_round(folder / "monitor.db", slot, WITHIN_SLOT_S)
            return before, spent(process.pid)


@contextmanager
def _version(home: Path) -> Iterator[None]:
    """Whose code the installed program runs meanwhile."""
    usual = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = str(home)
    try:
        yield
    finally:
        os.environ.pop("PYTHONPATH")
        if usual is not None:
            os.environ["PYTHONPATH"] = usual


def of_exporter() -> tuple[Spent, Spent]:
    """What blackbox_exporter takes to ask the same hosts as often."""
    sites = load(CONFIG).all_targets()
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as modules:
        modules.write(MODULES)
        modules.flush()
        command = ["prometheus-blackbox-exporter", f"--config.file={modules.name}"]
        process = subprocess.Popen(
            [*IN_HOME, *command, f"--web.listen-address={EXPORTER}"],
            stderr=subprocess.DEVNULL,
        )
        try:
            time.sleep(2)
            before = spent(process.pid)
            for _ in range(N_ROUNDS):
                _asked([site.url for site in sites])
            return before, spent(process.pid)
        finally:
            process.terminate()
            process.wait()


def _asked(urls: list[str]) -> None:
    """One round of the exporter; to what speaks a protocol of its own it connects."""
    for url in urls:
        scheme, place = urlsplit(url).scheme, urlsplit(url).netloc
        module = scheme if scheme in ("https", "tls") else "tcp"
        host = CACHE if place == "googlevideo.com" else place
        asked = url if module == "https" else host
        if module == "tls":
            asked = f"{host}:443"
        query = f"http://{EXPORTER}/probe?module={module}&target={asked}"
        subprocess.run([*IN_HOME, "curl", "-s", "-o", "/dev/null", query], check=True)


def row(name: str, of: tuple[Spent, Spent], n_hosts: int) -> str:
    """What a program took."""
    before, after = of
    cpu_s = (after.cpu_s - before.cpu_s) / N_ROUNDS
    per_day = PER_DAY / N_ROUNDS / 1e6
    received = (after.received - before.received) * per_day
    sent = (after.sent - before.sent) * per_day
    return f"| {name} | {n_hosts} | {received:,.0f} | {sent:,.0f} | {cpu_s:.2f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", type=Path, required=True)
    earlier = parser.parse_args().before.resolve()
    labctl("up")
    labctl("clear")
    shipped = CONFIG.read_text()
    n_sites = len(load(CONFIG).all_targets())
    old = (earlier / "config.yaml").read_text()
    n_old = old.count("- {name: ") - old.count("# - {name: ")
    rows = [
        row("before", of_daemon(old, earlier), n_old),
        row("now", of_daemon(f"{shipped}\nquic: {{targets: []}}\n", ROOT), n_sites),
        row("now, with `monitor[quic]`", of_daemon(shipped, ROOT), n_sites),
        row("blackbox_exporter, the same hosts", of_exporter(), n_sites),
    ]
    head = [
        "| | sites | received [MB a day] | sent [MB a day] | CPU of a round [s] |",
        "|---|---:|---:|---:|---:|",
    ]
    print(*rows, sep="\n")
    write_table(PAGE, "hosts", [*head, *rows])
    labctl("clock", "reset")


if __name__ == "__main__":
    main()
