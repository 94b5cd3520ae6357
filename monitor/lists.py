"""The lists of a sample as the text of one cell, and back; pure.

One form wherever a list is a cell: in files, in the rows of a bundle, in the views. The
answers of a lookup stand one after the other with a space between, in the order in
which they came. The curve of a transfer is a JSON list of pairs, seconds and bytes.
"""

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from math import isfinite
from typing import Final

from monitor.untyped import Json

LONGEST_S: Final = 86_400.0
"""More is impossible for one probe: a day."""
MOST_BYTES: Final = 10**15
"""More is impossible for one probe: a petabyte."""

Curve = tuple[tuple[float, int], ...]
"""Seconds since the first response byte, and the bytes that had come by then."""


def answers_text(answers: Iterable[str]) -> str | None:
    """The addresses of an answer as one cell; None without any."""
    return " ".join(answers) or None


def answers_of(text: str | None) -> tuple[str, ...]:
    """The addresses in a cell, in its order."""
    return tuple((text or "").split())


@lru_cache(maxsize=4096)
def stored_answers_text(stored: str | None) -> str | None:
    """The cell of what the database keeps: a JSON list of texts."""
    return None if stored is None else answers_text(json.loads(stored))


def curve_text(curve: Iterable[Sequence[float]]) -> str | None:
    """The curve of a transfer as one cell; None without any.

    Points that are no measurement (not finite) are left out.
    """
    points = [
        [float(elapsed_s), int(n_bytes)]
        for elapsed_s, n_bytes in curve
        if isfinite(elapsed_s) and isfinite(n_bytes)
    ]
    return json.dumps(points) if points else None


def curve_of(text: str | None) -> Curve:
    """The curve in a cell.

    Raises
    ------
    ValueError : it is no JSON list of pairs, or holds a value that cannot be.
    """
    try:
        return tuple(_point(*pair) for pair in _listed(json.loads(text or "[]")))
    except (TypeError, OverflowError, RecursionError) as error:
        raise ValueError("no list of pairs") from error


def _listed(value: object) -> list[Json]:
    if not isinstance(value, list):
        raise TypeError("no list")
    return value


def never_falls(curve: Curve) -> bool:
    """Whether neither seconds nor bytes go back: else it is of no transfer."""
    return all(
        after[0] >= before[0] and after[1] >= before[1]
        for before, after in pairwise(curve)
    )


def _point(elapsed_s: object, n_bytes: object) -> tuple[float, int]:
    # By exact type: in Python True is a number, in JSON it is none.
    if type(elapsed_s) not in (int, float) or type(n_bytes) is not int:
        raise ValueError("no pair of seconds and bytes")
    point = float(elapsed_s), n_bytes  # type: ignore[arg-type]
    if not (0 <= point[0] <= LONGEST_S and 0 <= n_bytes <= MOST_BYTES):
        raise ValueError("beyond what can be")
    return point
