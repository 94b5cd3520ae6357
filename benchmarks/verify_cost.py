"""CPU that `monitor verify` of a bundle takes, beside another version of the program.

    python -m benchmarks.verify_cost BUNDLE [--before df32d66] [--repeat 3]

Both are called by turns, each in a process of its own, on the same file; the least CPU
time of each counts, and the ratio is what holds on another machine. The other version
is taken out of the repository's history.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def cpu_s(root: Path, bundle: Path) -> float:
    """User and system seconds [s] of one check by the program of a checkout."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-m", "monitor", "verify", str(bundle)],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def checked_out(revision: str, folder: Path) -> Path:
    """The program as it was at a revision, in a folder."""
    packed = subprocess.run(
        ["git", "archive", revision, "monitor"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
    )
    subprocess.run(["tar", "-x", "-C", str(folder)], input=packed.stdout, check=True)
    return folder


def main() -> None:
    """Print the CPU seconds of both and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--before", default="df32d66")
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    bundle = options.bundle.resolve()
    with tempfile.TemporaryDirectory() as folder:
        other = checked_out(options.before, Path(folder))
        pairs = [
            (cpu_s(other, bundle), cpu_s(ROOT, bundle)) for _ in range(options.repeat)
        ]
    before, now = (min(times) for times in zip(*pairs, strict=True))
    print(f"{options.before}: {before:.1f} s of CPU; now: {now:.1f} s", flush=True)
    print(f"ratio: {now / before:.2f}")


if __name__ == "__main__":
    main()
