"""An evening on real packets: the daemon in the lab's home from 18:00 to 23:00.

Three runs of the same evening, 20:00-22:00: free, Facebook and Twitter policed by
server name to 140 kbit/s, and a congested line. The lab's clock is set to the end of
each 5-minute slot's choice of instants, so that every slot gets its round without
waiting for the wall clock; within a round time runs as it does.

    python benchmarks/lab_evening.py --out docs/lab-evening.md

Needs root and the lab (environment variable LAB, default ../shared/lab, which must be
writable).
"""

import argparse
import json
import os
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

LAB = Path(os.environ.get("LAB", "../shared/lab")).resolve()
ZONE = ZoneInfo("Asia/Almaty")
FIRST = datetime(2026, 3, 10, 18, tzinfo=ZONE)
LAST = datetime(2026, 3, 10, 23, tzinfo=ZONE)
EVERY = timedelta(minutes=5)
AFTER_INSTANTS = timedelta(seconds=241)

SITES = {
    "targets": {
        "facebook": "www.facebook.com",
        "youtube": "www.youtube.com",
        "telegram": "web.telegram.org",
        "twitter": "twitter.com",
    },
    "controls": {
        "wikipedia": "www.wikipedia.org",
        "control1": "control.example",
        "control2": "control2.example",
        "control3": "control3.example",
        "speed": "speed.example",
    },
}
CONDITIONS = {
    "free": [],
    "policed": [
        ["facebook.com", "sni-police", "140kbit"],
        ["twitter.com", "sni-police", "140kbit"],
    ],
    "congested": [["line", "congestion", "8", "down=10mbit"]],
}


def labctl(*words):
    subprocess.run([LAB / "labctl", *words], check=True, stdout=subprocess.DEVNULL)


def configuration(folder):
    sites = {
        role: [
            {
                "name": name,
                "url": f"https://{host}/",
                "download_url": f"https://{host}/500k.bin",
            }
            for name, host in hosts.items()
        ]
        for role, hosts in SITES.items()
    }
    path = folder / "config.yaml"
    # JSON is YAML
    path.write_text(
        json.dumps(
            {
                "vantage": "lab",
                "timezone": ZONE.key,
                "database": f"sqlite:///{folder / 'monitor.db'}",
                **sites,
            }
        )
    )
    return path


def start_daemon(folder):
    command = [LAB / "labctl", "exec", "--clock", "--tz", ZONE.key]
    command += [
        Path(sys.executable).parent / "monitor",
        "--config",
        "config.yaml",
        "run",
    ]
    log = (folder / "daemon.log").open("w")
    return subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)


def has_round(database, slot):
    if not database.exists():
        return False
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=5) as connection:
        query = "SELECT count(*) FROM rounds WHERE slot_start_us = ? AND n_done > 0"
        try:
            found = connection.execute(query, [int(slot.timestamp() * 1e6)]).fetchone()
        except sqlite3.OperationalError:
            return False
    return found[0] > 0


def wait_for_round(daemon, database, slot):
    for _ in range(600):
        if daemon.poll() is not None:
            raise SystemExit("the daemon ended by itself")
        if has_round(database, slot):
            return
        time.sleep(0.2)
    raise SystemExit(f"no round for {slot}")


def set_clock(moment):
    labctl("clock", "set", f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}")


def evening(throttles, folder):
    labctl("clear")
    configuration(folder)
    set_clock(FIRST + AFTER_INSTANTS)
    daemon = start_daemon(folder)
    slot = FIRST
    while slot < LAST:
        if slot.hour == 20 and slot.minute == 0:
            for words in throttles:
                labctl("throttle", *words)
        if slot.hour == 22 and slot.minute == 0:
            labctl("clear")
        if slot > FIRST:
            set_clock(slot + AFTER_INSTANTS)
        wait_for_round(daemon, folder / "monitor.db", slot)
        slot += EVERY
    began = time.monotonic()
    daemon.send_signal(signal.SIGTERM)
    daemon.wait(timeout=10)
    return time.monotonic() - began


def exported(folder):
    monitor = [sys.executable, "-m", "monitor", "--config", folder / "config.yaml"]
    subprocess.run([*monitor, "export", folder / "samples.ndjson"], check=True)
    with (folder / "samples.ndjson").open() as file:
        return [json.loads(line) for line in file]


def by_hour(rows, column):
    cells = defaultdict(list)
    for row in rows:
        if row.get(column) is not None and not row["target"].startswith("_"):
            started = datetime.fromisoformat(row["started_at_utc"])
            cells[row["target"], started.astimezone(ZONE).hour].append(row[column])
    return {key: statistics.median(values) for key, values in cells.items()}


def table(rows, title, column, unit, probe):
    cells = by_hour([row for row in rows if row["probe"] == probe], column)
    hours = range(FIRST.hour, LAST.hour)
    yield f"**{title}**"
    yield ""
    yield "| site | " + " | ".join(f"{hour}-{hour + 1} h" for hour in hours) + " |"
    yield "|---|" + "---:|" * len(hours)
    for name in (*SITES["targets"], *SITES["controls"]):
        values = [cells.get((name, hour)) for hour in hours]
        shown = ["-" if v is None else f"{v / unit:.3g}" for v in values]
        yield f"| {name} | " + " | ".join(shown) + " |"
    yield ""


def counts(rows):
    failures = sum(1 for row in rows if row.get("failure"))
    rounds = len({row["x_round_id"] for row in rows if row.get("x_round_id")})
    return f"{rounds} rounds, {len(rows)} samples, {failures} with a failure"


def report(results):
    yield "# An evening on real packets"
    yield ""
    yield "Made by `benchmarks/lab_evening.py`: the installed daemon in the lab's home"
    yield "(line 50/20 Mbit/s), 18:00 to 23:00 local time, one round per 5 minutes,"
    yield "throttles on from 20:00 to 22:00. Medians per hour."
    yield ""
    for name, (rows, stop_s) in results.items():
        words = [" ".join(t) for t in CONDITIONS[name]]
        yield f"## {name}: {', '.join(words) or 'no throttle'}"
        yield ""
        yield f"{counts(rows)}; ended {stop_s:.1f} s after SIGTERM."
        yield ""
        yield from table(rows, "Goodput, Mbit/s", "goodput_bps", 1e6, "download")
        yield from table(rows, "TCP connect, ms", "connect_s", 1e-3, "https")
        yield from table(rows, "TLS handshake, ms", "tls_handshake_s", 1e-3, "https")
        yield from table(rows, "Page transfer, ms", "response_s", 1e-3, "https")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("docs/lab-evening.md"))
    parser.add_argument("--keep", type=Path, help="keep databases and exports here")
    parser.add_argument("--only", choices=CONDITIONS, action="append")
    arguments = parser.parse_args()
    labctl("up")
    results = {}
    for name in arguments.only or CONDITIONS:
        base = arguments.keep or Path(tempfile.mkdtemp(prefix="lab-evening-"))
        folder = base / name
        folder.mkdir(parents=True, exist_ok=True)
        stop_s = evening(CONDITIONS[name], folder)
        results[name] = exported(folder), stop_s
    labctl("clear")
    labctl("clock", "reset")
    arguments.out.write_text("\n".join(report(results)))


if __name__ == "__main__":
    main()
