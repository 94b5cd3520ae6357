"""Whether a lake is what was written: inputs, outputs, some verdicts once more."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from monitor.errors import InputError, MonitorError
from monitor.fleet.compaction import checked_rows, signed_days
from monitor.fleet.fleet_night import RUNS
from monitor.fleet.home_rows import Place, Places, frames_of
from monitor.fleet.jobs import (
    READ,
    FleetHome,
    Job,
    digest_of,
    verdicts_of,
    versions,
)
from monitor.fleet.lake import Lake
from monitor.fleet.night_tables import document_text
from monitor.fleet.parts import InboxDay
from monitor.fleet.registry import admitted
from monitor.fleet.sources import Asked, source_of
from monitor.text import printable
from monitor.untyped import Json


@dataclass(slots=True)
class LakeCheck:
    """What was looked at, and what differs."""

    n_days: int = 0
    n_runs: int = 0
    n_homes: int = 0
    findings: list[tuple[str, str]] = field(default_factory=list)
    """(file, what differs)"""


def differences(
    lake: Lake, today: date, *, run_id: str | None = None, n_homes: int = 3
) -> LakeCheck:
    """Check the inbox, the outputs of runs, and the verdicts on some homes of each.

    Raises
    ------
    InputError : there is no run of that name.
    ServiceError : the lake is out of reach.
    """
    checked = LakeCheck()
    for inbox_day in signed_days(lake, today, checked.findings):
        checked.n_days += 1
        _check_day(lake, inbox_day, checked)
    for run in _runs(lake, run_id):
        checked.n_runs += 1
        _check_outputs(lake, run, checked)
        _check_verdicts(lake, run, n_homes, checked)
    return checked


def _check_day(lake: Lake, inbox_day: InboxDay, checked: LakeCheck) -> None:
    try:
        checked_rows(lake, inbox_day)
    except InputError as error:
        checked.findings.append((inbox_day.name, printable(str(error))))


def _runs(lake: Lake, run_id: str | None) -> Iterator[Mapping[str, Json]]:
    names = [n for n in lake.files.names(RUNS) if n.count("/") == 1]
    if run_id is not None:
        names = [name for name in names if name == f"{RUNS}/{run_id}.json"]
        if not names:
            raise InputError(f"--run: found no run {run_id!r}")
    yield from map(lake.files.document, names)


def _check_outputs(lake: Lake, run: Mapping[str, Json], checked: LakeCheck) -> None:
    for output in run["outputs"].values():
        name = output["verdicts"]
        try:
            documents = lake.files.table(name)["document"].to_pylist()
        except (OSError, ValueError, KeyError) as error:
            checked.findings.append((name, printable(f"cannot be read: {error}")))
            continue
        if digest_of(documents) != output["digest"]:
            checked.findings.append((name, "the verdicts are not those of the run"))


def _check_verdicts(
    lake: Lake, run: Mapping[str, Json], n_homes: int, checked: LakeCheck
) -> None:
    """Judge the first homes of a run once more, where its rows are still those."""
    if run["versions"] != dict(versions()) or run["source"] != lake.files.address:
        return
    asked = Asked(since=run["since"], until=run["until"])
    source = source_of(lake.files.address, asked)
    inputs = sorted({f for files in source.files_of.values() for f in files})
    if inputs != run["inputs"]:
        return
    failed = {name for name, _ in run["failed"]}
    for vantage in sorted(set(source.files_of) - failed):
        if checked.n_homes == n_homes:
            break
        rows = _rows(lake, run, vantage)
        # One that stands from an earlier night was given of that night's rows.
        if all(row["judged_until"] == run["until"] for row in rows):
            checked.n_homes += 1
            told = [row["document"] for row in rows]
            if told != _again(lake, run, vantage, source.files_of[vantage]):
                checked.findings.append((vantage, "its rows give other verdicts now"))


def _rows(lake: Lake, run: Mapping[str, Json], vantage: str) -> list[dict[str, Json]]:
    output = run["outputs"].get(str(lake.bucket(vantage)))
    if output is None:
        return []
    rows = lake.files.table(output["verdicts"]).to_pylist()
    return [row for row in rows if row["vantage"] == vantage]


def _again(
    lake: Lake,
    run: Mapping[str, Json],
    vantage: str,
    files: Sequence[str],
) -> list[str]:
    since, until = run["since"], run["until"]
    places = Places(
        kind=Place.LAKE, address=lake.files.address, since=since, until=until
    )
    home = FleetHome(
        vantage=vantage,
        timezone=admitted(lake)[vantage].timezone,
        files=tuple(files),
    )
    job = Job(
        bucket=lake.bucket(vantage),
        places=places,
        homes=(home,),
        window=run["window"],
        since=since,
        until=until,
        out=lake.files.address,
        verdicts_name="",
        evenings_name="",
        versions=versions(),
    )
    for _, frame in frames_of(places, job.homes, READ):
        if isinstance(frame, MonitorError):
            return [str(frame)]
        return [document_text(verdict) for verdict in verdicts_of(job, home, frame)]
    return []
