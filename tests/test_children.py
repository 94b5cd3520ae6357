"""Children end: at their time, at their memory, and with their parent."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from monitor import children
from monitor.children import Limits

SOON = Limits(time_s=5, memory_bytes=200 << 20)

CHILD = """
from monitor.children import answer
import os, signal, subprocess, sys, time

def work(request):
    yield "begun"
{work}

answer(work)
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Makes a child that does something, to be run by its name."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)

    def make(work: str) -> str:
        text = CHILD.replace("{work}", textwrap.indent(textwrap.dedent(work), "    "))
        (tmp_path / "some_child.py").write_text(text)
        return "some_child"

    return make


def test_a_child_that_is_done_tells_what_came_of_it(module) -> None:
    name = module("yield request['a'] + 1; print('no answer')")
    ended = children.run(name, {"a": 1}, Limits(time_s=60, memory_bytes=200 << 20))
    assert ended == children.Ended(answers=["begun", 2], trouble="")


@pytest.mark.parametrize(
    ("work", "trouble"),
    [
        ("time.sleep(3600)", "took longer than 5 s"),
        ("while True: pass", "took longer than 5 s"),
        (
            "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])\n"
            "time.sleep(3600)",
            "took longer than 5 s",
        ),
        ("a = bytearray(300 << 20)", "needed more than 200 MiB of memory"),
        (
            "a = []\nwhile True:\n    a.append(bytes(1 << 20))",
            "needed more than 200 MiB of memory",
        ),
        ("os.abort()", "was ended by SIGABRT"),
        ("sys.exit(7)", "ended with status 7"),
    ],
)
def test_a_child_is_ended_and_it_is_told_why(module, work: str, trouble: str) -> None:
    ended = children.run(module(work), None, SOON)
    assert ended.trouble == trouble
    assert ended.answers in (["begun"], [])


def is_gone(pid: int) -> bool:
    for _ in range(600):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


def test_what_a_child_has_started_ends_with_it(module) -> None:
    name = module("yield subprocess.Popen(['sleep', '3600']).pid; time.sleep(3600)")
    pid = children.run(name, None, Limits(time_s=20, memory_bytes=200 << 20)).answers[1]
    assert is_gone(pid)


def test_a_child_ends_with_a_parent_that_is_killed(module, tmp_path: Path) -> None:
    name = module("open('pid', 'w').write(str(os.getpid())); time.sleep(3600)")
    call = (
        "from monitor.children import Limits, run\n"
        f"run({name!r}, None, Limits(time_s=3600, memory_bytes=200 << 20))"
    )
    parent = subprocess.Popen([sys.executable, "-c", call], cwd=tmp_path)
    file = tmp_path / "pid"
    for _ in range(1200):
        if file.exists() and file.read_text():
            break
        time.sleep(0.05)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    assert is_gone(int(file.read_text()))


async def test_a_torn_line_of_a_child_beside_us_is_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is ended in the middle of what it writes; what it told before stays."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    work = """import os, sys
sys.stdin.readline()
os.write(1, b'"begun"\\n{"torn": ')
os._exit(3)
"""
    (tmp_path / "torn_child.py").write_text(work)
    answers: list[object] = []
    trouble = await children.run_beside("torn_child", {}, SOON, answers)
    assert (answers, trouble) == (["begun"], "ended with status 3")
