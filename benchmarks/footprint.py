"""Memory, CPU and bytes beside Prometheus with blackbox_exporter, and SmokePing.

`python -m benchmarks.footprint` fills the table of docs/deployment.md. Needs the lab,
root, and Debian's prometheus, prometheus-blackbox-exporter, smokeping and chromium.

All three run at the same time in the lab's home and look at the same nine sites at the
same interval, first every 20 s, then every 60 s, each for three minutes. CPU is told
apart into what every round costs and what remains: two intervals, two unknowns. A page
of Chromium shows the dashboard meanwhile; Chromium itself is not counted.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.lab import LAB, labctl
from benchmarks.memory import command_of, descendants, memory_mib
from benchmarks.page import write_table
from benchmarks.process import ROOT
from monitor.store import open_store
from monitor.wire_bytes import expected_on_wire_bytes

PAGE = ROOT / "docs" / "deployment.md"
SPAN_S, SHIPPED_S, WARM_S = 180, 300, 25
SITES = {
    "facebook": "www.facebook.com",
    "youtube": "www.youtube.com",
    "telegram": "web.telegram.org",
    "twitter": "x.com",
    "wikipedia": "www.wikipedia.org",
    "one": "control.example",
    "two": "control2.example",
    "three": "control3.example",
    "example": "www.example.com",
}
NAMES = {
    "monitor": "monitor, dashboard open",
    "exporter": "blackbox_exporter + Prometheus",
    "smokeping": "SmokePing (ping only)",
}
WAYS = ("received", "sent")
NOBODY = 65534
DASHBOARD = "http://127.0.0.1:8420/"
# Who sent the first packet of a connection: by user, by protocol, or else the daemon.
COUNTERS = f"""add table inet footprint
delete table inet footprint
table inet footprint {{
  counter monitor_sent {{}}
  counter exporter_sent {{}}
  counter smokeping_sent {{}}
  counter monitor_received {{}}
  counter exporter_received {{}}
  counter smokeping_received {{}}
  chain sent {{ type filter hook output priority 0;
    oifname "lo" accept
    ct mark 0 meta skuid {NOBODY} ct mark set 2
    ct mark 0 meta l4proto icmp ip daddr != 192.168.1.1 ct mark set 3
    ct mark 0 ct mark set 1
    ct mark 1 counter name monitor_sent
    ct mark 2 counter name exporter_sent
    ct mark 3 counter name smokeping_sent
  }}
  chain received {{ type filter hook input priority 0;
    iifname "lo" accept
    ct mark 1 counter name monitor_received
    ct mark 2 counter name exporter_received
    ct mark 3 counter name smokeping_received
  }}
}}"""


@dataclass(frozen=True)
class Spent:
    """What one program took in the span: CPU [s], bytes with IP headers, PSS [MiB]."""

    cpu_s: float
    received_bytes: int
    sent_bytes: int
    pss_mib: float
    highest_mib: float = 0.0
    """PSS with what runs once a day: the nightly analysis begins soon after a start."""
    counted_bytes: int = 0
    """What the daemon's budget counts as received in whole rounds."""
    carried_bytes: int = 0
    """What the line carried in these rounds, with IP headers."""


def monitor(folder: Path, every_s: int) -> list[list[str]]:
    """The daemon as it is shipped, but for sites and interval."""
    sites = [
        {"name": n, "url": f"https://{h}/", "download_url": f"https://{h}/1m.bin"}
        for n, h in SITES.items()
    ]
    document = {
        "timezone": "Asia/Almaty",
        "every": f"{every_s}s",
        "throughput": {"every": f"{2 * every_s}s"},
        # A home that installs what is shipped has no HTTP/3.
        "quic": {"targets": []},
        "targets": sites[:4],
        "controls": sites[4:],
    }
    (folder / "config.yaml").write_text(json.dumps(document))
    return [[sys.executable, "-m", "monitor", "run", "--yes"]]


def exporter(folder: Path, every_s: int) -> list[list[str]]:
    """Prometheus asks blackbox_exporter, which fetches the pages."""
    modules, scrapes = folder / "modules.yml", folder / "prometheus.yml"
    modules.write_text(
        "modules: {page: {prober: http, http: {preferred_ip_protocol: ip4}}}"
    )
    relabel = [
        {"source_labels": ["__address__"], "target_label": "__param_target"},
        {"source_labels": ["__param_target"], "target_label": "instance"},
        {"target_label": "__address__", "replacement": "127.0.0.1:9115"},
    ]
    job = {
        "job_name": "blackbox",
        "metrics_path": "/probe",
        "params": {"module": ["page"]},
        "scrape_interval": f"{every_s}s",
        "static_configs": [{"targets": [f"https://{h}/" for h in SITES.values()]}],
        "relabel_configs": relabel,
    }
    scrapes.write_text(json.dumps({"scrape_configs": [job]}))
    return [
        [
            "prometheus-blackbox-exporter",
            f"--config.file={modules}",
            "--web.listen-address=127.0.0.1:9115",
        ],
        [
            "prometheus",
            f"--config.file={scrapes}",
            f"--storage.tsdb.path={folder}/data",
            "--web.listen-address=127.0.0.1:9090",
        ],
    ]


