"""The documents keep up with the code."""

import ast
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path

import click
import pytest

from monitor.cli.root import COMMANDS, cli
from monitor.config import Config
from monitor.model import Round, Sample

GLOSSARY = Path("docs/glossary.md").read_text()
CONFIGURATION = Path("docs/configuration.md").read_text()
WHERE = Path("docs/README.md").read_text()


@pytest.mark.parametrize("name", [f.name for f in (*fields(Sample), *fields(Round))])
def test_every_field_is_in_the_glossary(name: str) -> None:
    assert f"`{name}`" in GLOSSARY


def keys(section: type, prefix: str = "") -> list[str]:
    names = []
    for key in fields(section):
        if is_dataclass(key.type):
            names += keys(key.type, f"{prefix}{key.name}.")
        else:
            names.append(f"{prefix}{key.name}")
    return names


@pytest.mark.parametrize("key", keys(Config))
def test_every_key_is_documented(key: str) -> None:
    assert f"`{key}`" in CONFIGURATION


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_and_is_found(name: str) -> None:
    with click.Context(cli) as context:
        command = cli.get_command(context, name)
    assert command is not None
    assert command.name == name
    assert command.help


def test_a_file_name_stands_once_in_the_tree() -> None:
    files = [path.name for path in Path("monitor").rglob("*.*") if path.is_file()]
    names = [name for name in files if name != "__init__.py" and ".pyc" not in name]
    assert sorted(names) == sorted(set(names))


VAGUE = {"found", "at", "seen", "one", "known", "own", "wanted"}
"""Names that say nothing of what they stand for: a thing is called by its kind."""


