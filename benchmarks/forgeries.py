"""Bundles as a forger writes them who knows the format and has the honest bundle.

Each keeps one honest day's digest in the chain and makes everything else fit: rows,
check values, links, verdicts computed anew, manifest, seal. Nothing but that digest,
given on another way, can tell them from an honest bundle. `benchmarks.alterations` and
the tests ask what `verify --digest` says of each.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final, TypeAlias

from monitor.evidence import layout
from monitor.evidence.chain import GENESIS, DayKeys, leaf, linked
from monitor.evidence.recompute import NotComparableError, document_again
from monitor.evidence.redact import Level

Members: TypeAlias = dict[str, bytes]
Document: TypeAlias = dict[str, Any]


@dataclass(slots=True)
class Forger:
    """An unpacked bundle, and the means to make it fit again."""

    members: Members
    rows: list[Document] = field(init=False)
    links: list[Document] = field(init=False)

    def __post_init__(self) -> None:
        self.rows = _documents(self.members[layout.SAMPLES])
        self.links = _documents(self.members[layout.CHAIN])

    def day(self, link: Mapping[str, Any]) -> list[Document]:
        """The rows of a link's day."""
        return [
            row
            for row in self.rows
            if row["vantage"] == link["vantage"]
            and row["started_at_utc"][:10] == link["day"]
        ]

    def link(self, like: Mapping[str, Any], previous: str) -> Document:
        """A link for the rows as they are now, with all its check values."""
        rows = self.day(like)
        for number, row in enumerate(rows):
            row["x_row"] = number
            row.pop("x_check", None)
            row["x_check"] = layout.row_check(row)
        shown = like["rows"]["keys"]
        keys = DayKeys(
            **{
                circle: bytes.fromhex(shown[circle]) if circle in shown else None
                for circle in ("trusted", "private")
            }
        )
        root, row_format = sha256(), like.get("row_format", 1)
        for number, row in enumerate(rows):
            root.update(leaf(row, number, keys, row_format))
        told = (like["vantage"], like["day"], len(rows), root.hexdigest(), previous)
        new = linked(*told, row_format)
        shown_rows = {"keys": shown, "columns": layout.column_checks(rows)}
        body = json.loads(layout.chain_line(new, like["vantage"], shown_rows))
        return dict(body)

    def packed(self) -> Members:
        """The members, with verdicts of these rows and a manifest that fits."""
        members = dict(self.members)
        members[layout.SAMPLES] = layout.joined(map(layout.canonical, self.rows))
        members[layout.CHAIN] = layout.joined(map(layout.canonical, self.links))
        members[layout.VERDICTS] = self._verdicts()
        manifest = json.loads(members[layout.MANIFEST])
        manifest["n_rows"] = len(self.rows)
        manifest["heads"] = {link["vantage"]: link["digest"] for link in self.links}
        members[layout.MANIFEST] = layout.document(manifest)
        return fitting(members)

    def _verdicts(self) -> bytes:
        document = json.loads(self.members[layout.VERDICTS])
        if json.loads(self.members[layout.MANIFEST])["level"] == Level.PUBLIC:
            return layout.document(document)
        with suppress(NotComparableError):
            document = document_again(document, self.rows)
        return layout.document(document)


def fitting(members: Members) -> Members:
    """The members with a manifest that knows them as they are now."""
    manifest = json.loads(members[layout.MANIFEST])
    manifest.pop(layout.CHECK, None)
    manifest["files"] = {
        name: {"sha256": sha256(body).hexdigest(), "bytes": len(body)}
        for name, body in members.items()
        if name != layout.MANIFEST
    }
    return {**members, layout.MANIFEST: layout.manifest(manifest)}


def _documents(body: bytes) -> list[Document]:
    return [json.loads(line) for line in body.splitlines()]


def _slowed(rows: Iterable[Document]) -> None:
    for row in rows:
        for name in ("waiting_s", "duration_s", "connect_s"):
            if name in row and row["role"] == "target":
                row[name] *= 3


def second_links(honest: Members) -> Members:
    """Other rows, each day under a second link behind the honest chain."""
    forger = Forger(honest)
    shown = [link for link in forger.links if "rows" in link]
    _slowed(forger.rows)
    heads = {link["vantage"]: link["digest"] for link in forger.links}
    for like in shown:
        new = forger.link(like, heads[like["vantage"]])
        heads[new["vantage"]] = new["digest"]
        forger.links.append(new)
        del like["rows"]
    forger.links.sort(key=lambda link: link["vantage"])
    return forger.packed()


