"""Results of Speedtest Tracker, exported as CSV, into samples.

Columns as its ResultExporter writes them (version 1.x): `Download` in bit/s, `Ping` in
milliseconds, `Created at` in UTC. Versions before 1 wrote bytes/s under `download`,
beside columns that later ones do not have. What identifies the household stays out.
"""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from monitor.exchange.bounded_lines import numbered_lines, refused, utc
from monitor.model import Operation, Role, Sample

TARGET: Final = "speedtest"
"""The line itself: a control, for no service is meant."""

_MAX_BPS: Final = 1e12
_OLD_COLUMNS: Final = {"successful", "server_url"}
"""Of the export before version 1, in which rates were bytes per second."""


def read(path: Path, *, vantage: str) -> Iterator[Sample]:
    """One sample per result: goodput of the download, round trip of the ping.

    Raises
    ------
    InputError : another kind of file, or a value that cannot be.
    """
    lines = numbered_lines(path)
    numbers: list[int] = []

    def texts() -> Iterator[str]:
        for number, line in lines:
            numbers[:] = [number]
            yield line

    reader = _rows(path, numbers, csv.reader(texts()))
    names = [name.strip().lower().replace(" ", "_") for name in next(reader, [])]
    if not {"download", "created_at"} <= set(names):
        allowed = "a header with Download and Created at"
        raise refused(path, 1, ",".join(names), allowed)
    bits = 8 if set(names) >= _OLD_COLUMNS else 1
    for cells in reader:
        if cells:
            row = dict(zip(names, cells, strict=False))
            yield _sample(path, numbers[0], row, vantage, bits)


def _rows(
    path: Path, numbers: list[int], reader: Iterator[list[str]]
) -> Iterator[list[str]]:
    """The rows; what is no CSV (such as a cell of a megabyte) is refused."""
    try:
        yield from reader
    except csv.Error as error:
        raise refused(path, numbers[0], str(error), "CSV") from None


def _sample(
    path: Path, line: int, row: Mapping[str, str], vantage: str, bits: int
) -> Sample:
    rate = _number(path, line, row, "download")
    ping_ms = _number(path, line, row, "ping")
    is_failed = not rate
    try:
        started = utc(row["created_at"])
    except (KeyError, ValueError):
        raise refused(path, line, str(row), "2026-10-20 20:00:05") from None
    return Sample(
        started_at_utc=started,
        target=TARGET,
        role=Role.CONTROL,
        vantage=vantage,
        probe="speedtest",
        connect_s=None if ping_ms is None else ping_ms / 1000,
        goodput_bps=rate * bits if rate else None,
        failed_operation=Operation.READ if is_failed else None,
        failure="unknown_failure: speedtest" if is_failed else None,
    )


def _number(path: Path, line: int, row: Mapping[str, str], name: str) -> float | None:
    text = (row.get(name) or "").strip()
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= _MAX_BPS:
        raise refused(path, line, f"{name} {text}", "a number, 0 or more")
    return value
