"""Results of Speedtest Tracker and of its forerunner, exported as CSV, into samples.

Which program wrote a file, and so in which unit, its columns tell (`_unit`); others
are refused. No file says its zone: `Created at` is what the clock of the
program showed, in its APP_TIMEZONE. What identifies the household stays out.
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from monitor.errors import InputError
from monitor.exchange.bounded_lines import numbered_lines, refused, utc
from monitor.interchange.cell_marks import Decimals, mark_between
from monitor.model import Operation, Role, Sample

TARGET: Final = "speedtest"
"""The line itself: a control, for no service is meant."""

_MAX_BPS: Final = 1e12
_BITS: Final = 1.0
_BYTES: Final = 8.0
_MEGABITS: Final = 1e6
_FORERUNNER: Final = (
    "id,ping,download,upload,created_at,updated_at",
    "id,ping,download,upload,server_id,server_name,server_host,url,scheduled,failed,"
    "created_at,updated_at",
)


@dataclass(frozen=True, slots=True)
class _Export:
    """What holds for every row of a file."""

    path: Path
    vantage: str
    bits: float
    decimals: Decimals
    zone: ZoneInfo | None


def read(path: Path, *, vantage: str, zone: ZoneInfo | None = None) -> Iterator[Sample]:
    """One sample per result: goodput of the download, round trip of the ping.

    Parameters
    ----------
    zone : of the times in the file.

    Raises
    ------
    InputError : another kind of file, a value that cannot be, or a time whose zone
        nobody said.
    """
    lines = numbered_lines(path)
    _, first = next(lines, (1, ""))
    between = mark_between(first)
    numbers: list[int] = [1]

    def texts() -> Iterator[str]:
        yield first
        for number, line in lines:
            numbers[:] = [number]
            yield line

    reader = _rows(path, numbers, csv.reader(texts(), delimiter=between))
    header = [name.strip() for name in next(reader, [])]
    names = [name.lower().replace(" ", "_") for name in header]
    export = _Export(path, vantage, _unit(path, header), Decimals(between), zone)
    for cells in reader:
        if cells:
            row = dict(zip(names, cells, strict=False))
            yield _sample(export, numbers[0], row)


def _unit(path: Path, names: list[str]) -> float:
    """How many bits per second a 1 in the column of the download stands for.

    henrywhitaker3's program, the forerunner, exported Mbit/s. alexjustesen's exported
    bytes per second before 1.0, with names in small letters; from then on bit/s, with
    `Download` before `Ping`; the newest has bytes again, and `Ping` before `Download`.
    """
    if ",".join(names) in _FORERUNNER:
        return _MEGABITS
    if {"download", "ping", "created at", "successful"} <= set(names):
        return _BYTES
    if {"Download", "Ping", "Created at"} <= set(names):
        return _BITS if names.index("Download") < names.index("Ping") else _BYTES
    allowed = "a header of Speedtest Tracker, with Download, Ping and Created at"
    raise refused(path, 1, ",".join(names), allowed)


def _rows(
    path: Path, numbers: list[int], reader: Iterator[list[str]]
) -> Iterator[list[str]]:
    """The rows; what is no CSV (such as a cell of a megabyte) is refused."""
    try:
        yield from reader
    except csv.Error as error:
        raise refused(path, numbers[0], str(error), "CSV") from None


def _sample(export: _Export, line: int, row: Mapping[str, str]) -> Sample:
    rate = _number(export, line, row, "download")
    ping_ms = _number(export, line, row, "ping")
    is_failed = not rate
    try:
        started = utc(row.get("created_at", ""), export.zone)
    except ValueError as error:
        raise _no_time(export, line, row.get("created_at", ""), error) from None
    return Sample(
        started_at_utc=started,
        target=TARGET,
        role=Role.CONTROL,
        vantage=export.vantage,
        probe="speedtest",
        connect_s=None if is_failed or ping_ms is None else ping_ms / 1000,
        goodput_bps=rate * export.bits if rate else None,
        failed_operation=Operation.READ if is_failed else None,
        failure="unknown_failure: speedtest" if is_failed else None,
    )


def _no_time(export: _Export, line: int, text: str, error: Exception) -> InputError:
    if export.zone is None:
        return refused(
            export.path,
            line,
            text,
            "times with their zone, or --timezone: the APP_TIMEZONE under which the"
            " program ran (UTC unless it was set; of the forerunner TZ)",
        )
    return refused(export.path, line, text, f"such as 2026-10-20 20:00:05; {error}")


def _number(
    export: _Export, line: int, row: Mapping[str, str], name: str
) -> float | None:
    text = (row.get(name) or "").strip()
    if not text:
        return None
    try:
        value = float(export.decimals.with_point(text))
    except ValueError:
        value = -1.0
    if not 0 <= value <= _MAX_BPS:
        raise refused(export.path, line, f"{name} {text}", "a number, 0 or more")
    return value
