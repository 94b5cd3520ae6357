"""A prober in a process of its own, here or wherever a command puts it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
Figures = dict[str, Any]


class ProberProcess:
    """A running `benchmarks.prober_lines`.

    Parameters
    ----------
    command : goes before the interpreter (``taskset -c 1``, ``labctl exec``).
    settings : of the prober.
    """

    def __init__(self, command: tuple[str, ...], settings: Figures) -> None:
        self._process = subprocess.Popen(
            [*command, sys.executable, "-m", "benchmarks.prober_lines"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        self._say(settings)

    def measure(self, url: str, probe: str = "https") -> Figures:
        """The sample of one probe, with its `cpu_s`; the URL is also the object's."""
        self._say({"url": url, "probe": probe})
        assert self._process.stdout is not None
        sample: Figures = json.loads(self._process.stdout.readline())
        return sample

    def _say(self, message: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()

    def close(self) -> None:
        """End the prober."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=60)


@contextmanager
def prober_process(*command: str, **settings: object) -> Iterator[ProberProcess]:
    """A prober process meanwhile."""
    prober = ProberProcess(command, settings)
    try:
        yield prober
    finally:
        prober.close()
