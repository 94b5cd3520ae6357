"""CPU of each test, with all that it starts: which of them `make test` can afford.

    sudo python -m benchmarks.costs_of_tests --write

Runs the tests of `make test`, each worker in a control group of its own (cgroup v1 or
v2; root), and names those above a limit in tests/costly.txt: from then on they run in
`make test-long` only, but for those that are marked `every_run`. Servers, browsers and
forked commands are counted, too, which the times of pytest leave out.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from benchmarks.process import ROOT

COSTLY = ROOT / "tests" / "costly.txt"
LIMIT_CPU_S = 1.0
_V1, _V2 = Path("/sys/fs/cgroup/cpuacct"), Path("/sys/fs/cgroup")


class Group:
    """A control group with this process in it."""

    def __init__(self, name: str) -> None:
        self._is_v1 = _V1.is_dir()
        self._folder = (_V1 if self._is_v1 else _V2) / f"tests-{name}"
        self._folder.mkdir(exist_ok=True)
        (self._folder / "cgroup.procs").write_text(str(os.getpid()))

    def cpu_s(self) -> float:
        """CPU of all processes that were ever in it [s]."""
        if self._is_v1:
            return int((self._folder / "cpuacct.usage").read_text()) / 1e9
        first = (self._folder / "cpu.stat").read_text().split("\n")[0]
        return int(first.split()[1]) / 1e6


class Costs:
    """The plugin that a worker of pytest is measured by."""

    def __init__(self, folder: Path) -> None:
        self._worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
        self._path = folder / f"{self._worker}.json"
        self._group = Group(self._worker)
        self._cpu_s: dict[str, float] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Measure a test with all that pytest does for it."""
        before = self._group.cpu_s()
        result = yield
        self._cpu_s[item.nodeid] = self._group.cpu_s() - before
        return result

    def pytest_sessionfinish(self) -> None:
        """Leave what was measured where `measured` looks for it."""
        self._path.write_text(json.dumps(self._cpu_s))


def pytest_configure(config: pytest.Config) -> None:
    """Pytest's door to a plugin (`-p benchmarks.costs_of_tests`)."""
    config.pluginmanager.register(Costs(Path(os.environ["TEST_COSTS"])))


def measured(options: list[str]) -> dict[str, float]:
    """CPU of each test [s], by its name."""
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pytest", "-p", "benchmarks.costs_of_tests"]
        environment = {**os.environ, "TEST_COSTS": folder}
        subprocess.run([*command, *options], cwd=ROOT, env=environment, check=True)
        files = Path(folder).glob("*.json")
        return {k: v for path in files for k, v in json.loads(path.read_text()).items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("options", nargs="*", default=["-n", "2", "--dist", "loadfile"])
    options = parser.parse_args()
    cpu_s = measured(options.options)
    costly = {name for name, value in cpu_s.items() if value >= LIMIT_CPU_S}
    for name in sorted(costly, key=lambda name: -cpu_s[name]):
        print(f"{cpu_s[name]:7.1f} {name}")
    print(f"{sum(cpu_s.values()):7.1f} all")
    if options.write:
        names = costly | set(COSTLY.read_text().splitlines())
        COSTLY.write_text("".join(f"{name}\n" for name in sorted(names)))


if __name__ == "__main__":
    main()
