"""Checks the rows of a bundle against the links of their days, a day at a time.

A day that is as it was written is recognised by its lines alone. Everything else is
looked at line by line, so that it can be named.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain as joined
from itertools import islice, pairwise
from typing import TypeAlias

from monitor.evidence import layout
from monitor.evidence.canonical_rows import Row
from monitor.evidence.chain import leaf
from monitor.evidence.findings import Verification
from monitor.evidence.links import HOSTILE, Link, parsed
from monitor.evidence.redact import ADDRESSES, Level
from monitor.evidence.spelled import row_and_leaf

Place: TypeAlias = tuple[str, str, int]
"""Vantage, day, number of the row in its day."""


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
    except HOSTILE:
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

    def __init__(self, links: Sequence[Link], result: Verification) -> None:
        self._links = _by_day(links)
        self._first: dict[tuple[str, str], int] = {}
        self._n_rows = {(link.vantage, link.day): link.n_rows for link in self._links}
        self._result = result
        self._n_expected = 0
        for link in self._links:
            self._first[link.vantage, link.day] = self._n_expected
            self._n_expected += link.n_rows
        self._next = 0
        self._n_lines = 0
        self._unknown: Counter[str] = Counter()
        self._day = 0
        self._rows: dict[int, Row] = {}
        self.whole: list[Link] = []
        """Links whose rows are those that they tell."""

    def rows(self, lines: Iterable[bytes]) -> Iterator[Row]:
        """The rows of all lines, each checked; the differences go into the result."""
        remaining = iter(lines)
        day: list[bytes] = []
        for link in self._links:
            day = list(islice(remaining, link.n_rows))
            rows = whole_day(link, day)
            if rows is None:
                break
            self.whole.append(link)
            self._next += len(rows)
            self._n_lines += len(rows)
            day = []
            yield from rows
        yield from self._one_by_one(joined(day, remaining))

    def _one_by_one(self, lines: Iterable[bytes]) -> Iterator[Row]:
        read = (_line(n, line) for n, line in enumerate(lines, self._n_lines + 1))
        for line, following in pairwise(joined(read, [None])):
            if line is None:
                break
            self._n_lines += 1
            self._take(line, following)
            if line.row is not None:
                yield line.row
        self._skip_to(self._n_expected)
        for day, n in sorted(self._unknown.items()):
            what = f"{n} lines of a day whose rows the chain does not tell"
            self._result.add(layout.SAMPLES, what, day=day)
        self._result.n_rows = self._n_lines

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
        elif not self._add_unbound(link, rows):
            self.whole.append(link)

    def _check_columns(self, link: Link, rows: list[Row]) -> None:
        checks = layout.column_checks(rows)
        for name in sorted(set(checks) | set(link.columns)):
            if checks.get(name) != link.columns.get(name):
                what = "the column is not as it was written"
                self._result.add(layout.SAMPLES, what, day=link.day, field=name)

    def _add_unbound(self, link: Link, rows: Mapping[int, Row]) -> bool:
        """Tell fields that no part of a leaf holds; whether there are any."""
        has_any = False
        for number, row in rows.items():
            for name in layout.foreign_fields(row, link.level, link.row_format):
                what = "is no field of a row of this level, or finer than it may be"
                self._result.add(
                    layout.SAMPLES, what, day=link.day, row=number, field=name
                )
                has_any = True
        return has_any


def _by_day(links: Sequence[Link]) -> list[Link]:
    # The vantages of a day come in the order in which the chain names them.
    order = {name: n for n, name in enumerate(dict.fromkeys(k.vantage for k in links))}
    with_rows = {
        (link.day, order[link.vantage]): link for link in links if link.has_rows
    }
    return [with_rows[key] for key in sorted(with_rows)]


def whole_day(link: Link, lines: Sequence[bytes]) -> list[Row] | None:
    """The rows of a day, if its lines are those that its link tells; else None."""
    if len(lines) != link.n_rows or link.level is None:
        return None
    rows, root = [], sha256()
    try:
        keys = link.day_keys()
        for number, line in enumerate(lines):
            row, own_leaf = row_and_leaf(line, number, keys, link.row_format)
            if row["vantage"] != link.vantage or row["started_at_utc"][:10] != link.day:
                return None
            rows.append(row)
            root.update(own_leaf)
    except HOSTILE:
        return None
    is_whole = root.hexdigest() == link.root and _has_its_addresses(link, rows)
    return rows if is_whole else None


def _has_its_addresses(link: Link, rows: Sequence[Row]) -> bool:
    """Whether stand-ins are as written: of these a leaf holds the network only."""
    if link.level is not Level.TRUSTED:
        return True
    checks = layout.column_checks(rows, ADDRESSES)
    return all(checks.get(name) == link.columns.get(name) for name in ADDRESSES)


def _root(link: Link, rows: Mapping[int, Row]) -> str | None:
    try:
        keys = link.day_keys()
        root = sha256()
        for number in range(link.n_rows):
            root.update(leaf(rows[number], number, keys, link.row_format))
        return root.hexdigest()
    except HOSTILE:
        return None
