"""Three evenings of blocks and ways on real packets, under ten causes.

The daemon in the lab's home, its wall clock set from slot to slot: a round every 20
minutes from 20:00 to 22:00, every 90 of the day before, two after it; between them it
makes what is due, as ever. Durations are true, only the waiting is left out. The
neutral server is one of ours, in the lab's internet.

    sudo LAB=... python -m benchmarks.lab_blocks [--only D1 ...] [--keep FOLDER]
        [--budget 70MB]

It writes a table of docs/blocks.md, of the conditions that were run last. About eight
minutes for each. With a budget it writes another one: what the home's interface
received on each day, by the kernel's count, against it.
"""

import argparse
import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from math import inf
from pathlib import Path

from benchmarks.lab import LAB, labctl
from benchmarks.lab_days import (
    FIRST,
    PREFIX,
    ZONE,
    asked,
    daemon,
    judge,
    set_clock,
    wait_for_round,
)
from benchmarks.page import write_table
from benchmarks.process import ROOT, Figures

PAGE = ROOT / "docs" / "blocks.md"
EVENINGS = 3
EVERY = timedelta(minutes=10)
PKI = LAB / f"run-{PREFIX}".rstrip("-") / "pki" / "lab"
INTERFACE = "home0"
"""Of the lab's home."""
FIRST_HOUR = 8
"""Of the first round of a day."""
NEUTRAL, PORT = "control.example", 8443
WITHIN_SLOT_S = (300, 420, 541)
"""Where in a slot the clock is put: its instant has passed at one of these at last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What is done in the window of each evening.

    Attributes
    ----------
    throttles : of the lab.
    temper : of the neutral server in the window, and outside of it.
    right : verdicts that are right; the others accuse nobody.
    """

    words: str
    throttles: tuple[tuple[str, ...], ...] = ()
    temper: tuple[str, str] = ("plain", "plain")
    has_tunnel: bool = False
    has_quic: bool = False
    right: tuple[str, ...] = ()


CHECKS = ("name_away", "name_swap", "bypass", "transport", "residue")
TOLD = (
    "At the service's own server",
    "At a server that",
    "Out of the window",
    "So it",
    "QUIC",
    "TCP",
)
"""Sentences on names, ways and QUIC begin so."""
_BY_NAME = ("twitter.com", "sni-police", "512kbit", "ports=all")
_BY_ADDRESS = ("twitter.com", "police", "512kbit")
CONDITIONS = {
    "D1": Condition(
        words="its name 512 kbit/s, at any server",
        throttles=(_BY_NAME,),
        right=("targeted_throttling",),
    ),
    "D2": Condition(words="its address 512 kbit/s", throttles=(_BY_ADDRESS,)),
    "D3": Condition(
        words="its own server 1 Mbit/s",
        throttles=(("twitter.com", "server", "rate=1mbit"),),
    ),
    "D4": Condition(
        words="the neutral server 1 Mbit/s to unknown names, at all hours",
        temper=("unknown", "unknown"),
    ),
    "D5": Condition(
        words="the neutral server 1 Mbit/s for 20 s after an unknown name",
        temper=("residue", "residue"),
    ),
    "D6": Condition(
        words="8 flows on a line of 10 Mbit/s",
        throttles=(("line", "congestion", "8", "down=10mbit"),),
    ),
    "D7": Condition(
        words="its QUIC dropped by name",
        throttles=(("twitter.com", "quic-drop", "by=sni"),),
        has_quic=True,
    ),
    "D8": Condition(
        words="its address 512 kbit/s, and a tunnel that escapes",
        throttles=(_BY_ADDRESS,),
        has_tunnel=True,
        right=("targeted_throttling", "selective_slowdown"),
    ),
    "D9": Condition(
        words="nothing but the tunnel 1 Mbit/s",
        throttles=(("proxy.example", "police", "1mbit"),),
        has_tunnel=True,
    ),
    "D10": Condition(
        words="all under its name dropped after 2 kB, at any server",
        throttles=(("twitter.com", "stall", "bytes=2k", "by=sni", "ports=all"),),
        right=("targeted_blocking",),
    ),
}


