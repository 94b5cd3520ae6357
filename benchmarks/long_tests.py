"""What `make test` leaves out because it costs as much CPU as a hundred other tests.

`python -m benchmarks.long_tests` runs the tests that are marked `long`, writes the
table of docs/tests.md and fails if one does.
"""

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.page import write_table
from benchmarks.process import ROOT

PAGE = ROOT / "docs" / "tests.md"
PYTEST = (sys.executable, "-m", "pytest", "-m", "long", "--dist", "loadfile")


def rows(report: Path) -> Iterator[str]:
    """One line of the table for each module, with the names of what did not pass."""
    modules: dict[str, list[ET.Element]] = defaultdict(list)
    for case in ET.parse(report).iter("testcase"):
        modules[case.get("classname", "").removeprefix("tests.")].append(case)
    for module, cases in sorted(modules.items()):
        wrong = [case.get("name", "") for case in cases if _is_wrong(case)]
        wall_s = sum(float(case.get("time", 0)) for case in cases)
        said = ", ".join(f"`{name}`" for name in wrong) or "passed"
        yield f"| `{module}` | {len(cases)} | {said} | {wall_s:.0f} |"


def _is_wrong(case: ET.Element) -> bool:
    """Whether it failed, broke or was skipped: each has a child that tells of it."""
    return any(child.tag in ("failure", "error", "skipped") for child in case)


def main() -> int:
    with TemporaryDirectory() as folder:
        report = Path(folder) / "long.xml"
        done = subprocess.run(
            [*PYTEST, "-n", str(2 * (os.cpu_count() or 1)), f"--junitxml={report}"],
            cwd=ROOT,
            check=False,
        )
        table = ["| module | tests | outcome | wall [s] |", "|---|---:|---|---:|"]
        write_table(PAGE, "long", [*table, *rows(report)])
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
