"""What throttlers do to HTTP/3, and what a probe of ours tells of it beside TCP.

One site of the lab under each condition, its object by TCP and by QUIC in turns, by the
prober itself in the lab's home.

    sudo LAB=... python -m benchmarks.lab_quic [--rounds 5]

It writes a table of docs/accuracy.md. About four minutes.
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict

from benchmarks.lab import IN_HOME, labctl, throttled
from benchmarks.page import write_table
from benchmarks.process import ROOT, Figures
from monitor.clock import SystemClock
from monitor.model import Probe, Target
from monitor.probe import Prober, ProbeSettings

PAGE = ROOT / "docs" / "accuracy.md"
SITE = "www.youtube.com"
CONDITIONS: dict[str, tuple[tuple[str, ...], ...]] = {
    "nothing": (),
    "TCP 128 kbit/s, QUIC 512 kbit/s, by name (YouTube 2024)": (
        ("youtube.com", "sni-police", "128kbit"),
        ("youtube.com", "quic-police", "512kbit", "by=sni"),
    ),
    "TCP alone 128 kbit/s by name (Turkey)": (
        ("youtube.com", "sni-police", "128kbit"),
    ),
    "QUIC dropped by the name in its first packet": (
        ("youtube.com", "quic-drop", "by=sni"),
    ),
    "QUIC refused (ICMP)": (("youtube.com", "quic-drop", "mode=icmp"),),
    "QUIC frozen after 60 packets": (("youtube.com", "quic-drop", "after=60"),),
}


async def measured(n_rounds: int) -> list[Figures]:
    """The object by both transports, so many times; inside the lab's home."""
    prober = Prober(ProbeSettings(download_max_bytes=480_000), SystemClock())
    url = f"https://{SITE}/"
    site = Target(name="site", url=url, download_url=f"{url}1m.bin")
    samples = []
    for _ in range(n_rounds):
        samples.append(await prober.measure(site, Probe.DOWNLOAD))
        samples.append(await prober.measure_over_quic(site, Probe.DOWNLOAD))
    return [asdict(sample) for sample in samples]


def in_home(n_rounds: int) -> list[Figures]:
    """The same, asked from outside."""
    words = [sys.executable, "-m", "benchmarks.lab_quic", "--inside"]
    done = subprocess.run(
        [*IN_HOME, *words, "--rounds", str(n_rounds)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    told: list[Figures] = json.loads(done.stdout)
    return told


def cells(samples: list[Figures]) -> Iterator[str]:
    """Medians of one transport's samples, and their failures."""
    for field, unit, scale in (
        ("tls_handshake_s", "ms", 1e3),
        ("waiting_s", "ms", 1e3),
        ("goodput_bps", "Mbit/s", 1e-6),
    ):
        values = [s[field] for s in samples if s[field] is not None]
        middle = f"{statistics.median(values) * scale:.3g} {unit}" if values else "-"
        yield middle
    failures = {f"`{s['failed_operation']}`: `{s['failure']}`" for s in samples}
    yield ", ".join(sorted(f for f in failures if "None" not in f)) or "-"


def table(n_rounds: int) -> Iterator[str]:
    """A row for each condition and transport."""
    yield "| imposed | by | handshake | first byte | goodput | failure |"
    yield "|---|---|---|---|---|---|"
    for title, throttles in CONDITIONS.items():
        with throttled():
            for words in throttles:
                labctl("throttle", *words)
            samples = in_home(n_rounds)
        for transport in ("tcp", "quic"):
            of_it = [s for s in samples if s["transport"] == transport]
            yield f"| {title} | {transport} | {' | '.join(cells(of_it))} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside:
        samples = asyncio.run(measured(arguments.rounds))
        print(json.dumps(samples, default=str))
        return
    labctl("up")
    write_table(PAGE, "quic", list(table(arguments.rounds)))


if __name__ == "__main__":
    main()
