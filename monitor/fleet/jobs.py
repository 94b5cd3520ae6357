"""What an engine runs: a bucket of homes, judged one by one, each in its own zone.

A worker reads its rows itself and writes its verdicts itself: through the client go
names and counts only. The same job gives the same bytes on every engine.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.metadata import version
from typing import Final

import pandas as pd
import pyarrow as pa

from monitor.analysis import COLUMNS, METHOD_VERSION, analyze
from monitor.errors import MonitorError
from monitor.fleet.carrying import Stored, StoredNight, stored_night
from monitor.fleet.home_rows import Places, frames_of
from monitor.fleet.lake import Files
from monitor.fleet.night_tables import EVENINGS, VERDICTS, evening_rows, verdict_rows
from monitor.model import Verdict
from monitor.text import printable
from monitor.untyped import Json

READ: Final = frozenset({"probe_version", *COLUMNS})
"""What a job reads of the rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetHome:
    """One home to judge: where its rows lie, and in which zone its evenings are."""

    vantage: str
    timezone: str
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A bucket of homes."""

    bucket: int
    places: Places
    homes: tuple[FleetHome, ...]
    window: str
    since: str | None
    until: str | None
    out: str
    """Address of the lake that the verdicts go to."""
    verdicts_name: str
    evenings_name: str
    versions: tuple[tuple[str, str], ...]
    """Of the client: other ones would judge otherwise."""
    before: StoredNight | None = None
    """What an earlier night left; None: every home is judged by all its rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a job."""

    bucket: int
    n_homes: int = 0
    n_carried: int = 0
    """Homes among them whose verdict is that of an earlier night."""
    n_rows: int = 0
    """Rows that were read."""
    n_verdicts: int = 0
    digest: str = ""
    """SHA-256 of the verdict documents, in order of vantages and targets."""
    verdicts_name: str = ""
    evenings_name: str = ""
    failed: tuple[tuple[str, str], ...] = ()
    """(vantage, reason)"""


@dataclass(slots=True)
class _Judged:
    """What a job has judged so far."""

    verdicts: list[dict[str, Json]] = field(default_factory=list)
    evenings: list[dict[str, Json]] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    n_homes: int = 0
    n_carried: int = 0
    n_rows: int = 0


def versions() -> tuple[tuple[str, str], ...]:
    """What must be the same on every machine that judges."""
    names = ("monitor", "numpy", "pandas", "tzdata")
    return (*((name, version(name)) for name in names), ("method", METHOD_VERSION))


def lost(job: Job, reason: str) -> Outcome:
    """The outcome of a job that no worker brought to its end."""
    failed = tuple((home.vantage, reason) for home in job.homes)
    return Outcome(bucket=job.bucket, failed=failed)


def judge_job(job: Job) -> Outcome:
    """Judge the homes of a job and write what came out; a home that fails is named.

    Raises
    ------
    ServiceError : the lake is out of reach.
    """
    if job.versions != versions():
        return lost(job, f"refused: a worker has other versions: {dict(versions())}")
    judged, files = _Judged(), Files(job.out)
    stored = None if job.before is None else stored_night(files, job.before)
    for home in job.homes:
        if stored is not None and _is_carried(job, home, stored, judged):
            continue
        for _, frame in frames_of(job.places, (home,), READ):
            _judge_home(job, home, frame, judged)
    for name, rows, schema in (
        (job.verdicts_name, judged.verdicts, VERDICTS),
        (job.evenings_name, judged.evenings, EVENINGS),
    ):
        files.write_table(name, pa.Table.from_pylist(rows, schema))
    return Outcome(
        bucket=job.bucket,
        n_homes=judged.n_homes,
        n_carried=judged.n_carried,
        n_rows=judged.n_rows,
        n_verdicts=len(judged.verdicts),
        digest=digest_of(row["document"] for row in judged.verdicts),
        verdicts_name=job.verdicts_name,
        evenings_name=job.evenings_name,
        failed=tuple(judged.failed),
    )


def digest_of(documents: "Sequence[str] | Iterator[str]") -> str:
    """SHA-256 of verdict documents in their order."""
    digest = sha256()
    for document in documents:
        digest.update(document.encode() + b"\n")
    return digest.hexdigest()


def _is_carried(job: Job, home: FleetHome, stored: Stored, judged: _Judged) -> bool:
    """Whether the verdict of an earlier night stands; if so it is taken on."""
    try:
        told = stored.carried(job, home)
    except MonitorError:
        # What is wrong with its rows is told where all of them are read.
        return False
    if told is None:
        return False
    judged.n_homes += 1
    judged.n_carried += 1
    judged.n_rows += told.n_rows
    judged.verdicts += told.verdicts
    judged.evenings += told.evenings
    return True


def _judge_home(
    job: Job, home: FleetHome, frame: pd.DataFrame | MonitorError, judged: _Judged
) -> None:
    if isinstance(frame, MonitorError):
        judged.failed.append((home.vantage, printable(str(frame))))
        return
    try:
        verdicts = verdicts_of(job, home, frame)
    except MonitorError as error:
        judged.failed.append((home.vantage, printable(str(error))))
        return
    judged.n_homes += 1
    judged.n_rows += len(frame)
    judged.verdicts += verdict_rows(
        verdicts,
        probe_version=_probe_version(frame),
        timezone=home.timezone,
        judged_since=job.since,
        judged_until=job.until,
    )
    judged.evenings += [row for v in verdicts for row in evening_rows(v)]


def verdicts_of(job: Job, home: FleetHome, frame: pd.DataFrame) -> list[Verdict]:
    """The verdicts on one home, as it would have judged itself."""
    return analyze(
        frame,
        timezone=home.timezone,
        window=job.window,
        since=job.since,
        until=job.until,
    )


def _probe_version(frame: pd.DataFrame) -> str:
    """The newest version that measured most rows; empty where none is named."""
    if "probe_version" not in frame or not frame["probe_version"].notna().any():
        return ""
    return max(map(str, frame["probe_version"].mode()))
