"""Which rows of the shipped configuration show what was really done to the services.

The shipped config.yaml, unaltered, in the lab's home: rounds of `monitor sample` in the
calm and under each of the throttlings of the record, by name and by address. Medians
are told, beside those of the calm.

    sudo LAB=... python -m benchmarks.lab_hosts [--rounds 5]

It writes the tables of docs/lab-hosts.md. About a quarter of an hour.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.lab import IN_HOME, labctl
from benchmarks.page import write_table
from benchmarks.process import ROOT, Figures

CONFIG = ROOT / "config.yaml"
PAGE = ROOT / "docs" / "lab-hosts.md"
CACHE = "rr1---sn-a5cpn2-axqe.googlevideo.com"
TELEGRAM = "telegram.org,dc2.telegram.lab,dc4.telegram.lab,cdn4.telesco.pe"
SLOWER = 1.5


@dataclass(frozen=True)
class Imposed:
    """What the lab does, to whom, and where it was seen."""

    title: str
    service: str
    throttle: tuple[str, ...]


NAMES = "match=substr"
CONDITIONS = (
    Imposed(
        "`*.googlevideo.com` 128 kbit/s by name, bucket 2 kB (YouTube 2024)",
        "youtube",
        (CACHE, "sni-police", "128kbit", "burst=2000", NAMES, "sni=googlevideo.com"),
    ),
    Imposed(
        "the same with a bucket of 10 kB",
        "youtube",
        (CACHE, "sni-police", "128kbit", "burst=10000", NAMES, "sni=googlevideo.com"),
    ),
    Imposed(
        "`i.ytimg.com` 128 kbit/s by name, bucket 10 kB (YouTube 2025)",
        "youtube",
        ("i.ytimg.com", "sni-police", "128kbit", "burst=10000"),
    ),
    Imposed(
        "`twimg.com`, `twitter.com`, `t.co` 140 kbit/s by name (Twitter 2021)",
        "twitter",
        (
            "twitter.com",
            "sni-police",
            "140kbit",
            NAMES,
            "sni=twimg.com,twitter.com,t.co",
        ),
    ),
    Imposed(
        "Telegram's ranges 128 kbit/s by address",
        "telegram",
        (TELEGRAM, "police", "128kbit"),
    ),
    Imposed(
        "Telegram's ranges, 30 % of the client's packets lost (Telegram 2026)",
        "telegram",
        (TELEGRAM, "loss", "30", "dir=up"),
    ),
)
Row = tuple[str, str]
"""Target and kind of probe."""
METRICS = {
    "connect_s": ("TCP", "ms", 1e3),
    "tls_handshake_s": ("TLS", "ms", 1e3),
    "waiting_s": ("first byte", "ms", 1e3),
    "response_s": ("transfer", "ms", 1e3),
    "goodput_bps": ("goodput", "Mbit/s", 1e-6),
    "tcp_retransmits": ("sent again", "", 1),
}


@dataclass(frozen=True)
class Outcome:
    """What some rounds measured of one row."""

    samples: tuple[Figures, ...]

    @property
    def n_failed(self) -> int:
        """Attempts without an answer."""
        return sum("failure" in sample for sample in self.samples)

    def values(self, metric: str) -> list[float]:
        """What was measured of a metric."""
        return [s[metric] for s in self.samples if metric in s]

    def median(self, metric: str) -> float | None:
        """The median of a metric over the rounds; None if it was not measured."""
        values = self.values(metric)
        return statistics.median(values) if values else None


def measured(folder: Path, n_rounds: int) -> dict[Row, Outcome]:
    """Rounds of the shipped configuration; its targets' and controls' rows."""
    rows: dict[Row, list[Figures]] = defaultdict(list)
    for _ in range(n_rounds):
        monitor = [str(Path(sys.executable).parent / "monitor")]
        options = ["--config", str(CONFIG), "--database", f"sqlite:///{folder}/m.db"]
        done = subprocess.run(
            [*IN_HOME, *monitor, *options, "sample", "--json"],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode not in (0, 1):
            raise SystemExit(done.stderr)
        for sample in json.loads(done.stdout):
            if not sample["target"].startswith("_"):
                rows[sample["target"], sample["probe"]].append(sample)
    return {row: Outcome(tuple(samples)) for row, samples in rows.items()}


def worse(metric: str, calm: Outcome, imposed: Outcome) -> str | None:
    """The figures of a metric that shows what was imposed; None if it does not."""
    before, now = calm.median(metric), imposed.median(metric)
    if before is None or now is None:
        return None
    calm_values, values = calm.values(metric), imposed.values(metric)
    if metric == "tcp_retransmits":
        is_worse = now >= before + 1
    elif metric == "goodput_bps":
        is_worse = before > SLOWER * now and max(values) < min(calm_values)
    else:
        is_worse = now > SLOWER * before and min(values) > max(calm_values)
    title, unit, scale = METRICS[metric]
    figures = f"{title} {now * scale:.3g} {unit}".strip()
    return f"**{figures}** ({before * scale:.3g})" if is_worse else None


def shown(calm: Outcome, imposed: Outcome) -> list[str]:
    """How a row shows what was imposed, figure by figure; nothing if it does not."""
    failed = [f"**{imposed.n_failed} of {len(imposed.samples)} failed**"]
    figures = [worse(metric, calm, imposed) for metric in METRICS]
    return [
        *(failed if 2 * imposed.n_failed >= len(imposed.samples) else []),
        *filter(None, figures),
    ]


def cells(outcome: Outcome) -> str:
    """All figures of a row."""
    told = []
    for metric, (title, unit, scale) in METRICS.items():
        value = outcome.median(metric)
        if value is not None and (metric != "tcp_retransmits" or value):
            told.append(f"{title} {value * scale:.3g} {unit}".strip())
    return ", ".join(told)


def seen_by(
    calm: dict[Row, Outcome], results: dict[Imposed, dict[Row, Outcome]]
) -> Iterator[str]:
    """What was imposed, and the rows of its service that see it."""
    yield "| imposed in the lab | seen by | not by | rows of others that would |"
    yield "|---|---|---|---|"
    for imposed, rows in results.items():
        seen = {row: shown(calm[row], rows[row]) for row in calm if row in rows}
        own = sorted(r for r in seen if service_of(calm[r]) == imposed.service)
        others = sorted(r for r in seen if r not in own and seen[r])
        told = "; ".join(f"{name(r)}: {', '.join(seen[r])}" for r in own if seen[r])
        columns = (
            imposed.title,
            told or "no row",
            ", ".join(name(r) for r in own if not seen[r]) or "-",
            ", ".join(map(name, others)) or "none",
        )
        yield f"| {' | '.join(columns)} |"


def in_the_calm(calm: dict[Row, Outcome]) -> Iterator[str]:
    """Every row with its medians."""
    yield "| row | host | medians |"
    yield "|---|---|---|"
    for row, outcome in sorted(calm.items()):
        host = outcome.samples[0].get("server_name") or "-"
        yield f"| {name(row)} | {host} | {cells(outcome)} |"


def service_of(outcome: Outcome) -> str:
    service: str = outcome.samples[0]["service"]
    return service


def name(row: Row) -> str:
    return f"{row[0]} `{row[1]}`"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    labctl("up")
    labctl("clear")
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        calm = measured(Path(folder), arguments.rounds)
        for imposed in CONDITIONS:
            labctl("throttle", *imposed.throttle)
            try:
                results[imposed] = measured(Path(folder), arguments.rounds)
            finally:
                labctl("clear")
    write_table(PAGE, "seen", list(seen_by(calm, results)))
    write_table(PAGE, "calm", list(in_the_calm(calm)))


if __name__ == "__main__":
    main()
