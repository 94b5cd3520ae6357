"""Documents in JSON, whatever stands between them: one per line, one array, or a log.

Programs print one document; whoever measures every hour writes them all into one file.
"""

import json
import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from monitor.errors import InputError
from monitor.exchange.bounded_lines import numbered_lines, said
from monitor.untyped import Json

_LARGEST: Final = 200_000_000
"""Characters of one document; an array of them is one."""
_SPACE: Final = re.compile(r"[ \t\r\n,]*")
_NO_VALUE: Final = (KeyError, TypeError, ValueError, AttributeError, OverflowError)


def documents(path: Path) -> Iterator[tuple[int, dict[str, Json]]]:
    """The objects of a file (`.gz` unpacked), numbered from 1.

    Raises
    ------
    InputError : the file cannot be read, or holds something else.
    """
    number = 0
    for value in _values(path):
        for document in value if isinstance(value, list) else [value]:
            number += 1
            if not isinstance(document, dict):
                raise no_such(path, number, str(document), "an object of JSON")
            yield number, document


def _values(path: Path) -> Iterator[Json]:
    text, tried = "", 0
    for piece in _pieces(path):
        text += piece
        # What is not whole yet is tried again when there is twice as much of it.
        if piece and len(text) < 2 * tried:
            continue
        if len(text) > _LARGEST:
            raise InputError(f"{path}: a document is too long; allowed: 200 MB")
        text = text[(yield from _whole_values(text)) :]
        tried = len(text)
    if text:
        raise InputError(
            f"{path}: no JSON from {said(text)} on; allowed: whole objects"
        )


def _whole_values(text: str) -> Generator[Json, None, int]:
    """The values that a text begins with; returns where the rest of it begins."""
    decoder, begin = json.JSONDecoder(), _after_space(text, 0)
    while begin < len(text):
        try:
            value, end = decoder.raw_decode(text, begin)
        except (ValueError, RecursionError):
            break
        yield value
        begin = _after_space(text, end)
    return begin


def _after_space(text: str, begin: int) -> int:
    space = _SPACE.match(text, begin)
    return begin if space is None else space.end()


def _pieces(path: Path) -> Iterator[str]:
    """The text line by line, and at last nothing: then all is there."""
    for _, line in numbered_lines(path):
        yield f"{line}\n"
    yield ""


def no_such(path: Path, number: int, text: str, allowed: str) -> InputError:
    """The error for one document of a file."""
    return InputError(
        f"{path}: document {number}: found {said(text)}; allowed: {allowed}"
    )


@contextmanager
def reading(path: Path, number: int, what: str) -> Iterator[None]:
    """What a document lacks, or has of another kind, as InputError."""
    try:
        yield
    except _NO_VALUE as error:
        raise no_such(path, number, repr(error), what) from None


def seconds(milliseconds: Json) -> float | None:
    """Seconds of a time in milliseconds; None where it is missing or below zero.

    Raises
    ------
    TypeError, OverflowError : it is no number, or none that can be.
    """
    if milliseconds is None:
        return None
    value = float(number_in(milliseconds)) / 1000
    return value if value >= 0 else None


def number_in(value: Json) -> int | float:
    """A number as it is.

    Raises
    ------
    TypeError : it is none; to Python, true is 1.
    """
    if type(value) not in (int, float):
        raise TypeError(f"no number: {value!r}")
    number: int | float = value
    return number
