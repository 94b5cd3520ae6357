"""Text from anywhere, made harmless for a terminal and for a spreadsheet."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final

import click

from monitor.text import disarm, printable, printable_lines

MAX_CELL: Final = 200
_LONGEST_CELL: Final = 100_000


def say(text: object, *, err: bool = False) -> None:
    """Print lines of text; whatever is in them, nothing of it steers the terminal.

    A line end inside a value could still pretend to be a line of ours: values of others
    go through `visible` first.
    """
    click.echo(printable_lines(str(text)), err=err)


def visible(value: object, *, limit: int = MAX_CELL) -> str:
    """A value as one line of printable text, cut when it is too long."""
    text = "" if value is None else str(value)
    return printable(text if len(text) <= limit else f"{text[: limit - 1]}…")


def csv_cell(value: object) -> object:
    """A cell that no spreadsheet takes for a formula; numbers stay numbers.

    Control characters are escaped here, too: the text may end on a terminal.
    """
    if value is None or isinstance(value, int | float):
        return value
    return disarm(visible(value, limit=_LONGEST_CELL))


def print_csv(names: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
    """Print rows as CSV (RFC 4180)."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([csv_cell(name) for name in names])
    writer.writerows([csv_cell(row.get(name)) for name in names] for row in rows)
    click.echo(out.getvalue(), nl=False)


def echo_json(document: object) -> None:
    """Print one JSON document; what is not plainly seen is escaped, as JSON allows."""
    text = json.dumps(document, ensure_ascii=False, indent=2)
    click.echo("\n".join(map(_json_line, text.split("\n"))))


def _json_line(line: str) -> str:
    if line.isprintable():
        return line
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in line)


def print_table(names: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
    """Print rows as a table with the given columns; numbers to the right.

    Nothing is folded or cut to the width of the terminal. (rich's own table takes four
    times as long as the whole question when there are hundreds of rows.)
    """
    from rich.cells import cell_len

    lines = list(rows)
    columns = []
    for name in names:
        values = [row.get(name) for row in lines]
        cells = [visible(name), *map(_shown, values)]
        width = max(map(cell_len, cells))
        is_number = any(isinstance(value, int | float) for value in values)
        blanks = [" " * (width - cell_len(cell)) for cell in cells]
        columns.append(
            [b + c if is_number else c + b for c, b in zip(cells, blanks, strict=True)]
        )
    for line in zip(*columns, strict=True):
        say("  ".join(line).rstrip())


def _shown(value: object) -> str:
    if isinstance(value, float):
        return plain(value)
    return visible(value)


def plain(value: float) -> str:
    """A number with four digits that count, and never with an exponent."""
    text = f"{value:.4g}"
    return f"{Decimal(text):f}" if "e" in text else text
