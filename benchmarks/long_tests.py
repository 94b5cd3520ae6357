"""What `make test` leaves out because it costs as much CPU as a hundred other tests.

`python -m benchmarks.long_tests` runs the tests that are marked `long`, writes the
table of docs/tests.md and fails if one does.
"""

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.page import write_table
from benchmarks.process import ROOT

PAGE = ROOT / "docs" / "tests.md"
PYTEST = (sys.executable, "-m", "pytest", "-m", "long", "--dist", "loadfile")


def rows(report: Path) -> Iterator[str]:
    """One line of the table for each test, in the order of their modules."""
    for case in ET.parse(report).iter("testcase"):
        module = case.get("classname", "").removeprefix("tests.")
        wrong = [child.tag for child in case if child.tag in ("failure", "error")]
        outcome = wrong[0] if wrong else "passed"
        wall_s = float(case.get("time", 0))
        yield f"| `{module}` | {case.get('name')} | {outcome} | {wall_s:.0f} |"


def main() -> int:
    with TemporaryDirectory() as folder:
        report = Path(folder) / "long.xml"
        done = subprocess.run(
            [*PYTEST, "-n", str(2 * (os.cpu_count() or 1)), f"--junitxml={report}"],
            cwd=ROOT,
            check=False,
        )
        table = ["| module | test | outcome | wall [s] |", "|---|---|---|---:|"]
        write_table(PAGE, "long", [*table, *rows(report)])
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
