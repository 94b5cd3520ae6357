"""A night of a fleet: all homes judged by an engine, groups told, the run on record."""

import json
import secrets
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa

from monitor.analysis import METHOD_VERSION
from monitor.clock import SystemClock
from monitor.errors import InputError
from monitor.evening_rule import DEFAULT_WINDOW, parse_window
from monitor.evidence.canonical_rows import utc_text
from monitor.fleet.carrying import StoredNight
from monitor.fleet.engines import Engine, EngineTerms, engine_of
from monitor.fleet.groups_of_homes import FleetGroup, groups_of
from monitor.fleet.home_facts import HomeFact
from monitor.fleet.jobs import Job, Outcome, digest_of, judge_job, versions
from monitor.fleet.lake import DOCUMENT, Files
from monitor.fleet.parts import WEEK, is_due
from monitor.fleet.registry import Enrolled
from monitor.fleet.sources import Asked, Source, source_of
from monitor.masking import masked
from monitor.untyped import Json
from monitor.wallclock import parsed_date

NIGHTS: Final = 30
"""Evenings up to the night, where no first one is named."""
MOST_HOMES_TOLD: Final = 1_000
"""Verdicts of more are read from the lake, not printed."""
RUNS: Final = "runs"
_ALL: Final = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetRun:
    """What came out of a night."""

    document: Mapping[str, Json]
    """Inputs, versions, counts, digests: runs/RUN.json."""
    groups: pd.DataFrame
    failed: Sequence[tuple[str, str]]
    """(vantage or file, reason)"""
    verdicts: Sequence[Mapping[str, Json]] = field(repr=False)
    """Documents of contracts 5; none of more than a thousand homes."""

    @property
    def is_whole(self) -> bool:
        """Whether every home was judged."""
        return not self.failed

    def to_dict(self) -> dict[str, Json]:
        """What `monitor fleet analyze --json` prints."""
        failed = [{"vantage": name, "reason": why} for name, why in self.failed]
        groups = json.loads(self.groups.to_json(orient="records"))
        return {
            "run": dict(self.document),
            "verdicts": list(self.verdicts),
            "groups": groups,
            "failed": failed,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """A run before it is done."""

    run_id: str
    source: Source
    out: Files
    folder: str
    """`method=5.1/night=2026-10-30` of what is written."""
    jobs: tuple[Job, ...]
    done: Mapping[int, Outcome]
    """Outcomes that an interrupted run of this name has left, by bucket."""


def analyze(  # noqa: PLR0913 - what a person may ask for
    address: str,
    *,
    night: str | None = None,
    since: str | None = None,
    until: str | None = None,
    window: str = DEFAULT_WINDOW,
    timezone: str | None = None,
    homes: Path | None = None,
    engine: str | Engine = "local",
    scheduler: str | None = None,
    n_workers: int | None = None,
    tls: tuple[str, str, str] | None = None,
    out: str | None = None,
    resume: str | None = None,
    is_incremental: bool = False,
    now_utc: datetime | None = None,
) -> FleetRun:
    """Judge every home of a fleet, each in its own zone, and tell the groups.

    Parameters
    ----------
    address : a lake, `s3://...`, a folder of sample files, or a database URL.
    night : local date of the last evening; of a lake, yesterday where none is named.
    since, until : local dates of the first and last evening, instead.
    timezone : zone of homes that name none.
    homes : CSV file with the registry's columns, for a folder or a database.
    engine : `local`, `dask`, `spark`, or an object of the protocol.
    scheduler : of a cluster that is there.
    tls : PEM files of authority, certificate and key, for it.
    out : lake-like folder for what is written; None: the lake itself, or nothing is
        kept.
    resume : name of an interrupted run: only what has no outcome yet is done.
    is_incremental : of a lake: homes of which nothing was found keep their verdict of
        an earlier night while their new evenings show nothing; docs/fleet.md.

    Raises
    ------
    InputError : what was asked cannot be.
    ServiceError : lake, database or scheduler are out of reach.
    """
    now = now_utc or SystemClock().now_utc()
    span = _span(address, night, since, until, now)
    parse_window(window)
    asked = Asked(since=span[0], until=span[1], timezone=timezone, homes_path=homes)
    terms = EngineTerms(
        n_workers=n_workers,
        scheduler=scheduler,
        authority=tls[0] if tls else None,
        certificate=tls[1] if tls else None,
        key=tls[2] if tls else None,
    )
    runner = engine_of(engine, terms) if isinstance(engine, str) else engine
    with ExitStack() as stack:
        source = source_of(address, asked)
        if out is None and source.lake is None:
            out = stack.enter_context(tempfile.TemporaryDirectory(prefix="monitor-"))
        plan = _plan(source, asked, window, out, resume, now)
        if is_incremental:
            plan = _carrying_on(plan)
        outcomes = list(_run(plan, runner))
        return _told(plan, outcomes, asked, window, _name_of(engine))


def _name_of(engine: str | Engine) -> str:
    return engine if isinstance(engine, str) else type(engine).__name__


def _span(
    address: str, night: str | None, since: str | None, until: str | None, now: datetime
) -> tuple[str | None, str | None]:
    """The first and last evening, where they are known before anything is read."""
    for name, day in (("night", night), ("since", since), ("until", until)):
        _checked_day(name, day)
    if night and until:
        raise InputError("give either night or until")
    last = night or until
    is_lake = address.startswith("s3://") or (Path(address) / DOCUMENT).exists()
    if last is None and since is None and not is_lake:
        return None, None
    if last is None:
        last = (now.date() - timedelta(days=1)).isoformat()
    first = since
    if first is None:
        first = (date.fromisoformat(last) - timedelta(days=NIGHTS - 1)).isoformat()
    if first > last:
        raise InputError(f"since: found {first}; allowed: a date up to {last}")
    return first, last


def _checked_day(name: str, day: str | None) -> None:
    try:
        if day is not None:
            parsed_date(day)
    except ValueError as error:
        raise InputError(f"{name}: found {day!r}; allowed: {error}") from None


def _plan(
    source: Source,
    asked: Asked,
    window: str,
    out: str | None,
    resume: str | None,
    now: datetime,
) -> _Plan:
    run_id = resume or f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
    address = out or source.places.address
    files = Files(address)
    folder = f"method={METHOD_VERSION}/night={asked.until or _ALL}"
    jobs = tuple(
        Job(
            bucket=bucket,
            places=source.places,
            homes=homes,
            window=window,
            since=asked.since,
            until=asked.until,
            out=address,
            verdicts_name=f"verdicts/{_part(folder, bucket, run_id)}",
            evenings_name=f"evenings/{_part(folder, bucket, run_id)}",
            versions=versions(),
        )
        for bucket, homes in source.buckets(asked.timezone).items()
    )
    return _Plan(
        run_id=run_id,
        source=source,
        out=files,
        folder=folder,
        jobs=jobs,
        done=_done(files, run_id, resume),
    )


def _carrying_on(plan: _Plan) -> _Plan:
    """The plan with what the newest of the nights before has left."""
    if plan.source.lake is None:
        raise InputError("--incremental: only a lake keeps what a night has found")
    runs = [run for run in _runs(plan.out) if _is_before(run, plan.jobs)]
    if not runs:
        return plan
    run = max(runs, key=lambda run: (run["night"], run["made_at_utc"]))
    jobs = tuple(replace(job, before=_before(job, run)) for job in plan.jobs)
    return replace(plan, jobs=jobs)


def _runs(files: Files) -> Iterator[Mapping[str, Json]]:
    """The runs that came to their end."""
    names = (name for name in files.names(RUNS) if name.count("/") == 1)
    return map(files.document, names)


def _is_before(run: Mapping[str, Json], jobs: Sequence[Job]) -> bool:
    """Whether it judged by the same rules, in the week before."""
    if not jobs or jobs[0].until is None or run["night"] == _ALL:
        return False
    n_nights = (
        date.fromisoformat(jobs[0].until) - date.fromisoformat(run["night"])
    ).days
    is_same = run["window"] == jobs[0].window
    return is_same and 0 < n_nights < WEEK and run["versions"] == dict(jobs[0].versions)


def _before(job: Job, run: Mapping[str, Json]) -> StoredNight | None:
    output = run["outputs"].get(str(job.bucket))
    if output is None or job.until is None:
        return None
    # All rows are read in the night in which the bucket's files become one.
    if is_due(date.fromisoformat(job.until) + timedelta(days=1), job.bucket):
        return None
    folder = f"/bucket={job.bucket:03d}/"
    return StoredNight(
        night=run["night"],
        verdicts_name=output["verdicts"],
        evenings_name=output["evenings"],
        inputs=tuple(name for name in run["inputs"] if folder in name),
    )


def _part(folder: str, bucket: int, run_id: str) -> str:
    return f"{folder}/bucket={bucket:03d}/part-{run_id}.parquet"


def _done(files: Files, run_id: str, resume: str | None) -> dict[int, Outcome]:
    if resume is None:
        return {}
    names = files.names(f"{RUNS}/{run_id}")
    if not names:
        raise InputError(f"--resume: found no run {resume!r} that was interrupted")
    documents = map(files.document, names)
    outcomes = (
        Outcome(**{**d, "failed": tuple(map(tuple, d["failed"]))}) for d in documents
    )
    return {outcome.bucket: outcome for outcome in outcomes}


def _run(plan: _Plan, engine: Engine) -> Iterator[Outcome]:
    """The outcomes, each on record as soon as it is there."""
    todo = [job for job in plan.jobs if job.bucket not in plan.done]
    yield from plan.done.values()
    if not todo:
        return
    for outcome in engine.run(judge_job, todo):
        name = f"{RUNS}/{plan.run_id}/bucket={outcome.bucket:03d}.json"
        plan.out.write_document(name, asdict(outcome))
        yield outcome


def _told(
    plan: _Plan,
    outcomes: Sequence[Outcome],
    asked: Asked,
    window: str,
    engine: str,
) -> FleetRun:
    in_order = sorted(outcomes, key=lambda outcome: outcome.bucket)
    verdicts = _tables(plan.out, [o.verdicts_name for o in in_order])
    evenings = _tables(plan.out, [o.evenings_name for o in in_order])
    groups = groups_of(facts_of(plan.source.enrolled, verdicts, evenings))
    failed = sorted(
        {*plan.source.failed, *(pair for o in in_order for pair in o.failed)}
    )
    document = _document(plan, in_order, asked, window, engine, failed)
    frame = pd.DataFrame([g.to_dict() for g in groups], columns=GROUP_COLUMNS)
    name = f"groups/{plan.folder}/part-{plan.run_id}.parquet"
    plan.out.write_table(name, pa.Table.from_pandas(frame, preserve_index=False))
    plan.out.write_document(f"{RUNS}/{plan.run_id}.json", document)
    n_homes = document["n_homes"]
    is_few = n_homes <= MOST_HOMES_TOLD and not verdicts.empty
    told = verdicts.sort_values(["vantage", "target"])["document"] if is_few else ()
    return FleetRun(
        document=document,
        groups=frame,
        failed=failed,
        verdicts=[json.loads(text) for text in told],
    )


GROUP_COLUMNS: Final = list(FleetGroup.__dataclass_fields__)


def _tables(files: Files, names: Sequence[str]) -> pd.DataFrame:
    tables = [files.table(name) for name in names if name]
    if not tables:
        return pd.DataFrame()
    frame: pd.DataFrame = pa.concat_tables(tables).to_pandas()
    return frame


def _document(
    plan: _Plan,
    outcomes: Sequence[Outcome],
    asked: Asked,
    window: str,
    engine: str,
    failed: Sequence[tuple[str, str]],
) -> dict[str, Json]:
    return {
        "run_id": plan.run_id,
        "source": masked(plan.source.places.address),
        "engine": engine,
        "window": window,
        "since": asked.since,
        "until": asked.until,
        "night": asked.until or _ALL,
        "versions": dict(versions()),
        "n_jobs": len(plan.jobs),
        "n_homes": sum(o.n_homes for o in outcomes),
        "n_carried": sum(o.n_carried for o in outcomes),
        "n_rows": sum(o.n_rows for o in outcomes),
        "n_verdicts": sum(o.n_verdicts for o in outcomes),
        "verdicts_sha256": digest_of(f"{o.bucket} {o.digest}" for o in outcomes),
        "failed": [list(pair) for pair in failed],
        "made_at_utc": utc_text(SystemClock().now_utc()),
        "inputs": sorted({f for files in plan.source.files_of.values() for f in files}),
        "outputs": {
            str(o.bucket): {
                "digest": o.digest,
                "verdicts": o.verdicts_name,
                "evenings": o.evenings_name,
            }
            for o in outcomes
            if o.verdicts_name
        },
    }


def facts_of(
    enrolled: Mapping[str, Enrolled], verdicts: pd.DataFrame, evenings: pd.DataFrame
) -> Iterator[HomeFact]:
    """What each home says of each service, of the tables that the workers wrote."""
    if verdicts.empty:
        return
    slow_of = {
        key: dict(zip(part["evening"], part["is_slow"], strict=True))
        for key, part in evenings.groupby(["vantage", "target"])
    }
    for row in verdicts[verdicts["is_leading"]].to_dict("records"):
        vantage = row["vantage"]
        yield HomeFact(
            home=enrolled.get(vantage) or Enrolled(vantage=vantage),
            service=row["service"],
            verdict=row["verdict"],
            e_value=float(np.nan_to_num(row["service_e_value"], posinf=np.inf)),
            n_usable=int(row["n_usable"]),
            ratio=row["ratio"],
            low=row["low"],
            high=row["high"],
            begins=_text(row["begins"]),
            ends=_text(row["ends"]),
            onset=_day(row["onset"]),
            probe_version=_text(row["probe_version"]) or "",
            evenings=slow_of.get((vantage, row["target"]), {}),
        )


def _text(cell: object) -> str | None:
    """A text of a frame; what is absent may be a NaN there."""
    return cell if isinstance(cell, str) and cell else None


def _day(cell: object) -> date | None:
    text = _text(cell)
    return None if text is None else date.fromisoformat(text)
