"""Which class the fingerprint gives to which hold: `python -m benchmarks.fingerprints`.

Without more on drawn transfers; with sample files (contracts 4, with `timeline`) on
recorded ones, a row for each target; with `lab` on real ones in the throttling lab,
which must be up (`benchmarks.lab`): tables of docs/fingerprints.md, in a quarter of an
hour.
"""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.drawn_transfers import KINDS, USUAL, drawn
from benchmarks.lab import home, labctl, throttled
from benchmarks.page import write_table
from benchmarks.process import ROOT, Figures
from monitor.analysis.fingerprint import Fingerprint, Hold, Transfer, Usual, fingerprint
from monitor.interchange import read_frame
from monitor.lists import curve_of

N_EACH = 20
PAGE = ROOT / "docs" / "fingerprints.md"


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


@dataclass(frozen=True, slots=True)
class Imposed:
    """What the lab does to a site of its own, and how many transfers it has.

    Attributes
    ----------
    of : the class it is of in the summary.
    """

    of: str
    host: str
    words: str = ""
    n: int = 20


_TOGETHER = (
    Imposed("policed, cubic", "control.example", "police 128kbit burst=10000"),
    Imposed("policed, cubic", "control2.example", "police 512kbit burst=32000"),
    Imposed("policed, cubic", "control3.example", "police 1mbit burst=64000"),
    Imposed("shaped, cubic", "facebook.com", "shape 512kbit", 30),
    Imposed("shaped, cubic", "twitter.com", "shape 1mbit", 30),
    Imposed("policed, BBR", "www.youtube.com", "police 512kbit burst=32000", 30),
    Imposed("policed, BBR", "i.ytimg.com", "police 1mbit burst=64000", 30),
    Imposed("shaped, BBR", "www.google.com", "shape 512kbit", 30),
    Imposed("shaped, BBR", "redirector.googlevideo.com", "shape 1mbit", 30),
    Imposed("server", "telegram.org", "server rate=512kbit", 30),
    Imposed("server", "ok.ru", "server rate=1mbit", 30),
    Imposed("frozen", "vk.com", "stall bytes=16k", 60),
)
"""All at once: together they need a sixth of the line."""
_ALONE = (
    Imposed("loss by chance", "control.example", "loss 2"),
    Imposed("loss by chance", "control2.example", "loss 5"),
    Imposed("loss by chance", "control3.example", "loss 10"),
    Imposed("busy line", "control.example", "line congestion 6 down=10mbit", 60),
    Imposed("nothing", "control.example", n=60),
)
"""One after the other: they take what the line has."""
_N_CALM = 5
_MOST_BYTES = 480_000


def of_lab() -> dict[Imposed, list[Fingerprint]]:
    """Fingerprints of real transfers by what the lab imposes on them."""
    sites = {imposed.host for imposed in (*_TOGETHER, *_ALONE)}
    usual = {host: _usual(host) for host in sorted(sites)}
    with throttled(), ThreadPoolExecutor(len(_TOGETHER)) as pool:
        for imposed in _TOGETHER:
            labctl("throttle", imposed.host, *imposed.words.split())
        several = pool.map(lambda imposed: _prints(imposed, usual), _TOGETHER)
        prints = dict(zip(_TOGETHER, several, strict=True))
    for imposed in _ALONE:
        words = imposed.words if imposed.words[:4] == "line" else _words(imposed)
        with throttled(*words.split()):
            prints[imposed] = _prints(imposed, usual)
    return prints


def _words(imposed: Imposed) -> str:
    return f"{imposed.host} {imposed.words}" if imposed.words else ""


def _usual(host: str) -> Usual:
    calm = _measured(host, _N_CALM)
    return Usual(
        goodput_bps=median(figures["goodput_bps"] for figures in calm),
        min_rtt_s=median(figures["tcp_min_rtt_s"] for figures in calm),
    )


def _prints(imposed: Imposed, usual: Mapping[str, Usual]) -> list[Fingerprint]:
    measured = _measured(imposed.host, imposed.n)
    return [fingerprint(_of_figures(m), usual[imposed.host]) for m in measured]


def _measured(host: str, n: int) -> list[Figures]:
    """So many transfers as the daemon makes them."""
    with home(download_max_bytes=_MOST_BYTES) as prober:
        return [prober.measure(f"https://{host}/1m.bin", "download") for _ in range(n)]


def told(imposed: Imposed) -> str:
    """What was imposed, in words."""
    return f"{imposed.of}: {imposed.words or 'nothing'}"


def summary(prints: Mapping[Imposed, list[Fingerprint]]) -> Iterator[str]:
    """How many of each class are called policed or shaped."""
    yield "| class | transfers | called policed or shaped |"
    yield "|---|---|---|"
    for of in dict.fromkeys(imposed.of for imposed in prints):
        holds = [p.hold for i, own in prints.items() if i.of == of for p in own]
        n_called = sum(hold in (Hold.POLICED, Hold.SHAPED) for hold in holds)
        yield f"| {of} | {len(holds)} | {n_called} ({n_called / len(holds):.0%}) |"


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


def main(words: Sequence[str]) -> None:
    if words != ["lab"]:
        print(table(of_files(map(Path, words)) if words else of_drawn()))
        return
    prints = of_lab()
    matrix = table({told(imposed): own for imposed, own in prints.items()})
    write_table(PAGE, "lab", [*summary(prints), "", *matrix.split("\n")])


if __name__ == "__main__":
    main(sys.argv[1:])
