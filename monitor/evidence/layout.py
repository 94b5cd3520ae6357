"""What a bundle is made of: names of its members and the lines in them; pure."""

import hmac
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from monitor.evidence.archive import MARK
from monitor.evidence.canonical_rows import (
    COLUMNS,
    COLUMNS_OF,
    ROW_FORMAT,
    Row,
    canonical,
)
from monitor.evidence.chain import SEALED, Day, DayKeys, sealed_parts
from monitor.evidence.redact import LOOKED_UP, Hosts, Level, public_part
from monitor.model import DayDigest
from monitor.untyped import Json

FORMAT: Final = "monitor-evidence"
FORMAT_VERSION: Final = 2

MANIFEST: Final = "manifest.json"
SAMPLES: Final = "samples.ndjson"
CHAIN: Final = "chain.ndjson"
VERDICTS: Final = "verdicts.json"
CONFIG: Final = "config.json"
REPORT: Final = "report/"
ABOUT: Final = "about/"
ATTACHED: Final = "attached/"
LODGED: Final = "lodged/"

ALWAYS: Final = (MARK, SAMPLES, CHAIN, VERDICTS, CONFIG)
"""Members that no bundle lacks, beside the manifest."""

CHECK: Final = "check"
"""Last name of the manifest."""

_CHECK_DIGITS: Final = 16
_NUMBERING: Final = ("x_row", "x_check")

NOT_RECOMPUTABLE: Final = (
    "the verdicts were computed before the rows were made coarser (times on the quarter"
    " hour, the household's own rows closed): these rows cannot give them again"
)

README: Final = """\
This file is an evidence bundle of `monitor`, level "{level}".

samples.ndjson  the measurements, one JSON object per line
chain.ndjson    one digest per vantage and UTC day, each including the one before
verdicts.json   what was concluded, by which version of the method
config.json     what was measured and how often, without secrets
report/         the report for people, if there is one
about/          custody log, method, error rates, and a glossary of every column
attached/       files of others that the owner kept with notes, named by their SHA-256
lodged/         time-stamps of other parties on digests, if there are any
manifest.json   SHA-256 of each of these, versions, level

To check it, on any machine, without network and database:

    monitor verify FILE --digest DIGEST

That is a command of the program `monitor`, which made this file; version {version} or
a newer one checks it, with Python 3.11 or newer. Take it from the project's release,
whose SHA256SUMS are signed, or from a checkout of its source: `pip install FILE.whl`,
or `pip install .` in the checkout. The tools below are on every Linux and Mac, and
need nothing of ours.

DIGEST came to you on another way than this file: only that shows that nobody wrote the
whole bundle anew. The digest of the bundle binds all of it. It is the SHA-256 of the
file; each of these prints it, with the name of the bundle in the place of FILE:

    sha256sum FILE
    openssl dgst -sha256 -r FILE

and where the digest lies beside it, this compares them:

    sha256sum -c FILE.sha256

The digest of a day, as reports state it, binds the rows of that day and of those
before. It is the SHA-256 of one line of text without line end, made of the fields of a
line of chain.ndjson (unzip -p FILE chain.ndjson prints them; F is its row_format, 1
where it names none):

    printf '["monitor day %s","%s",%s,"%s","%s"]' F DAY N_ROWS ROOT PREVIOUS | sha256sum
"""


def pseudonym(secret: bytes, vantage: str, report: bytes) -> str:
    """A name for a vantage that is another one in each report."""
    name = hmac.digest(secret, canonical(["pseudonym", vantage]) + report, "sha256")
    return f"v-{name.hex()[:8]}"


@dataclass(frozen=True, slots=True)
class View:
    """How a bundle of a level shows the rows of one day."""

    level: Level
    keys: DayKeys
    vantage: str
    """The vantage's name at this level."""
    hosts: Hosts


def lines_of(day: Day, view: View) -> tuple[list[bytes], dict[str, str]]:
    """A day's rows as lines, and the check value of each column."""
    rows = [written(row, n, view, day.row_format) for n, row in enumerate(day.rows)]
    return [_line(row) for row in rows], column_checks(rows)


def _line(shown: Row) -> bytes:
    # As `canonical` of the row with its check, which comes last, but spelled once.
    body = canonical(shown)
    return body[:-1] + b',"x_check":"' + short(body).encode() + b'"}'


