"""A daemon in a process of its own: not forked from one that has loaded everything."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def fresh_daemon(
    folder: Path, *options: str, **environment: str
) -> Iterator[subprocess.Popen[str]]:
    """`monitor run` in a folder, its output in `log` there; killed at the end."""
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "monitor", "run", *options],
            cwd=folder,
            env={**os.environ, **environment},
            stdout=log,
            stderr=log,
            text=True,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
