"""The mutation runner: which changes it tries, and that it tells who was seen."""

import subprocess
import sys
from pathlib import Path

import pytest

from mutants.changes import mutants_of

ROOT = Path(__file__).parents[1]


def changed(source: str) -> set[str]:
    """What becomes of a source of one line."""
    return {mutant.text.strip() for mutant in mutants_of(Path("x.py"), source)}


@pytest.mark.parametrize(
    ("source", "changes"),
    [
        ("x = a < b", {"x = a <= b", "x = a >= b"}),
        ("x = a is None", {"x = a is not None"}),
        ("x = a and b", {"x = (a or b)", "x = (b)", "x = (a)"}),
        ("x = not a", {"x = (a)"}),
        ("x = a + b * c", {"x = (a - b * c)", "x = a + (b / c)"}),
        ("x = 5", {"x = (6)", "x = (4)"}),
        ("x = True", {"x = False"}),
        ("x = -a", {"x = (a)"}),
        ("x += a", {"x -= a", "pass"}),
        ("f(a)", {"pass"}),
        ("x[a] = b", {"pass"}),
        ("raise a", {"pass"}),
        ("x = a if b else c", {"x = a if (not (b)) else c"}),
        ("'é', 1", {"'é', (2)", "'é', (0)"}),
    ],
)
def test_each_kind_of_change(source: str, changes: set[str]) -> None:
    assert changed(source) == changes


@pytest.mark.parametrize(
    "source",
    [
        '"""A docstring of 5 words."""',
        "import a",
        "x: Literal[5]",
        "def f(a: Literal[5]) -> Literal[5]: ...",
        "@dataclass(frozen=True)\nclass A: ...",
        "if TYPE_CHECKING:\n    x = 5",
        "x = f'{a + 1}'",
        "return None",
    ],
)
def test_what_is_not_run_is_not_changed(source: str) -> None:
    assert changed(source) == set()


def test_a_survivor_is_told_as_a_diff_and_by_its_lines() -> None:
    (mutant,) = mutants_of(Path("x.py"), "def f(a):\n    if not a:\n        f(\n1)\n")[
        :1
    ]
    assert mutant.lines == ("if not a:", "if (a):")
    assert "-    if not a:\n+    if (a):\n" in mutant.diff


PROGRAM = """LIMIT = 3


def is_many(n):
    return n > LIMIT


def endless(n):
    while n < 10:
        n += 1
    return n


def unused():
    return 1
"""
TESTS = """import pytest
from program import endless, is_many


@pytest.fixture(scope="session")
def ended():
    return endless(0)


def test_many():
    assert is_many(9)
    assert not is_many(3)


def test_end(ended):
    assert ended == 10


def test_end_again(ended):
    assert ended != 9
"""


@pytest.mark.long
def test_who_is_seen_and_who_is_not(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "test_program.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\npythonpath = .\n")
    # In a process of its own: it forks, and these tests are loaded here.
    code = (
        "import sys; from pathlib import Path; import mutants.__main__ as m; "
        "m.START_S = 2; root = Path(sys.argv[1]); "
        "group = m.Group('g', ('program.py',), ('test_program.py',)); "
        "made = m.chosen(group, root, None, 1); "
        "[print(o, *x.lines, sep='|') for x, o in m.judged(group, made, root, 2)]"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    told = set(done.stdout.splitlines())
    assert told >= {
        "killed|return n > LIMIT|return n >= LIMIT",
        "killed|return n > LIMIT|return None",
        "killed|LIMIT = 3|LIMIT = (2)",
        "survived|LIMIT = 3|LIMIT = (4)",
        "timeout|n += 1|pass",
        "untested|return 1|return (2)",
    }
