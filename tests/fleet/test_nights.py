"""Nights that do not read the month again: what is taken in, and what stands."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.fleet_lake import SimulatedHome, days_of, midnight
from monitor import fleet
from monitor.errors import InputError
from monitor.fleet.carrying import _is_far
from monitor.fleet.compaction import compact
from monitor.fleet.lake import Lake
from monitor.fleet.lake_check import differences
from monitor.fleet.signing import FleetSecret
from tests.fleet.homes import home_rows
from tests.fleet.test_analyze import Here

DAY = timedelta(days=1)
N_BUCKETS = 7


def homes_of(lake: Lake, *families: str) -> list[SimulatedHome]:
    made = []
    for n, family in enumerate(families):
        rows = home_rows(family, 1)
        days = rows["started_at_utc"].dt.tz_convert(UTC).dt.date
        secret = FleetSecret.of(f"home {n}".encode(), lake.lake_id, f"h{n}")
        made.append(SimulatedHome(secret, "Provider A", dict(iter(rows.groupby(days)))))
        made[-1].enroll(lake)
    return made


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    address = str(tmp_path / "lake")
    return Lake.create(
        address, n_buckets=N_BUCKETS, created=midnight(date(2026, 10, 1))
    )


def pushed(lake: Lake, homes: Sequence[SimulatedHome], days: Sequence[date]) -> None:
    for home in homes:
        for day in days:
            home.push(lake, day)


def night(lake: Lake, day: date, *, is_incremental: bool = True) -> fleet.FleetRun:
    return fleet.analyze(
        lake.files.address,
        night=day.isoformat(),
        engine=Here(),
        is_incremental=is_incremental,
        now_utc=midnight(day + DAY),
    )


def rows_in(lake: Lake) -> pa.Table:
    tables = map(lake.files.table, lake.sample_files())
    order = ("vantage", "target", "path", "probe", "started_at_utc")
    return pa.concat_tables(tables).sort_by([(name, "ascending") for name in order])


def not_due(lake: Lake, home: SimulatedHome, day: date) -> bool:
    return (day + DAY).toordinal() % 7 != lake.bucket(home.secret.vantage) % 7


def test_what_was_taken_in_is_not_looked_at_again(lake: Lake) -> None:
    homes = homes_of(lake, "quiet")
    *first, last = days_of(homes)
    pushed(lake, homes, first)
    assert compact(lake, today=last).n_days == len(first)
    before = set(lake.sample_files())
    for name in lake.files.names("inbox"):
        if name.endswith(".parquet"):
            lake.files.remove(name)
    pushed(lake, homes, [last])
    done = compact(lake, today=last + DAY)
    assert (done.n_days, done.failed) == (1, [])
    assert set(lake.sample_files()) - before == set(done.written)
    # Whoever verifies looks at everything.
    assert len(differences(lake, last + DAY).findings) == len(first)


@pytest.mark.long
def test_day_by_day_is_all_at_once_and_few_files(lake: Lake, tmp_path: Path) -> None:
    homes = homes_of(lake, "quiet")
    days = days_of(homes)
    at_once = Lake.open(str(shutil.copytree(lake.files.address, tmp_path / "once")))
    pushed(at_once, homes, days)
    compact(at_once, today=days[-1] + DAY)
    most = 0
    for day in days:
        pushed(lake, homes, [day])
        compact(lake, today=day + DAY)
        most = max(most, len(list(lake.sample_files())))
    assert most <= 2 * 7
    assert rows_in(lake).equals(rows_in(at_once))


def test_a_merge_that_was_interrupted_counts_no_row_twice(lake: Lake) -> None:
    homes = homes_of(lake, "quiet")
    (home,) = homes
    _, first, second, *_ = days_of(homes)
    due = first
    while not_due(lake, home, due - DAY):
        due += DAY
    kept = {}
    for n, day in enumerate((first, second)):
        pushed(lake, homes, [day])
        compact(lake, today=due + (n + 1) * DAY)
        kept |= {name: lake.files.read(name) for name in lake.sample_files()}
    compact(lake, today=due + 7 * DAY)
    (merged,) = lake.sample_files()
    whole = night(lake, second, is_incremental=False).document["n_rows"]
    for name, body in kept.items():
        lake.files.write(name, body)
    assert night(lake, second, is_incremental=False).document["n_rows"] == whole
    compact(lake, today=due + DAY)
    assert list(lake.sample_files()) == [merged]


def test_a_newer_link_of_a_day_replaces_the_older(lake: Lake) -> None:
    homes = homes_of(lake, "quiet")
    _, first, second, *_ = days_of(homes)
    pushed(lake, homes, [first, second])
    compact(lake, today=second + DAY)
    n_rows = rows_in(lake).num_rows
    (home,) = homes
    fewer = replace(home, days={first: home.days[first].iloc[:-3]}, number=9_999_999)
    fewer.push(lake, first)
    done = compact(lake, today=second + DAY)
    assert (done.failed, len(list(lake.sample_files()))) == ([], 1)
    assert rows_in(lake).num_rows == n_rows - 3


@pytest.mark.long
def test_homes_far_from_being_found_keep_their_verdict(lake: Lake) -> None:
    homes = homes_of(lake, "quiet", "slow_3x")
    *first, last, _ = days_of(homes)
    quiet = homes[0].secret.vantage
    assert all(not_due(lake, home, last) for home in homes)
    pushed(lake, homes, first)
    compact(lake, today=last)
    before = night(lake, first[-1], is_incremental=False)
    pushed(lake, homes, [last])
    compact(lake, today=last + DAY)
    quick, full = (night(lake, last, is_incremental=flag) for flag in (True, False))
    told = [run.document["n_carried"] for run in (before, quick, full)]
    assert told == [0, 1, 0]
    assert verdicts(quick, quiet) == verdicts(before, quiet)
    assert verdicts(quick, homes[1].secret.vantage) == verdicts(
        full, homes[1].secret.vantage
    )
    assert names(quick) == names(full)
    assert quick.document["n_rows"] < 0.75 * full.document["n_rows"]
    assert evenings(lake, quick, quiet) == evenings(lake, full, quiet)
    assert differences(lake, last + DAY).findings == []


def verdicts(run: fleet.FleetRun, vantage: str) -> list[object]:
    return [v for v in run.verdicts if v["vantage"] == vantage]


def names(run: fleet.FleetRun) -> list[object]:
    return [(v["vantage"], v["target"], v["verdict"]) for v in run.verdicts]


def evenings(lake: Lake, run: fleet.FleetRun, vantage: str) -> set[object]:
    """Targets and dates that are kept of a home."""
    outputs = run.document["outputs"].values()
    rows = [r for o in outputs for r in lake.files.table(o["evenings"]).to_pylist()]
    return {(r["target"], r["evening"]) for r in rows if r["vantage"] == vantage}


@pytest.mark.long
def test_late_days_and_the_day_of_the_week_read_all_rows(lake: Lake) -> None:
    homes = homes_of(lake, "quiet")
    late, *first, last, _ = days_of(homes)
    pushed(lake, homes, first)
    compact(lake, today=last)
    night(lake, first[-1], is_incremental=False)
    pushed(lake, homes, [late, last])
    compact(lake, today=last + DAY)
    assert night(lake, last).document["n_carried"] == 0
    due = last + DAY
    while not_due(lake, *homes, due):
        due += DAY
    assert night(lake, due).document["n_carried"] == 0


def test_only_a_lake_keeps_nights(tmp_path: Path) -> None:
    home_rows("quiet", 1).to_parquet(tmp_path / "h.parquet", index=False)
    with pytest.raises(InputError, match="only a lake"):
        fleet.analyze(str(tmp_path), timezone="UTC", engine=Here(), is_incremental=True)


@pytest.mark.parametrize(
    ("e_value", "n_open", "is_far"),
    [(0.01, 1, True), (0.01, 2, False), (19.9, 0, True), (20.0, 0, False)],
)
def test_far_is_what_won_bets_cannot_bring_there(
    e_value: float, n_open: int, *, is_far: bool
) -> None:
    assert _is_far({"e_value": e_value, "n_open": n_open}) is is_far
    assert not _is_far({"e_value": None, "n_open": 0})


def test_parts_say_what_they_hold(lake: Lake) -> None:
    homes = homes_of(lake, "quiet")
    day = days_of(homes)[1]
    pushed(lake, homes, [day])
    (name,) = compact(lake, today=day + DAY).written
    told = pq.read_metadata(Path(lake.files.address) / name).metadata
    assert day.isoformat().encode() in told[b"monitor.days"]
