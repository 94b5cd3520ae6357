"""What an engine runs: a bucket of homes, judged one by one, each in its own zone.

A worker reads its rows itself and writes its verdicts itself: through the client go
names and counts only. The same job gives the same bytes on every engine.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.metadata import version
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa

from monitor.analysis import COLUMNS, METHOD_VERSION, analyze
from monitor.errors import MonitorError
from monitor.evening_rule import EveningState
from monitor.fleet.home_rows import Places, frames_of
from monitor.fleet.lake import Files
from monitor.model import Verdict
from monitor.service_verdicts import services_of
from monitor.text import printable
from monitor.untyped import Json

READ: Final = frozenset({"probe_version", *COLUMNS})
"""What a job reads of the rows."""
_SEPARATORS: Final = (",", ":")
_SLOW: Final = (EveningState.SLOW, EveningState.DEAD)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a job."""

    bucket: int
    n_homes: int = 0
    n_rows: int = 0
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
    judged = _Judged()
    for home, frame in frames_of(job.places, job.homes, READ):
        _judge_home(job, home, frame, judged)
    files = Files(job.out)
    files.write_table(job.verdicts_name, _table(judged.verdicts, VERDICTS))
    files.write_table(job.evenings_name, _table(judged.evenings, EVENINGS))
    return Outcome(
        bucket=job.bucket,
        n_homes=judged.n_homes,
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
    judged.verdicts += _verdict_rows(verdicts, _probe_version(frame))
    judged.evenings += [row for v in verdicts for row in _evening_rows(v)]


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


def _verdict_rows(
    verdicts: Sequence[Verdict], probe_version: str
) -> Iterator[dict[str, Json]]:
    speaks = {
        (told.leading.vantage, told.leading.target): told
        for told in services_of(verdicts)
    }
    for verdict in verdicts:
        told = speaks.get((verdict.vantage, verdict.target))
        window = verdict.found_window or (None, None)
        low, high = verdict.effect.ci95
        yield {
            "vantage": verdict.vantage,
            "target": verdict.target,
            "service": verdict.service,
            "verdict": verdict.verdict,
            "strength": verdict.strength,
            "e_value": verdict.e_value,
            "is_leading": told is not None,
            "service_e_value": None if told is None else told.e_value,
            "n_usable": verdict.evenings.usable,
            "ratio": verdict.effect.ratio,
            "low": low,
            "high": high,
            "begins": window[0],
            "ends": window[1],
            "onset": verdict.onset_date,
            "probe_version": probe_version,
            "document": document_text(verdict),
        }


def document_text(verdict: Verdict) -> str:
    """The verdict document in its one spelling."""
    return json.dumps(verdict.to_dict(), separators=_SEPARATORS, ensure_ascii=False)


def _evening_rows(verdict: Verdict) -> Iterator[dict[str, Json]]:
    for mark in verdict.marks:
        excess = np.log(mark.ratio) if mark.ratio else None
        yield {
            "vantage": verdict.vantage,
            "target": verdict.target,
            "evening": mark.day,
            "state": str(mark.state),
            "is_slow": mark.state in _SLOW,
            "excess": excess,
        }


def _table(rows: list[dict[str, Json]], schema: pa.Schema) -> pa.Table:
    return pa.Table.from_pylist(rows, schema)


_TEXTS: Final = ("verdict", "strength", "begins", "ends", "onset", "probe_version")
VERDICTS: Final = pa.schema(
    [(name, pa.string()) for name in ("vantage", "target", "service")]
    + [(name, pa.string()) for name in (*_TEXTS, "document")]
    + [(name, pa.float64()) for name in ("e_value", "service_e_value")]
    + [(name, pa.float64()) for name in ("ratio", "low", "high")]
    + [("is_leading", pa.bool_()), ("n_usable", pa.int32())]
)
EVENINGS: Final = pa.schema(
    {
        "vantage": pa.string(),
        "target": pa.string(),
        "evening": pa.date32(),
        "state": pa.string(),
        "is_slow": pa.bool_(),
        "excess": pa.float64(),
    }
)
