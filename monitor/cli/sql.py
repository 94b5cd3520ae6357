"""`monitor sql "SELECT ..."`: any question over the documented views; cannot write."""

from collections.abc import Sequence
from itertools import count
from typing import TYPE_CHECKING

import click

from monitor.cli.options import measured_database_url
from monitor.cli.root import Settings
from monitor.cli.terminal import echo_json, print_csv, print_table, say

if TYPE_CHECKING:
    from monitor.store.question import Answer


@click.command("sql")
@click.argument("question")
@click.option(
    "--limit",
    default=1000,
    show_default=True,
    type=click.IntRange(1, 1_000_000),
    help="Most rows to show.",
)
@click.option(
    "--seconds",
    default=30.0,
    show_default=True,
    type=click.FloatRange(0.1, 3600),
    help="Longest time to wait.",
)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="As CSV.")
@click.pass_obj
def sql_command(
    settings: Settings,
    question: str,
    limit: int,
    seconds: float,
    *,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Answer QUESTION, one SELECT. Nothing can be written.

    The views v_samples, v_hours, v_rounds, v_verdicts, v_notes and v_days may be asked;
    docs/anomalies.md describes them.
    """
    from monitor.store import open_store
    from monitor.store.question import ask

    url = measured_database_url(settings)
    open_store(url).close()
    answer = ask(url, question, max_rows=limit, max_time_s=seconds)
    _print(answer, as_json=as_json, as_csv=as_csv)
    if answer.is_cut:
        say(f"only the first {limit} rows; see --limit", err=True)


def _print(answer: "Answer", *, as_json: bool, as_csv: bool) -> None:
    names = _unique(answer.columns)
    rows = [dict(zip(names, map(_plain, row), strict=True)) for row in answer.rows]
    if as_json:
        echo_json({"columns": names, "rows": rows, "cut": answer.is_cut})
    elif as_csv:
        print_csv(names, rows)
    else:
        print_table(names, rows)


def _unique(names: Sequence[str]) -> list[str]:
    unique: list[str] = []
    for name in names:
        free = (f"{name}_{n}" for n in count(2))
        unique.append(
            name if name not in unique else next(c for c in free if c not in unique)
        )
    return unique


def _plain(value: object) -> object:
    if value is None or isinstance(value, int | float | str):
        return value
    return value.hex() if isinstance(value, bytes) else str(value)
