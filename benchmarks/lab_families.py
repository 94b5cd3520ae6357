"""Homes of all families, and of a dead name server: samples, doctor, a night.

The shipped config.yaml in the lab's home, rebuilt for each kind of home: what its rows
say of the family, what `monitor doctor` says, and what a night's report is made of. A
home with both families is measured once as it comes and once with two sites asked by
both (`address_family: both`), one of which the lab slows by IPv6 alone.

    sudo LAB=... python -m benchmarks.lab_families

It writes the tables of docs/lab-hosts.md. About a quarter of an hour.
"""

import ipaddress
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median

from benchmarks.lab import LAB, labctl
from benchmarks.lab_days import FIRST, PREFIX, ZONE, set_clock
from benchmarks.lab_hosts import CONFIG, PAGE
from benchmarks.page import write_table
from benchmarks.process import Figures

MINUTES = (7 * 60, 12 * 60, 17 * 60, 20 * 60 + 10, 21 * 60 + 10)
"""Of the day's rounds: three by day, two of the evening."""
ROUNDS = len(MINUTES)
NAT64 = ipaddress.ip_network("64:ff9b::/96")
_MORE = "| local rows | `doctor` | `nightly` |"
SLOWED = ("static.xx.fbcdn.net", "police", "512kbit", "fam=6")
HOME = (str(LAB / "labctl"), "exec", "--clock", "--tz", ZONE.key)
NIGHT = FIRST + timedelta(days=1, hours=7)
RESOLV_CONF = Path(f"/etc/netns/{PREFIX}home/resolv.conf")
SILENT = "nameserver 10.53.0.99\n"
"""Nobody has this address, and nobody says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of home.

    Attributes
    ----------
    ipv6 : as the lab calls it.
    by_both : whether Facebook is asked by both families.
    is_first_dead : whether a silent name server stands before the one that answers.
    """

    words: str
    ipv6: str
    by_both: bool = False
    is_first_dead: bool = False


KINDS = (
    Kind(words="IPv4 alone", ipv6="off"),
    Kind(words="both families, as shipped", ipv6="on"),
    Kind(words="both, Facebook's IPv6 at 512 kbit/s", ipv6="on", by_both=True),
    Kind(words="IPv6 alone, sites have it", ipv6="only"),
    Kind(words="IPv6 alone, sites do not: NAT64, DNS64", ipv6="nat64"),
    Kind(words="IPv4, the first name server silent", ipv6="off", is_first_dead=True),
)


def configured(folder: Path, kind: Kind) -> None:
    """The shipped file, with the one change that a kind of home is about."""
    text = CONFIG.read_text()
    if kind.by_both:
        plain = '{name: facebook, url: "https://www.facebook.com/"}'
        both = plain.replace("}", ", address_family: both}")
        if plain not in text:
            raise SystemExit("config.yaml has another line for facebook")
        text = text.replace(plain, both)
    (folder / "config.yaml").write_text(text)