def smokeping(folder: Path, every_s: int) -> list[list[str]]:
    """Twenty pings a round, as Debian ships it; closer together, to fit into 20 s."""
    for name in ("template", "mail"):
        (folder / name).write_text("")
    hosts = "\n".join(
        f"+ {n}\nmenu = {n}\ntitle = {n}\nhost = {h}" for n, h in SITES.items()
    )
    settings = folder / "smokeping.conf"
    settings.write_text(f"""*** General ***
owner = nobody
contact = nobody@localhost
sendmail = /bin/true
imgcache = {folder}
imgurl = images
datadir = {folder}
piddir = {folder}
cgiurl = http://localhost/
smokemail = {folder}/mail
tmail = {folder}/mail
*** Database ***
step = {every_s}
pings = 20
AVERAGE 0.5 1 1008
*** Presentation ***
template = {folder}/template
+ overview
width = 600
height = 50
range = 10h
+ detail
width = 600
height = 200
"Last" 3h
*** Probes ***
+ FPing
binary = /usr/bin/fping
hostinterval = 0.5
*** Targets ***
probe = FPing
menu = Top
title = Top
{hosts}
""")
    return [["smokeping", f"--config={settings}", "--nodaemon"]]


PROGRAMS = {"monitor": monitor, "exporter": exporter, "smokeping": smokeping}


def cpu_s(name: str, roots: list[int]) -> float:
    """CPU of a program's processes, and of those that they saw end [s].

    The daemon sees only its nightly analysis end, which runs once soon after the start:
    it is left out here.
    """
    last = 13 if name == "monitor" else 15
    ticks = 0
    for pid in (p for root in roots for p in descendants(root)):
        with suppress(FileNotFoundError, ProcessLookupError):  # it ended meanwhile
            if "nightly" in command_of(pid):
                continue
            told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, told[11:last]))
    return ticks / os.sysconf("SC_CLK_TCK")


def counted() -> dict[str, int]:
    """Bytes so far, with IP headers, by program and way."""
    told = subprocess.run(
        ["nft", "-j", "list", "counters", "table", "inet", "footprint"],
        check=True,
        capture_output=True,
    )
    rows = json.loads(told.stdout)["nftables"]
    found = [r["counter"] for r in rows if "counter" in r]
    return {c["name"]: c["bytes"] for c in found}


def started(stack: ExitStack, command: list[str], folder: Path, user: int) -> int:
    """A program that runs until the stack is left; its process id."""
    log = stack.enter_context((folder / f"{Path(command[0]).name}.log").open("wb"))
    process = subprocess.Popen(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        user=user,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    stack.callback(process.wait, 20)
    stack.callback(process.terminate)
    return process.pid


def inside(every_s: int) -> dict[str, Spent]:
    """What the three took in one span, in the lab's home."""
    subprocess.run(["nft", "-f", "-"], input=COUNTERS, text=True, check=True)
    with ExitStack() as stack:
        stack.callback(subprocess.run, ["nft", "delete table inet footprint"])
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o755)
        pids = {n: everything_of(n, stack, folder, every_s) for n in PROGRAMS}
        time.sleep(WARM_S)
        browse(stack, folder)
        time.sleep(60 - time.time() % 60)
        log = folder / "monitor" / f"{Path(sys.executable).name}.log"
        since, before = between_rounds(log)
        found = spent(pids)
        until, after = between_rounds(log)
        counted_bytes = accounted(folder / "monitor", since, until)
        found["monitor"] = replace(
            found["monitor"],
            counted_bytes=counted_bytes,
            carried_bytes=after["monitor_received"] - before["monitor_received"],
        )
        return found


def between_rounds(log: Path) -> tuple[datetime, dict[str, int]]:
    """The moment after the next round, and what the line has carried until then.

    A round is on record as a whole, when it has ended: a span that cuts one counts
    bytes of which nothing is on record yet.
    """
    n_before = log.read_text().count(" round status=")
    while log.read_text().count(" round status=") == n_before:
        time.sleep(0.1)
    return datetime.now(UTC), counted()


def everything_of(name: str, stack: ExitStack, folder: Path, every_s: int) -> list[int]:
    """One of the three, started in a folder of its own."""
    own = folder / name
    own.mkdir()
    user = NOBODY if name == "exporter" else 0
    os.chown(own, user, -1)
    return [started(stack, c, own, user) for c in PROGRAMS[name](own, every_s)]


