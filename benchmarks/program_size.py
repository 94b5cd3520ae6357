"""How large the program is, and whether what it did before takes fewer lines now.

    python -m benchmarks.program_size THEN NOW

Two checkouts. A line is one of code: blank lines, comments and docstrings are none. A
function of THEN is *the same* in NOW when one of its qualified name (`Class.name`)
stands in the same module, else in the same package, else when it is the only one left
of its name on both sides; the others are *gone*. What became of those under another
name nobody counts.
"""

import argparse
import ast
import io
import tokenize
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median, quantiles
from typing import NamedTuple

_IDLE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}


class Function(NamedTuple):
    """A function of the program: where it stands, its qualified name, lines of code."""

    module: str
    name: str
    lines: int

    @property
    def package(self) -> str:
        """The first folder below `monitor`."""
        return self.module.split("/")[0]


Pair = tuple[Function, Function]


def code_lines(source: str) -> set[int]:
    """Numbers of the lines with code."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    lines = {
        number
        for token in tokens
        if token.type not in _IDLE
        for number in range(token.start[0], token.end[0] + 1)
    }
    return lines - {
        number
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        for number in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }


def functions_of(node: ast.AST, name: str = "") -> Iterator[tuple[str, ast.stmt]]:
    """Functions and methods, those inside functions as a part of them."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{name}{child.name}", child
        elif isinstance(child, ast.ClassDef):
            yield from functions_of(child, f"{name}{child.name}.")
        elif isinstance(child, ast.If | ast.Try):
            yield from functions_of(child, name)


def functions(root: Path) -> Iterator[Function]:
    """All functions below a folder."""
    for file in sorted(root.rglob("*.py")):
        source = file.read_text()
        lines, module = code_lines(source), str(file.relative_to(root))
        for name, node in functions_of(ast.parse(source)):
            span = range(node.lineno, (node.end_lineno or node.lineno) + 1)
            yield Function(module, name, len(lines & {*span}))


def pairs(then: Iterable[Function], now: Iterable[Function]) -> Iterator[Pair]:
    """Functions that stand in both, each once; the nearest first."""
    old, new = _by_name(then), _by_name(now)
    for name, befores in old.items():
        afters = new[name]
        for is_near in (_is_of_module, _is_of_package, _is_only(befores, afters)):
            for before in [*befores]:
                after = next((a for a in afters if is_near(before, a)), None)
                if after is not None:
                    befores.remove(before)
                    afters.remove(after)
                    yield before, after


def _by_name(every: Iterable[Function]) -> Mapping[str, list[Function]]:
    named: dict[str, list[Function]] = defaultdict(list)
    for function in every:
        named[function.name].append(function)
    return named


def _is_of_module(before: Function, after: Function) -> bool:
    return before.module == after.module


def _is_of_package(before: Function, after: Function) -> bool:
    return before.package == after.package


def _is_only(
    befores: Sequence[Function], afters: Sequence[Function]
) -> Callable[[Function, Function], bool]:
    return lambda _before, _after: len(befores) == len(afters) == 1


def table(then: Path, now: Path) -> Iterator[str]:
    """The rows that docs/design/dd-017 shows."""
    old, new = (list(functions(root / "monitor")) for root in (then, now))
    both = list(pairs(old, new))
    befores, afters = ([pair[side] for pair in both] for side in (0, 1))
    growths = [after.lines - before.lines for before, after in both]
    grew, shrank = [g for g in growths if g > 0], [-g for g in growths if g < 0]
    yield _row("modules", len({f.module for f in old}), len({f.module for f in new}))
    yield _row("functions", len(old), len(new))
    yield _row("lines of a function, median", *map(_median, (old, new)))
    yield _row("lines of a function, p90", *map(_longest, (old, new)))
    yield _row("lines in functions", *map(_lines, (old, new)))
    yield _row(
        f"lines of the {len(both)} that stand in both", *map(_lines, (befores, afters))
    )
    yield _row(
        f"lines of the {len(old) - len(both)} gone", _lines(old) - _lines(befores), 0
    )
    yield _row(f"lines more in the {len(grew)} that grew", 0, sum(grew))
    yield _row(f"lines fewer in the {len(shrank)} that shrank", 0, sum(shrank))


def _row(what: str, then: int, now: int) -> str:
    return f"| {what} | {then:,} | {now:,} |"


def _lines(every: Iterable[Function]) -> int:
    return sum(function.lines for function in every)


def _median(every: Iterable[Function]) -> int:
    return round(median(function.lines for function in every))


def _longest(every: Iterable[Function]) -> int:
    """All but a tenth are no longer."""
    return round(quantiles([function.lines for function in every], n=10)[8])


def main() -> None:
    """Tell both sizes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("then", type=Path)
    parser.add_argument("now", type=Path)
    asked = parser.parse_args()
    print("\n".join(table(asked.then, asked.now)))


if __name__ == "__main__":
    main()
