"""The night report of a thousand homes, timed and seen: `benchmarks.fleet_pictures`.

Twelve simulated homes are judged once and stand for all: each of the thousand has the
verdicts of one of them under a name of its own. What is timed is all that `monitor
fleet report` does. `--out FOLDER` keeps the page and its pictures in Chromium.
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

import pyarrow as pa

from benchmarks.fleet import Loop
from monitor import fleet
from monitor.fleet.fleet_report import fleet_report, write_report
from monitor.fleet.lake import Files
from monitor.simulation import simulate

DAYS: Final = 21
FAMILIES: Final = ("quiet",) * 9 + ("slow_1_5x", "slow_2x", "slow_3x")
N_PROVIDERS: Final = 20
ZONE: Final = "Asia/Almaty"
SCREENS: Final = ((1280, "light"), (1280, "dark"), (390, "light"), (390, "dark"))


@dataclass(frozen=True)
class Night:
    """Where a night lies, and the homes' file beside it."""

    address: str
    homes: Path


def kind_of(number: int) -> int:
    """Which of the judged homes a home is: the first provider slows most of its own."""
    provider, place = number % N_PROVIDERS, number // N_PROVIDERS
    if provider == 0 and place % 10:
        return FAMILIES.index("slow_2x") + place % 2
    if provider == 1 and place % 3 == 0:
        return FAMILIES.index("slow_1_5x")
    if provider == 2 and place == 7:
        return FAMILIES.index("slow_3x")
    return number % FAMILIES.count("quiet")


def judged(folder: Path, n_homes: int) -> Night:
    """A night of so many homes."""
    rows = folder / "rows"
    rows.mkdir()
    for seed, family in enumerate(FAMILIES):
        home = simulate(family, seed=seed, days=DAYS, every_s=1800).samples
        home.assign(vantage=f"k{seed}").to_parquet(rows / f"k{seed}.parquet")
    out = str(folder / "out")
    run = fleet.analyze(
        str(rows),
        engine=Loop(),
        timezone=ZONE,
        out=out,
        night=(date(2026, 10, 1) + timedelta(days=DAYS - 1)).isoformat(),
        now_utc=datetime(2026, 11, 1, tzinfo=UTC),
    )
    files = Files(out)
    for output in run.document["outputs"].values():
        for name in (output["verdicts"], output["evenings"]):
            files.write_table(name, many(files.table(name), n_homes))
    name = f"runs/{run.document['run_id']}.json"
    files.write_document(name, {**run.document, "n_homes": n_homes})
    homes = folder / "homes.csv"
    lines = (
        f"h{n:04d},{ZONE},Provider {n % N_PROVIDERS:02d},"
        f"{'north' if n // N_PROVIDERS % 2 else 'south'}"
        for n in range(n_homes)
    )
    homes.write_text("\n".join(("vantage,timezone,isp,region", *lines)) + "\n")
    return Night(out, homes)


def many(table: pa.Table, n_homes: int) -> pa.Table:
    """The rows of each judged home under the names of all that it stands for."""
    by_kind: dict[str, list[dict[str, object]]] = {}
    for row in table.to_pylist():
        by_kind.setdefault(row["vantage"], []).append(row)
    rows = [
        {**row, "vantage": f"h{n:04d}"}
        for n in range(n_homes)
        for row in by_kind.get(f"k{kind_of(n)}", ())
    ]
    return pa.Table.from_pylist(rows, table.schema)


def pictures(page_file: Path, out: Path) -> None:
    """The page as it is seen, at all widths and in both schemes."""
    from tests.web.browser import AXE, chromium

    with chromium() as browser:
        for width, scheme in SCREENS:
            context = browser.new_context(
                viewport={"width": width, "height": 900}, color_scheme=scheme
            )
            page = context.new_page()
            page.goto(page_file.absolute().as_uri())
            over = page.evaluate("document.documentElement.scrollWidth")
            assert over <= width, f"{width} px: the page is {over} px wide"
            page.evaluate(AXE.read_text())
            faults = page.evaluate("axe.run().then(told => told.violations)")
            assert not faults, [(f["id"], f["nodes"][0]["html"]) for f in faults]
            name = f"fleet-{width}-{scheme}.png"
            page.screenshot(path=out / name, full_page=True)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--homes", type=int, default=1000)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        night = judged(Path(name), options.homes)
        begun = time.process_time()
        report = fleet_report(night.address, homes=night.homes)
        (page, *_) = write_report(report, options.out or Path(name) / "report")
        print(f"{options.homes} homes: {time.process_time() - begun:.1f} CPU-s")
        print(f"{page.stat().st_size / 1000:.0f} kB of page")
        if options.out is not None:
            pictures(page, options.out)


if __name__ == "__main__":
    main()
