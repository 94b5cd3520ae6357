"""Sites of a configuration file switched and added, line by line; comments stay.

Text in, text out. Whoever edits checks: the result is parsed, and nothing but the one
site may have changed.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from monitor.config.loading import parse
from monitor.config.sections import Config
from monitor.errors import InputError
from monitor.reason import phrase

if TYPE_CHECKING:
    # YAML's library is kept for months by who loads it; few dashboards switch a site.
    from ruamel.yaml.nodes import Node

KINDS: Final = ("targets", "controls")
_OFF: Final = "#off "
_OFF_LINE: Final = re.compile(rf"^(?P<indent> *){_OFF}(?P<rest>.*)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteLines:
    """One site and where it stands.

    Attributes
    ----------
    kind : `targets` or `controls`.
    first, end : its lines, the last one outside.
    """

    name: str
    kind: str
    is_on: bool
    first: int
    end: int


def site_lines(text: str) -> list[SiteLines]:
    """The sites of a file, those that were switched off here as well.

    Raises
    ------
    InputError : the file is not YAML.
    """
    lines = text.split("\n")
    shown = [*_switched_on(text, lines)]
    return sorted([*shown, *_switched_off(lines, shown)], key=lambda site: site.first)


def switched(text: str, name: str, *, is_on: bool) -> str:
    """The text with a site switched on or off.

    Raises
    ------
    InputError : there is no such site, or the file would not be right.
    """
    chosen = [s for s in site_lines(text) if s.name == name and s.is_on != is_on]
    if not chosen:
        raise InputError(
            phrase("sites: {name} is not there to be switched", name=repr(name))
        )
    site, lines = chosen[0], text.split("\n")
    for place in range(site.first, site.end):
        lines[place] = _uncommented(lines[place]) if is_on else _off(lines[place])
    return _checked("\n".join(lines), text, name)


def added(text: str, kind: str, name: str, url: str) -> str:
    """The text with a site more, after the last one of its kind.

    Raises
    ------
    InputError : a site of that name is there, or the file would not be right.
    """
    sites = site_lines(text)
    if any(site.name == name for site in sites):
        raise InputError(phrase("sites: {name} is there already", name=repr(name)))
    others = [site for site in sites if site.kind == kind]
    if not others:
        raise InputError(
            phrase("{kind}: no site to put another one after; edit the file", kind=kind)
        )
    lines = text.split("\n")
    indent = " " * (len(lines[others[0].first]) - len(lines[others[0].first].lstrip()))
    entry = f"{indent}- {{name: {json.dumps(name)}, url: {json.dumps(url)}}}"
    lines.insert(max(site.end for site in others), entry)
    return _checked("\n".join(lines), text, name)


def _switched_on(text: str, lines: Sequence[str]) -> Iterator[SiteLines]:
    for kind, item in _items(text):
        name = _name(item)
        if name is not None:
            first = item.start_mark.line
            end = _end(lines, first, item.end_mark.line)
            yield SiteLines(name=name, kind=kind, is_on=True, first=first, end=end)


def _items(text: str) -> "Iterator[tuple[str, Node]]":
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError
    from ruamel.yaml.nodes import MappingNode, SequenceNode

    try:
        root = YAML(typ="safe", pure=True).compose(text)
    except (YAMLError, ValueError, RecursionError) as error:
        why = phrase("the file is not valid YAML: {why}", why=str(error))
        raise InputError(why) from None
    if not isinstance(root, MappingNode):
        return
    for key, value in root.value:
        if key.value in KINDS and isinstance(value, SequenceNode):
            for item in value.value:
                yield key.value, item


def _name(item: "Node") -> str | None:
    from ruamel.yaml.nodes import MappingNode

    if not isinstance(item, MappingNode):
        return None
    names = [value.value for key, value in item.value if key.value == "name"]
    return names[0] if names else None


def _end(lines: Sequence[str], first: int, end: int) -> int:
    """The line after the last one that belongs to an entry: no comment, no gap."""
    end = max(end, first + 1)
    while end > first + 1 and not lines[end - 1].split("#")[0].strip():
        end -= 1
    return end


def _switched_off(
    lines: Sequence[str], shown: Sequence[SiteLines]
) -> Iterator[SiteLines]:
    place = 0
    while place < len(lines):
        if not _OFF_LINE.match(lines[place]):
            place += 1
            continue
        first = place
        place += 1
        while place < len(lines) and _continues(lines[place]):
            place += 1
        item = "\n".join(_uncommented(line) for line in lines[first:place])
        before = [site for site in shown if site.first < first]
        kind = before[-1].kind if before else KINDS[0]
        for _, node in _items(f"targets:\n{item}"):
            name = _name(node)
            if name is not None:
                yield SiteLines(
                    name=name, kind=kind, is_on=False, first=first, end=place
                )


def _continues(line: str) -> bool:
    off = _OFF_LINE.match(line)
    return off is not None and not off["rest"].startswith("- ")


def _off(line: str) -> str:
    stripped = line.lstrip(" ")
    return f"{line[: len(line) - len(stripped)]}{_OFF}{stripped}"


def _uncommented(line: str) -> str:
    return _OFF_LINE.sub(r"\g<indent>\g<rest>", line)


def _checked(text: str, before: str, name: str) -> str:
    """The text, when it is right and differs in that one site only."""
    if _others(_parsed(text), name) != _others(_parsed(before), name):
        raise InputError(
            phrase(
                "the file is written in a way that cannot be edited here; edit it by"
                " hand"
            )
        )
    return text


def _parsed(text: str) -> Config:
    from ruamel.yaml import YAML

    return parse(YAML(typ="safe", pure=True).load(text), source="config.yaml")


def _others(config: Config, name: str) -> object:
    document = asdict(config)
    for kind in KINDS:
        document[kind] = [site for site in document[kind] if site["name"] != name]
    return document
