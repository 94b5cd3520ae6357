"""`python -m study run`, `report` and `patterns`."""

import sys
from pathlib import Path

import click

from benchmarks.page import write_table
from monitor.analysis import METHOD_VERSION
from monitor.simulation.capacity import KINDS
from study import block_ends, blocks, capacity, patterns
from study.plan import families, seeds, tasks
from study.rates_file import FILE, rates_file
from study.report import markdown
from study.runner import records, run

_OUT = Path("study.jsonl")
_CAPACITY_OUT = Path("study-capacity.jsonl")
_INTRODUCTION = """# Error rates

Written by `python -m study report` from what `python -m study run` measured; do not
edit by hand, run `make study`. How the homes are simulated is told in
[simulation.md](simulation.md), what the verdicts mean in [method.md](method.md).

Every home has four targets and, unless its family says otherwise, five controls, and is
looked at after each of its 30 evenings. *Accused* or *found* is a target of which any
of those looks said `targeted_throttling`, `targeted_blocking`, `selective_slowdown`,
`sustained_slowdown` or `resolver_blocking`; so a false accusation counts even when the
next evening took it back. Homes have odd seeds, which were never used for tuning. The
rates are those of the simulated homes: they show that the method does what it claims
under the stated conditions, and no more.

"""


@click.group()
def main() -> None:
    """Error rates of the method on simulated homes with a known truth."""


@main.command("run")
@click.option(
    "--families", "names", default="all", help="names, or all/nulls/positives"
)
@click.option("--homes", default=100, help="homes per family")
@click.option("--first", default=0, help="number of the first home")
@click.option("--thin", default=1, help="one home in so many for positive families")
@click.option("--extras/--no-extras", default=True, help="baselines, robustness")
@click.option("--seeds", "use", type=click.Choice(["tune", "score"]), default="tune")
@click.option("--jobs", default=1, help="processes")
@click.option("--out", type=click.Path(path_type=Path), default=_OUT)
def run_command(
    names: str,
    homes: int,
    first: int,
    thin: int,
    extras: bool,
    use: str,
    jobs: int,
    out: Path,
) -> None:
    """Study homes; one JSON line each, added to OUT, which may hold earlier ones."""
    todo = tasks(
        families(names), n_homes=homes, use=use, first=first, thin=thin, extras=extras
    )
    for n in run(todo, out, jobs):
        if n % 100 == 0:
            print(f"{n} of {len(todo)}", file=sys.stderr)


@main.command("report")
@click.option("--in", "source", type=click.Path(path_type=Path), multiple=True)
@click.option("--out", type=click.Path(path_type=Path), help="default: printed")
@click.option("--note", default="", help="what a reader must know about this run")
def report_command(source: tuple[Path, ...], out: Path | None, note: str) -> None:
    """Tables of the rates as Markdown."""
    found = [record for path in source or (_OUT,) for record in records(path)]
    text = _INTRODUCTION + (note and f"{note}\n\n") + markdown(found)
    if out is None:
        print(text)
    else:
        out.write_text(text, encoding="utf-8")


@main.command("capacity")
@click.option("--kinds", "names", default="all", help="names with commas, or all")
@click.option("--homes", default=20, help="homes per kind")
@click.option("--first", default=0, help="number of the first home")
@click.option("--seeds", "use", type=click.Choice(["tune", "score"]), default="tune")
@click.option("--jobs", default=1, help="processes")
@click.option("--out", type=click.Path(path_type=Path), default=_CAPACITY_OUT)
@click.option("--into", type=click.Path(path_type=Path, exists=True))
def capacity_command(
    names: str,
    homes: int,
    first: int,
    use: str,
    jobs: int,
    out: Path,
    into: Path | None,
) -> None:
    """Homes of the second physics: study them, then tell the table of all in OUT."""
    kinds = list(KINDS) if names == "all" else names.split(",")
    todo = [
        capacity.Task(kind=kind, seed=seed)
        for seed in seeds(use, homes, first=first)
        for kind in kinds
    ]
    for n in capacity.run(todo, out, jobs):
        if n % 100 == 0:
            print(f"{n} of {len(todo)}", file=sys.stderr)
    studied = list(records(out))
    told = (
        f"Method {METHOD_VERSION}; {len(studied)} homes.\n\n{capacity.table(studied)}"
    )
    if into is None:
        print(told)
        return
    report = into.read_text(encoding="utf-8")
    part = f"{capacity.INTRODUCTION}\n{told}"
    text = patterns.before(report, capacity.HEADING, part)
    into.write_text(text, encoding="utf-8")


@main.command("patterns")
@click.option("--series", default=400, help="random series of each length and share")
@click.option("--homes", default=10, help="homes per family")
@click.option("--into", type=click.Path(path_type=Path, exists=True), required=True)
def patterns_command(series: int, homes: int, into: Path) -> None:
    """How often a sentence claims a pattern where none is: the end of a report."""
    part = patterns.markdown(series, homes)
    text = patterns.inserted(into.read_text(encoding="utf-8"), part)
    into.write_text(text, encoding="utf-8")


@main.command("rates")
@click.option("--from", "page", type=click.Path(path_type=Path), required=True)
@click.option("--into", "file", type=click.Path(path_type=Path), default=FILE)
def rates_command(page: Path, file: Path) -> None:
    """Write the rates that a report tells into the file that it reads."""
    file.write_text(rates_file(page.read_text(encoding="utf-8")), encoding="utf-8")


@main.command("blocks")
@click.option("--homes", default=200, help="homes of each cell of power")
@click.option("--months", default=100, help="target-months of each world")
@click.option("--into", type=click.Path(path_type=Path, exists=True))
def blocks_command(homes: int, months: int, into: Path | None) -> None:
    """How often blocks accuse a name that is not slowed, and find one that is."""
    told = blocks.lines(homes, months)
    if into is None:
        print("\n".join(told))
    else:
        write_table(into, "study", told)


@main.command("block-ends")
@click.option("--homes", default=200, help="homes of each share of transfers")
@click.option("--months", default=100, help="target-months of each world")
@click.option("--into", type=click.Path(path_type=Path, exists=True))
def block_ends_command(homes: int, months: int, into: Path | None) -> None:
    """The same of transfers that die under a name, and of certificates."""
    told = list(block_ends.lines(homes, months))
    if into is None:
        print("\n".join(told))
    else:
        write_table(into, "ends", told)


if __name__ == "__main__":
    main()
