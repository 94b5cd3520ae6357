"""Keeps spreadsheet programs from running what a hostile server sent.

A CSV text that begins with one of = + - @, a tab or a carriage return would be taken
for a formula. It is written with an apostrophe before it and read without. A text that
has apostrophes before such a character gets one more, so that reading gives back what
was written. Numbers are never touched.
"""

import re
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

_DANGEROUS: Final = re.compile(r"'*[=+\-@\t\r]")
_DISARMED: Final = r"^'+[=+\-@\t\r]"


def disarm(text: str) -> str:
    """The text as it is written."""
    return f"'{text}" if _DANGEROUS.match(text) else text


def rearm(texts: pa.Array) -> pa.Array:
    """The texts as they were before they were written."""
    disarmed = pc.match_substring_regex(texts, _DISARMED)
    return pc.if_else(disarmed, pc.utf8_slice_codeunits(texts, 1), texts)
