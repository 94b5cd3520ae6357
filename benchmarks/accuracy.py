"""Our phases and goodput beside curl's and the wire's, in one run in the lab.

`sudo LAB=... python -m benchmarks.accuracy phases|police|shape` fills one table of
docs/accuracy.md each. The tools take turns, run by run, and every run is compared with
what tcpdump saw of that very connection, so that other load on the machine meets both
alike. The medians are told.
"""

import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from benchmarks.lab import curl, home, labctl, throttled, wire
from benchmarks.page import write_table
from benchmarks.process import ROOT, Figures, ProberProcess

PAGE = ROOT / "docs" / "accuracy.md"
SITES = {"facebook.com": 40, "www.youtube.com": 30, "control3.example": 60}
PHASES = ("domain_lookup_s", "connect_s", "tls_handshake_s", "waiting_s")
N_PHASE_RUNS = 30
N_RATE_RUNS = 3
BETWEEN_RUNS_S = 0.8  # a policer has its whole burst again
SENDERS = {"facebook.com": "cubic", "www.youtube.com": "bbr"}
RATES = {
    "128kbit": (128e3, "100k"),
    "150kbit": (150e3, "100k"),
    "512kbit": (512e3, "500k"),
    "1mbit": (1e6, "1m"),
    "5mbit": (5e6, "2m"),
    "20mbit": (20e6, "5m"),
}
UNLIMITED = {"download_max_bytes": 1 << 40, "download_max_s": 40.0}


@dataclass(frozen=True)
class Run:
    """What a tool said of one connection, and what the wire saw of it."""

    said: Figures
    wire: Figures

    def error(self, name: str) -> float:
        """Said minus seen."""
        return float(self.said[name] - self.wire[name])

    def share(self) -> float:
        """Goodput said over the rate of the same connection on the wire."""
        return float(self.said["goodput_bps"] / self.wire["goodput_bps"])


def turns(host: str, ours: Callable[[], Figures], other: Callable[[], Figures], n: int):
    """Runs of both tools in turn, each with its own connection on the wire."""
    said: list[Figures] = []
    with wire(host) as seen:
        for _ in range(n):
            for tool in (ours, other):
                time.sleep(BETWEEN_RUNS_S)
                said.append(tool())
    names = [row for row in seen if row["kind"] == "dns"]
    connections = [row for row in seen if row["kind"] == "tcp"]
    if not len(names) == len(connections) == len(said):
        raise SystemExit(f"{len(said)} runs, but {len(connections)} connections seen")
    runs = [
        Run(s, c | {"domain_lookup_s": d["domain_lookup_s"]})
        for s, c, d in zip(said, connections, names, strict=True)
    ]
    return runs[::2], runs[1::2]


def phase_rows(prober: ProberProcess, host: str, rtt_ms: int) -> Iterator[str]:
    url = f"https://{host}/1k.bin"
    ours, curls = turns(
        host, lambda: prober.measure(url), lambda: curl(url), N_PHASE_RUNS
    )
    for name in PHASES:
        seen_s = statistics.median(run.wire[name] for run in ours)
        our_s = statistics.median(run.error(name) for run in ours)
        curl_s = statistics.median(run.error(name) for run in curls)
        verdict = "yes" if abs(our_s) <= abs(curl_s) + 0.00005 else "**no**"
        yield (
            f"| {host} ({rtt_ms} ms) | `{name}` | {1000 * seen_s:.1f} "
            f"| {1000 * our_s:+.2f} | {1000 * curl_s:+.2f} | {verdict} |"
        )


def phases() -> list[str]:
    table = [
        "| site (round trip) | phase | wire [ms] | ours - wire [ms] "
        "| curl - wire [ms] | as close or closer |",
        "|---|---|---|---|---|---|",
    ]
    with home() as prober:
        for host, rtt_ms in SITES.items():
            table += shown(phase_rows(prober, host, rtt_ms))
    return table


def rate_row(prober: ProberProcess, kind: str, host: str, rate: str) -> str:
    bps, size = RATES[rate]
    url = f"https://{host}/{size}.bin"
    with throttled(host, kind, rate):
        ours, curls = turns(
            host,
            lambda: prober.measure(url, "download"),
            lambda: curl(url),
            N_RATE_RUNS,
        )
    our_share = statistics.median(run.share() for run in ours)
    curl_share = statistics.median(run.share() for run in curls)
    our_bps = statistics.median(run.said["goodput_bps"] for run in ours)
    curl_bps = statistics.median(run.said["goodput_bps"] for run in curls)
    verdict = "yes" if abs(our_share / curl_share - 1) <= 0.03 else "**no**"
    return (
        f"| {kind} {rate} | {SENDERS[host]} | {size} | {our_bps / bps:.3f} "
        f"| {curl_bps / bps:.3f} | {our_share:.3f} | {curl_share:.3f} "
        f"| {our_share / curl_share - 1:+.1%} | {verdict} |"
    )


def rates(kind: str) -> list[str]:
    table = [
        "| throttler | sender | object | ours / rate | curl / rate "
        "| ours / wire | curl / wire | ours to curl | within 3 % |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    with home(**UNLIMITED) as prober:
        for host in SENDERS:
            table += shown(rate_row(prober, kind, host, rate) for rate in RATES)
    return table


def shown(rows: Iterator[str]) -> list[str]:
    """The rows, printed as they come."""
    kept = []
    for row in rows:
        print(row, flush=True)
        kept.append(row)
    return kept


def main() -> None:
    (part,) = sys.argv[1:]
    labctl("up")
    labctl("clear")
    write_table(PAGE, part, phases() if part == "phases" else rates(part))


if __name__ == "__main__":
    main()
