"""Tags of a page, in one pass and a few plain steps; pure.

Made for pages of strangers: each step looks at bytes behind the last one only, and one
that looks in vain for an end (of a quote, a comment, a script) ends the whole. So the
cost grows with the length and with nothing else. No pattern here can go back.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

_SPACE: Final = re.compile(rb"[\t\n\f\r ]*")
_GAP: Final = re.compile(rb"[\t\n\f\r /]*")
_TAG_NAME: Final = re.compile(rb"[^\t\n\f\r />]*")
_ATTRIBUTE: Final = re.compile(rb"[^\t\n\f\r />=]*")
_BARE: Final = re.compile(rb"[^\t\n\f\r >]*")
_AFTER_NAME: Final = frozenset({b"\t", b"\n", b"\f", b"\r", b" ", b"/", b">"})
_RAW: Final = frozenset(
    {b"script", b"style", b"title", b"textarea", b"xmp", b"iframe", b"noembed"}
)
"""Elements whose content is text, whatever it looks like."""


@dataclass(frozen=True, slots=True)
class Tag:
    """A start tag; names in lower case, the first value of each attribute."""

    name: bytes
    attributes: dict[bytes, bytes]


def tags(
    html: bytes, names: Collection[bytes], attributes: Collection[bytes]
) -> Iterator[Tag | None]:
    """Start tags of some elements, with some of their attributes.

    Yields
    ------
    None after each step, so that the reader may do something else between them.
    """
    return _Scan(html, names, attributes).run()


class _Scan:
    def __init__(
        self, html: bytes, names: Collection[bytes], attributes: Collection[bytes]
    ) -> None:
        self._html = html
        self._lower = html.lower()
        self._names = frozenset(names)
        self._attributes = frozenset(attributes)
        self._longest = max(map(len, (*names, *attributes, *_RAW)))
        self._place = 0

    def run(self) -> Iterator[Tag | None]:
        while self._pass(b"<"):
            kind = self._lower[self._place : self._place + 1]
            if kind.isalpha():
                yield from self._tag()
            elif self._lower.startswith(b"!--", self._place):
                self._place += 1  # `<!-->` is a whole comment
                self._pass(b"-->")
            elif kind in {b"!", b"?", b"/"}:
                self._pass(b">")
            yield None

    def _pass(self, mark: bytes) -> bool:
        """Go behind the next mark, or to the end if there is none."""
        place = self._lower.find(mark, self._place)
        self._place = len(self._lower) if place < 0 else place + len(mark)
        return place >= 0

    def _take(self, pattern: re.Pattern[bytes]) -> bytes:
        """Go behind what fits; its text, as far as it can be one of our names."""
        begin = self._place
        self._place = self._end_of(pattern, begin)
        return self._lower[begin : min(self._place, begin + self._longest + 1)]

    def _end_of(self, pattern: re.Pattern[bytes], begin: int) -> int:
        match = pattern.match(self._lower, begin)
        return begin if match is None else match.end()

    def _tag(self) -> Iterator[Tag | None]:
        name = self._take(_TAG_NAME)
        values: dict[bytes, bytes] = {}
        while not self._closes():
            if self._place >= len(self._lower):
                return
            attribute, value = self._attribute()
            if attribute in self._attributes:
                values.setdefault(attribute, value)
            yield None
        if name in self._names:
            yield Tag(name, values)
        if name in _RAW:
            yield from self._skip_raw(b"</" + name)

    def _closes(self) -> bool:
        self._place = self._end_of(_GAP, self._place)
        is_closed = self._lower.startswith(b">", self._place)
        self._place += is_closed
        return is_closed

    def _attribute(self) -> tuple[bytes, bytes]:
        begin = self._place
        self._place += 1  # a first `=` belongs to the name
        self._take(_ATTRIBUTE)
        name = self._lower[begin : min(self._place, begin + self._longest + 1)]
        behind = self._end_of(_SPACE, self._place)
        if not self._lower.startswith(b"=", behind):
            return name, b""
        self._place = self._end_of(_SPACE, behind + 1)
        return name, self._value()

    def _value(self) -> bytes:
        quote = self._lower[self._place : self._place + 1]
        if quote not in {b'"', b"'"}:
            begin, self._place = self._place, self._end_of(_BARE, self._place)
            return self._html[begin : self._place]
        self._place += 1
        begin = self._place
        if not self._pass(quote):
            return b""
        return self._html[begin : self._place - 1]

    def _skip_raw(self, end: bytes) -> Iterator[None]:
        while self._pass(end):
            if self._lower[self._place : self._place + 1] in _AFTER_NAME:
                self._pass(b">")
                return
            yield None
