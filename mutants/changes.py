"""The changes that are tried: one place of a source file each."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path

_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
"""Its neighbour at the boundary, and its contrary."""
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
_NOT_RUN = ("annotation", "returns", "decorator_list", "type_comment")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A source file with one place changed.

    Attributes
    ----------
    begin, end : the place, in characters of the source.
    first_line, last_line : its lines, from 1.
    new : what stands there now.
    kind : which change it is.
    """

    path: Path
    source: str
    begin: int
    end: int
    first_line: int
    last_line: int
    new: str
    kind: str

    @property
    def text(self) -> str:
        """The changed source."""
        return self.source[: self.begin] + self.new + self.source[self.end :]

    @property
    def lines(self) -> tuple[str, str]:
        """The lines of the place before and after, as accepted.toml names them."""
        head = self.source.rfind("\n", 0, self.begin) + 1
        tail = self.source.find("\n", self.end)
        tail = len(self.source) if tail < 0 else tail
        before = self.source[head:tail]
        after = self.source[head : self.begin] + self.new + self.source[self.end : tail]
        return _one_line(before), _one_line(after)

    @property
    def diff(self) -> str:
        """The change as `diff -u` shows it."""
        name = str(self.path)
        before, after = (t.splitlines(keepends=True) for t in (self.source, self.text))
        return "".join(unified_diff(before, after, name, name, n=1))


def mutants_of(path: Path, source: str) -> list[Mutant]:
    """All changes of one file, in the order of their places."""
    tree = ast.parse(source)
    starts = _line_starts(source)
    made = []
    for node, new, kind in _changes(tree):
        begin, end = (
            starts[line - 1] + len(starts.raw[line - 1][:column].decode())
            for line, column in (
                (node.lineno, node.col_offset),
                (node.end_lineno or 0, node.end_col_offset or 0),
            )
        )
        made.append(
            Mutant(
                path=path,
                source=source,
                begin=begin,
                end=end,
                first_line=node.lineno,
                last_line=node.end_lineno or node.lineno,
                new=new,
                kind=kind,
            )
        )
    return sorted(made, key=lambda m: (m.begin, m.end, m.new))


class _line_starts(list[int]):  # noqa: N801
    """Where each line begins, in characters; `raw` has the lines in bytes."""

    def __init__(self, source: str) -> None:
        lines = source.splitlines(keepends=True)
        self.raw = [line.encode() for line in lines]
        begin = 0
        for line in lines:
            self.append(begin)
            begin += len(line)


def _one_line(text: str) -> str:
    return " ".join(text.split())


Place = ast.expr | ast.stmt
Change = tuple[Place, str, str]


def _changes(node: ast.AST) -> Iterator[Change]:
    """The changes of a node and of all below it that is run."""
    yield from _own(node)
    for name, value in ast.iter_fields(node):
        if name in _NOT_RUN or isinstance(node, ast.JoinedStr):
            # Inside f-strings Python 3.11 tells wrong places.
            continue
        children = value if isinstance(value, list) else [value]
        for child in children:
            if isinstance(child, ast.AST) and not _is_idle(child):
                yield from _changes(child)


def _is_idle(node: ast.AST) -> bool:
    """Whether nothing of it is run: imports, docstrings, `if TYPE_CHECKING`."""
    if isinstance(node, ast.If):
        return isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return is_text or isinstance(node, ast.Import | ast.ImportFrom)


def _own(node: ast.AST) -> Iterator[Change]:
    for operator in (
        _comparison,
        _boolean,
        _negation,
        _number,
        _sum,
        _ended,
        _left_out,
    ):
        yield from operator(node)


def _expression(node: ast.expr) -> str:
    return f"({ast.unparse(node)})"


def _comparison(node: ast.AST) -> Iterator[Change]:
    if not isinstance(node, ast.Compare):
        return
    for place, operator in enumerate(node.ops):
        for other in _COMPARISONS[type(operator)]:
            ops = [*node.ops[:place], other(), *node.ops[place + 1 :]]
            new = ast.Compare(node.left, ops, node.comparators)
            # No brackets: it stands where a comparison stood.
            yield node, ast.unparse(new), "comparison"


def _boolean(node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.BoolOp):
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield node, _expression(ast.BoolOp(other, node.values)), "and/or"
        for place in range(len(node.values)):
            rest = [*node.values[:place], *node.values[place + 1 :]]
            new = rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)
            yield node, _expression(new), "condition left out"


def _negation(node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield node, _expression(node.operand), "not left out"
    test = getattr(node, "test", None)
    is_branch = isinstance(node, ast.If | ast.IfExp | ast.While)
    if is_branch and not isinstance(test, ast.Compare | ast.UnaryOp):
        yield test, f"(not {_expression(test)})", "condition turned"


def _number(node: ast.AST) -> Iterator[Change]:
    if not isinstance(node, ast.Constant):
        return
    if isinstance(node.value, bool):
        yield node, str(not node.value), "truth"
    elif isinstance(node.value, int | float):
        for step in (1, -1):
            yield node, f"({node.value + step!r})", "constant"


def _sum(node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
        texts = (node.left, node.right)
        if not any(isinstance(t, ast.JoinedStr) or _is_text(t) for t in texts):
            other = _ARITHMETIC[type(node.op)]()
            yield node, _expression(ast.BinOp(node.left, other, node.right)), "sum"
    if isinstance(node, ast.AugAssign) and type(node.op) in _ARITHMETIC:
        other = _ARITHMETIC[type(node.op)]()
        new = ast.AugAssign(node.target, other, node.value)
        yield node, ast.unparse(new), "sum"
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield node, _expression(node.operand), "sign"


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _ended(node: ast.AST) -> Iterator[Change]:
    """Returned values, and the ends of loops."""
    if isinstance(node, ast.Return) and node.value is not None:
        if not (isinstance(node.value, ast.Constant) and node.value.value is None):
            yield node, "return None", "returned value"
    elif isinstance(node, ast.Break):
        yield node, "continue", "end of a loop"
    elif isinstance(node, ast.Continue):
        yield node, "break", "end of a loop"


def _left_out(node: ast.AST) -> Iterator[Change]:
    """Statements without which the rest still runs."""
    is_call = isinstance(node, ast.Expr) and isinstance(
        node.value, ast.Call | ast.Await
    )
    is_stored = isinstance(node, ast.Assign) and not any(
        isinstance(target, ast.Name | ast.Tuple) for target in node.targets
    )
    if is_call or is_stored or isinstance(node, ast.Raise | ast.AugAssign | ast.Delete):
        assert isinstance(node, ast.stmt)
        yield node, "pass", "statement left out"
