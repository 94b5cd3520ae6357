"""CPU and memory of a fleet's night by engine: `python -m benchmarks.fleet`.

Each engine in a process of its own, one after the other over the same files: ratios of
one run count, never seconds of two, for the machine is seldom quiet. What was measured
is added to a file of JSON lines; `--write` makes docs/fleet-costs.md of them.
"""

import argparse
import ctypes
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from monitor import fleet
from monitor.fleet.engines import Task
from monitor.fleet.jobs import Job, Outcome
from monitor.simulation import simulate

KINDS: Final = 10
"""Simulated homes; a larger fleet has each of them again under another name."""
SAMPLED_S: Final = 1.0
N_WORKERS: Final = 2
LINES: Final = Path(__file__).with_name("fleet_costs.jsonl")
_SUBREAPER: Final = 36


class Loop:
    """No engine: one home after the other in this process."""

    def run(self, task: Task, jobs: Sequence[Job]) -> Iterator[Outcome]:
        """The outcomes, in order."""
        return map(task, jobs)


@dataclass(frozen=True, kw_only=True)
class Size:
    """How large a fleet, and how long its homes were watched."""

    homes: int
    days: int
    every_s: int
    n_sites: int | None = None
    """Only so many targets and controls; None: all nine."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What one engine took for one fleet."""

    size: Size
    engine: str
    cpu_s: float
    peak_mib: float
    """Of all processes together (PSS)."""
    worker_mib: float
    """Of the largest process that is not the client."""
    input_bytes: int
    output_bytes: int
    n_rows: int
    digest: str


def make_homes(folder: Path, size: Size) -> None:
    """Write the homes."""
    kinds = []
    for seed in range(min(size.homes, KINDS)):
        home = simulate("quiet", seed=seed, days=size.days, every_s=size.every_s)
        rows = home.samples
        if size.n_sites is not None:
            names = rows.groupby("role")["target"].unique()
            kept = [t for of_role in names for t in of_role[: size.n_sites]]
            rows = rows[rows["target"].isin(kept)]
        kinds.append(rows)
    for number in range(size.homes):
        rows = kinds[number % KINDS].assign(vantage=f"h{number}")
        rows.to_parquet(folder / f"h{number}.parquet", compression="zstd", index=False)


def measured(folder: Path, size: Size, engine: str) -> Measured:
    """Run one engine in a process of its own."""
    out = folder / f"out-{engine}"
    command = [sys.executable, "-m", "benchmarks.fleet", "--judge", engine]
    before = children_cpu_s()
    process = subprocess.Popen(
        [*command, str(folder / "homes"), str(out)], stdout=subprocess.PIPE, text=True
    )
    peaks, done = [0.0, 0.0], threading.Event()
    watcher = threading.Thread(target=watch, args=(process.pid, peaks, done))
    watcher.start()
    told, _ = process.communicate()
    done.set()
    watcher.join()
    # Whoever its engine left behind is ours now.
    with suppress(ChildProcessError):
        while True:
            os.wait()
    document = json.loads(told)
    return Measured(
        size=size,
        engine=engine,
        cpu_s=children_cpu_s() - before,
        peak_mib=peaks[0],
        worker_mib=peaks[1],
        input_bytes=bytes_below(folder / "homes"),
        output_bytes=bytes_below(out),
        n_rows=document["n_rows"],
        digest=document["verdicts_sha256"],
    )


def judge(engine: str, folder: str, out: str) -> None:
    """In the process of an engine: the night, and its run as JSON."""
    run = fleet.analyze(
        folder,
        engine=Loop() if engine == "loop" else engine,
        n_workers=N_WORKERS,
        timezone="Asia/Almaty",
        out=out,
    )
    assert run.is_whole, run.failed[:3]
    kept = ("n_rows", "n_homes", "verdicts_sha256")
    print(json.dumps({name: run.document[name] for name in kept}))


def watch(pid: int, peaks: list[float], done: threading.Event) -> None:
    """Keep the highest memory of a process with all its descendants."""
    from benchmarks.memory import descendants, memory_mib

    while not done.wait(SAMPLED_S):
        sizes = []
        for each in descendants(pid):
            with suppress(OSError, KeyError, ValueError):
                sizes.append(memory_mib(each)[0])
        peaks[0] = max(peaks[0], sum(sizes))
        peaks[1] = max(peaks[1], *sizes[1:], 0.0)


def children_cpu_s() -> float:
    """CPU of all children that have ended, and of theirs [s]."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def bytes_below(folder: Path) -> int:
    """Size of all files."""
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())


def main() -> None:
    if sys.argv[1:2] == ["--judge"]:
        judge(*sys.argv[2:])
        return
    parser = argparse.ArgumentParser()
    parser.add_argument("--homes", type=int, nargs="+", default=[10, 100, 1000])
    parser.add_argument(
        "--engines", nargs="+", default=["loop", "local", "dask", "spark"]
    )
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--every", type=int, default=600)
    parser.add_argument("--sites", type=int, help="of each role; default: all")
    parser.add_argument("--lines", type=Path, default=LINES)
    parser.add_argument("--write", type=Path, help="make the document, run nothing")
    options = parser.parse_args()
    if options.write:
        from benchmarks.fleet_costs import document

        options.write.write_text(document(options.lines.read_text().splitlines()))
        return
    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    for homes in options.homes:
        size = Size(
            homes=homes,
            days=options.days,
            every_s=options.every,
            n_sites=options.sites,
        )
        measure(size, options.engines, options.lines)


def measure(size: Size, engines: Sequence[str], lines: Path) -> None:
    """Run the engines over one fleet, and write down what each took."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "homes").mkdir()
        make_homes(folder / "homes", size)
        for engine in engines:
            line = json.dumps(asdict(measured(folder, size, engine)))
            print(line, flush=True)
            with lines.open("a") as file:
                file.write(f"{line}\n")


if __name__ == "__main__":
    main()
