"""Odd lines in the head of an answer, as curl and browsers read them; pure.

They take what servers really send, h11 takes what RFC 9112 allows. What differs and
harms nobody is mended before h11 sees it. What curl refuses as well (no colon, a zero
byte) stays as it is.
"""

import re
from typing import Final

_TOKEN: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL: Final = re.compile(rb"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]")
_ODD_NAME: Final = b"x-odd"
_FOLDED: Final = (b" ", b"\t")


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
