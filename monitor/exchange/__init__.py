"""Formats of others: OONI, HAR, Speedtest Tracker, fping, SmokePing, Prometheus."""

from collections.abc import Callable, Iterator
from pathlib import Path

from monitor.model import Role, Sample


def reader(
    form: str, *, vantage: str, role: Role
) -> Callable[[Path], Iterator[Sample]]:
    """What reads files of a format into samples; `form` is named below.

    Whatever the format allows, the samples keep to the limits of our own files.
    """
    from monitor.exchange import fping, ooni, speedtest_tracker
    from monitor.interchange import within_limits

    readers: dict[str, Callable[[Path], Iterator[Sample]]] = {
        "ooni": lambda path: ooni.read(path, vantage=vantage, role=role),
        "speedtest-tracker": lambda path: speedtest_tracker.read(path, vantage=vantage),
        "fping": lambda path: fping.read_fping(path, vantage=vantage, role=role),
        "smokeping": lambda path: fping.read_smokeping(
            path, vantage=vantage, role=role
        ),
    }
    return lambda path: within_limits(str(path), readers[form](path))
