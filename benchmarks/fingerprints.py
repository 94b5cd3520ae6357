"""Which class the fingerprint gives to which hold: `python -m benchmarks.fingerprints`.

Without more on drawn transfers; with sample files (contracts 4, with `timeline`) on
recorded ones, a row for each target; with `lab` on real ones in the throttling lab,
which must be up (`benchmarks.lab`): tables of docs/fingerprints.md, in half an hour.
"""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.drawn_transfers import KINDS, USUAL, drawn
from benchmarks.lab import home, labctl, own_server, throttled
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
    paths : asked for in turns.
    own_bps : of a server of ours at the site's address: what it sends evenly, in TLS
        records of 16 kB, 0 for all it can; None: the lab's, in records of 4 kB.
    """

    of: str
    host: str
    words: str = ""
    n: int = 20
    paths: tuple[str, ...] = ("/1m.bin",)
    own_bps: int | None = None


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
_SIZES = ("/64k.bin", "/a.js", "/256k.bin", "/1m.bin")
_OF_SIZES = (
    Imposed("server, sizes", "control.example", "server rate=256kbit", 28, _SIZES),
    Imposed("server, sizes", "control2.example", "server rate=1mbit", 28, _SIZES),
    Imposed("server, sizes", "control3.example", "server rate=2mbit", 28, _SIZES),
    Imposed("server, sizes, BBR", "www.youtube.com", "server rate=512kbit", 28, _SIZES),
    Imposed("server, sizes, BBR", "i.ytimg.com", "server rate=1mbit", 28, _SIZES),
    Imposed("server, sizes, BBR", "www.google.com", "server rate=256kbit", 28, _SIZES),
    Imposed("policed, sizes", "facebook.com", "police 256kbit burst=10000", 28, _SIZES),
    Imposed("policed, sizes", "twitter.com", "police 1mbit burst=32000", 28, _SIZES),
    Imposed("shaped, sizes", "telegram.org", "shape 256kbit", 28, _SIZES),
    Imposed("shaped, sizes", "ok.ru", "shape 1mbit", 28, _SIZES),
)
"""All at once: other rates, and objects of 64, 180, 256 and 480 kB."""
_OWN = (
    Imposed("server, evenly", "control.example", own_bps=256_000),
    Imposed("server, evenly", "control2.example", own_bps=512_000),
    Imposed("server, evenly", "control3.example", own_bps=1_000_000),
    Imposed("policed, 16 kB", "facebook.com", "police 512kbit burst=32000", own_bps=0),
    Imposed("policed, 16 kB", "twitter.com", "police 1mbit burst=64000", own_bps=0),
    Imposed("shaped, 16 kB", "telegram.org", "shape 512kbit", own_bps=0),
    Imposed("shaped, 16 kB", "ok.ru", "shape 1mbit", own_bps=0),
    Imposed(
        "policed, 16 kB, BBR", "i.ytimg.com", "police 512kbit burst=32000", own_bps=0
    ),
    Imposed("shaped, 16 kB, BBR", "www.google.com", "shape 1mbit", own_bps=0),
)
"""All at once, from servers of ours."""
_ALONE = (
    Imposed("loss by chance", "control.example", "loss 2"),
    Imposed("loss by chance", "control2.example", "loss 5"),
    Imposed("loss by chance", "control3.example", "loss 10"),
    Imposed("loss by chance, 16 kB", "facebook.com", "loss 3", own_bps=0),
    Imposed("loss by chance, 16 kB", "twitter.com", "loss 5", own_bps=0),
    Imposed("loss by chance, 16 kB", "telegram.org", "loss 8", own_bps=0),
    Imposed("busy line", "control.example", "line congestion 6 down=10mbit", 60),
    Imposed("nothing", "control.example", n=60),
)
"""One after the other: they take what the line has."""
_N_CALM = 5
_MOST_BYTES = 480_000


@dataclass(frozen=True, slots=True)
class Urls:
    """What is asked for by day, and in what is held back."""

    calm: tuple[str, ...]
    held: tuple[str, ...]


def of_lab() -> dict[Imposed, list[Fingerprint]]:
    """Fingerprints of real transfers by what the lab imposes on them."""
    prints: dict[Imposed, list[Fingerprint]] = {}
    for together in (_TOGETHER, _OF_SIZES, _OWN):
        prints |= _at_once(together)
    for imposed in _ALONE:
        prints |= _at_once([imposed])
    return prints


def _at_once(together: Sequence[Imposed]) -> dict[Imposed, list[Fingerprint]]:
    """Fingerprints of what is imposed on several sites at the same time."""
    with throttled(), ExitStack() as servers, ThreadPoolExecutor(len(together)) as pool:
        urls = {
            imposed: _urls(imposed)
            if imposed.own_bps is None
            else _own_urls(imposed, servers.enter_context(own_server(imposed.host)))
            for imposed in together
        }
        usual = {imposed: _usual(urls[imposed]) for imposed in together}
        for imposed in together:
            if imposed.words:
                labctl("throttle", *_words(imposed).split())
        several = pool.map(lambda i: _prints(i, urls[i], usual[i]), together)
        return dict(zip(together, several, strict=True))


def _urls(imposed: Imposed) -> Urls:
    urls = tuple(f"https://{imposed.host}{path}" for path in imposed.paths)
    return Urls(calm=urls, held=urls)


def _own_urls(imposed: Imposed, port: int) -> Urls:
    urls = [
        (f"https://{imposed.host}:{port}/{rate}/{_MOST_BYTES}",)
        for rate in (0, imposed.own_bps)
    ]
    return Urls(calm=urls[0], held=urls[1])


def _words(imposed: Imposed) -> str:
    is_whole = imposed.words.startswith("line")
    return imposed.words if is_whole else f"{imposed.host} {imposed.words}"


def _usual(urls: Urls) -> dict[int, Usual]:
    """Of each object by its place among those that are asked for."""
    n_objects = len(urls.calm)
    calm = _measured(urls.calm, _N_CALM * n_objects)
    return {
        place: Usual(
            goodput_bps=median(m["goodput_bps"] for m in calm[place::n_objects]),
            min_rtt_s=median(m["tcp_min_rtt_s"] for m in calm[place::n_objects]),
        )
        for place in range(n_objects)
    }


def _prints(
    imposed: Imposed, urls: Urls, usual: Mapping[int, Usual]
) -> list[Fingerprint]:
    measured = _measured(urls.held, imposed.n)
    return [
        fingerprint(_of_figures(m), usual[n % len(usual)])
        for n, m in enumerate(measured)
    ]


def _measured(urls: Sequence[str], n: int) -> list[Figures]:
    """So many transfers as the daemon makes them, the objects in turns."""
    with home(download_max_bytes=_MOST_BYTES) as prober:
        return [prober.measure(urls[i % len(urls)], "download") for i in range(n)]


def told(imposed: Imposed) -> str:
    """What was imposed, in words."""
    evenly = f"{imposed.own_bps / 1e3:g} kbit/s" if imposed.own_bps else ""
    return f"{imposed.of}: {imposed.words or evenly or 'nothing'}"


def summary(prints: Mapping[Imposed, list[Fingerprint]]) -> Iterator[str]:
    """How many of each class are called policed or shaped, and how many a server's."""
    yield "| class | transfers | called policed or shaped | called a server's |"
    yield "|---|---|---|---|"
    for of in dict.fromkeys(imposed.of for imposed in prints):
        holds = [p.hold for i, own in prints.items() if i.of == of for p in own]
        n_called = sum(hold in (Hold.POLICED, Hold.SHAPED) for hold in holds)
        n_own = sum(hold is Hold.SERVER for hold in holds)
        shares = [f"{n} ({n / len(holds):.0%})" for n in (n_called, n_own)]
        yield f"| {of} | {len(holds)} | {shares[0]} | {shares[1]} |"


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
