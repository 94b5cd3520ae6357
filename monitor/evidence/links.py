"""Checks the chain of a bundle: every link, and whether each continues the one before.

What a link binds is in `branches`; whether a day's rows are its link's, in `rowcheck`.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from monitor.evidence import layout
from monitor.evidence.branches import breaks, strays
from monitor.evidence.canonical_rows import COLUMNS_OF, canonical
from monitor.evidence.chain import GENESIS, KEY_BYTES, DayKeys, continued
from monitor.evidence.findings import Verification, told_days
from monitor.evidence.redact import Level
from monitor.model import DayDigest
from monitor.untyped import Json

HOSTILE: Final = (KeyError, ValueError, TypeError, AttributeError, ArithmeticError)
"""What odd content raises wherever it is taken for the right one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link(DayDigest):
    """One checked line of chain.ndjson."""

    keys: Mapping[str, str] | None
    columns: Mapping[str, str]

    @property
    def has_rows(self) -> bool:
        """Whether the rows of the day are in the bundle."""
        return self.keys is not None

    @property
    def level(self) -> Level | None:
        """The level by the keys that the link carries; None: no level's."""
        return None if self.keys is None else layout.level_of(self.keys)

    def day_keys(self) -> DayKeys:
        """The keys that the link carries; raises `ValueError` when they are none."""
        shown = {name: bytes.fromhex(key) for name, key in (self.keys or {}).items()}
        if any(len(key) != KEY_BYTES for key in shown.values()):
            raise ValueError("no key of a day")
        return DayKeys(trusted=shown.get("trusted"), private=shown.get("private"))


def parsed(line: bytes) -> dict[str, Json] | None:
    """The object of a line in its one spelling; None when it is anything else."""
    try:
        document = json.loads(line)
        is_canonical = isinstance(document, dict) and canonical(document) == line
    except (ValueError, RecursionError):
        return None
    return document if is_canonical else None


def check_links(lines: Iterable[bytes], result: Verification) -> list[Link]:
    """The links, each recomputed; the differences go into the result."""
    links = []
    for number, line in enumerate(lines, 1):
        document = parsed(line) or {}
        link = _link(document)
        if link is None:
            result.add(layout.CHAIN, f"line {number} is no link of a chain")
            continue
        if link.row_format not in COLUMNS_OF:
            what = f"line {number}: {_UNKNOWN_FORMAT}"
            result.add(layout.CHAIN, what, day=link.day, field="row_format")
            continue
        if _digest(link) != link.digest:
            result.add(
                layout.CHAIN, "the digest is not that of this link", day=link.day
            )
        links.append(link)
    _check_places(links, result)
    for chain in by_vantage(links).values():
        _check_begin(chain, result)
        _check_breaks(chain, result)
        _tell_second(chain, result)
    if {link.vantage: link.digest for link in links} != dict(result.heads):
        result.add(layout.CHAIN, "the last digests are not those of the manifest")
    return links


def by_vantage(links: Iterable[Link]) -> dict[str, list[Link]]:
    """The links of each vantage in their order."""
    chains: dict[str, list[Link]] = {}
    for link in links:
        chains.setdefault(link.vantage, []).append(link)
    return chains


_UNKNOWN_FORMAT: Final = (
    "a row format that this program does not know; a newer one may be needed"
)


def _link(document: dict[str, Json]) -> Link | None:
    try:
        fields = {name: kind(document[name]) for name, kind in _LINK_FIELDS.items()}
        rows = document.get("rows")
        link = Link(
            **fields,
            keys=None if rows is None else dict(rows["keys"]),
            columns={} if rows is None else dict(rows["columns"]),
            row_format=int(document.get("row_format", 1)),
        )
    except HOSTILE:
        return None
    return link if 0 < link.n_rows <= _MAX_ROWS else None


_MAX_ROWS: Final = 10_000_000
_LINK_FIELDS: Final[Mapping[str, Callable[[Json], Json]]] = {
    "vantage": str,
    "day": str,
    "n_rows": int,
    "root": str,
    "previous": str,
    "digest": str,
}


def _digest(link: Link) -> str | None:
    try:
        return continued(link, link.previous).digest
    except HOSTILE:
        return None


_BREAK: Final = "does not continue the link before it"


def _check_places(links: Sequence[Link], result: Verification) -> None:
    """Links stand together by vantage, each once."""
    digests: set[str] = set()
    vantages: dict[str, None] = {}
    for link in links:
        if link.digest in digests:
            result.add(layout.CHAIN, "the link is there twice", day=link.day)
        elif link.vantage in vantages and link.vantage != next(reversed(vantages)):
            result.add(layout.CHAIN, _BREAK, day=link.day)
        digests.add(link.digest)
        vantages[link.vantage] = None


def _check_begin(links: Sequence[Link], result: Verification) -> None:
    first = links[0]
    if first.previous == GENESIS:
        return
    if any(link.level not in (None, Level.PUBLIC) for link in links):
        # Only a public bundle leaves out links, those before its first day.
        result.add(layout.CHAIN, "the links before this are missing", day=first.day)
    else:
        result.notes.append(f"the chain was begun before its first day {first.day}")


def _check_breaks(links: Sequence[Link], result: Verification) -> None:
    """A fork that was healed, so that the last link binds all, is only told."""
    broken = breaks(links)
    is_healed = not strays(links)
    places = {link.digest: place for place, link in enumerate(links)}
    for link in broken:
        is_moved = places.get(link.previous, -1) > places[link.digest]
        if not is_healed or is_moved:
            result.add(layout.CHAIN, f"{_BREAK}: a fork, or one missing", day=link.day)
    if broken and is_healed:
        days = told_days(link.day for link in broken)
        result.notes.append(
            f"the chain forked at {days} (two closings of days at once); the links"
            " after it state every day again, so that the last one binds all"
        )


def _tell_second(links: Sequence[Link], result: Verification) -> None:
    first: dict[str, Link] = {}
    newest = {link.day: link for link in links}
    for link in links:
        if link.has_rows and newest[link.day] is not link:
            what = "the rows are not those of the day's last link"
            result.add(layout.CHAIN, what, day=link.day)
    second = [
        link.day
        for link in links
        if first.setdefault(link.day, link).root != link.root and link.has_rows
    ]
    if second:
        result.notes.append(
            f"{told_days(second)}: a second link. Rows came after the day was closed"
            " (an import, the spool); a digest from before that does not bind them"
        )
