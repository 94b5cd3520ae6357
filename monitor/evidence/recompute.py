"""The verdicts once more, from the rows of a bundle, and where they differ; pure."""

import math
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from monitor.errors import InputError
from monitor.evidence.rows import COLUMNS

if TYPE_CHECKING:
    import pandas as pd

_TOLERANCE: Final = 1e-6
"""Relative; another processor may add in another order."""


_HOSTILE: Final = (
    KeyError,
    TypeError,
    ValueError,
    AttributeError,
    ArithmeticError,
    InputError,
)


class NotComparableError(Exception):
    """The verdicts cannot be computed again here; the text says why."""


def frame_of(rows: Iterable[Mapping[str, Any]]) -> "pd.DataFrame":
    """Rows as a frame with the columns of contracts 4, small in memory."""
    import pandas as pd

    numbers = {n: array("d") for n, kind in COLUMNS.items() if kind != "text"}
    texts: dict[str, list[str | None]] = {n: [] for n in COLUMNS if n not in numbers}
    known: dict[str, str] = {}
    for row in rows:
        for name, values in numbers.items():
            values.append(row.get(name, math.nan))
        for name, column in texts.items():
            text = row.get(name)
            column.append(None if text is None else known.setdefault(text, text))
    data: dict[str, Any] = {}
    for name in COLUMNS:
        data[name] = numbers[name] if name in numbers else texts[name]
    frame = pd.DataFrame(data)
    frame["started_at_utc"] = pd.to_datetime(
        frame["started_at_utc"], utc=True, format="ISO8601"
    )
    return frame


def verdicts_again(
    document: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """The verdicts of the rows, asked as the document says that it was asked.

    Raises
    ------
    NotComparableError : another version of the method, or a document without its terms.
    """
    from monitor.analysis import METHOD_VERSION, analyze

    if document.get("method_version") != METHOD_VERSION:
        raise NotComparableError(
            f"made by method {document.get('method_version')!r}; this program has"
            f" {METHOD_VERSION!r}"
        )
    try:
        window = f"{document['window']['start']}-{document['window']['end']}"
        found = analyze(
            frame_of(rows),
            timezone=document["timezone"],
            window=window,
            since=document["since"],
            until=document["until"],
        )
    except _HOSTILE as error:
        raise NotComparableError(f"cannot be computed again: {error}") from None
    return [verdict.to_dict() for verdict in found]


def differences(
    stated: Any,  # noqa: ANN401 - any JSON value
    found: Any,  # noqa: ANN401 - any JSON value
    where: str = "",
) -> Iterator[tuple[str, str]]:
    """Paths at which two JSON documents differ, with both values."""
    if isinstance(stated, Mapping) and isinstance(found, Mapping):
        for name in sorted({*stated, *found}, key=str):
            at = f"{where}.{name}".lstrip(".")
            yield from differences(stated.get(name), found.get(name), at)
    elif _are_lists(stated, found) and len(stated) == len(found):
        for n, (one, other) in enumerate(zip(stated, found, strict=True)):
            yield from differences(one, other, f"{where}[{n}]")
    elif not _is_same(stated, found):
        yield where, f"{_brief(stated)} stated, {_brief(found)} computed"


def _are_lists(one: object, other: object) -> bool:
    return isinstance(one, Sequence | tuple) and (
        isinstance(other, Sequence | tuple)
        and not isinstance(one, str)
        and not isinstance(other, str)
    )


def _is_same(one: object, other: object) -> bool:
    if isinstance(one, int | float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=_TOLERANCE, abs_tol=1e-12)
    return one == other


def _brief(value: object) -> str:
    return ascii(value)[:80]
