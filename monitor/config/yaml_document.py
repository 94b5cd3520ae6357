"""A YAML file in, its keys and values out; refuses what has no end or no keys."""

from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from monitor.errors import InputError
from monitor.reason import Reason, phrase

MAX_FILE_BYTES = 1_000_000
MAX_VALUES = 20_000
"""Keys and values with every alias written out; 200 sites make some 3000."""


def read_document(path: Path) -> dict[str, object]:
    """The top-level mapping of a YAML file.

    Raises
    ------
    InputError
        The file cannot be read, is not YAML, is no mapping, or grows beyond all
        measure when its aliases are written out.
    """
    # Pure Python and YAML 1.2: duplicate keys are refused, 20:00 stays a text.
    yaml = YAML(typ="safe", pure=True)
    yaml.Constructor = _BoundedConstructor
    text = _text(path)
    try:
        document = yaml.load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        raise InputError(_not_yaml(where, error.problem)) from None
    except (YAMLError, ValueError, RecursionError) as error:
        raise InputError(_not_yaml(str(path), error)) from None
    if not isinstance(document, dict):
        kind = "nothing" if document is None else type(document).__name__
        raise InputError(
            phrase(
                "{path}: found {kind}; a mapping with keys is needed",
                path=str(path),
                kind=kind,
            )
        )
    return {str(key): value for key, value in document.items()}


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
        if len(data) > MAX_FILE_BYTES:
            raise InputError(
                phrase(
                    "{path}: larger than {most} bytes",
                    path=str(path),
                    most=MAX_FILE_BYTES,
                )
            )
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            phrase(
                "{path}: not UTF-8 at byte {place}", path=str(path), place=error.start
            )
        ) from None
    except FileNotFoundError:
        raise InputError(
            phrase(
                "{path}: cannot be read: there is no such file; `monitor init` writes"
                " one, --config names another",
                path=str(path),
            )
        ) from None
    except OSError as error:
        raise InputError(
            phrase("{path}: cannot be read: {why}", path=str(path), why=error.strerror)
        ) from None


def _not_yaml(where: str, why: object) -> Reason:
    return phrase("{where}: not valid YAML: {why}", where=where, why=str(why))


class _BoundedConstructor(SafeConstructor):
    """Counts the values first: ten lines of aliases can stand for a billion of them."""

    def construct_document(self, node: Node) -> object:
        """The document, when it is small enough."""
        if _n_values(node, {}) > MAX_VALUES:
            raise YAMLError(
                f"with its aliases written out it holds more than {MAX_VALUES} values"
            )
        return super().construct_document(node)


def _n_values(node: Node, counted: dict[int, int]) -> int:
    """Keys and values below a node; each node is counted once and then looked up."""
    if id(node) not in counted:
        counted[id(node)] = MAX_VALUES  # for whoever comes back here from below
        counted[id(node)] = 1 + sum(_n_values(child, counted) for child in _below(node))
    return counted[id(node)]


def _below(node: Node) -> list[Node]:
    if isinstance(node, MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, SequenceNode) else []
