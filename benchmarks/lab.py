"""The throttling lab, driven from here: throttlers, and a prober inside its home.

The lab's folder is the environment variable LAB, `../shared/lab` without it. It needs
root, and belongs to one program at a time.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.process import ROOT, Figures, ProberProcess, prober_process

LAB = Path(os.environ.get("LAB", ROOT.parent / "shared" / "lab")).resolve()


# Before other load on the machine, as the lab's own servers: both tools alike.
IN_HOME = (str(LAB / "labctl"), "exec", "nice", "-n", "-10")


def labctl(*words: str) -> str:
    """What a `labctl` command prints; ends the program if it fails."""
    done = subprocess.run(
        [LAB / "labctl", *words], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"labctl {' '.join(words)}: {done.stdout}{done.stderr}")
    return done.stdout


@contextmanager
def throttled(*words: str) -> Iterator[None]:
    """A throttler that is on meanwhile; no words: none."""
    if words:
        labctl("throttle", *words)
    try:
        yield
    finally:
        labctl("clear")


def curl(url: str, *, max_s: float = 40) -> Figures:
    """One run of curl in the lab's home, in the names and units of a sample."""
    done = subprocess.run(
        [
            *(*IN_HOME, "curl", "-sS", "--http1.1", "-o", "/dev/null"),
            *("--max-time", str(max_s), "-w", "%{json}", url),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    told = json.loads(done.stdout)
    begin_s, end_s = told["time_starttransfer"], told["time_total"]
    n_bytes = told["size_download"]
    return {
        "domain_lookup_s": told["time_namelookup"],
        "connect_s": told["time_connect"] - told["time_namelookup"],
        "tls_handshake_s": told["time_appconnect"] - told["time_connect"],
        "waiting_s": begin_s - told["time_pretransfer"],
        "encoded_body_bytes": n_bytes,
        "goodput_bps": 8 * n_bytes / (end_s - begin_s),
        "failure": None if done.returncode == 0 else f"curl {done.returncode}",
    }


@contextmanager
def wire(host: str) -> Iterator[list[Figures]]:
    """What the wire saw of a host meanwhile: names, then connections, in order.

    The list is filled at the end: dicts with `kind` dns or tcp, in seconds and bit/s.
    """
    seen: list[Figures] = []
    labctl("pcap", "start")
    try:
        yield seen
    finally:
        labctl("pcap", "stop")
    told = subprocess.run(
        [LAB / "truth", "--host", host], capture_output=True, text=True, check=True
    )
    rows = [json.loads(line) for line in told.stdout.splitlines()]
    seen += [_in_seconds(row) for row in rows if row.get("qtype") != "AAAA"]


_WIRE_NAMES = {
    "dns_ms": "domain_lookup_s",
    "connect_ms": "connect_s",
    "tls_ms": "tls_handshake_s",
    "ttfb_ms": "waiting_s",
}


def _in_seconds(row: Figures) -> Figures:
    spans = {_WIRE_NAMES[k]: v / 1000 for k, v in row.items() if k in _WIRE_NAMES and v}
    return {"kind": row["kind"], "goodput_bps": row.get("bps"), **spans}


@contextmanager
def own_server(host: str) -> Iterator[int]:
    """The port of a `benchmarks.paced_server` at a site's address meanwhile."""
    prefix = os.environ.get("LAB_PREFIX", "").rstrip("-")
    keys = LAB / ("run-" + prefix if prefix else "run") / "pki" / "lab"
    in_net = (str(LAB / "labctl"), "exec", "--ns", "net", "nice", "-n", "-10")
    server = (sys.executable, "-m", "benchmarks.paced_server")
    files = (str(keys / f"{host}.pem"), str(keys / f"{host}.key"))
    with subprocess.Popen(
        [*in_net, *server, *files, "0.0.0.0"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())
        process.terminate()


@contextmanager
def home(**settings: object) -> Iterator[ProberProcess]:
    """A prober in the lab's home meanwhile: one process, as the daemon is one."""
    with prober_process(*IN_HOME, **settings) as prober:
        yield prober