def browse(stack: ExitStack, folder: Path) -> None:
    """The dashboard in a browser that stays open."""
    found = shutil.which("chromium")
    assert found, "apt-get install chromium"
    flags = ["--headless=new", "--no-sandbox", f"--user-data-dir={folder}/chromium"]
    command = [found, *flags, "--remote-debugging-port=0", DASHBOARD]
    started(stack, command, folder, 0)


def accounted(folder: Path, since: datetime, until: datetime) -> int:
    """What the daemon's budget counts between two moments [bytes received]."""
    with open_store(f"sqlite:///{folder}/monitor.db") as store:
        found = store.samples.received("home", since=since, until=until)
    return found.counted_bytes + expected_on_wire_bytes(
        found.n_probes, found.body_bytes
    )


def spent(roots: dict[str, list[int]]) -> dict[str, Spent]:
    """Differences over the span; memory is the mean of eighteen looks."""
    before_s = {name: cpu_s(name, pids) for name, pids in roots.items()}
    before = counted()
    ends_s, looks = time.monotonic() + SPAN_S, []
    highest: dict[str, float] = {}
    while time.monotonic() < ends_s:
        time.sleep(min(10, max(0.0, ends_s - time.monotonic())))
        looks.append({n: memory(pids) for n, pids in roots.items()})
        highest = {
            n: max(highest.get(n, 0.0), memory(p, all_of=True))
            for n, p in roots.items()
        }
    after = counted()
    return {
        name: Spent(
            cpu_s=cpu_s(name, pids) - before_s[name],
            **{
                f"{w}_bytes": after[f"{name}_{w}"] - before[f"{name}_{w}"] for w in WAYS
            },
            pss_mib=sum(look[name] for look in looks) / len(looks),
            highest_mib=highest[name],
        )
        for name, pids in roots.items()
    }


def memory(roots: list[int], *, all_of: bool = False) -> float:
    """PSS of the programs and what they started [MiB].

    Parameters
    ----------
    all_of : with what is there for a while once a day, as the night's analysis.
    """
    total_mib = 0.0
    for pid in (p for root in roots for p in descendants(root)):
        with suppress(FileNotFoundError, ProcessLookupError, KeyError):
            if all_of or "nightly" not in command_of(pid):
                total_mib += memory_mib(pid)[0]
    return total_mib


def in_lab(every_s: int) -> dict[str, Spent]:
    """`inside`, in the lab's home."""
    command = [sys.executable, "-m", "benchmarks.footprint", "--inside", str(every_s)]
    done = subprocess.run(
        [LAB / "labctl", "exec", *command],
        check=True,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    told = json.loads(done.stdout.splitlines()[-1])
    return {name: Spent(**row) for name, row in told.items()}


def row(name: str, often: Spent, seldom: Spent, every_s: tuple[int, int]) -> str:
    """One line of the table, at the shipped interval."""
    n_often, n_seldom = (SPAN_S / each for each in every_s)
    round_s = (often.cpu_s - seldom.cpu_s) / (n_often - n_seldom)
    rest = max(0.0, seldom.cpu_s - round_s * n_seldom) / SPAN_S
    share = 100 * (rest + round_s / SHIPPED_S)
    per_day = 86_400 / SHIPPED_S / (n_often + n_seldom) / 1e6
    received = (often.received_bytes + seldom.received_bytes) * per_day
    sent = (often.sent_bytes + seldom.sent_bytes) * per_day
    return (
        f"| {NAMES[name]} | {seldom.pss_mib:.0f} | {share:.2f} | {round_s:.2f} |"
        f" {100 * rest:.2f} | {received:,.0f} | {sent:,.0f} |"
    )


def account(spans: tuple[Spent, ...]) -> str:
    """How much of what the daemon received its budget counted."""
    counted_bytes = sum(span.counted_bytes for span in spans)
    share = counted_bytes / sum(span.carried_bytes for span in spans)
    highest_mib = max(span.highest_mib for span in spans)
    return (
        f"The daemon's budget counted {100 * share:.1f} % of what whole rounds took."
        f" With the nightly analysis, once a day, {highest_mib:.0f} MiB at most."
    )


def main() -> None:
    """Measure and write the table, or one span in the lab's home."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inside", type=int, help="interval [s]; in the lab's home")
    every = parser.parse_args().inside
    if every:
        print(json.dumps({n: vars(s) for n, s in inside(every).items()}))
        return
    labctl("up")
    intervals = (20, 60)
    often, seldom = (in_lab(each) for each in intervals)
    labctl("down")
    rows = [row(name, often[name], seldom[name], intervals) for name in PROGRAMS]
    head = [
        "| | memory (PSS) [MiB] | CPU [% of a core] | CPU per round [s]"
        " | between rounds [%] | received [MB a day] | sent [MB a day] |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    said = account((often["monitor"], seldom["monitor"]))
    print(often, seldom, *rows, said, sep="\n")
    write_table(PAGE, "footprint", [*head, *rows, "", said])


if __name__ == "__main__":
    main()
