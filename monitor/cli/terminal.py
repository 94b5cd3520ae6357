"""Text from anywhere, made harmless for a terminal and for a spreadsheet."""

import csv
import io
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

MAX_CELL: Final = 200
_LONGEST_CELL: Final = 100_000
_FILE_COLUMNS: Final = 10_000


def visible(value: object, *, limit: int = MAX_CELL) -> str:
    """A value as one line of printable text; control characters as escapes.

    Escape sequences could otherwise move the cursor, rename the window or hide text,
    and marks of writing direction could turn a name around.
    """
    text = "" if value is None else str(value)
    cut = text if len(text) <= limit else f"{text[: limit - 1]}…"
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in cut)


def csv_cell(value: object) -> object:
    """A cell that no spreadsheet takes for a formula; numbers stay numbers.

    Control characters are escaped here, too: the text may end on a terminal.
    """
    from monitor.interchange.formula import disarm

    if value is None or isinstance(value, int | float):
        return value
    return disarm(visible(value, limit=_LONGEST_CELL))


def csv_text(names: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """Rows as CSV (RFC 4180)."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([csv_cell(name) for name in names])
    writer.writerows([csv_cell(row.get(name)) for name in names] for row in rows)
    return out.getvalue()


def print_table(names: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """Print rows as a table with the given columns; numbers to the right."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    found = list(rows)
    table = Table(box=None, pad_edge=False)
    for name in names:
        is_number = any(isinstance(row.get(name), int | float) for row in found)
        table.add_column(Text(visible(name)), justify="right" if is_number else "left")
    for row in found:
        cells = [Text(_shown(row.get(name))) for name in names]
        table.add_row(*cells)
    out = sys.stdout
    # Into a file or a pipe nothing is folded or cut.
    width = None if out.isatty() else _FILE_COLUMNS
    Console(file=out, width=width, markup=False, highlight=False).print(table)


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return visible(value)
