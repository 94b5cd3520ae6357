"""Gives back texts that `monitor.text.disarm` made harmless for spreadsheets."""

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from monitor.text import FORMULA

_BEGINS: Final = rf"^'({FORMULA}\t\r\n])"
_BEGINS_INSIDE: Final = rf"([;\t\r\n])'({FORMULA}])"


def rearm(texts: pa.Array) -> pa.Array:
    """The texts as they were before they were written."""
    for pattern, kept in ((_BEGINS, r"\1"), (_BEGINS_INSIDE, r"\1\2")):
        if pc.any(pc.match_substring_regex(texts, pattern)).as_py():
            texts = pc.replace_substring_regex(texts, pattern, kept)
    return texts
