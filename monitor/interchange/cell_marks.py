"""What stands between the cells of a CSV, and before the decimals of its numbers.

Where the comma is the decimal mark, as in Russian, Kazakh and German, spreadsheets save
cells with semicolons between them. Nothing is guessed: of one file all numbers have the
same mark, and where the comma stands between cells only the point is one.
"""

from typing import Final

COMMA: Final = ","
_MARKS: Final = (COMMA, ";", "\t")


def mark_between(header: str) -> str:
    """The mark between the cells of a file whose names hold none of the marks."""
    return max(_MARKS, key=header.count)


class Decimals:
    """The decimal mark of one file.

    Parameters
    ----------
    between : the mark between its cells.
    """

    def __init__(self, between: str) -> None:
        self._mark = "." if between == COMMA else None

    def with_point(self, cell: str) -> str:
        """The number in a cell as programs write it.

        Raises
        ------
        ValueError : its mark is not that of the numbers before.
        """
        mark = next((mark for mark in ",." if mark in cell), None)
        if mark is None:
            return cell
        self._mark = self._mark or mark
        if mark != self._mark or cell.count(mark) > 1:
            raise ValueError(f"numbers with one decimal mark, here {self._mark!r}")
        return cell.replace(COMMA, ".")