def bindings(node: ast.AST) -> Iterator[ast.AST]:
    """What is bound below, but for the keys of a `TypedDict`: others read those."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef) and "TypedDict" in map(
            ast.unparse, child.bases
        ):
            continue
        yield child
        yield from bindings(child)


MODULES = sorted(Path("monitor").rglob("*.py"))


def vague_names(source: str) -> list[str]:
    """Parameters, variables, fields and functions that are vague, as often as bound."""
    names = [
        node.name
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        else node.arg
        if isinstance(node, ast.arg)
        else node.id
        for node in bindings(ast.parse(source))
        if isinstance(node, ast.arg | ast.FunctionDef | ast.AsyncFunctionDef)
        or (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))
    ]
    return sorted(name for name in names if name in VAGUE)


def test_vague_names_are_seen_wherever_they_are_bound():
    source = (
        "def f(at, *, own=1):\n    for one in at: seen = [x for x in one]\n"
        "    with f() as found: g(lambda wanted: (known := wanted))\n"
        "    return at.found"
    )
    assert vague_names(source) == sorted(VAGUE)
    assert vague_names("class A:\n  found: str\n  def at(self): 0") == ["at", "found"]
    assert vague_names("class A(TypedDict):\n  at: str") == []
    assert vague_names("def f(x): return x.at(one=seen)") == []


def test_a_thing_is_called_by_its_kind() -> None:
    named = {path: vague_names(path.read_text()) for path in MODULES}
    assert {path: names for path, names in named.items() if names} == {}


SCRIPTS = [
    path
    for kind in ("*.js", "*.j2")
    for path in sorted(Path("monitor").rglob(kind))
    if "vendor" not in path.parts
]
_NO_CODE = re.compile(r"/\*.*?\*/|//[^\n]*|\"[^\"\n]*\"|{#.*?#}", re.DOTALL)
_OF_A_TEMPLATE = re.compile(r"{[%{].*?[%}]}", re.DOTALL)
_VAGUE = re.compile(rf"(?<![\w$\])?]\.)(?<![\w$])({'|'.join(sorted(VAGUE))})(?![\w$:])")


def vague_words(path: Path, text: str) -> list[str]:
    """Vague names in a script, or in what a template evaluates."""
    code = _NO_CODE.sub("", text)
    if path.suffix == ".j2":
        code = " ".join(_OF_A_TEMPLATE.findall(code))
    return _VAGUE.findall(code)


def test_vague_names_are_seen_in_scripts_and_templates():
    script = "const known = [...own].map((one) => one.at(-1)); // found"
    assert vague_words(Path("a.js"), script) == ["known", "own", "one", "one"]
    template = '{% for one in hosts %}<p>one {{ _("at") }} {{ own.name }}</p>'
    assert vague_words(Path("a.j2"), template) == ["one", "own"]


def test_a_thing_is_called_by_its_kind_in_scripts_and_templates() -> None:
    named = {path: vague_words(path, path.read_text()) for path in SCRIPTS}
    assert {path: names for path, names in named.items() if names} == {}


PLAIN_WORDS = """
a allowed answer app asked batch bounded by cache child chunk column command
comparable compare config connection content context count damage data date db
default der document end file fill formatter formula frame grow head heap here html
input journal kept key last lazy limit list load lockfile machine manager many model
monitor network no number odd one openapi option overview partition pdf plain point
postgres problem query raw record reload request root run schema search section send
serve settings short side size sql static stream terminal text this too total type
unavailable unreadable untyped verify who yaml
"""
"""Words of programming that need no line in the glossary."""
PLAIN = set(PLAIN_WORDS.split())

ENDINGS = (
    ("yses", "ysis"),
    ("ies", "y"),
    ("dren", "d"),
    ("es", ""),
    ("s", ""),
    ("ted", ""),
    ("ly", ""),
    ("ing", ""),
    ("ing", "e"),
    ("ning", "n"),
    ("ed", ""),
    ("d", ""),
    ("er", ""),
    ("ner", ""),
    ("r", ""),
)


def glossary_words() -> set[str]:
    """What the tables define: their first cells, what is set in *italics*, fields."""
    rows = [line for line in GLOSSARY.splitlines() if line.startswith("| ")]
    cells = [term for row in rows for term in row.split("|")[1].split(",")]
    marked = re.findall(r"\*([^*|]+)\*|`(\w+)`", GLOSSARY)
    terms = [*cells, *("".join(pair) for pair in marked)]
    parts = {part for term in terms for part in re.findall(r"[a-z]+", term.lower())}
    # "Busy hour" and "roll-up" are written as one word in a name.
    return parts | {re.sub(r"[^a-z]", "", term.lower()) for term in terms}


def parts_of(name: str) -> list[str]:
    """The words of a module's or a class's name."""
    return [
        part.lower()
        for part in re.findall(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+", name)
    ]


def is_defined(part: str, words: set[str]) -> bool:
    """Whether a word, or what it is a form of, is defined."""
    forms = {part} | {
        part.removesuffix(ending) + rest
        for ending, rest in ENDINGS
        if part.endswith(ending)
    }
    return bool(forms & words)


def undefined(source: str, stem: str, words: set[str]) -> list[str]:
    """Words in the names of a module and its public classes that nobody defines."""
    classes = [
        node.name
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    ]
    names = [*classes, *([] if stem.startswith("__") else [stem])]
    return [
        f"{name}: {part}"
        for name in names
        for part in parts_of(name)
        if not is_defined(part, words)
    ]


def test_a_new_noun_needs_a_line_in_the_glossary():
    words = glossary_words() | PLAIN
    assert undefined("class RoundTotals: ...", "hourly_days", words) == []
    source = "class WidgetRound: ...\nclass _Gadget: ..."
    assert undefined(source, "gizmo", words) == ["WidgetRound: widget", "gizmo: gizmo"]


def test_every_module_and_class_is_named_by_the_glossary() -> None:
    words = glossary_words() | PLAIN
    nouns = {path: undefined(path.read_text(), path.stem, words) for path in MODULES}
    assert {path: missing for path, missing in nouns.items() if missing} == {}


ANSWERS = re.findall(r"^\| (Where .*?) \| `(.*?)` \|$", WHERE, re.MULTILINE)


def test_ten_questions_of_a_newcomer_are_answered() -> None:
    assert len(ANSWERS) == len(dict(ANSWERS)) >= 10


@pytest.mark.parametrize(("question", "path"), ANSWERS)
def test_the_file_that_answers_is_there(question: str, path: str) -> None:
    assert Path(path).is_file(), question


@pytest.mark.parametrize("name", sorted(p.name for p in Path("docs").glob("*.md")))
def test_every_document_is_found_from_the_first(name: str) -> None:
    assert name == "README.md" or f"]({name})" in WHERE


PAGES = sorted([*Path().glob("*.md"), *Path("docs").rglob("*.md")])


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)[^):]*\)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", ["SECURITY.md", "docs/README.md", "docs/upgrading.md"])
def test_what_a_stranger_looks_for_first_is_linked(page: str) -> None:
    assert f"]({page})" in Path("README.md").read_text()
