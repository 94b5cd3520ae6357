"""The first minutes on a terminal, recorded: `init`, a round, and the first sentence.

`sudo python -m benchmarks.first_minutes --write` writes the record of its page in docs:
in a network namespace with nothing but the machine itself, as a home whose line is
down, with somebody who answers each question when it is asked. Needs util-linux and
iproute2. With `--lab` it is the lab's home, whose line is well and where some of the
sites are, and the second record of the page.
"""

import argparse
import os
import pty
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.lab import LAB
from benchmarks.process import ROOT
from tests.terminals import answered

PAGE = ROOT / "docs" / "first-minutes.md"
ANSWERS = [
    ("Time zone of this home [", "Asia/Almaty"),
    ("two letters", "KZ"),
    ("such as 10GB", "20GB"),
    ("Password, ", "correct horse battery"),
    ("Language", "en"),
    ("[yes/no]", "yes"),
    ("[yes/no]", "no"),
    ("[yes/no]", "yes"),
]
AFTERWARDS = (("now",), ("sample",), ("now",))
LONGEST_S = 500


def recorded(folder: Path, words: tuple[str, ...]) -> str:
    """A command on a terminal, with its answers, its end and how long it took."""
    begun_s = time.monotonic()
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "monitor", *words],
        cwd=folder,
        env={**os.environ, "LANG": "C.UTF-8", "COLUMNS": "96", "NO_COLOR": "1"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    log = answered(ours, ANSWERS, within_s=LONGEST_S)
    status, took_s = process.wait(), time.monotonic() - begun_s
    end = f"[exit status {status}, {took_s:.0f} s]"
    return f"$ monitor {' '.join(words)}\n{plain(log)}\n{end}\n"


def plain(log: str) -> str:
    """What stands on the screen in the end: no colours, nothing overwritten."""
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\(B", "", log).replace("\r\n", "\n")
    lines = (line.rpartition("\r")[2].rstrip() for line in text.split("\n"))
    return "\n".join(lines).strip("\n")


def main() -> None:
    """Record it; perhaps write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--lab", action="store_true", help="in the lab's home")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    role = parser.parse_args()
    if not role.inside:
        words = ["-m", "benchmarks.first_minutes", *sys.argv[1:], "--inside"]
        there = (str(LAB / "labctl"), "exec") if role.lab else ("unshare", "-n")
        os.execvp(there[0], [*there, sys.executable, *words])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with tempfile.TemporaryDirectory() as name:
        commands = (("init",), *AFTERWARDS)
        record = "\n".join(recorded(Path(name), words) for words in commands)
    print(record)
    if role.write:
        begin, end = (
            f"<!-- {'lab' if role.lab else 'record'}: {edge} -->\n"
            for edge in ("begin", "end")
        )
        before, rest = PAGE.read_text().split(begin)
        after = rest.split(end)[1]
        PAGE.write_text(f"{before}{begin}```text\n{record}```\n{end}{after}")


if __name__ == "__main__":
    main()
