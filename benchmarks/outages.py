"""A line that goes down, a resolver that dies, a site that never answers: what is said.

`sudo python -m benchmarks.outages --write` writes the table of docs/outages.md: a home
in a network namespace with the daemon, its page in Chromium, a Prometheus with our
alert rules, and a service that takes its messages; behind its gateway, in another
namespace, a name server and some sites. Each change of what one of them says is noted
with its seconds. Eight minutes; needs iproute2, util-linux, Prometheus and Chromium.
"""

import argparse
import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import Page
from ruamel.yaml import YAML

from benchmarks.page import write_table
from benchmarks.process import ROOT
from tests.servers import dns, web
from tests.servers.tcp import serve
from tests.web.browser import Watched, chromium

PAGE = ROOT / "docs" / "outages.md"
RULES = ROOT / "contrib" / "prometheus-alerts.yaml"
HOME, GATEWAY = "192.168.1.20", "192.168.1.1"
RESOLVER = "93.184.216.53"
"""Public addresses, as a name may have only such; they lead nowhere but in here."""
SITES = {
    "facebook.com": "93.184.216.11",
    "youtube.com": "93.184.216.12",
    "wikipedia.org": "93.184.216.21",
    "debian.org": "93.184.216.22",
    "python.org": "93.184.216.23",
}
SILENT = ("telegram.org", "93.184.216.99")
"""No machine has this address."""
TARGETS = ("facebook.com", "youtube.com", "telegram.org")
BODY = b"<html><body>" + b"a page " * 4000
EVERYTHING = (RESOLVER, *SITES.values())
PHASES = (
    ("The daemon starts; telegram never answers", 75, "", ()),
    ("The line goes down behind the gateway", 150, "del", EVERYTHING),
    ("The line is back", 75, "add", EVERYTHING),
    ("The resolver dies", 120, "del", (RESOLVER,)),
    ("The resolver is back", 60, "add", (RESOLVER,)),
)
ALERTS = ("MonitorNotMeasuring", "MonitorLineDown", "ServiceSilentNow")
NEAR = "quicker than this home's own gateway"
"""In here all sites are: what is told of it is left out."""
PORT, PROMETHEUS_PORT = 8420, 9090


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


def own_address(what: str, address: str) -> None:
    ip("addr", what, f"{address}/32", "dev", "lo")


