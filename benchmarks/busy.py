"""`make test` twice: by itself, and beside two busy processes per core.

`python -m benchmarks.busy` writes the table of docs/tests.md and fails if a run does.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from benchmarks.page import write_table
from benchmarks.process import ROOT

PAGE = ROOT / "docs" / "tests.md"
PER_CORE = 2


@contextmanager
def busy(n: int) -> Iterator[None]:
    """So many processes meanwhile that do nothing but compute."""
    command = [sys.executable, "-c", "while True: pass"]
    processes = [subprocess.Popen(command) for _ in range(n)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def run_tests() -> tuple[int, float]:
    """Exit status and minutes of one `make test`."""
    begun_s = time.monotonic()
    done = subprocess.run(["make", "test"], cwd=ROOT, check=False)
    return done.returncode, (time.monotonic() - begun_s) / 60


def main() -> int:
    cores = os.cpu_count() or 1
    table = ["| beside it | cores | outcome | wall [min] |", "|---|---:|---|---:|"]
    statuses = []
    for words, beside in (
        ("nothing", nullcontext()),
        (f"{PER_CORE * cores} busy processes", busy(PER_CORE * cores)),
    ):
        with beside:
            status, wall_min = run_tests()
        statuses.append(status)
        outcome = "green" if status == 0 else f"exit status {status}"
        table.append(f"| {words} | {cores} | {outcome} | {wall_min:.1f} |")
        print(table[-1])
    write_table(PAGE, "busy", table)
    return max(statuses)


if __name__ == "__main__":
    sys.exit(main())