def forked(honest: Members) -> Members:
    """Other rows under a chain of its own, that begins where the honest one began."""
    forger = Forger(honest)
    kept = [{**link, "vantage": f"{link['vantage']}-0"} for link in forger.links]
    shown = [link for link in forger.links if "rows" in link]
    _slowed(forger.rows)
    heads: dict[str, str] = {}
    forger.links = []
    for like in shown:
        new = forger.link(like, heads.get(like["vantage"], GENESIS))
        heads[new["vantage"]] = new["digest"]
        forger.links.append(new)
    for link in kept:
        link.pop("rows", None)
    forger.links += kept
    return forger.packed()


def forked_in_place(honest: Members) -> Members:
    """The last day once more with other rows, beside the honest one."""
    forger = Forger(honest)
    like = next(link for link in reversed(forger.links) if "rows" in link)
    own = [k for k in forger.links if k["vantage"] == like["vantage"]]
    _slowed(forger.day(like))
    new = forger.link(like, own[own.index(like)]["previous"])
    del like["rows"]
    forger.links.insert(forger.links.index(own[-1]) + 1, new)
    return forger.packed()


def withheld(honest: Members) -> Members:
    """Every second day is kept back."""
    forger = Forger(honest)
    shown = [link for link in forger.links if "rows" in link]
    for link in shown[1::2]:
        gone = {id(row) for row in forger.day(link)}
        forger.rows = [row for row in forger.rows if id(row) not in gone]
        del link["rows"]
    return forger.packed()


def withheld_half(honest: Members) -> Members:
    """The first half of the days is kept back."""
    forger = Forger(honest)
    shown = [link for link in forger.links if "rows" in link]
    for link in shown[: len(shown) // 2]:
        gone = {id(row) for row in forger.day(link)}
        forger.rows = [row for row in forger.rows if id(row) not in gone]
        del link["rows"]
    return forger.packed()


def empty(honest: Members) -> Members:
    """No row at all; only the chain with the honest digest is left."""
    forger = Forger(honest)
    forger.rows = []
    for link in forger.links:
        link.pop("rows", None)
    return forger.packed()


def later_day(honest: Members) -> Members:
    """A day behind the honest ones, made up."""
    forger = Forger(honest)
    like = next(link for link in reversed(forger.links) if "rows" in link)
    day = "2099-01-01"
    copied = [
        {**row, "started_at_utc": day + row["started_at_utc"][10:]}
        for row in forger.day(like)
    ]
    _slowed(copied)
    forger.rows += copied
    own = [k for k in forger.links if k["vantage"] == like["vantage"]]
    new = forger.link({**like, "day": day}, own[-1]["digest"])
    forger.links.insert(forger.links.index(own[-1]) + 1, new)
    return forger.packed()


def rewritten(honest: Members) -> Members:
    """Verdicts, report and configuration as the forger likes them."""
    members = dict(honest)
    document = json.loads(members[layout.VERDICTS])
    for verdict in document["verdicts"]:
        verdict["verdict"] = "targeted_throttling"
    members[layout.VERDICTS] = layout.document(document)
    members[layout.CONFIG] = layout.document({"timezone": "Asia/Almaty"})
    return fitting(_other_pages(members))


def other_report(honest: Members) -> Members:
    """The pages of another night."""
    return fitting(_other_pages(dict(honest)))


def _other_pages(members: Members) -> Members:
    for name in members:
        if name.startswith(layout.REPORT):
            members[name] = b"<p>throttled on every evening</p>"
    return members


def other_config(honest: Members) -> Members:
    """Another configuration."""
    config = json.loads(honest[layout.CONFIG]) | {"every": "1m"}
    return fitting({**honest, layout.CONFIG: layout.document(config)})


FORGERIES: Final[Mapping[str, tuple[Callable[[Members], Members], str]]] = {
    "rows under second links": (second_links, "second link"),
    "a chain beside the chain": (forked, "second link"),
    "a forked chain": (forked_in_place, "second link"),
    "every second day withheld": (withheld, "withheld"),
    "half of the days withheld": (withheld_half, "withheld"),
    "no rows": (empty, "withheld"),
    "a day made up": (later_day, "later than"),
    "verdicts, report and configuration": (rewritten, "neither bound"),
    "another report": (other_report, "neither bound"),
    "another configuration": (other_config, "neither bound"),
}
"""Name -> how it is done, and the word with which `verify --digest` names it."""


def honest_digest(members: Members) -> str:
    """The last day's digest of the first vantage that shows rows."""
    links = _documents(members[layout.CHAIN])
    vantage = next(link["vantage"] for link in links if "rows" in link)
    own = [link["digest"] for link in links if link["vantage"] == vantage]
    return str(own[-1])