def configuration(
    folder: Path, condition: Condition, budget: str | None = None
) -> None:
    """A file for two targets, three controls, the neutral server and the tunnel."""

    def site(name: str, host: str) -> Figures:
        url = f"https://{host}/"
        return {"name": name, "url": url, "download_url": f"{url}256k.bin"}

    document: Figures = {
        "vantage": "lab",
        "timezone": ZONE.key,
        "database": f"sqlite:///{folder / 'monitor.db'}",
        "every": "10m",
        "targets": [site("twitter", "twitter.com"), site("facebook", "facebook.com")],
        "controls": [
            site(name, f"{name}.example") for name in ("control2", "control3", "speed")
        ],
        "throughput": {"max_bytes": "256kB"},
        "probing": {"level": "extended", "per_second": 50},
        "differential": {
            "neutral": f"https://{NEUTRAL}:{PORT}/1m.bin",
            "targets": ["twitter"],
            "sentinel_every": "10m",
        },
        "quic": {"every": "10m", "targets": ["twitter"] if condition.has_quic else []},
        "web": {"port": 0},
    }
    if budget is not None:
        document["budget"] = {"per_day": budget}
    if condition.has_tunnel:
        interface = f"wg{PREFIX}h"
        way = {"name": "tunnel", "interface": interface, "every": "10m"}
        document["ways"] = [{**way, "targets": ["twitter"]}]
    # JSON is YAML
    (folder / "config.yaml").write_text(json.dumps(document))


@contextmanager
def neutral_server(folder: Path) -> Iterator[Path]:
    """The server meanwhile; the file that says its temper."""
    temper = folder / "temper"
    temper.write_text("plain")
    address = [
        line.split()[1]
        for line in (LAB / "targets.conf").read_text().splitlines()
        if NEUTRAL in line.split(" ")[0].split(",")
    ]
    command = [LAB / "labctl", "exec", "--ns", "net", "nice", "-n", "-10"]
    command += [sys.executable, "-m", "benchmarks.neutral_server", *address, str(PORT)]
    files = [PKI / f"{NEUTRAL}.pem", PKI / f"{NEUTRAL}.key", temper]
    process = subprocess.Popen([*command, *files], cwd=ROOT)
    try:
        yield temper
    finally:
        process.terminate()
        process.wait()


def slots() -> Iterator[datetime]:
    """The rounds of the days; the others are left out."""
    for day in range(EVENINGS):
        midnight = FIRST + timedelta(days=day)
        yield from (
            midnight + timedelta(minutes=minute)
            for minute in (*range(480, 1140, 90), *range(1200, 1320, 20), 1350, 1370)
        )


def evenings(condition: Condition, folder: Path, budget: str | None = None) -> None:
    """The days of a condition, measured."""
    labctl("clear")
    labctl("vpn", "on" if condition.has_tunnel else "off")
    configuration(folder, condition, budget)
    database = folder / "monitor.db"
    set_clock(next(slots()) + timedelta(seconds=1))
    with neutral_server(folder) as temper:
        is_on: bool | None = None
        with daemon(folder):
            for slot in slots():
                is_inside = slot.hour in (20, 21)
                if is_inside is not is_on:
                    labctl("clear")
                    for words in condition.throttles if is_inside else ():
                        labctl("throttle", *words)
                    temper.write_text(condition.temper[0 if is_inside else 1])
                    is_on = is_inside
                if slot.hour == FIRST_HOUR:
                    note_received(folder)
                wait_for_round(database, slot, WITHIN_SLOT_S)
            note_received(folder)
    labctl("clear")


