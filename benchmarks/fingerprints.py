"""Which class the fingerprint gives to which hold: `python -m benchmarks.fingerprints`.

Without more on drawn transfers; with sample files (contracts 4, with `timeline`) on
recorded ones, a row for each target; with `lab` on real ones in the throttling lab,
which must be up (`benchmarks.lab`).
"""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.drawn_transfers import KINDS, USUAL, drawn
from benchmarks.lab import home, throttled
from benchmarks.process import Figures
from monitor.analysis.fingerprint import Fingerprint, Hold, Transfer, Usual, fingerprint
from monitor.interchange import read_frame
from monitor.lists import curve_of

N_EACH = 20


def of_drawn() -> dict[str, list[Fingerprint]]:
    """Fingerprints of drawn transfers by what was imposed."""
    rng = np.random.default_rng(1)
    return {
        f"{name}, {way.told()}": [
            fingerprint(drawn(way, rng), USUAL) for _ in range(N_EACH)
        ]
        for name, (_, ways) in KINDS.items()
        for way in ways
    }


def of_files(paths: Iterable[Path]) -> dict[str, list[Fingerprint]]:
    """Fingerprints of recorded transfers by target, each against its own median."""
    frame = read_frame(list(paths))
    frame = frame[frame["timeline"].notna()]
    found: dict[str, list[Fingerprint]] = {}
    for target, own in frame.groupby("target", observed=True):
        usual = Usual(
            goodput_bps=float(own["goodput_bps"].quantile(0.75)),
            min_rtt_s=float(own["tcp_min_rtt_s"].median()),
        )
        found[str(target)] = [
            fingerprint(_of_row(row), usual) for _, row in own.iterrows()
        ]
    return found


def _of_row(row: Mapping[str, object]) -> Transfer:
    return Transfer(
        curve=curve_of(str(row["timeline"])),
        goodput_bps=float(row["goodput_bps"]),
        is_silent=row["failure"] == "generic_timeout_error",
        rcv_rtt_s=float(row["tcp_rcv_rtt_s"]),
        min_rtt_s=float(row["tcp_min_rtt_s"]),
        n_holes=float(row["tcp_rcv_ooopack"]),
        n_segments=float(row["tcp_segs_in"]),
    )


LAB_URL = "https://control.example/1m.bin"
LAB_HOLDS = (
    "control.example police 128kbit burst=10000",
    "control.example police 512kbit burst=32000",
    "control.example police 1mbit burst=64000",
    "control.example shape 512kbit",
    "control.example shape 1mbit",
    "control.example server rate=1mbit",
    "control.example loss 3",
    "control.example stall bytes=16k",
    "line congestion flows=6 down=10mbit",
    "",
)
N_LAB = 4


def of_lab() -> Iterator[tuple[str, list[Fingerprint]]]:
    """Fingerprints of real transfers by what the lab imposes on them."""
    with home() as prober:
        calm = [prober.measure(LAB_URL, "download") for _ in range(N_LAB)]
        usual = Usual(
            goodput_bps=median(figures["goodput_bps"] for figures in calm),
            min_rtt_s=median(figures["tcp_min_rtt_s"] for figures in calm),
        )
        for hold in LAB_HOLDS:
            with throttled(*hold.split()):
                measured = [prober.measure(LAB_URL, "download") for _ in range(N_LAB)]
            prints = [fingerprint(_of_figures(figures), usual) for figures in measured]
            yield hold.removeprefix("control.example ") or "nothing", prints


def _of_figures(figures: Figures) -> Transfer:
    def number(name: str) -> float:
        value = figures.get(name)
        return float("nan") if value is None else float(value)

    return Transfer(
        curve=tuple((float(s), int(n)) for s, n in figures.get("timeline") or ()),
        goodput_bps=number("goodput_bps"),
        is_silent=figures.get("failure") == "generic_timeout_error",
        rcv_rtt_s=number("tcp_rcv_rtt_s"),
        min_rtt_s=number("tcp_min_rtt_s"),
        n_holes=number("tcp_rcv_ooopack"),
        n_segments=number("tcp_segs_in"),
    )


def table(found: Mapping[str, list[Fingerprint]]) -> str:
    """The confusion matrix as Markdown."""
    lines = [f"| imposed | {' | '.join(Hold)} | rate, IQR of ln rate |"]
    lines.append("|---" * (len(Hold) + 2) + "|")
    for name, prints in found.items():
        counts = Counter(p.hold for p in prints)
        cells = " | ".join(str(counts[hold] or "") for hold in Hold)
        lines.append(f"| {name} | {cells} | {_rates(prints)} |")
    return "\n".join(lines)


def _rates(prints: Iterable[Fingerprint]) -> str:
    rates = [p.line.rate_bps for p in prints if p.line is not None]
    if not rates:
        return ""
    low, middle, high = np.quantile(rates, [0.25, 0.5, 0.75])
    return f"{middle / 1e3:.0f} kbit/s, {np.log(high / low):.2f}"


def _asked(words: Sequence[str]) -> dict[str, list[Fingerprint]]:
    if words == ["lab"]:
        return dict(of_lab())
    return of_files(map(Path, words)) if words else of_drawn()


if __name__ == "__main__":
    print(table(_asked(sys.argv[1:])))
