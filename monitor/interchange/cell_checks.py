"""Raw cells of one batch in, checked and typed columns out; a bad cell is named.

A batch holds its cells as Arrow arrays of strings (from CSV) or of types of their own
(from Parquet), or as lists of Python values (from JSON). No I/O.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from monitor.errors import InputError
from monitor.interchange.file_columns import (
    COLUMNS,
    FIRST_MOMENT,
    LAST_MOMENT,
    LONGEST_NAME,
    MOMENT_TYPE,
    NAMES,
    NUMBERS,
    SCHEMA,
    Column,
    Kind,
    arrow_type,
)
from monitor.lists import curve_of

# pyarrow has no types of its own yet; the names say what is meant.
Cells: TypeAlias = "pa.Array | Sequence[Any]"
Cell: TypeAlias = "pa.Scalar | object"

_MOMENT_PATTERN: Final = (
    r"^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$"
)
_FINER_THAN_US: Final = r"(\.\d{6})\d+"
_NAME_PATTERN: Final = r"^[^\x00-\x1f\x7f\s]([^\x00-\x1f\x7f]*[^\x00-\x1f\x7f\s])?$"
_SHOWN_CHARACTERS: Final = 60


@dataclass(frozen=True, slots=True)
class RawBatch:
    """Some rows of one file, as they were found.

    Parameters
    ----------
    source : name of the file, for messages.
    first_row : number of the first row, from 1; the header is not counted.
    n_rows : how many rows.
    cells : per column an Arrow array of strings or of a type of its own, or a list.
    """

    source: str
    first_row: int
    n_rows: int
    cells: Mapping[str, Any]

    def refuse(self, index: int, column: Column) -> InputError:
        """The error about one cell of this batch."""
        value = _python_value(self.cells[column.name][index])
        return InputError(
            f"{self.source}: row {self.first_row + index}, column {column.name}:"
            f" found {shown(value)}; allowed: {column.allowed}"
        )


def shown(value: object) -> str:
    """The value for a message: shortened, with control characters escaped."""
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."


def _python_value(cell: Cell) -> object:
    if not isinstance(cell, pa.Scalar):
        return cell
    try:
        return cell.as_py()
    except (OverflowError, ValueError):  # a time that Python has no year for
        return cell.cast(pa.int64()).as_py()


def check_header(source: str, names: Sequence[str]) -> None:
    """Refuse unknown, doubled and missing columns.

    Raises
    ------
    InputError : names the file, the column and what is allowed.
    """
    unknown = [n for n in names if n not in NAMES and not n.startswith("x_")]
    if unknown:
        raise InputError(
            f"{source}: unknown column {shown(unknown[0])}; {_hint(names, unknown)}"
        )
    doubled = [n for n in NAMES if list(names).count(n) > 1]
    if doubled:
        raise InputError(f"{source}: column {doubled[0]} is there twice; allowed: once")
    missing = [c.name for c in COLUMNS if c.is_required and c.name not in names]
    if missing:
        raise InputError(
            f"{source}: column {missing[0]} is missing; needed: started_at_utc, target"
            " and at least one measured value or failure"
        )


def _hint(names: Sequence[str], unknown: Sequence[str]) -> str:
    if any(mark in unknown[0] for mark in ",;\t"):
        return "between all columns stands one mark: a comma, a semicolon or a tab"
    if len(unknown) > 1 and not set(NAMES).intersection(names):
        return "no column is one of ours; a file of another program needs --format"
    return f"allowed: {', '.join(NAMES)}, and any that begins with x_"


def typed(raw: RawBatch) -> pa.RecordBatch:
    """The batch with all columns of `SCHEMA`, every cell checked.

    Raises
    ------
    InputError : names the file, the row, the column, what was found, what is allowed.
    """
    arrays = {column.name: _checked(raw, column) for column in COLUMNS}
    _check_something_measured(raw, arrays)
    return pa.RecordBatch.from_arrays(list(arrays.values()), schema=SCHEMA)


def _checked(raw: RawBatch, column: Column) -> pa.Array:
    cells = raw.cells.get(column.name)
    if cells is None and not column.is_required and column.default is None:
        # Nothing to look at: most files have few of the columns.
        return pa.nulls(raw.n_rows, arrow_type(column))
    if cells is None:
        cells = pa.nulls(raw.n_rows, pa.string())
    if column.is_number:
        return _numbers(raw, column, cells)
    if column.kind is Kind.MOMENT:
        return _moments(raw, column, cells)
    return _texts(raw, column, cells)


def _numbers(raw: RawBatch, column: Column, cells: Cells) -> pa.Array:
    array = _converted(raw, column, cells, pa.float64(), (int, float))
    values = array.to_numpy(zero_copy_only=False)
    bad = ~((values >= column.lowest) & (values <= column.highest))
    if column.kind is Kind.COUNT:
        bad |= values != np.floor(values)
    _refuse_first(raw, column, bad & array.is_valid().to_numpy(zero_copy_only=False))
    return array


def _moments(raw: RawBatch, column: Column, cells: Cells) -> pa.Array:
    # Stored to the microsecond: what is finer is cut off, in texts and in types.
    if isinstance(cells, pa.Array) and _is_zoned(cells):
        if cells.type.unit == "ns":
            cells = cells.cast(MOMENT_TYPE, safe=False)
        array = _converted(raw, column, cells, MOMENT_TYPE, ())
    else:
        text = _strings(raw, column, cells)
        _refuse_unless(raw, column, pc.match_substring_regex(text, _MOMENT_PATTERN))
        text = pc.replace_substring_regex(text, _FINER_THAN_US, r"\1")
        array = _converted(raw, column, pc.utf8_upper(text), MOMENT_TYPE, (str,))
    _refuse_unless(raw, column, array.is_valid())
    inside = pc.and_(
        pc.greater_equal(array, pa.scalar(FIRST_MOMENT, MOMENT_TYPE)),
        pc.less(array, pa.scalar(LAST_MOMENT, MOMENT_TYPE)),
    )
    _refuse_unless(raw, column, inside)
    return array


def _is_zoned(cells: pa.Array) -> bool:
    return pa.types.is_timestamp(cells.type) and cells.type.tz is not None


def _texts(raw: RawBatch, column: Column, cells: Cells) -> pa.Array:
    text = _strings(raw, column, cells)
    if column.default is not None:
        text = pc.fill_null(text, column.default)
    if column.is_required:
        _refuse_unless(raw, column, text.is_valid())
    _refuse_unless(raw, column, _TEXT_RULES[column.kind](text, column))
    return text.dictionary_encode()


def _is_name(text: pa.Array, _column: Column) -> pa.Array:
    is_short = pc.less_equal(pc.utf8_length(text), LONGEST_NAME)
    return pc.and_(is_short, pc.match_substring_regex(text, _NAME_PATTERN))


def _is_text(text: pa.Array, column: Column) -> pa.Array:
    is_short = pc.less_equal(pc.utf8_length(text), column.longest)
    return pc.and_not(is_short, pc.match_substring(text, "\x00"))


def _is_choice(text: pa.Array, column: Column) -> pa.Array:
    return pc.or_(pc.is_in(text, pa.array(column.choices, pa.string())), text.is_null())


def _is_curve(text: pa.Array, column: Column) -> pa.Array:
    cells = [_is_one_curve(cell, column) for cell in text.to_pylist()]
    return pa.array(cells, pa.bool_())


def _is_one_curve(cell: str | None, column: Column) -> bool | None:
    if cell is None:
        return None
    try:
        curve_of(cell)
    except ValueError:
        return False
    return len(cell) <= column.longest


_TEXT_RULES: Final[Mapping[Kind, Callable[[pa.Array, Column], pa.Array]]] = {
    Kind.NAME: _is_name,
    Kind.TEXT: _is_text,
    Kind.CHOICE: _is_choice,
    Kind.CURVE: _is_curve,
}


def _strings(raw: RawBatch, column: Column, cells: Cells) -> pa.Array:
    """The cells as text; an empty one is none."""
    text = _converted(raw, column, cells, pa.string(), (str,))
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)


def _converted(
    raw: RawBatch,
    column: Column,
    cells: Cells,
    arrow_type: pa.DataType,
    python_types: tuple[type, ...],
) -> pa.Array:
    """The cells as the wanted type, or the error about the first that is not one."""
    if isinstance(cells, pa.Array):
        _check_array_type(raw, column, cells.type, arrow_type)
    else:
        _check_python_types(raw, column, cells, python_types)
    try:
        return _as_array(cells, arrow_type)
    except (pa.ArrowException, UnicodeEncodeError, OverflowError) as error:
        index = next(i for i in range(len(cells)) if not _is_one(cells[i], arrow_type))
        raise raw.refuse(index, column) from error


def _as_array(cells: Cells, arrow_type: pa.DataType) -> pa.Array:
    return (
        cells.cast(arrow_type)
        if isinstance(cells, pa.Array)
        else pa.array(cells, arrow_type)
    )


def _is_one(cell: Cell, arrow_type: pa.DataType) -> bool:
    try:
        _ = (
            cell.cast(arrow_type)
            if isinstance(cell, pa.Scalar)
            else pa.scalar(cell, arrow_type)
        )
    except (pa.ArrowException, UnicodeEncodeError, OverflowError):
        return False
    return True


def _check_array_type(
    raw: RawBatch, column: Column, cell_type: pa.DataType, arrow_type: pa.DataType
) -> None:
    plain = cell_type.value_type if pa.types.is_dictionary(cell_type) else cell_type
    is_text = pa.types.is_string(plain) or pa.types.is_large_string(plain)
    if not (is_text or pa.types.is_null(plain) or _fits(plain, arrow_type)):
        raise InputError(
            f"{raw.source}: column {column.name}: found the type {cell_type};"
            f" allowed: {column.allowed}"
        )


def _fits(cell_type: pa.DataType, arrow_type: pa.DataType) -> bool:
    if pa.types.is_timestamp(arrow_type):
        return bool(pa.types.is_timestamp(cell_type))
    is_numeric = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal)
    return bool(pa.types.is_floating(arrow_type)) and any(
        test(cell_type) for test in is_numeric
    )


def _check_python_types(
    raw: RawBatch, column: Column, cells: Sequence[object], allowed: tuple[type, ...]
) -> None:
    # By exact type: in Python True is a number, in JSON it is none.
    strange = set(map(type, cells)) - {*allowed, type(None)}
    if strange:
        index = next(i for i, cell in enumerate(cells) if type(cell) in strange)
        raise raw.refuse(index, column)


def _refuse_unless(raw: RawBatch, column: Column, good: pa.Array) -> None:
    """Refuse the first cell that is false; a null is not judged here."""
    bad = pc.invert(pc.fill_null(good, True))
    _refuse_first(raw, column, bad.to_numpy(zero_copy_only=False))


def _refuse_first(raw: RawBatch, column: Column, bad: NDArray[np.bool_]) -> None:
    if bad.any():
        raise raw.refuse(int(bad.argmax()), column)


def _check_something_measured(raw: RawBatch, arrays: Mapping[str, pa.Array]) -> None:
    nothing = np.ones(raw.n_rows, dtype=bool)
    for name in (*NUMBERS, "failure"):
        nothing &= arrays[name].is_null().to_numpy(zero_copy_only=False)
    if nothing.any():
        row = raw.first_row + int(nothing.argmax())
        raise InputError(
            f"{raw.source}: row {row}: found neither a measured value nor a failure;"
            " allowed: at least one of them"
        )