def monitor(folder: Path, *words: str) -> str:
    """What a command prints in the home; it may find something wrong."""
    program = str(Path(sys.executable).parent / "monitor")
    done = subprocess.run(
        [*HOME, program, *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in (0, 1):
        raise SystemExit(done.stderr)
    return done.stdout


def family(sample: Figures) -> str:
    """How a sample's address was reached."""
    address = sample.get("remote_address")
    if address is None:
        return "no address"
    parsed = ipaddress.ip_address(address)
    if parsed.version == 4:
        return "IPv4"
    return "NAT64" if parsed in NAT64 else "IPv6"


def counted(samples: list[Figures]) -> str:
    """How many samples came by which family, and how many failed."""
    of = [s for s in samples if not s["target"].startswith("_")]
    families = [family(s) for s in of]
    counts = {name: families.count(name) for name in sorted(set(families))}
    failed: dict[str, list[str]] = {}
    for sample in of:
        if sample.get("failure"):
            failed.setdefault(sample["failure"], []).append(sample["target"])
    told = [f"{n} {name}" for name, n in counts.items()]
    told += [f"`{why}`: {_few(sorted(set(w)))}" for why, w in failed.items()]
    return "; ".join(told)


def _few(targets: list[str]) -> str:
    return ", ".join(targets) if len(targets) <= 5 else f"{len(targets)} sites"


def facebook(samples: list[Figures]) -> str:
    """Its rates, by family where both are asked."""
    rates: dict[str, list[float]] = {}
    for sample in samples:
        if sample["target"].startswith("facebook") and "goodput_bps" in sample:
            rates.setdefault(sample["target"], []).append(sample["goodput_bps"])
    return ", ".join(f"{t} {median(r) / 1e6:.3g}" for t, r in sorted(rates.items()))


def local_facts(samples: list[Figures]) -> str:
    """Gateway and own traffic: what a home knows of itself."""
    told = []
    for name in ("_gateway", "_own_traffic", "_way"):
        rows = [s for s in samples if s["target"] == name]
        well = [s for s in rows if not s.get("failure")]
        told.append(f"{name} {len(well)} of {ROUNDS}")
    silent = [s for s in samples if s["target"] == "_resolver"]
    told += [f"`{silent[0]['failure']}` {len(silent)} of {ROUNDS}"] if silent else []
    return ", ".join(told)


def doctor(folder: Path) -> str:
    """What it finds that is not well."""
    findings = json.loads(monitor(folder, "doctor", "--json"))
    checks: dict[str, list[str]] = {}
    for finding in findings:
        if finding["state"] != "ok":
            checks.setdefault(finding["result"], []).append(finding["check"])
    told = [f"{_few(of)}: {result.rstrip('.')}" for result, of in checks.items()]
    return "; ".join(told) or "all well"


def night(folder: Path) -> str:
    """Whether a night's work is done, and what its report is."""
    set_clock(NIGHT)
    monitor(folder, "nightly")
    reports = sorted(folder.glob("reports/*/report.json"))
    if not reports:
        return "none"
    document = json.loads(reports[0].read_text())
    n_kilobytes = reports[0].with_suffix(".html").stat().st_size // 1000
    verdicts = Counter(v["verdict"] for v in document["services"])
    aside = [f"{s['rounds']} rounds aside ({s['reason']})" for s in document["spoiled"]]
    told = ", ".join(f"{n} `{verdict}`" for verdict, n in sorted(verdicts.items()))
    report = f"report of {document['night']}, {n_kilobytes} kB: {told}"
    return "; ".join([report, *aside])


def row(kind: Kind) -> str:
    """What became of a kind of home."""
    labctl("up", f"ipv6={kind.ipv6}")
    labctl("clear")
    if kind.by_both:
        labctl("throttle", *SLOWED)
    if kind.is_first_dead:
        RESOLV_CONF.write_text(SILENT + RESOLV_CONF.read_text())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        configured(folder, kind)
        samples: list[Figures] = []
        for minute in MINUTES:
            set_clock(FIRST + timedelta(minutes=minute))
            samples += json.loads(monitor(folder, "sample", "--json"))
        cells = (
            *(kind.words, counted(samples), facebook(samples)),
            *(local_facts(samples), doctor(folder), night(folder)),
        )
    labctl("clear")
    return "| " + " | ".join(cells) + " |"


def table() -> Iterator[str]:
    """A row for each kind of home."""
    yield f"| home | samples of {ROUNDS} rounds | Facebook [Mbit/s] {_MORE}"
    yield "|---|---|---|---|---|---|"
    for kind in KINDS:
        yield row(kind)
        labctl("down")


def main() -> None:
    # Whole words of its kinds of home: those alone, and no table.
    if chosen := [kind for kind in KINDS if kind.words in sys.argv[1:]]:
        print("\n".join(map(row, chosen)))
        return
    lines = list(table())
    labctl("up")
    print("\n".join(lines))
    write_table(PAGE, "families", lines)


if __name__ == "__main__":
    main()
