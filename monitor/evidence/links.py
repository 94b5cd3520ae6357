"""Checks the chain of a bundle: every link, and every day's rows against theirs."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain as joined
from itertools import pairwise
from typing import Any, Final, TypeAlias

from monitor.evidence import layout
from monitor.evidence.chain import GENESIS, DayKeys, leaf, linked
from monitor.evidence.findings import Verification
from monitor.evidence.rows import Row, canonical

_HOSTILE: Final = (KeyError, ValueError, TypeError, AttributeError, ArithmeticError)

Place: TypeAlias = tuple[str, str, int]
"""Vantage, day, number of the row in its day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One checked line of chain.ndjson."""

    vantage: str
    day: str
    n_rows: int
    root: str
    previous: str
    digest: str
    keys: Mapping[str, str] | None
    columns: Mapping[str, str]

    @property
    def has_rows(self) -> bool:
        """Whether the rows of the day are in the bundle."""
        return self.keys is not None


def parsed(line: bytes) -> dict[str, Any] | None:
    """The object of a line in its one spelling; None when it is anything else."""
    try:
        found = json.loads(line)
        is_canonical = isinstance(found, dict) and canonical(found) == line
    except (ValueError, RecursionError):
        return None
    return found if is_canonical else None


def check_links(lines: Iterable[bytes], result: Verification) -> list[Link]:
    """The links, each recomputed; the differences go into the result."""
    links = []
    for number, line in enumerate(lines, 1):
        link = _link(parsed(line))
        if link is None:
            result.add(layout.CHAIN, f"line {number} is no link of a chain")
            continue
        if _digest(link) != link.digest:
            result.add(
                layout.CHAIN, "the digest is not that of this link", day=link.day
            )
        links.append(link)
    heads = _check_order(links, result)
    if heads != dict(result.heads):
        result.add(layout.CHAIN, "the last digests are not those of the manifest")
    return links


def _link(found: dict[str, Any] | None) -> Link | None:
    try:
        fields = {
            name: kind((found or {})[name]) for name, kind in _LINK_FIELDS.items()
        }
        rows = (found or {}).get("rows")
        link = Link(
            **fields,
            keys=None if rows is None else dict(rows["keys"]),
            columns={} if rows is None else dict(rows["columns"]),
        )
    except _HOSTILE:
        return None
    return link if 0 < link.n_rows <= _MAX_ROWS else None


_MAX_ROWS: Final = 10_000_000
_LINK_FIELDS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "vantage": str,
    "day": str,
    "n_rows": int,
    "root": str,
    "previous": str,
    "digest": str,
}


def _digest(link: Link) -> str | None:
    try:
        found = linked(link.vantage, link.day, link.n_rows, link.root, link.previous)
        return found.digest
    except _HOSTILE:
        return None


def _check_order(links: list[Link], result: Verification) -> dict[str, str]:
    heads: dict[str, str] = {}
    for link in links:
        before = heads.get(link.vantage)
        if before is None and link.previous != GENESIS:
            result.notes.append(f"the chain was begun before its first day {link.day}")
        if before is not None and link.previous != before:
            result.add(
                layout.CHAIN, "does not continue the link before it", day=link.day
            )
        heads[link.vantage] = link.digest
    return heads


@dataclass(slots=True)
class _Line:
    """A line of samples.ndjson: its row, and its place when that can be believed."""

    number: int
    row: Row | None
    place: Place | None


def _line(number: int, line: bytes) -> _Line:
    row = parsed(line)
    try:
        is_whole = row is not None and _is_whole(row, line)
        place = None if row is None else _place(row)
    except _HOSTILE:
        return _Line(number, row, None)
    return _Line(number, row, place if is_whole else None)


def _is_whole(row: Row, line: bytes) -> bool:
    check = row["x_check"]
    end = f',"x_check":"{check}"}}'.encode()
    if not line.endswith(end):
        return bool(check == layout.row_check(row))
    # The line is the row's one spelling: it need not be spelled again.
    return bool(check == layout.short(line.removesuffix(end) + b"}"))


def _place(row: Row) -> Place:
    return str(row["vantage"]), str(row["started_at_utc"])[:10], int(row["x_row"])


class RowCheck:
    """Walks the rows beside the places that the chain expects, one day at a time."""

    def __init__(self, links: list[Link], result: Verification) -> None:
        self._links = _by_day(links)
        self._first: dict[tuple[str, str], int] = {}
        self._n_rows = {(link.vantage, link.day): link.n_rows for link in self._links}
        self._result = result
        self._n_expected = 0
        for link in self._links:
            self._first[link.vantage, link.day] = self._n_expected
            self._n_expected += link.n_rows
        self._next = 0
        self._unknown: Counter[str] = Counter()
        self._day = 0
        self._rows: dict[int, Row] = {}

    def check(self, lines: Iterable[bytes]) -> None:
        """Check every line; the differences go into the result."""
        read = (_line(number, line) for number, line in enumerate(lines, 1))
        n_lines = 0
        for line, following in pairwise(joined(read, [None])):
            if line is not None:
                n_lines += 1
                self._take(line, following)
        self._skip_to(self._n_expected)
        for day, n in sorted(self._unknown.items()):
            what = f"{n} lines of a day whose rows the chain does not tell"
            self._result.add(layout.SAMPLES, what, day=day)
        self._result.n_rows = n_lines

    def _take(self, line: _Line, following: _Line | None) -> None:
        if line.place is not None and line.place[:2] not in self._first:
            self._unknown[line.place[1]] += 1
            return
        index = self._index(line.place)
        is_next_there = following is not None and (
            self._index(following.place) == self._next
        )
        if index == self._next:
            self._accept(line)
        elif is_next_there or self._next >= self._n_expected:
            self._add(line)
        elif line.place is None:
            self._accept_altered(line)
        elif index is not None and index > self._next:
            self._skip_to(index)
            self._accept(line)
        else:
            self._add(line)

    def _index(self, place: Place | None) -> int | None:
        if place is None or not 0 <= place[2] < self._n_rows.get(place[:2], 0):
            return None
        return self._first[place[:2]] + place[2]

    def _add(self, line: _Line) -> None:
        what = "a line that does not belong here: added, or moved"
        _, day, row = line.place or (None, None, None)
        self._result.add(
            layout.SAMPLES, f"line {line.number}: {what}", day=day, row=row
        )

    def _accept(self, line: _Line) -> None:
        self._open_day()
        if line.row is not None:
            self._rows[self._next - self._start] = line.row
        self._advance()

    def _accept_altered(self, line: _Line) -> None:
        self._open_day()
        # Which field, is told at the end of the day, by the column's check value.
        self._result.add(
            layout.SAMPLES,
            f"line {line.number} was altered",
            day=self._links[self._day].day,
            row=self._next - self._start,
        )
        self._accept(line)

    @property
    def _start(self) -> int:
        link = self._links[self._day]
        return self._first[link.vantage, link.day]

    def _open_day(self) -> None:
        while self._next >= self._start + self._links[self._day].n_rows:
            self._day += 1

    def _advance(self) -> None:
        self._next += 1
        if self._next == self._start + self._links[self._day].n_rows:
            self._close_day()

    def _skip_to(self, index: int) -> None:
        while self._next < index:
            self._open_day()
            day = self._links[self._day]
            end = min(index, self._start + day.n_rows)
            first, last = self._next - self._start, end - 1 - self._start
            rows = f"row {first}" if first == last else f"rows {first} to {last}"
            self._result.add(layout.SAMPLES, f"{rows} missing", day=day.day, row=first)
            self._next = end - 1
            self._advance()

    def _close_day(self) -> None:
        link, rows = self._links[self._day], self._rows
        self._rows = {}
        if len(rows) == link.n_rows:
            self._check_columns(link, [rows[n] for n in range(link.n_rows)])
        if _root(link, rows) != link.root:
            what = "the day's rows are not those of its digest in the chain"
            self._result.add(layout.SAMPLES, what, day=link.day)

    def _check_columns(self, link: Link, rows: list[Row]) -> None:
        found = layout.column_checks(rows)
        for name in sorted(set(found) | set(link.columns)):
            if found.get(name) != link.columns.get(name):
                what = "the column is not as it was written"
                self._result.add(layout.SAMPLES, what, day=link.day, field=name)


def _by_day(links: list[Link]) -> list[Link]:
    # The vantages of a day come in the order in which the chain names them.
    order = {name: n for n, name in enumerate(dict.fromkeys(k.vantage for k in links))}
    with_rows = {
        (link.day, order[link.vantage]): link for link in links if link.has_rows
    }
    return [with_rows[key] for key in sorted(with_rows)]


def _root(link: Link, rows: Mapping[int, Row]) -> str | None:
    try:
        keys = DayKeys(
            **{
                circle: bytes.fromhex(link.keys[circle])
                if link.keys and circle in link.keys
                else None
                for circle in ("trusted", "private")
            }
        )
        root = sha256()
        for number in range(link.n_rows):
            root.update(leaf(rows[number], number, keys))
        return root.hexdigest()
    except _HOSTILE:
        return None
