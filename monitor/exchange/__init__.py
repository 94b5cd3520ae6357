"""Formats of others, each read by a module of its own, into samples.

OONI, Speedtest Tracker, Ookla's, iperf3's and M-Lab's programs, fping, SmokePing, RIPE
Atlas; Prometheus in `blackbox`. What a file does not say (a zone, a time, whose probe
it was) whoever imports it says in a `Provenance`; nothing is guessed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from monitor.model import Role, Sample

FORMATS: Final = (
    "ooni",
    "speedtest-tracker",
    "ookla",
    "iperf3",
    "ndt7",
    "ripe-atlas",
    "fping",
    "smokeping",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What whoever imports a file says of it.

    Parameters
    ----------
    vantage : where it was measured.
    is_vantage_named : whether they chose it, or it is only the configured one.
    role : what its sites are.
    zone : of times that have none in themselves.
    measured : when, for a format without any time.
    """

    vantage: str
    is_vantage_named: bool = False
    role: Role = Role.TARGET
    zone: ZoneInfo | None = None
    measured: datetime | None = None


def reader(form: str, provenance: Provenance) -> Callable[[Path], Iterator[Sample]]:
    """What reads files of a format (of `FORMATS`) into samples.

    Whatever the format allows, the samples keep to the limits of our own files.
    """
    from monitor.interchange import within_limits

    read = _readers(provenance)[form]
    return lambda path: within_limits(str(path), read(path))


def _readers(provenance: Provenance) -> dict[str, Callable[[Path], Iterator[Sample]]]:
    from monitor.exchange import (
        fping,
        iperf3,
        ndt7,
        ookla,
        ooni,
        ripe_atlas,
        speedtest_tracker,
    )

    vantage, role = provenance.vantage, provenance.role
    named = vantage if provenance.is_vantage_named else None
    return {
        "ooni": lambda path: ooni.read(path, vantage=vantage, role=role),
        "speedtest-tracker": lambda path: speedtest_tracker.read(
            path, vantage=vantage, zone=provenance.zone
        ),
        "ookla": lambda path: ookla.read(path, vantage=vantage),
        "iperf3": lambda path: iperf3.read(path, vantage=vantage, role=role),
        "ndt7": lambda path: ndt7.read(
            path, vantage=vantage, measured=provenance.measured
        ),
        "ripe-atlas": lambda path: ripe_atlas.read(path, vantage=named, role=role),
        "fping": lambda path: fping.read_fping(path, vantage=vantage, role=role),
        "smokeping": lambda path: fping.read_smokeping(
            path, vantage=vantage, role=role
        ),
    }
