"""Whether two states of the program judge the same homes alike.

`python -m study.same_verdicts print --data DIR > now.json` writes one line for each
family of the simulator and each published series: digests of the samples, of the JSON
documents of contracts 5 and of the numbers behind them, and each verdict with its rule.
Run it in another checkout, too (this file and `benchmarks/page.py` copied there);
`python -m study.same_verdicts compare then.json now.json` names every verdict that
differs, and the rule that gives it now.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import pandas as pd

from benchmarks.page import write_table
from monitor.analysis import analyze, explain
from monitor.model import Verdict
from monitor.simulation import FAMILIES, simulate

ADDED = frozenset({"detail_record", "is_made", "reason_records", "rule"})
"""What verdicts print since reasons have records."""
COLUMNS = (
    *("started_at_utc", "vantage", "target", "role", "path", "probe", "connect_s"),
    *("tls_handshake_s", "waiting_s", "duration_s", "goodput_bps", "failure"),
)
"""Of the samples; the digest of what was judged is made of these."""
SERIES = {
    "brisbane_cable": "Australia/Brisbane",
    "dallas_cogent_dispute": "America/Chicago",
    "fourmile_sep2018": "America/Denver",
    "interdomain_link": "Asia/Kolkata",
}
"""Published series and the zones of their evenings."""


@dataclass(frozen=True, slots=True)
class Line:
    """What one state of the program says of a family or a series.

    Attributes
    ----------
    samples : digest of what was judged.
    documents, numbers : digests of the verdicts' JSON and of the numbers behind them.
    verdicts : seed, vantage and target -> its verdict and the rule that gave it; a
        state of before rules had ids names none.
    """

    name: str
    samples: str
    documents: str
    numbers: str
    verdicts: dict[str, tuple[str, str]]


def line_of(
    name: str, homes: Iterable[tuple[pd.DataFrame, str]], *, with_words: bool = True
) -> Line:
    """Judge some homes.

    Parameters
    ----------
    homes : samples and zone of each.
    """
    documents: list[dict[str, object]] = []
    numbers: list[object] = []
    samples: list[str] = []
    verdicts: dict[str, tuple[str, str]] = {}
    for seed, (frame, zone) in enumerate(homes):
        samples.append(_digest(_values(frame)))
        for verdict in analyze(frame, timezone=zone):
            documents.append(_as_first_made(verdict.to_dict(), with_words=with_words))
            numbers += [explain(verdict)] if with_words else []
            place = f"{seed} {verdict.vantage} {verdict.target}"
            verdicts[place] = verdict.verdict, _rule(verdict)
    return Line(name, _digest(samples), _digest(documents), _digest(numbers), verdicts)


def _values(frame: pd.DataFrame) -> list[str]:
    """The columns that every state of the program knows, as text."""
    columns = [name for name in COLUMNS if name in frame]
    return [name + frame[name].astype(str).str.cat(sep=" ") for name in columns]


def _rule(verdict: Verdict) -> str:
    """What decided it: the first reason."""
    return getattr(verdict.reasons[0], "rule", "") if verdict.reasons else ""


def _as_first_made(
    verdict: dict[str, object], *, with_words: bool
) -> dict[str, object]:
    """A verdict without what earlier states of the program do not print."""
    kept = {name: v for name, v in verdict.items() if name not in ADDED}
    checks = kept.get("mechanism")
    if isinstance(checks, list):
        kept["mechanism"] = [
            {name: v for name, v in check.items() if name not in ADDED}
            for check in checks
        ]
    return kept if with_words else {**kept, "reasons": [], "mechanism": []}


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def lines(
    families: Iterable[str], homes: int, data: Path | None, *, with_words: bool
) -> Iterator[Line]:
    """One line per family and per published series."""
    for name in families:
        made = [simulate(name, seed=seed) for seed in range(homes)]
        judged = [(home.samples, home.timezone) for home in made]
        yield line_of(name, judged, with_words=with_words)
    for name, zone in SERIES.items() if data else ():
        frame = pd.read_csv(f"{data}/{name}.csv.gz")
        yield line_of(name, [(frame, zone)], with_words=with_words)


def table(then: dict[str, Line], now: dict[str, Line]) -> list[str]:
    """Families and series with other verdicts, and the rules that give them now.

    Raises
    ------
    SystemExit
        The two states did not judge the same samples.
    """
    rows = ["| family or series | then | now | by |", "|---|---|---|---|"]
    for name, line in now.items():
        if then[name].samples != line.samples:
            raise SystemExit(f"{name}: not the same samples")
        changes = _changes(then[name], line)
        rows += [
            f"| {name} | {n} {before} | {after} | {f'`{rule}`' if rule else ''} |"
            for (before, after, rule), n in sorted(changes.items())
        ]
    return rows


def _changes(then: Line, now: Line) -> Counter[tuple[str, str, str]]:
    """How often a verdict became another, and by which rule."""
    return Counter(
        (then.verdicts[place][0], verdict, rule)
        for place, (verdict, rule) in now.verdicts.items()
        if then.verdicts[place][0] != verdict
    )


@click.group()
def main() -> None:
    """Whether two states of the program judge the same homes alike."""


@main.command("print")
@click.option("--families", default=",".join(FAMILIES), help="All, unless named.")
@click.option("--homes", default=1, show_default=True, help="Homes of each family.")
@click.option("--data", type=click.Path(path_type=Path), help="The published series.")
@click.option(
    "--words/--no-words", default=True, help="Whether sentences have to be the same."
)
def print_command(families: str, homes: int, data: Path | None, *, words: bool) -> None:
    """What this checkout says, a JSON object for each family and series."""
    for line in lines(families.split(","), homes, data, with_words=words):
        click.echo(json.dumps(asdict(line)))


@main.command("compare")
@click.argument("then", type=click.Path(path_type=Path, exists=True))
@click.argument("now", type=click.Path(path_type=Path, exists=True))
@click.option("--into", type=click.Path(path_type=Path, exists=True), help="A page.")
def compare_command(then: Path, now: Path, into: Path | None) -> None:
    """Name every line that differs; exit status 1 when there is one."""
    old, new = (_read(path) for path in (then, now))
    changed = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    told = table(old, new)
    if into is not None:
        write_table(into, "verdicts", told)
    click.echo("\n".join(told))
    n_alike = len(new) - len({row.split()[1] for row in told[2:]})
    click.echo(f"{len(new)} lines, {len(changed)} changed, {n_alike} alike in verdicts")
    raise SystemExit(bool(changed))


def _read(path: Path) -> dict[str, Line]:
    made = (json.loads(line) for line in path.read_text().splitlines())
    return {line["name"]: Line(**line) for line in made}


if __name__ == "__main__":
    main()