async def be_the_world() -> None:
    """Everything behind the cable, told on standard input what is there."""
    ip("link", "set", "lo", "up")
    for address in EVERYTHING:
        own_address("add", address)
    ip("addr", "add", f"{GATEWAY}/24", "dev", "in")
    ip("link", "set", "in", "up")
    rules = {name: dns.addresses(at) for name, at in [*SITES.items(), SILENT]}
    server = dns.NameServer(53, rules, host=RESOLVER)
    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(
        lambda: dns.Udp(server), local_addr=(server.host, server.port)
    )
    page = web.whole(BODY, headers={"Content-Type": "text/html"})
    async with serve(web.says(page), host="0.0.0.0", port=80):
        print("ready", flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            what, *addresses = line.split()
            for address in addresses:
                own_address(what, address)


@contextmanager
def the_world() -> Iterator[Callable[[str], None]]:
    """The other namespace at the other end of a cable; takes what is to change."""
    process = subprocess.Popen(
        ["unshare", "-n", sys.executable, "-m", "benchmarks.outages", "--world"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "apart\n"
        cable = ("link", "add", "out", "type", "veth", "peer", "name", "in", "netns")
        ip(*cable, str(process.pid))
        ip("link", "set", "lo", "up")
        ip("addr", "add", f"{HOME}/24", "dev", "out")
        ip("link", "set", "out", "up")
        ip("route", "add", "default", "via", GATEWAY)
        process.stdin.write("go\n")
        process.stdin.flush()
        assert process.stdout.readline() == "ready\n"

        def change(words: str) -> None:
            process.stdin.write(f"{words}\n")
            process.stdin.flush()

        yield change
    finally:
        process.kill()
        process.wait()


@contextmanager
def messages() -> Iterator[tuple[str, list[str]]]:
    """A service of Apprise (JSON), and what it was sent."""
    taken: list[str] = []

    class Service(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told = json.loads(body)
            taken.append(f"{told['title']}: {told['message']}")
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"json://127.0.0.1:{server.server_port}/", taken
    finally:
        server.shutdown()


def configuration(notify: str) -> dict[str, object]:
    site = {
        name: {"name": name.partition(".")[0], "url": f"http://{name}/"}
        for name in (*SITES, SILENT[0])
    }
    for name, each in site.items():
        each["download_url"] = f"http://{name}/object"
    return {
        "timezone": "Asia/Almaty",
        "every": "30s",
        "targets": [site[name] for name in TARGETS],
        "controls": [each for name, each in site.items() if name not in TARGETS],
        "probing": {"stage_timeout": "1s"},
        "web": {"port": PORT},
        "notify": {"urls": [notify]},
    }


def prometheus_configuration(folder: Path) -> dict[str, object]:
    """A scrape each fifteen seconds; what waits longer in our rules waits a minute."""
    shipped = YAML(typ="safe").load(RULES.read_text())["groups"][0]["rules"]
    rules = [rule | {"for": "1m"} for rule in shipped if rule["alert"] in ALERTS]
    # JSON is YAML.
    groups = {"groups": [{"name": "monitor", "rules": rules}]}
    (folder / "rules.yml").write_text(json.dumps(groups))
    targets = [{"targets": [f"127.0.0.1:{PORT}"]}]
    job = {"job_name": "monitor", "honor_labels": True, "static_configs": targets}
    return {
        "global": {"scrape_interval": "15s", "evaluation_interval": "5s"},
        # A machine that is busy with other things answers late, and is not silent.
        "rule_files": ["rules.yml"],
        "scrape_configs": [job],
    }


@contextmanager
def started(folder: Path, name: str, *command: str) -> Iterator[Path]:
    """A program with its output in a file."""
    log = folder / f"{name}.log"
    with log.open("w") as out:
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=out)
    try:
        yield log
    finally:
        process.terminate()
        process.wait()


def asked(address: str) -> tuple[int, str]:
    """Status and body; 0 while nobody answers."""
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode()
    except OSError:
        return 0, ""


@dataclass
class Notes:
    """What was said, each change once, with its seconds."""

    rows: list[str] = field(default_factory=list)
    last: dict[str, str] = field(default_factory=dict)
    begun_s: float = 0.0
    n_lines: int = 0
    """Of the log that were read."""

    def begin(self, title: str) -> None:
        """A thing that happens."""
        self.begun_s = time.monotonic()
        self._add("", f"**{title}**", "")

    def hear(self, who: str, words: str) -> None:
        """What somebody says now."""
        if words and self.last.get(who) != words:
            self.last[who] = words
            self._add(f"{time.monotonic() - self.begun_s:.0f} s", who, words)

    def _add(self, when: str, who: str, words: str) -> None:
        self.rows.append(f"| {when} | {who} | {words.replace('|', '/')} |")
        print(self.rows[-1], flush=True)


def hear_the_daemon(notes: Notes) -> None:
    address = f"http://127.0.0.1:{PORT}"
    status, health = asked(f"{address}/healthz")
    if not status:
        return
    notes.hear("`/healthz`", f'{status}, line "{json.loads(health).get("line")}"')
    notes.hear("`/healthz/line`", str(asked(f"{address}/healthz/line")[0]))
    _, metrics = asked(f"{address}/metrics")
    found = re.search(r"^monitor_line_up\S* \S+", metrics, re.MULTILINE)
    notes.hear("`/metrics`", found[0] if found else "no `monitor_line_up`")
    _, now = asked(f"{address}/api/v1/now?language=en")
    told = [words for words in json.loads(now)["told"] if NEAR not in words]
    notes.hear("`monitor now`, `/api/v1/now`", " ".join(told))


def hear_the_alerts(notes: Notes) -> None:
    _, text = asked(f"http://127.0.0.1:{PROMETHEUS_PORT}/api/v1/alerts")
    alerts = json.loads(text)["data"]["alerts"] if text else []
    told = {
        f"{a['labels']['alertname']}"
        f"{' ' + a['labels']['target'] if 'target' in a['labels'] else ''} {a['state']}"
        for a in alerts
    }
    notes.hear("alerts", ", ".join(sorted(told)) or "none")


def hear_the_page(notes: Notes, page: Page) -> None:
    title, header = (
        page.locator(f"#{name}").inner_text() for name in ("now-title", "health")
    )
    # How old the last sample is changes all the time.
    notes.hear("the open page", f"{title} ({header.partition(' · ')[0]})")


def hear_the_log(notes: Notes, log: Path) -> None:
    """The failures of each round, and every warning."""
    lines = log.read_text().splitlines()
    for line in lines[notes.n_lines :]:
        if failed := re.search(r" round .*?(failed=\d+)", line):
            notes.hear("log, of each round", failed[1])
        elif warned := re.search(r" (?:WARNING|ERROR) (.*)", line):
            notes.hear("log", warned[1])
    notes.n_lines = len(lines)


def live(folder: Path) -> list[str]:
    """The phases one after another in a home of its own."""
    notes = Notes()
    with ExitStack() as stack:
        change = stack.enter_context(the_world())
        url, taken = stack.enter_context(messages())
        (folder / "config.yaml").write_text(json.dumps(configuration(url)))
        prometheus = folder / "prometheus.yml"
        prometheus.write_text(json.dumps(prometheus_configuration(folder)))
        browser = stack.enter_context(chromium())
        notes.begin(PHASES[0][0])
        log = stack.enter_context(
            started(folder, "daemon", sys.executable, "-m", "monitor", "run")
        )
        stack.enter_context(
            started(
                folder,
                "prometheus",
                "prometheus",
                f"--config.file={prometheus}",
                f"--web.listen-address=127.0.0.1:{PROMETHEUS_PORT}",
            )
        )
        while not asked(f"http://127.0.0.1:{PORT}/healthz")[0]:
            time.sleep(0.5)
        page = Watched(browser.new_page(), f"http://127.0.0.1:{PORT}/").open()
        for title, lasts_s, what, addresses in PHASES:
            if what:
                notes.begin(title)
                change(f"{what} {' '.join(addresses)}")
            while time.monotonic() - notes.begun_s < lasts_s:
                hear_the_daemon(notes)
                hear_the_alerts(notes)
                hear_the_page(notes, page)
                hear_the_log(notes, log)
                for message in taken:
                    notes.hear("message", message)
                taken.clear()
                time.sleep(0.5)
    return notes.rows


def be_the_home() -> list[str]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "resolv.conf").write_text(f"nameserver {RESOLVER}\n")
        mount = ("mount", "--bind", str(folder / "resolv.conf"), "/etc/resolv.conf")
        subprocess.run(mount, check=True)
        return live(folder)


def main() -> None:
    """Live through it; perhaps write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--world", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--home", action="store_true", help=argparse.SUPPRESS)
    role = parser.parse_args()
    if role.world:
        print("apart", flush=True)
        assert sys.stdin.readline() == "go\n"
        asyncio.run(be_the_world())
        return
    if not role.home:
        words = [*sys.argv[1:], "--home"]
        inside = ["unshare", "-nm", sys.executable, "-m", "benchmarks.outages", *words]
        os.execvp(inside[0], inside)
    rows = ["| after | who | says |", "|---:|---|---|", *be_the_home()]
    if role.write:
        write_table(PAGE, "outages", rows)


if __name__ == "__main__":
    main()
