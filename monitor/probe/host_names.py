"""The first host name in a page that is like a pattern; pure, and linear in the page.

A pattern is a host name with `*` for any letters, digits and hyphens of a label, and
with a plain end, such as `r*---sn-*.googlevideo.com`. The end is searched, and what
stands before it is looked at no further than a name is long.
"""

import re
from collections.abc import Iterator
from typing import Final

_LONGEST_NAME: Final = 253
_LONGEST_LABEL: Final = 63
_IN_LABEL: Final = b"abcdefghijklmnopqrstuvwxyz0123456789_-"


def first_like(text: bytes, pattern: str) -> Iterator[str | None]:
    """The first host name that is like a pattern, if any is.

    Parameters
    ----------
    text : in lower case.
    pattern : in lower case.

    Yields
    ------
    None after each short step, so that the reader may do something else between them.
    """
    end = pattern.rpartition("*")[2].encode()
    place = text.find(end)
    while place >= 0:
        name = _name_up_to(text, place + len(end))
        if is_like(name, pattern):
            yield name
            return
        yield None
        place = text.find(end, place + 1)


def is_like(name: str, pattern: str) -> bool:
    """Whether a host name in lower case is like a pattern."""
    labels, patterns = name.split("."), pattern.split(".")
    return len(labels) == len(patterns) and all(map(_is_label_like, labels, patterns))


def _is_label_like(label: str, pattern: str) -> bool:
    if not 0 < len(label) <= _LONGEST_LABEL:
        return False
    first, *others = pattern.split("*")
    if not others:
        return label == pattern
    # The leftmost place of each part leaves the most for those behind it.
    *middle, last = others
    place = len(first)
    for part in middle:
        begin = label.find(part, place)
        if begin < 0:
            return False
        place = begin + len(part)
    is_room = place + len(last) <= len(label)
    return is_room and label.startswith(first) and label.endswith(last)


def _name_up_to(text: bytes, end: int) -> str:
    """The host name that ends here; empty if a name goes on, or is longer than one."""
    behind = text[end : end + 2]
    if behind[:1] in _LETTERS or (behind[:1] == b"." and behind[1:] in _LETTERS):
        return ""
    window = text[max(0, end - _LONGEST_NAME - _LONGEST_ESCAPE) : end]
    before = window.rstrip(_IN_LABEL + b".")
    name = window[len(before) :]
    escape = _ESCAPES.get(before[-1:])
    if escape is not None:
        name = escape.sub(b"", name, count=1)
    return name.decode("ascii") if len(name) <= _LONGEST_NAME else ""


_LONGEST_ESCAPE: Final = len(rb"\u002f")
_ESCAPES: Final = {
    b"\\": re.compile(rb"\A(?:u[0-9a-f]{4}|x[0-9a-f]{2}|[bfnrtv])"),
    b"%": re.compile(rb"\A(?:25)?[0-9a-f]{2}"),
}
"""Of the character before a name, as scripts and addresses in addresses write it: a
slash, mostly. Its letters are none of the name's."""


_LETTERS: Final = frozenset(bytes([letter]) for letter in _IN_LABEL)
