"""What the importers share: bounded lines of a file, refusals that name the place."""

import gzip
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Final
from zoneinfo import ZoneInfo

from monitor.errors import InputError
from monitor.wallclock import instant_shown

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
    return InputError(f"{path}: line {line}: found {said(text)}; allowed: {allowed}")


def said(text: str) -> str:
    """What a file says, for a message: shortened and escaped."""
    return ascii(text[:80])


def utc(text: str, zone: ZoneInfo | None = None) -> datetime:
    """A time in UTC.

    Parameters
    ----------
    zone : of a text that has none in itself; None: it must have one.

    Raises
    ------
    ValueError : it is none, its zone is not known, or in the zone it is not one moment.
    """
    moment = datetime.fromisoformat(text.strip())
    if moment.tzinfo is None:
        if zone is None:
            raise ValueError("a time with its zone, such as 2026-10-20T20:00:05+05:00")
        return instant_shown(moment, zone)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("a time beyond the calendar") from None
