"""`python -m mutants [GROUP...]`: survivors as diffs, counts in docs/mutants.md."""

import argparse
import os
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from benchmarks.page import write_table
from mutants.changes import Mutant, mutants_of
from mutants.forks import Forks, load_as, warm
from mutants.passes import Passes, passes, watch

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "mutants.md"
OUTCOMES = ("killed", "timeout", "survived", "accepted", "untested")
START_S, TIMES = 30, 5
"""CPU that a changed run may take beyond its tests, and as a multiple of them."""


@dataclass(frozen=True, slots=True)
class Group:
    """Files that are judged by the same tests.

    Attributes
    ----------
    paths : files and folders of the program; what is not there yet is left out.
    tests : arguments of pytest.
    """

    name: str
    paths: tuple[str, ...]
    tests: tuple[str, ...]

    def files(self, root: Path) -> list[Path]:
        """All Python files of the group."""
        places = [root / path for path in self.paths]
        return sorted(
            file.resolve()
            for place in places
            for file in (place.rglob("*.py") if place.is_dir() else [place])
            if file.exists()
        )


def groups() -> dict[str, Group]:
    """The groups of groups.toml."""
    document = tomllib.loads((Path(__file__).parent / "groups.toml").read_text())
    return {
        name: Group(name, tuple(told["paths"]), tuple(told["tests"]))
        for name, told in document.items()
    }


def accepted() -> set[tuple[str, str, str]]:
    """(file, line before, line after) of survivors that were looked at."""
    document = tomllib.loads((Path(__file__).parent / "accepted.toml").read_text())
    return {
        (told["path"], told["old"], told["new"])
        for told in document.get("accepted", [])
        if told["reason"]
    }


def chosen(group: Group, root: Path, sample: int | None, seed: int) -> list[Mutant]:
    """All mutants of a group, or some at random."""
    made = [
        mutant
        for file in group.files(root)
        for mutant in mutants_of(file.relative_to(root), file.read_text())
    ]
    if sample is None or sample >= len(made):
        return made
    return [made[n] for n in sorted(Random(seed).sample(range(len(made)), sample))]


def judged(
    group: Group, mutants: Sequence[Mutant], root: Path, jobs: int
) -> Iterator[tuple[Mutant, str]]:
    """Each mutant with its outcome, as they come.

    Raises
    ------
    SystemExit
        The tests fail without any change.
    """
    forks = Forks(jobs)
    baseline = _baseline(group, root, forks)
    warm(baseline.libraries)
    _check_forks(forks, mutants, baseline, root)
    todo, untested = [], []
    for mutant in mutants:
        place = str(mutant.path), mutant.first_line, mutant.last_line
        tests = baseline.tests(*place)
        if tests:
            limit_s = START_S + TIMES * sum(baseline.cpu_s[test] for test in tests)
            todo.append((mutant, _Trial(mutant, tests, root), int(limit_s)))
        else:
            untested.append(mutant)
    yield from ((mutant, "untested") for mutant in untested)
    for mutant, ended in forks.run(todo):
        assert isinstance(mutant, Mutant)
        survived = "survived" if ended.status == 0 else "killed"
        yield mutant, "timeout" if ended.ran_out else survived


def _baseline(group: Group, root: Path, forks: Forks) -> Passes:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "passes.json"
        files, tests = group.files(root), group.tests

        def work() -> int:
            os.chdir(root)
            return watch(files, tests, root, out)

        for _, ended in forks.run([("unchanged", work, 3600)]):
            if ended.status != 0:
                sys.exit(f"{group.name}: the tests fail without any change")
        return Passes.read(out)


def _check_forks(
    forks: Forks, mutants: Sequence[Mutant], baseline: Passes, root: Path
) -> None:
    """See the tests pass in a fork too: else every mutant would be called killed."""
    unchanged = [replace(mutant, begin=0, end=0, new="") for mutant in mutants[:1]]
    for mutant in unchanged:
        trial = _Trial(mutant, list(baseline.cpu_s), root)
        for _, ended in forks.run([("unchanged", trial, 3600)]):
            if ended.status != 0:
                sys.exit("the tests fail in a fork without any change")


@dataclass(frozen=True, slots=True)
class _Trial:
    mutant: Mutant
    tests: list[str]
    root: Path

    def __call__(self) -> int:
        os.chdir(self.root)
        load_as((self.root / self.mutant.path).resolve(), self.mutant.text)
        return passes(self.tests, self.root)


def _told(group: Group, asked: argparse.Namespace) -> Counter[str]:
    """Judge one group and tell its survivors."""
    counts: Counter[str] = Counter()
    known = accepted()
    mutants = chosen(group, ROOT, asked.sample, asked.seed)
    for mutant, outcome in judged(group, mutants, ROOT, asked.jobs):
        if outcome == "survived" and (str(mutant.path), *mutant.lines) in known:
            outcome = "accepted"  # noqa: PLW2901
        counts[outcome] += 1
        if outcome in ("survived", "untested"):
            print(f"{outcome} ({mutant.kind})\n{mutant.diff}", flush=True)
    return counts


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m mutants", description=__doc__)
    parser.add_argument("groups", nargs="*", help="of groups.toml; none: all")
    parser.add_argument("--paths", nargs="+", help="files instead of groups")
    parser.add_argument("--tests", nargs="+", default=["tests"], help="for --paths")
    parser.add_argument("--sample", type=int, help="so many of each group, at random")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument(
        "--write", action="store_true", help="counts to docs/mutants.md"
    )
    return parser.parse_args()


def _named(asked: argparse.Namespace) -> list[Group]:
    if asked.paths:
        return [Group("paths", tuple(asked.paths), tuple(asked.tests))]
    offered = groups()
    missing = set(asked.groups) - set(offered)
    if missing:
        sys.exit(f"groups: found {sorted(missing)}; allowed: {sorted(offered)}")
    return [offered[name] for name in asked.groups or offered]


def main() -> int:
    """Judge what is asked for; 1 when a mutant survives that nobody accepted."""
    asked = _asked()
    table = [f"| group | {' | '.join(OUTCOMES)} |", "|---|" + len(OUTCOMES) * "---:|"]
    total: Counter[str] = Counter()
    for group in _named(asked):
        if not group.files(ROOT):
            print(f"{group.name}: no such files here, left out")
            continue
        counts = _told(group, asked)
        total += counts
        table.append(
            f"| {group.name} | {' | '.join(str(counts[o]) for o in OUTCOMES)} |"
        )
    print("\n".join(table))
    if asked.write:
        write_table(PAGE, "counts", table)
    return int(total["survived"] + total["untested"] > 0)


if __name__ == "__main__":
    sys.exit(main())
