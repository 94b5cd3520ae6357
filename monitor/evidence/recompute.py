"""The verdicts once more, from the rows of a bundle, and where they differ; pure."""

import math
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from types import NoneType
from typing import TYPE_CHECKING, Final

from monitor.errors import InputError
from monitor.evidence.canonical_rows import COLUMNS, NUMBERS
from monitor.store.instants import to_us
from monitor.untyped import Json

if TYPE_CHECKING:
    import pandas as pd

_ROWS_AT_ONCE: Final = 2000

_TOLERANCE: Final = 1e-6
"""Relative; another processor may add in another order."""


_ADDED: Final = frozenset({"detail_record", "is_made", "reason_records", "rule"})
"""What a verdict did not state yet when the first bundles of its method were made."""
_NAMES: Final = r"[^\s,]+(, [^\s,]+)*"
_WITHDRAWN: Final = re.compile(
    rf"Slow evenings keep to (\w+day(, )?)+\.|in step with {_NAMES}"
    rf"|at the same hours as {_NAMES}(; the evenings alone do not tell)?"
)
"""Sentences that are now said only after a test: there they differ. The whole of them:
what goes on otherwise is somebody's own, and no row gives it."""

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


def frame_of(
    rows: Iterable[Mapping[str, Json]], columns: Collection[str] = tuple(COLUMNS)
) -> "pd.DataFrame":
    """Rows as a frame with some columns of contracts 4, a year in little memory.

    Raises
    ------
    TypeError, ValueError : a value that its column cannot hold.
    """
    import pandas as pd

    from monitor.interchange.file_columns import COLUMNS as KINDS
    from monitor.store.growing import growing

    grown = {c.name: growing(c, is_stored=False) for c in KINDS if c.name in columns}
    for chunk in _chunks(rows):
        for name, column in grown.items():
            column.extend(_cells(name, [row.get(name) for row in chunk]))
    return pd.DataFrame({name: c.series() for name, c in grown.items()}, copy=False)


def _chunks(rows: Iterable[Mapping[str, Json]]) -> Iterator[list[Mapping[str, Json]]]:
    remaining = iter(rows)
    while chunk := list(islice(remaining, _ROWS_AT_ONCE)):
        yield chunk


def _cells(name: str, values: list[Json]) -> list[Json]:
    """The values of a column as its cells; those of another kind are refused."""
    if name == "started_at_utc":
        return [to_us(datetime.fromisoformat(value)) for value in values]
    kinds = {int, float} if COLUMNS[name] in NUMBERS else {str}
    odd = set(map(type, values)) - kinds - {NoneType}
    if odd:
        raise TypeError(f"{name}: found {odd.pop().__name__}")
    return values


def document_again(
    document: Mapping[str, Json], rows: Iterable[Mapping[str, Json]]
) -> dict[str, Json]:
    """The verdict document of the rows, asked as the one that is there was asked.

    Raises
    ------
    NotComparableError : another version of the method, or a document without its terms.
    """
    from monitor.analysis import COLUMNS as READ
    from monitor.analysis import METHOD_VERSION, analysis_document, analyze, as_stated
    from monitor.analysis.owner import stated_in

    if document.get("method_version") != METHOD_VERSION:
        raise NotComparableError(
            f"made by method {document.get('method_version')!r}; this program has"
            f" {METHOD_VERSION!r}"
        )
    try:
        window = f"{document['window']['start']}-{document['window']['end']}"
        terms = {name: document[name] for name in ("timezone", "since", "until")}
        verdicts = analyze(frame_of(rows, READ), window=window, **terms)
        verdicts = as_stated(verdicts, stated_in(document))
        return analysis_document(verdicts, window=window, **terms)
    except _HOSTILE as error:
        raise NotComparableError(f"cannot be computed again: {error}") from None


def differences(
    stated: Json,
    recomputed: Json,
    where: str = "",
) -> Iterator[tuple[str, str]]:
    """Paths at which two JSON documents differ, with both values."""
    if isinstance(stated, Mapping) and isinstance(recomputed, Mapping):
        if _ADDED & recomputed.keys() and not _ADDED & stated.keys():
            stated, recomputed = _as_first_made(stated), _as_first_made(recomputed)
        for name in sorted({*stated, *recomputed}, key=str):
            place = f"{where}.{name}".lstrip(".")
            yield from differences(stated.get(name), recomputed.get(name), place)
    elif _are_lists(stated, recomputed) and len(stated) == len(recomputed):
        for n, (value, other) in enumerate(zip(stated, recomputed, strict=True)):
            yield from differences(value, other, f"{where}[{n}]")
    elif not _is_same(stated, recomputed):
        yield where, f"{brief(stated)} stated, {brief(recomputed)} computed"


def _as_first_made(verdict: Mapping[str, Json]) -> dict[str, Json]:
    """A verdict, or a check in one, as far as the first bundles are held to it."""
    kept = {name: value for name, value in verdict.items() if name not in _ADDED}
    if isinstance(kept.get("reasons"), list):
        kept["reasons"] = [r for r in kept["reasons"] if not _is_withdrawn(r)]
    if _is_withdrawn(kept.get("detail")):
        del kept["detail"]
    return kept


def _is_withdrawn(sentence: object) -> bool:
    return isinstance(sentence, str) and bool(_WITHDRAWN.fullmatch(sentence))


def _are_lists(value: object, other: object) -> bool:
    return isinstance(value, Sequence | tuple) and (
        isinstance(other, Sequence | tuple)
        and not isinstance(value, str)
        and not isinstance(other, str)
    )


def _is_same(value: object, other: object) -> bool:
    if isinstance(value, int | float) and isinstance(other, int | float):
        return math.isclose(value, other, rel_tol=_TOLERANCE, abs_tol=1e-12)
    return value == other


def brief(value: object) -> str:
    """A value for a message: no longer than a line, with nothing that turns it."""
    return ascii(value)[:80]
