"""The engines: one answer from each, and nothing lost when a worker dies."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.errors import InputError
from monitor.fleet.engines import KILLED, EngineTerms, Task, engine_of
from monitor.fleet.home_rows import Place, Places
from monitor.fleet.jobs import FleetHome, Job, Outcome, versions
from monitor.fleet.local_engine import LocalEngine

PLACES = Places(kind=Place.FILES, address=".")


def job(bucket: int, out: str = ".") -> Job:
    return Job(
        bucket=bucket,
        places=PLACES,
        homes=(FleetHome(vantage=f"home{bucket}", timezone="UTC"),),
        window="20:00-22:00",
        since=None,
        until=None,
        out=out,
        verdicts_name="",
        evenings_name="",
        versions=versions(),
    )


def fine(work: Job) -> Outcome:
    return Outcome(bucket=work.bucket, n_homes=1)


def dies_once(work: Job) -> Outcome:
    """Bucket 1 kills its worker the first time, as a lack of memory would."""
    mark = Path(work.out) / "died"
    if work.bucket == 1 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return fine(work)


def always_dies(work: Job) -> Outcome:
    if work.bucket == 1:
        with (Path(work.out) / "deaths").open("a") as file:
            file.write("x")
        os.kill(os.getpid(), signal.SIGKILL)
    return fine(work)


def breaks(work: Job) -> Outcome:
    if work.bucket == 1:
        raise RuntimeError("a fault\nof ours")
    return fine(work)


def outcomes(task: Task, jobs: Sequence[Job], n_workers: int = 2) -> dict[int, Outcome]:
    engine = LocalEngine(EngineTerms(n_workers=n_workers))
    came = list(engine.run(task, jobs))
    assert len(came) == len({outcome.bucket for outcome in came}) == len(jobs)
    return {outcome.bucket: outcome for outcome in came}


def jobs_in(folder: Path, n: int = 3) -> list[Job]:
    return [job(bucket, str(folder)) for bucket in range(n)]


@pytest.mark.long
def test_a_killed_worker_loses_nothing(tmp_path: Path) -> None:
    came = outcomes(dies_once, jobs_in(tmp_path))
    assert (tmp_path / "died").exists()
    assert all(outcome.failed == () for outcome in came.values())


@pytest.mark.long
def test_what_kills_its_worker_three_times_is_named(tmp_path: Path) -> None:
    came = outcomes(always_dies, jobs_in(tmp_path))
    assert came[1].failed == (("home1", KILLED),)
    assert (tmp_path / "deaths").read_text() == "xxx"
    assert [b for b, outcome in sorted(came.items()) if not outcome.failed] == [*(0, 2)]


@pytest.mark.long
def test_a_fault_of_ours_costs_one_bucket(tmp_path: Path) -> None:
    came = outcomes(breaks, jobs_in(tmp_path, 3))
    ((vantage, reason),) = came[1].failed
    assert vantage == "home1"
    assert reason == "RuntimeError: a fault\\nof ours"
    assert not came[0].failed
    assert not came[2].failed


@pytest.mark.long
def test_nobody_works_on_when_nobody_asks_any_more(tmp_path: Path) -> None:
    coming: Iterator[Outcome] = LocalEngine(EngineTerms(n_workers=2)).run(
        fine, jobs_in(tmp_path)
    )
    next(coming)
    coming.close()
    ours = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    commands = [Path(f"/proc/{pid}/cmdline").read_text() for pid in ours]
    assert not any("spawn_main" in command for command in commands)


def test_a_job_of_a_client_with_other_versions_is_not_judged() -> None:
    from monitor.fleet.jobs import judge_job

    foreign = replace(job(1), versions=(("monitor", "0"),))
    ((vantage, reason),) = judge_job(foreign).failed
    assert vantage == "home1"
    assert "other versions" in reason


def test_an_unknown_engine_is_refused() -> None:
    with pytest.raises(InputError, match="allowed: local, dask, spark"):
        engine_of("ray", EngineTerms())


WITHOUT = """
import sys
class Absent:
    def find_spec(self, name, *_):
        if name.partition(".")[0] in ("dask", "distributed", "pyspark"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
from monitor.__main__ import main
sys.argv = ["monitor", *sys.argv[1:]]
try:
    main()
finally:
    heavy = ("dask", "distributed", "pyspark", "pyarrow.fs", "monitor.fleet")
    print("loaded", [name for name in heavy if name in sys.modules])
"""


def without_extra(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", WITHOUT, *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["fleet", "-h"]])
def test_a_home_pays_nothing(arguments: list[str], tmp_path: Path) -> None:
    done = without_extra(*arguments, cwd=tmp_path)
    assert "loaded []" in done.stdout, done.stderr


def test_the_daemon_loads_nothing_of_a_fleet() -> None:
    program = (
        "import sys, monitor.daemon, monitor.nights\n"
        "heavy = ('dask', 'distributed', 'monitor.fleet', 'pyarrow.fs')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.long
def test_without_the_extra_the_engine_says_what_to_install(tmp_path: Path) -> None:
    done = without_extra("fleet", "analyze", ".", "--engine", "dask", cwd=tmp_path)
    assert "pip install 'monitor[cluster]'" in done.stderr