def written(row: Row, number: int, view: View, row_format: int = ROW_FORMAT) -> Row:
    """A full row as a bundle shows it, with its number."""
    shown = dict(row)
    if view.level is not Level.PRIVATE:
        trusted, private = sealed_parts(row, number, view.keys, row_format)
        shown = _shown(row, view, row_format) | {"x_private": private.hex()}
        if view.level is Level.PUBLIC:
            shown["x_trusted"] = trusted.hex()
    shown["x_row"] = number
    return shown


def _shown(row: Row, view: View, row_format: int) -> Row:
    if view.level is Level.PUBLIC:
        return public_part(row, row_format) | {"vantage": view.vantage}
    shown = dict(row)
    if "remote_address" in row:
        shown["remote_address"] = view.hosts(row["remote_address"])
    for name in LOOKED_UP:
        if name in row:
            shown[name] = view.hosts.of_lookup(row[name])
    return shown


def row_check(shown: Mapping[str, Json]) -> str:
    """Tells a line that was altered by accident or without care; no proof."""
    body = {name: value for name, value in shown.items() if name != "x_check"}
    return short(canonical(body))


def column_checks(
    rows: Sequence[Row], columns: Iterable[str] = (*COLUMNS, *SEALED)
) -> dict[str, str]:
    """Tells in which column of a day something was altered; no proof."""
    checks = {}
    for name in columns:
        values = [row.get(name) for row in rows]
        if any(value is not None for value in values):
            checks[name] = short(canonical(values))
    return checks


def foreign_fields(
    row: Row, level: Level | None, row_format: int = ROW_FORMAT
) -> list[str]:
    """Fields that no part of the row's leaf holds, or that are finer than it."""
    if level is not Level.PUBLIC:
        defined = {*COLUMNS_OF[row_format], *_NUMBERING, *SEALED}
        return [name for name in row if name not in defined]
    held = public_part(row, row_format)
    free = {"vantage", *_NUMBERING, *SEALED}
    return [n for n, value in row.items() if n not in free and held.get(n) != value]


def short(body: bytes) -> str:
    """The check value of some bytes."""
    return sha256(body).hexdigest()[:_CHECK_DIGITS]


def document(value: Json) -> bytes:
    """A JSON document of a bundle.

    Raises
    ------
    ValueError : a number that JSON does not know.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1)
    return text.encode("utf-8", "replace") + b"\n"


def manifest(parts: Mapping[str, Json]) -> bytes:
    """The manifest, with a check value of all that stands before it; no proof."""
    return document({**parts, CHECK: short(document(parts))})


def shown_keys(level: Level, keys: DayKeys) -> dict[str, str]:
    """The keys of a day that a bundle of the level carries [hex]."""
    by_level = {"trusted": keys.trusted, "private": keys.private}
    return {
        name: key.hex()
        for name, key in by_level.items()
        if key and name in _KEYS[level]
    }


def level_of(keys: Collection[str]) -> Level | None:
    """The level whose bundles carry keys of these names; None: no level does."""
    levels = (level for level, names in _KEYS.items() if names == set(keys))
    return next(levels, None)


_KEYS: Final[Mapping[Level, AbstractSet[str]]] = {
    Level.PRIVATE: {"trusted", "private"},
    Level.TRUSTED: {"trusted"},
    Level.PUBLIC: set(),
}
"""Level -> names of the keys that its bundles carry."""


def chain_line(
    link: DayDigest,
    vantage: str,
    rows: Mapping[str, Json] | None,
) -> bytes:
    """One link; `rows` tells keys and column checks when its rows are in the bundle."""
    document: dict[str, Json] = {
        "vantage": vantage,
        "day": link.day,
        "n_rows": link.n_rows,
        "root": link.root,
        "previous": link.previous,
        "digest": link.digest,
    }
    if link.row_format != 1:
        # The first format was not named: its lines stay as they were.
        document["row_format"] = link.row_format
    if rows is not None:
        document["rows"] = rows
    return canonical(document)


def joined(lines: Iterable[bytes]) -> bytes:
    """Lines, each with its end."""
    return b"".join(line + b"\n" for line in lines)
