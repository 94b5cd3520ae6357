"""What a night saves that does not read the month: `benchmarks.fleet_nights`.

A lake takes in a day, judges, takes in the next: once with everything read again, once
with `--incremental`. CPU and bytes read, as ratios of one run; and how often the two
told something else.
"""

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import TypeVar

from benchmarks.fleet import Loop
from benchmarks.fleet_lake import (
    SimulatedHome,
    days_of,
    midnight,
    share,
    simulated_homes,
)
from monitor import fleet
from monitor.fleet.compaction import compact
from monitor.fleet.lake import Lake
from monitor.verdict_table import row_of

Told = TypeVar("Told")
WEEK = 7
SLOWED = ("slow_2x", "slow_1_5x", "slow_3x")


@dataclass
class Cost:
    """What was used."""

    cpu_s: float = 0.0
    read_bytes: int = 0


@dataclass
class Tally:
    """Costs by what was done, and where the two nights differ."""

    costs: dict[str, Cost] = field(default_factory=dict)
    n_homes: int = 0
    n_carried: int = 0
    n_verdicts: int = 0
    n_other: int = 0
    """Verdicts of another name than the full night's."""
    n_missed: int = 0
    """Of those, accusing ones that the incremental night has not."""

    def measured(
        self, name: str, what: Callable[..., Told], *given: object, **named: object
    ) -> Told:
        """Do it, and add what it took."""
        cost = self.costs.setdefault(name, Cost())
        cpu_s, read = time.process_time(), read_bytes()
        told = what(*given, **named)
        cost.cpu_s += time.process_time() - cpu_s
        cost.read_bytes += read_bytes() - read
        return told

    def compared(self, full: fleet.FleetRun, quick: fleet.FleetRun) -> None:
        """Count what the two nights told."""
        self.n_homes += full.document["n_homes"]
        self.n_carried += quick.document["n_carried"]
        theirs = names(quick)
        for key, name in names(full).items():
            self.n_verdicts += 1
            self.n_other += name != theirs[key]
            self.n_missed += (
                row_of(name).is_accusing and not row_of(theirs[key]).is_accusing
            )


def names(run: fleet.FleetRun) -> Mapping[tuple[str, str], str]:
    """Vantage and target -> verdict."""
    return {(v["vantage"], v["target"]): v["verdict"] for v in run.verdicts}


def read_bytes() -> int:
    """Bytes that this process has read so far, from files and their cache."""
    lines = Path("/proc/self/io").read_text().splitlines()
    return int(dict(line.split(": ") for line in lines)["rchar"])


def nights(homes: Sequence[SimulatedHome], lake: Lake, n_nights: int) -> Tally:
    """Judge the last nights of the homes, each in both ways."""
    tally = Tally()
    *before, _ = days_of(homes)
    first, last = before[:-n_nights], before[-n_nights:]
    for home in homes:
        home.enroll(lake)
        for day in first:
            home.push(lake, day)
    compact(lake, today=last[0])
    night(lake, first[-1], is_incremental=False)
    for day in last:
        for home in homes:
            home.push(lake, day)
        today = day + timedelta(days=1)
        tally.measured("days taken in anew", compact, lake, today=today)
        quick = tally.measured(
            "judged, incremental", night, lake, day, is_incremental=True
        )
        with tempfile.TemporaryDirectory() as folder:
            copy = Lake.open(copied(lake, Path(folder)))
            tally.measured("all taken in again", compact, copy, today=today)
            full = tally.measured(
                "judged, all read", night, copy, day, is_incremental=False
            )
        tally.compared(full, quick)
    return tally


def copied(lake: Lake, folder: Path) -> str:
    """The lake without what was taken in."""
    root, there = Path(lake.files.address), folder / "lake"
    shutil.copytree(root, there, ignore=shutil.ignore_patterns("samples", "runs"))
    return str(there)


def night(lake: Lake, day: date, *, is_incremental: bool) -> fleet.FleetRun:
    """The night of a day."""
    return fleet.analyze(
        lake.files.address,
        night=day.isoformat(),
        engine=Loop(),
        is_incremental=is_incremental,
        now_utc=midnight(day + timedelta(days=1)),
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--homes", type=int, default=20)
    parser.add_argument("--slowed", type=float, default=0.1)
    parser.add_argument("--days", type=int, default=38)
    parser.add_argument("--nights", type=int, default=WEEK)
    parser.add_argument("--every", type=int, default=600)
    options = parser.parse_args()
    n_slowed = round(options.homes * options.slowed)
    families = [
        SLOWED[n % len(SLOWED)] if n < n_slowed else "quiet"
        for n in range(options.homes)
    ]
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake.create(f"{folder}/lake", n_buckets=7, created=midnight(date.min))
        homes = list(
            simulated_homes(lake, families, days=options.days, every_s=options.every)
        )
        tally = nights(homes, lake, options.nights)
    show(options, tally)


def show(options: argparse.Namespace, tally: Tally) -> None:
    """Print the table of docs/fleet-costs.md."""
    n_nights = tally.n_homes
    print(
        f"{options.homes} homes, {options.slowed:.0%} slowed, rounds every"
        f" {options.every} s, {options.nights} nights"
    )
    print("| | CPU-s a home and night | share | kB read a home and night | share |")
    print("|---|---|---|---|---|")
    for anew, again in (
        ("days taken in anew", "all taken in again"),
        ("judged, incremental", "judged, all read"),
    ):
        whole = tally.costs[again]
        for name in (again, anew):
            of = tally.costs[name]
            print(
                f"| {name} | {of.cpu_s / n_nights:.3f} | {share(of.cpu_s, whole.cpu_s)}"
                f" | {of.read_bytes / n_nights / 1000:.0f}"
                f" | {share(of.read_bytes, whole.read_bytes)} |"
            )
    print(
        f"Carried on: {tally.n_carried} of {tally.n_homes} homes and nights. Of"
        f" {tally.n_verdicts} verdicts {tally.n_other} had another name than the full"
        f" night's, {tally.n_missed} of them accusing there and not here."
    )


if __name__ == "__main__":
    main()
