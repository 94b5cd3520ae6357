"""From the start of a program to its first page and first round, and its memory then.

`python -m benchmarks.first_page --before FOLDER` fills a table of docs/deployment.md.
Each program is started in a folder of its own with what it ships, one after the other,
and asked for a page every second; memory is the median of the last minute. FOLDER holds
an older version of this program. Netdata (Debian's) is started where it is installed;
it measures this machine and no site.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.memory import descendants, memory_mib
from benchmarks.page import write_table
from benchmarks.process import ROOT

PAGE: Final = ROOT / "docs" / "deployment.md"
_LIMIT_S: Final = 180.0
_OPEN_S: Final = 90.0
"""The page is asked for so long ..."""
_WARM_S: Final = 30.0
"""... and memory is read after so much of it."""


@dataclass(frozen=True, kw_only=True)
class Program:
    """What is started, and where its page is."""

    name: str
    command: Sequence[str]
    url: str
    config: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    is_round: str | None = None
    """What its output holds when the first round is over."""


@contextmanager
def running(program: Program, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The program in a folder, its output in `log` there."""
    if program.config is not None:
        shutil.copy(program.config, folder / "config.yaml")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            program.command,
            cwd=folder,
            env={**os.environ, **program.environment},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(30)


def is_answered(url: str) -> bool:
    """Whether a page comes, whatever it says."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            answer.read()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def measured(program: Program) -> str:
    """A row of the table."""
    first_page_s: float | None = None
    first_round_s: float | None = None
    sizes: list[float] = []
    with tempfile.TemporaryDirectory() as name, running(program, Path(name)) as process:
        begin = time.monotonic()
        while (now_s := time.monotonic() - begin) < _LIMIT_S:
            if is_answered(program.url):
                first_page_s = first_page_s or now_s
            if (
                program.is_round
                and program.is_round in (Path(name) / "log").read_text()
            ):
                first_round_s = first_round_s or now_s
            if first_page_s and now_s > first_page_s + _WARM_S:
                sizes.append(memory_of(process.pid))
            if first_page_s and now_s > first_page_s + _OPEN_S:
                break
            time.sleep(0.1 if first_page_s is None else 1)
    page, first_round = (
        f"{s:.1f}" if s else "-" for s in (first_page_s, first_round_s)
    )
    return f"| {program.name} | {page} | {first_round} | {median(sizes):.0f} |"


def memory_of(pid: int) -> float:
    """PSS of a process and all that it started [MiB]; one that ends counts nothing."""
    total = 0.0
    for process in descendants(pid):
        with suppress(OSError):
            total += memory_mib(process)[0]
    return total


def programs(before: Path | None) -> Iterator[Program]:
    """What is started: the program, an older one, Netdata."""
    run = (sys.executable, "-m", "monitor", "run")
    url, done = "http://127.0.0.1:8420/", "round status="
    for name, root in (("this", ROOT), ("before", before)):
        if root is not None:
            yield Program(
                name=name,
                command=run,
                url=url,
                config=root / "config.yaml",
                environment={"PYTHONPATH": str(root)},
                is_round=done,
            )
    if netdata := shutil.which("netdata"):
        command = (netdata, "-D", "-W", "set", "web", "bind to", "127.0.0.1")
        yield Program(name="Netdata", command=command, url="http://127.0.0.1:19999/")


def main() -> None:
    """Measure each and write the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--before", type=Path, help="an older version of this program")
    rows = [measured(program) for program in programs(parser.parse_args().before)]
    head = (
        "| | first page after [s] | first round over after [s] | memory (PSS) [MiB] |"
    )
    write_table(PAGE, "first-page", [head, "|---|---:|---:|---:|", *rows])


if __name__ == "__main__":
    main()
