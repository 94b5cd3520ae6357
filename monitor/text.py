"""Text of others, made harmless for a terminal, a page, a log and a spreadsheet.

Servers, files, notes and names of files may hold escape sequences that move a cursor or
rename a window, marks of writing direction that turn a name around, characters that
nobody sees, and formulas. Here they become visible; nothing is lost.
"""

import csv
import re
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    from _csv import Writer

_SPACES: Final = "\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}"
"""Russian and Kazakh dates and numbers have them."""

FORMULA: Final = "'*[=+\\-@\uff1d\uff0b\uff0d\uff20"
"""Pattern of a text that is taken for a formula; its class of characters is open. The
full-width letters stand in it themselves: not every engine knows the same escapes."""
_BEGINS: Final = re.compile(rf"^(?={FORMULA}\t\r\n])")
_BEGINS_INSIDE: Final = re.compile(rf"(?<=[;\t\r\n])(?={FORMULA}])")


def printable(text: str) -> str:
    """One line of text; all that is not plainly seen is written as an escape."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in _SPACES else _escape(c) for c in text)


def printable_lines(text: str) -> str:
    """As `printable`, but the ends of its lines stay."""
    return "\n".join(map(printable, text.split("\n")))


def _escape(character: str) -> str:
    return ascii(character)[1:-1]


def disarm(text: str) -> str:
    """A text that no spreadsheet takes for a formula: an apostrophe stands before it.

    Notes
    -----
    Not only at the beginning: where the comma is the decimal mark, as in Russian and
    Kazakh, spreadsheets begin a new cell after a semicolon, too. A text that has
    apostrophes there already gets one more: `interchange.formula.rearm` gives back
    what was written.
    """
    return _BEGINS.sub("'", _BEGINS_INSIDE.sub("'", text))


def csv_writer(file: IO[str]) -> "Writer":
    """A writer of CSV whose rows end in LF and can all be read again.

    Notes
    -----
    Before Python 3.13 a cell is quoted when it holds a character of the writer's own
    line end: with LF alone, a text with a CR in it would end its row for a reader.
    """
    return csv.writer(_ShortEnds(file), lineterminator="\r\n")


class _ShortEnds:
    """Takes rows that end in CR LF and writes them with LF alone."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def write(self, row: str) -> None:
        """Write one row."""
        self._file.write(row.removesuffix("\r\n") + "\n")
