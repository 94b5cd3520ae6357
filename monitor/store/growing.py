"""Cells of a result, some thousand at a time, into the columns of a frame.

An array that outgrows its room is given more in place: a year of samples is in memory
once, not once in pieces and once whole.
"""

from collections.abc import Sequence
from typing import Any, Final, Protocol, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from monitor.interchange.file_columns import Column, Kind
from monitor.lists import stored_answers_text
from monitor.model import Role
from monitor.untyped import Json

Series: TypeAlias = "pd.Series[Any]"
"""Of any kind of value: the column says which."""
_Array: TypeAlias = NDArray[Any]
"""Of numbers, of codes or of moments."""
_FIRST_ROWS: Final = 4096
_ROLES: Final = (Role.TARGET.value, Role.CONTROL.value)


class GrowingColumn(Protocol):
    """A column that is being read."""

    def extend(self, cells: Sequence[object]) -> None:
        """Add cells as the driver gives them."""

    def repeat(self, cell: str | None, n: int) -> None:
        """Add one text n times."""

    def series(self) -> Series:
        """The finished column, of the type that `interchange.file_columns` says."""


def growing(column: Column, *, is_stored: bool = True) -> GrowingColumn:
    """An empty column of the right kind.

    Parameters
    ----------
    is_stored : whether cells come as the database has them: a role as a truth value,
        answers as a JSON list.
    """
    if column.kind is Kind.MOMENT:
        return _Moments()
    if column.is_number:
        return _Numbers()
    kinds = {"role": _Roles, "dns_answers": _Answers} if is_stored else {}
    return kinds.get(column.name, _Texts)()


class _Grown:
    """An array that grows at its end."""

    def __init__(self, kind: type[np.generic]) -> None:
        self._values: _Array = np.empty(_FIRST_ROWS, kind)
        self._n = 0

    def add(self, values: ArrayLike, n: int) -> None:
        end = self._n + n
        if end > self._values.size:
            # Nobody else has seen the array yet.
            self._values.resize(end + end // 4, refcheck=False)
        self._values[self._n : end] = values
        self._n = end

    def whole(self) -> _Array:
        self._values.resize(self._n, refcheck=False)
        return self._values


class _Numbers:
    """_Numbers; what was not measured is NaN."""

    def __init__(self) -> None:
        self._grown = _Grown(np.float64)

    def extend(self, cells: Sequence[object]) -> None:
        self._grown.add(np.array(cells, np.float64), len(cells))

    def repeat(self, cell: str | None, n: int) -> None:
        raise TypeError("a number belongs to a sample, not to its series")

    def series(self) -> Series:
        return pd.Series(self._grown.whole(), copy=False)


class _Moments(_Numbers):
    """Microseconds since 1970, UTC."""

    def __init__(self) -> None:
        self._grown = _Grown(np.int64)

    def extend(self, cells: Sequence[object]) -> None:
        self._grown.add(np.array(cells, np.int64), len(cells))

    def series(self) -> Series:
        moments = self._grown.whole().view("datetime64[us]")
        return pd.Series(moments, copy=False).dt.tz_localize("UTC")


class _Codes(dict[str | None, int]):
    """Text -> its number in the order of first appearance; no text is -1."""

    def __missing__(self, text: str | None) -> int:
        code = self[text] = len(self) - 1
        return code


class _Texts:
    """_Texts, each kept once."""

    def __init__(self) -> None:
        self._codes = _Codes({None: -1})
        self._grown = _Grown(np.int32)

    def extend(self, cells: Sequence[Json]) -> None:
        n = len(cells)
        codes = map(self._codes.__getitem__, cells)
        self._grown.add(np.fromiter(codes, np.int32, n), n)

    def repeat(self, cell: str | None, n: int) -> None:
        self._grown.add(self._codes[cell], n)

    def series(self) -> Series:
        texts = pd.Index(list(self._codes)[1:])
        return pd.Series(pd.Categorical.from_codes(self._grown.whole(), texts))


class _Answers(_Texts):
    """All addresses of an answer as one text."""

    def extend(self, cells: Sequence[Json]) -> None:
        super().extend([stored_answers_text(cell) for cell in cells])


class _Roles(_Texts):
    """Whether a sample is a control's, as a word."""

    def extend(self, cells: Sequence[object]) -> None:
        self._grown.add(np.array(cells, np.int32), len(cells))

    def series(self) -> Series:
        codes = self._grown.whole()
        return pd.Series(pd.Categorical.from_codes(codes, pd.Index(_ROLES)))
