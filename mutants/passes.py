"""Which test passes through which line."""

import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import coverage
import pytest

from mutants.forks import silence

# Its plugins may be loaded already, and need no rewriting.
_WARNING = ("-W", "ignore::pytest.PytestAssertRewriteWarning")
_OPTIONS = (
    *_WARNING,
    "-q",
    # Wall time: a busy machine would fail tests. `forks` ends what computes nothing.
    "--timeout=0",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:xdist",
    "-p",
    "no:schemathesis",
)


@dataclass(frozen=True, slots=True)
class Passes:
    """Of one run of unchanged tests.

    Attributes
    ----------
    lines : file -> line -> the tests that pass through it; the file as from the root.
    cpu_s : test -> what it computes [s].
    libraries : modules that the tests have loaded, the program and tests apart.
    """

    lines: dict[str, dict[int, list[str]]]
    cpu_s: dict[str, float]
    libraries: list[str]

    def tests(self, path: str, first_line: int, last_line: int) -> list[str]:
        """Tests for a place: those that pass through it, then those beside them.

        What a fixture of a session or a module computes once, or a test keeps, others
        read later without passing through.
        """
        lines = self.lines.get(path, {})
        numbers = range(first_line, last_line + 1)
        through = {test for number in numbers for test in lines.get(number, [])}
        files = {_file(test) for test in through}
        beside = {test for test in self.cpu_s if _file(test) in files} - through
        return [*self._by_cost(through), *self._by_cost(beside)]

    def _by_cost(self, tests: set[str]) -> list[str]:
        return sorted(tests, key=lambda test: (self.cpu_s[test], test))

    def write(self, path: Path) -> None:
        """For another process."""
        path.write_text(json.dumps([self.lines, self.cpu_s, self.libraries]))

    @classmethod
    def read(cls, path: Path) -> "Passes":
        """What another process wrote."""
        lines, cpu_s, libraries = json.loads(path.read_text())
        numbered = {
            file: {int(number): tests for number, tests in of_file.items()}
            for file, of_file in lines.items()
        }
        return cls(numbered, cpu_s, libraries)


def _file(test: str) -> str:
    return test.partition("::")[0]


class _Watch:
    """Tells coverage which test, or which lasting fixture, is running."""

    def __init__(self, watched: coverage.Coverage) -> None:
        self._watched = watched
        self._test = ""
        self.users: dict[str, list[str]] = {}
        self.cpu_s: dict[str, float] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            for fixture in getattr(item, "fixturenames", ()):
                self.users.setdefault(f"fixture {fixture}", []).append(item.nodeid)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        begun_s, self._test = time.process_time(), item.nodeid
        self._watched.switch_context(item.nodeid)
        try:
            return (yield)
        finally:
            self._test = ""
            self._watched.switch_context("")
            self.cpu_s[item.nodeid] = time.process_time() - begun_s

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef) -> Iterator[None]:
        lasts = fixturedef.scope != "function"
        if lasts:
            self._watched.switch_context(f"fixture {fixturedef.argname}")
        try:
            return (yield)
        finally:
            if lasts:
                self._watched.switch_context(self._test)


def watch(files: Sequence[Path], tests: Sequence[str], root: Path, out: Path) -> int:
    """Run tests, note which lines of the files they pass; pytest's exit status."""
    before = set(sys.modules)
    watched = coverage.Coverage(
        data_file=None, config_file=False, include=[str(file) for file in files]
    )
    noted = _Watch(watched)
    watched.start()
    status = pytest.main([*_OPTIONS, f"--rootdir={root}", *tests], plugins=[noted])
    watched.stop()
    data = watched.get_data()
    lines = {
        str(file.relative_to(root)): {
            number: sorted(_tests(contexts, noted))
            for number, contexts in data.contexts_by_lineno(str(file)).items()
        }
        for file in files
    }
    ours = {path.name for path in root.iterdir()} | {"tests"}
    libraries = [
        name
        for name in sys.modules
        if name not in before and name.partition(".")[0] not in {*ours, "conftest"}
    ]
    Passes(lines, noted.cpu_s, libraries).write(out)
    return int(status)


def _tests(contexts: list[str], noted: _Watch) -> set[str]:
    """The tests behind contexts; lines that run while loading are everybody's."""
    if "" in contexts:
        return set(noted.cpu_s)
    found: set[str] = set()
    for context in contexts:
        found |= set(noted.users.get(context, [context])) & set(noted.cpu_s)
    return found


class _Only:
    """Runs these tests only, in this order."""

    def __init__(self, tests: Sequence[str]) -> None:
        self._place = {test: place for place, test in enumerate(tests)}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if item.nodeid in self._place]
        items.sort(key=lambda item: self._place[item.nodeid])


def passes(tests: Sequence[str], root: Path) -> int:
    """Exit status of pytest for some tests, up to the first that fails."""
    silence()
    files = list(dict.fromkeys(map(_file, tests)))
    options = [*_OPTIONS, "-x", "--tb=no", f"--rootdir={root}"]
    return int(pytest.main([*options, *files], plugins=[_Only(tests)]))
