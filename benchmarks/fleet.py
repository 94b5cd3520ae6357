"""CPU of a fleet's night by engine: `python -m benchmarks.fleet`.

Ratios of one run count, never seconds of two: the machine is seldom quiet.
"""

import argparse
import resource
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from monitor import fleet
from monitor.fleet.engines import Task
from monitor.fleet.jobs import Job, Outcome
from monitor.simulation import simulate

KINDS = 10
"""Simulated homes; a larger fleet has each of them again under another name."""


class Loop:
    """No engine: one home after the other in this process."""

    def run(self, task: Task, jobs: Sequence[Job]) -> Iterator[Outcome]:
        """The outcomes, in order."""
        return map(task, jobs)


def cpu_s() -> float:
    """CPU of this process and of its children that have ended [s]."""
    used = [
        resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    ]
    return sum(u.ru_utime + u.ru_stime for u in used)


def make_homes(folder: Path, n: int, days: int) -> float:
    """Write the homes; bytes of each."""
    kinds = [
        simulate("quiet", seed=seed, days=days, every_s=600).samples
        for seed in range(min(n, KINDS))
    ]
    for number in range(n):
        rows = kinds[number % KINDS].assign(vantage=f"h{number}")
        rows.to_parquet(folder / f"h{number}.parquet", compression="zstd", index=False)
    return sum(p.stat().st_size for p in folder.iterdir()) / n


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--homes", type=int, nargs="+", default=[10, 100, 1000])
    parser.add_argument("--engines", nargs="+", default=["local", "dask"])
    parser.add_argument("--days", type=int, default=30)
    options = parser.parse_args()
    print("| homes | engine | CPU-s | x loop | kB a home | same digest |")
    print("|---|---|---|---|---|---|")
    for n in options.homes:
        with tempfile.TemporaryDirectory() as folder:
            size = make_homes(Path(folder), n, options.days)
            base, digest = 0.0, ""
            for engine in (Loop(), *options.engines):
                before = cpu_s()
                run = fleet.analyze(
                    folder, engine=engine, n_workers=2, timezone="Asia/Almaty"
                )
                used = cpu_s() - before
                base, told = base or used, run.document["verdicts_sha256"]
                digest = digest or told
                name = engine if isinstance(engine, str) else "loop"
                print(
                    f"| {n} | {name} | {used:.1f} | {used / base:.2f} |"
                    f" {size / 1000:.0f} | {told == digest} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
