"""Odd lines in the head of an answer, as curl and browsers read them; pure.

They take what servers really send, h11 takes what RFC 9112 allows. What differs and
harms nobody is mended before h11 sees it. What curl refuses as well (no colon, a zero
byte) stays as it is.
"""

import re
from typing import Final

_TOKEN: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_PROTOCOL: Final = b"HTTP/"
_VERSION_BYTES: Final = len(b"HTTP/2 ")
_NO_MINOR: Final = re.compile(rb"\AHTTP/([123]) ")
_CONTROL: Final = re.compile(rb"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]")
_ODD_NAME: Final = b"x-odd"
_FOLDED: Final = (b" ", b"\t")


def is_cut_version(first: bytes) -> bool:
    """Whether more of a first line is needed to see its version."""
    begin = first[: len(_PROTOCOL)]
    return len(first) < _VERSION_BYTES and _PROTOCOL.startswith(begin)


def versioned(first: bytes) -> bytes:
    """The beginning of a first line, with the minor version that some leave out.

    `HTTP/2 200` in an answer of HTTP/1 (a proxy's, of what it was told itself) is read
    by curl and browsers.
    """
    return _NO_MINOR.sub(rb"HTTP/\1.0 ", first, count=1)


def mended(line: bytes) -> bytes:
    """A line of a head, after the first one, with its end.

    Control characters in a value become question marks, spaces before the colon go, and
    a field whose name is no name keeps its place under another one, as does the coding
    that means none.
    """
    line = _CONTROL.sub(b"?", line)
    name, colon, value = line.partition(b":")
    if not colon or line.startswith(_FOLDED):
        return line
    name = name.rstrip(b" \t")
    is_none = name.lower() == b"transfer-encoding" and value.strip() == b"identity"
    if is_none or not _TOKEN.fullmatch(name):
        name = _ODD_NAME
    return name + b":" + value
