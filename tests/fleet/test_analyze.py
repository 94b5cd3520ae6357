"""`monitor fleet analyze`: each home as it would have judged itself, failures named."""

import json
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from monitor import fleet
from monitor.analysis import COLUMNS, analyze
from monitor.errors import InputError
from monitor.interchange import read_batches, read_frame, samples_from
from monitor.store import open_store
from tests.fleet.homes import DAYS, folder_of, home_rows, write_home

NOW = datetime(2026, 11, 1, tzinfo=UTC)
FAMILIES = {f"h{n}": "quiet" for n in range(3)} | {"h3": "slow_3x"}


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder_of(tmp_path_factory.mktemp("fleet"), FAMILIES)


@pytest.fixture(scope="module")
def judged(homes: Path) -> fleet.FleetRun:
    return here(homes)


def here(source: Path | str, **terms: object) -> fleet.FleetRun:
    return fleet.analyze(str(source), now_utc=NOW, engine=Here(), **terms)


class Here:
    """The engine of the protocol's five lines: a loop."""

    def run(self, task, jobs):
        return map(task, jobs)


def monitor(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "monitor", "fleet", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.mark.long
def test_every_engine_gives_the_same_verdicts(
    homes: Path, judged: fleet.FleetRun, tmp_path: Path
) -> None:
    documents = []
    for engine in ("local", "dask"):
        done = monitor(
            *("analyze", str(homes), "--engine", engine, "--workers", "1", "--json"),
            cwd=tmp_path,
        )
        assert done.returncode == 0, done.stderr
        documents.append(json.loads(done.stdout))
    first, second = documents
    assert set(first) == {"run", "verdicts", "groups", "failed"}
    digest = judged.document["verdicts_sha256"]
    assert {d["run"]["verdicts_sha256"] for d in documents} == {digest}
    assert first["verdicts"] == second["verdicts"]
    assert first["run"]["n_homes"] == len(FAMILIES)


def test_a_home_is_judged_as_it_judges_itself(
    homes: Path, judged: fleet.FleetRun
) -> None:
    rows = read_frame([homes / "h3.parquet"], COLUMNS)
    alone = analyze(rows, timezone="Asia/Almaty")
    told = [v for v in judged.verdicts if v["vantage"] == "h3"]
    assert told == json.loads(json.dumps([v.to_dict() for v in alone]))


def test_each_home_has_its_own_zone(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {"east": "slow_3x", "west": "slow_3x"})
    write_home(folder, "west", "slow_3x", 0)
    text = (folder / "vantages.csv").read_text()
    changed = text.replace("west,Asia/Almaty", "west,America/New_York")
    (folder / "vantages.csv").write_text(changed)
    verdicts = here(folder).verdicts
    told = {v["vantage"]: v for v in verdicts if v["e_value"] is not None}
    zone = "America/New_York"
    rows = home_rows("slow_3x", 0).assign(vantage="west")
    there = {v.target: v.e_value for v in analyze(rows, timezone=zone)}
    west = [v for v in verdicts if v["vantage"] == "west"]
    assert {v["target"]: v["e_value"] for v in west} == there
    assert told["east"]["found_window"] != told["west"]["found_window"]


@pytest.mark.long
def test_what_cannot_be_judged_is_named_and_the_rest_is_judged(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {"good": "quiet", "nowhere": "quiet"})
    (folder / "cut.parquet").write_bytes((folder / "good.parquet").read_bytes()[:5000])
    bad = home_rows("quiet", 0).assign(vantage="future")
    bad["started_at_utc"] += pd.Timedelta(days=36_500)
    bad.to_parquet(folder / "future.parquet", index=False)
    names = (folder / "vantages.csv").read_text()
    (folder / "vantages.csv").write_text(names.replace("nowhere,Asia", "nowhere,Mars"))
    run = here(folder, timezone="UTC")
    assert {v["vantage"] for v in run.verdicts} == {"good"}
    reasons = dict(run.failed)
    assert set(reasons) == {"cut.parquet", "future", "nowhere"}
    assert "started_at_utc" in reasons["future"]
    assert "Mars/Almaty" in reasons["nowhere"]
    done = monitor("analyze", str(folder), "--timezone", "UTC", cwd=tmp_path)
    assert done.returncode == 1
    assert "failed: cut.parquet" in done.stderr


def test_a_home_without_a_zone_is_named(tmp_path: Path) -> None:
    write_home(tmp_path, "h1")
    run = here(tmp_path)
    assert run.failed[0][0] == "h1"
    assert "--timezone" in run.failed[0][1]


def test_a_home_in_many_files_is_one_home(tmp_path: Path) -> None:
    rows = home_rows("slow_3x", 1).assign(vantage="h1")
    half = len(rows) // 2
    (tmp_path / "split").mkdir()
    (tmp_path / "whole").mkdir()
    rows.to_parquet(tmp_path / "whole/all.parquet", index=False)
    rows[:half].to_parquet(tmp_path / "split/a.parquet", index=False)
    rows[half:].to_csv(tmp_path / "split/b.csv", index=False, date_format="%FT%T.%fZ")
    runs = [here(tmp_path / name, timezone="UTC") for name in ("split", "whole")]
    assert runs[0].document["n_homes"] == 1
    assert [r.document["n_rows"] for r in runs] == [len(rows)] * 2
    assert runs[0].verdicts[0]["verdict"] == runs[1].verdicts[0]["verdict"]


@pytest.mark.long
def test_a_database_is_judged_too(
    homes: Path, judged: fleet.FleetRun, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path}/all.db"
    with open_store(url) as store:
        for name in ("h0", "h3"):
            for batch in read_batches(homes / f"{name}.parquet"):
                store.samples.append(list(samples_from(batch)))
    run = here(url, timezone="Asia/Almaty")
    of_files = [v for v in judged.verdicts if v["vantage"] in ("h0", "h3")]
    assert list(map(claim, run.verdicts)) == list(map(claim, of_files))


def claim(verdict: Mapping[str, object]) -> list[object]:
    return [verdict[name] for name in ("vantage", "target", "verdict", "e_value")]


@pytest.mark.long
def test_what_an_interrupted_run_has_done_is_not_done_again(
    homes: Path, tmp_path: Path
) -> None:
    out, judged = str(tmp_path / "out"), []

    class Interrupted:
        def run(self, task, jobs):
            for job in jobs[:2]:
                yield task(job)
            raise KeyboardInterrupt

    class Counted:
        def run(self, task, jobs):
            judged.extend(job.bucket for job in jobs)
            return map(task, jobs)

    with pytest.raises(KeyboardInterrupt):
        fleet.analyze(str(homes), out=out, now_utc=NOW, engine=Interrupted())
    (run_id,) = [p.name for p in (tmp_path / "out/runs").iterdir()]
    run = fleet.analyze(
        str(homes), out=out, now_utc=NOW, engine=Counted(), resume=run_id
    )
    assert len(judged) == len(FAMILIES) - 2
    whole = here(homes)
    assert run.document["verdicts_sha256"] == whole.document["verdicts_sha256"]


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ({"night": "2026-13-01"}, "night: found"),
        ({"since": "2026-10-09", "until": "2026-10-01"}, "since: found"),
        ({"window": "20-22"}, "window"),
        ({"resume": "never"}, "never"),
        ({"engine": "ray"}, "allowed: local"),
    ],
)
def test_bad_terms_are_refused(homes: Path, terms: dict[str, str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        fleet.analyze(str(homes), now_utc=NOW, **terms)


def test_nothing_of_ours_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"neither lake\.json nor a sample file"):
        here(tmp_path)
    with pytest.raises(InputError, match="not found"):
        here(tmp_path / "absent")


def test_only_the_evenings_asked_for_count(homes: Path) -> None:
    run = here(homes, since="2026-10-03", until="2026-10-05")
    assert {v["evenings"]["observed"] for v in run.verdicts} == {3}
    assert here(homes).verdicts[0]["evenings"]["observed"] > DAYS - 2
