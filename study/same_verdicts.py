"""Whether two states of the program judge the same homes alike.

`python -m study.same_verdicts print --data DIR > now.txt` writes one line for each
family of the simulator and each published series: a digest of the JSON documents of
contracts 5, one of the numbers behind them, and how often each verdict was given. Run
it in another checkout, too; `python -m study.same_verdicts compare then.txt now.txt`
names every line that differs.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import click
import pandas as pd

from monitor.analysis import analyze, explain
from monitor.model import Verdict
from monitor.simulation import FAMILIES, simulate

ADDED = frozenset({"detail_record", "is_made", "reason_records", "rule"})
"""What verdicts print since reasons have records."""
SERIES = {
    "brisbane_cable": "Australia/Brisbane",
    "dallas_cogent_dispute": "America/Chicago",
    "fourmile_sep2018": "America/Denver",
    "interdomain_link": "Asia/Kolkata",
}
"""Published series and the zones of their evenings."""


def told(verdicts: list[Verdict], *, with_words: bool = True) -> str:
    """Digests and counts of some verdicts, in one line."""
    documents = [_as_first_made(verdict.to_dict()) for verdict in verdicts]
    if not with_words:
        documents = [{**d, "reasons": [], "mechanism": []} for d in documents]
    numbers = [explain(verdict) for verdict in verdicts] if with_words else []
    counts = Counter(verdict.verdict for verdict in verdicts)
    names = " ".join(f"{name}:{n}" for name, n in sorted(counts.items()))
    return f"{_digest(documents)} {_digest(numbers)} {names}"


def _as_first_made(verdict: dict[str, object]) -> dict[str, object]:
    """A verdict without what earlier states of the program do not print."""
    kept = {name: v for name, v in verdict.items() if name not in ADDED}
    checks = kept.get("mechanism")
    if isinstance(checks, list):
        kept["mechanism"] = [
            {name: v for name, v in check.items() if name not in ADDED}
            for check in checks
        ]
    return kept


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def lines(homes: int, data: Path | None, *, with_words: bool) -> Iterator[str]:
    """One line per family and per published series."""
    for name in FAMILIES:
        verdicts: list[Verdict] = []
        for seed in range(homes):
            home = simulate(name, seed=seed)
            verdicts += analyze(home.samples, timezone=home.timezone)
        yield f"{name} {told(verdicts, with_words=with_words)}"
    for name, zone in SERIES.items() if data else ():
        verdicts = analyze(pd.read_csv(f"{data}/{name}.csv.gz"), timezone=zone)
        yield f"{name} {told(verdicts, with_words=with_words)}"


@click.group()
def main() -> None:
    """Whether two states of the program judge the same homes alike."""


@main.command("print")
@click.option("--homes", default=1, show_default=True, help="Homes of each family.")
@click.option("--data", type=click.Path(path_type=Path), help="The published series.")
@click.option(
    "--words/--no-words", default=True, help="Whether sentences have to be the same."
)
def print_command(homes: int, data: Path | None, *, words: bool) -> None:
    """The digests of this checkout."""
    for line in lines(homes, data, with_words=words):
        click.echo(line)


@main.command("compare")
@click.argument("then", type=click.Path(path_type=Path, exists=True))
@click.argument("now", type=click.Path(path_type=Path, exists=True))
def compare_command(then: Path, now: Path) -> None:
    """Name every line that differs; exit status 1 when there is one."""
    old, new = (_read(path) for path in (then, now))
    changed = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    for name in changed:
        click.echo(f"{name}\n  then {old.get(name)}\n  now  {new.get(name)}")
    click.echo(f"{len(new)} lines, {len(changed)} changed")
    raise SystemExit(bool(changed))


def _read(path: Path) -> dict[str, str]:
    return dict(line.split(" ", 1) for line in path.read_text().splitlines())


if __name__ == "__main__":
    main()
