"""Odd lines in the head of an answer, as curl and browsers read them; pure.

They take what servers really send, h11 takes what RFC 9112 allows. What differs and
harms nobody is mended before h11 sees it. What curl refuses as well (no colon, a zero
byte, two lengths) stays as it is.
"""

import re
from typing import Final

_TOKEN: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_PROTOCOL: Final = b"HTTP/"
# Possessive (`*+`): a line of 64 kB that fits nothing is read once and not again from
# each of its places.
_STATUS: Final = re.compile(
    rb"HTTP/(\d)(?:\.(\d))? ++(\d{3})(?!\d) *+([^\r\n]*+)\r*+\n", re.IGNORECASE
)
_CONTROL: Final = re.compile(rb"[\x01-\x08\x0b-\x1f\x7f]")
_LENGTH: Final = re.compile(rb"\s*+\+?(\d++)[^,]*+")
_MOST_DIGITS: Final = 18
_ODD_NAME: Final = b"x-odd"
_FOLDED: Final = (b" ", b"\t")


def may_be_http(first: bytes) -> bool:
    """Whether the beginning of a first line is that of an answer so far."""
    begin = first[: len(_PROTOCOL)].upper()
    return _PROTOCOL.startswith(begin)


def status_line(line: bytes) -> bytes:
    """The first line of an answer as RFC 9112 wants it; another one stays as it is.

    `HTTP/2 200` in an answer of HTTP/1 (a proxy's, of what it was told itself) is read
    by curl and browsers; so are small letters and too few or too many spaces.
    """
    status = _STATUS.fullmatch(line)
    if status is None:
        return line
    version = b"HTTP/%b.%b" % (status[1], status[2] or b"0")
    return b"%b %b %b\r\n" % (version, status[3], _CONTROL.sub(b"?", status[4]))


class Fields:
    """The fields of one head, line by line."""

    def __init__(self) -> None:
        self._is_chunked = False

    def mended(self, line: bytes) -> bytes:
        """A line of a head, after the first one, with its end.

        Control characters in a value become question marks, spaces before the colon
        go, a length is its number, and a field whose name is no name keeps its place
        under another one, as do a coding that means none and a length beyond all
        numbers.
        """
        text = _CONTROL.sub(b"?", line[:-1].rstrip(b"\r"))
        return self._named(text) + b"\r\n"

    def _named(self, text: bytes) -> bytes:
        name, colon, value = text.partition(b":")
        if not colon or text.startswith(_FOLDED):
            return text
        name = name.rstrip(b" \t")
        kind = name.lower()
        if kind == b"content-length":
            return _length(name, value)
        if kind == b"transfer-encoding":
            return self._coding(name, value)
        return (name if _TOKEN.fullmatch(name) else _ODD_NAME) + b":" + value

    def _coding(self, name: bytes, value: bytes) -> bytes:
        """Chunks are chunks however often it is said; `identity` says nothing."""
        codings = {coding.strip().lower() for coding in value.split(b",")}
        codings -= {b"", b"identity"}
        if codings - {b"chunked"}:
            return name + b":" + value
        if not codings or self._is_chunked:
            return _ODD_NAME + b":" + value
        self._is_chunked = True
        return name + b": chunked"


def _length(name: bytes, value: bytes) -> bytes:
    number = _LENGTH.fullmatch(value)
    if number is None:
        return name + b":" + value
    digits = number[1].lstrip(b"0") or b"0"
    is_beyond = len(digits) > _MOST_DIGITS
    return _ODD_NAME + b":" + value if is_beyond else name + b": " + digits
