"""The chain: one digest per vantage and UTC day, each including the one before; pure.

A row's leaf joins three parts: what anybody may read, in the clear, and keyed hashes
(HMAC-SHA256) of what the trusted circle and the household read beyond it. A bundle that
leaves a part out carries its keyed hash instead: the leaf, the day's root and the chain
are the same, and the missing part can neither be guessed nor be changed later. Why days
are UTC days and why the hashes are keyed: docs/design/dd-005-evidence.md.
"""

import hmac
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256
from itertools import groupby
from typing import TYPE_CHECKING, Final, Self

from monitor.errors import InputError
from monitor.evidence.canonical_rows import (
    COLUMNS_OF,
    ROW_FORMAT,
    Row,
    canonical,
    in_format,
    row_of,
    sort_key,
)
from monitor.evidence.redact import private_part, public_part, trusted_part
from monitor.model import DayDigest, Sample

if TYPE_CHECKING:
    from hashlib import _Hash as HASH

GENESIS: Final = "0" * 64
"""What stands for the digest before the first day."""

SEALED: Final = ("x_trusted", "x_private")
"""Columns that hold the keyed hash of a part that was left out."""

_ROW_TAGS: Final = {number: b"monitor row %d\n" % number for number in COLUMNS_OF}
"""The number of the row format stands in every leaf and link."""
KEY_BYTES: Final = 32
"""Length of a day's key."""
_BLOCK_BYTES: Final = 64
_INNER: Final = bytes(byte ^ 0x36 for byte in range(256))
_OUTER: Final = bytes(byte ^ 0x5C for byte in range(256))


@dataclass(frozen=True, slots=True, kw_only=True)
class DayKeys:
    """The keys of one day; whoever has one can check that part of each row."""

    trusted: bytes | None
    private: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """The canonical rows of one vantage on one UTC day, in order."""

    vantage: str
    day: str
    rows: Sequence[Row]
    row_format: int = ROW_FORMAT

    def under(self, row_format: int) -> Self:
        """The same day in an older format, or in this one."""
        if row_format == self.row_format:
            return self
        rows = tuple(in_format(row, row_format) for row in self.rows)
        return replace(self, rows=rows, row_format=row_format)


def days_of(samples: Iterable[Sample | Row]) -> Iterator[Day]:
    """Samples or their rows as days of canonical rows: by date, then by vantage."""
    last = ""
    for date, group in groupby(map(_row, samples), _date):
        if date < last:
            raise InputError(f"samples: {date} comes after {last}; order them by time")
        last = date
        rows = sorted(group, key=lambda row: (row["vantage"], *sort_key(row)))
        for vantage, of_vantage in groupby(rows, lambda row: str(row["vantage"])):
            yield Day(vantage=vantage, day=date, rows=tuple(of_vantage))


def _row(sample: Sample | Row) -> Row:
    return row_of(sample) if isinstance(sample, Sample) else sample


def _date(row: Row) -> str:
    return str(row["started_at_utc"])[:10]


def day_keys(secret: bytes, vantage: str, day: str) -> DayKeys:
    """The keys of a day; knowing them tells nothing about another day's."""

    def key(circle: str) -> bytes:
        return hmac.digest(secret, canonical([circle, vantage, day]), sha256)

    return DayKeys(trusted=key("trusted"), private=key("private"))


def day_digest(day: Day, keys: DayKeys, previous: str) -> DayDigest:
    """The link of one day."""
    root = sha256()
    for number, row in enumerate(day.rows):
        root.update(leaf(row, number, keys, day.row_format))
    return linked(
        day.vantage, day.day, len(day.rows), root.hexdigest(), previous, day.row_format
    )


def continued(link: DayDigest, previous: str) -> DayDigest:
    """The link once more behind another one: the same rows in the same format."""
    return linked(
        link.vantage, link.day, link.n_rows, link.root, previous, link.row_format
    )


def linked(
    vantage: str,
    day: str,
    n_rows: int,
    root: str,
    previous: str,
    row_format: int = ROW_FORMAT,
) -> DayDigest:
    """The link with its digest; the vantage's name is in the rows, not in it."""
    body = canonical([f"monitor day {row_format}", day, n_rows, root, previous])
    return DayDigest(
        vantage=vantage,
        day=day,
        n_rows=n_rows,
        root=root,
        previous=previous,
        digest=sha256(body).hexdigest(),
        row_format=row_format,
    )


def leaf(row: Row, number: int, keys: DayKeys, row_format: int = ROW_FORMAT) -> bytes:
    """The hash of a row of any level; sealed parts count by their keyed hash.

    Raises
    ------
    KeyError : neither a part nor its keyed hash is there.
    ValueError : a keyed hash is not hexadecimal.
    """
    trusted, private = sealed_parts(row, number, keys, row_format)
    public = canonical(public_part(row, row_format))
    return leaf_of(public, trusted, private, row_format)


def leaf_of(
    public: bytes, trusted: bytes, private: bytes, row_format: int = ROW_FORMAT
) -> bytes:
    """The leaf of the spelled public part and the keyed hashes of the others."""
    tag = _ROW_TAGS[row_format]
    return sha256(tag + sha256(public).digest() + trusted + private).digest()


def sealed_parts(
    row: Row, number: int, keys: DayKeys, row_format: int = ROW_FORMAT
) -> tuple[bytes, bytes]:
    """Keyed hashes of the trusted and the private part, computed or as carried."""
    if keys.trusted is None:
        trusted = bytes.fromhex(row["x_trusted"])
    else:
        trusted = keyed(keys.trusted, number, canonical(trusted_part(row, row_format)))
    if keys.private is None:
        return trusted, bytes.fromhex(row["x_private"])
    private = canonical(private_part(row, row_format))
    return trusted, keyed(keys.private, number, private)


def keyed(key: bytes, number: int, part: bytes) -> bytes:
    """The keyed hash of a spelled part of the row of a number: HMAC-SHA256."""
    inner, outer = (half.copy() for half in _halves(key))
    inner.update(number.to_bytes(8, "big") + part)
    outer.update(inner.digest())
    return outer.digest()


@lru_cache(maxsize=16)
def _halves(key: bytes) -> "tuple[HASH, HASH]":
    """Both hashes of an HMAC (RFC 2104) after their key, which a day has for all rows.

    `hmac.digest` sets them up for each row, which costs more than hashing it.
    """
    block = key.ljust(_BLOCK_BYTES, b"\0")
    return sha256(block.translate(_INNER)), sha256(block.translate(_OUTER))
