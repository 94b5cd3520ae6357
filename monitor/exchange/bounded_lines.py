"""What the importers share: bounded lines of a file, refusals that name the place."""

import gzip
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Final

from monitor.errors import InputError

MAX_LINE_CHARS: Final = 20_000_000
"""An OONI measurement with response bodies is one line of some megabytes."""


def numbered_lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a text file (`.gz` unpacked), numbered from 1, without their ends.

    Raises
    ------
    InputError : the file cannot be read as text.
    """
    try:
        with _opened(path) as file:
            number = 0
            while line := file.readline(MAX_LINE_CHARS):
                number += 1
                if not line.endswith("\n") and len(line) == MAX_LINE_CHARS:
                    raise refused(path, number, "a line too long", "20 MB")
                yield number, line.rstrip("\r\n")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as text: {error}") from None


def _opened(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig")
    return path.open(encoding="utf-8-sig")


def refused(path: Path, line: int, text: str, allowed: str) -> InputError:
    """The error for one place of a file; what was found is shortened and escaped."""
    return InputError(f"{path}: line {line}: found {text[:80]!a}; allowed: {allowed}")


def utc(text: str) -> datetime:
    """A time in UTC, also of a text without a zone.

    Raises
    ------
    ValueError : it is none, or before the first or after the last day of all.
    """
    moment = datetime.fromisoformat(text.strip())
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    try:
        return aware.astimezone(UTC)
    except OverflowError:
        raise ValueError("a time beyond the calendar") from None