def note_received(folder: Path) -> None:
    """Keep what the home's interface has received so far, by the kernel's count."""
    counter = Path("/sys/class/net", INTERFACE, "statistics/rx_bytes")
    command = ["ip", "netns", "exec", f"{PREFIX}home", "cat", counter]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    with (folder / "received").open("a") as file:
        file.write(done.stdout)


def budget_table(folder: Path, budget: str) -> Iterator[str]:
    """What each day received, and what blocks had of it."""
    yield f"| day | blocks | looks | legs | received on the wire, of {budget} |"
    yield "|---|---:|---:|---:|---:|"
    received = [int(line) for line in (folder / "received").read_text().split()]
    for place, (before, after) in enumerate(pairwise(received)):
        day = (FIRST + timedelta(days=place)).timestamp()
        n_blocks, n_looks, megabytes = counts(folder / "monitor.db", day, 86_400)
        yield (
            f"| {place + 1} | {n_blocks} | {n_looks} | {megabytes:.1f} MB |"
            f" {(after - before) / 1e6:.1f} MB |"
        )


def row(name: str, folder: Path) -> str:
    """What became of a condition."""
    document = json.loads((folder / "verdicts.json").read_text())
    verdicts = {v["target"]: v for v in document["verdicts"]}
    mine = verdicts["twitter"]
    checks = {c["check"]: c["score"] for c in mine["mechanism"]}
    told = ", ".join(f"{c} {checks[c]:+d}" for c in CHECKS if c in checks)
    verdict = f"`{mine['verdict']}`"
    if mine["strength"]:
        verdict += f" {mine['strength']}"
    text = re.sub(r"; \d+ of [^;]*; odds [^.]* to 1\.", ".", " ".join(mine["reasons"]))
    words = ". ".join(s for s in text.split(". ") if s.startswith(TOLD)).rstrip(".")
    n_blocks, n_looks, megabytes = counts(folder / "monitor.db")
    cost = f"{n_blocks} blocks, {n_looks} looks, {megabytes:.0f} MB"
    other = verdicts["facebook"]["verdict"]
    cells = (f"{name}: {CONDITIONS[name].words}", verdict, told, words, cost, other)
    return "| " + " | ".join(cells) + " |"


def counts(
    database: Path, since_s: float = 0.0, for_s: float = inf
) -> tuple[int, int, float]:
    """Blocks, sentinels, and what their legs brought [MB], in some time or in all."""
    query = (
        "SELECT substr(block, 1, 1), count(DISTINCT block),"
        " sum(encoded_body_bytes) / 1e6 FROM samples WHERE block <> ''"
        " AND started_at_us BETWEEN ? AND ? GROUP BY 1"
    )
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        by_kind = {
            kind: (n, m)
            for kind, n, m in connection.execute(
                query, [1e6 * since_s, 1e6 * (since_s + for_s)]
            )
        }
    n_blocks, n_looks = (by_kind.get(kind, (0, 0.0))[0] for kind in "bs")
    return n_blocks, n_looks, sum(m or 0.0 for _, m in by_kind.values())


def main() -> None:
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--budget", help="per day, as in the configuration")
    chosen, sys.argv[1:] = parser.parse_known_args()
    base, names = asked(str(__doc__), CONDITIONS, prefix="lab-blocks-")
    for name in names:
        folder = base / name
        folder.mkdir(parents=True)
        evenings(CONDITIONS[name], folder, chosen.budget)
        judge(folder)
        print(row(name, folder), flush=True)
        if chosen.budget is not None:
            write_table(PAGE, "budget", list(budget_table(folder, chosen.budget)))
    if chosen.budget is not None:
        labctl("clock", "reset")
        return
    measured = sorted(base.glob("*/verdicts.json"))
    table = [
        "| imposed in the window | verdict | checks | in words | legs | facebook |",
        "|---|---|---|---|---|---|",
        *(row(file.parent.name, file.parent) for file in measured),
    ]
    write_table(PAGE, "lab", table)
    labctl("clock", "reset")


if __name__ == "__main__":
    main()
