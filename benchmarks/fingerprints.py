"""Which class the fingerprint gives to which hold: `python -m benchmarks.fingerprints`.

Without files on drawn transfers; with sample files (contracts 4, with `timeline`) on
recorded ones, a row for each target.
"""

import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from benchmarks.drawn_transfers import KINDS, USUAL, drawn
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


if __name__ == "__main__":
    files = [Path(name) for name in sys.argv[1:]]
    print(table(of_files(files) if files else of_drawn()))
