"""A language's messages, read from its `.po` file as `release.messages` writes it.

Babel reads such files, too; kept by a process that runs for months it takes more than
all messages (docs/design/dd-015).
"""

import gettext
import json
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from itertools import accumulate
from typing import Final

_MAGIC: Final = 0x950412DE
_CONTEXT: Final = "\x04"
"""Between context and message, as gettext has it; a zero parts the plural forms."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Messages and what they are in a language, keyed as gettext keys them."""

    pairs: tuple[tuple[str, str], ...]

    def messages(self) -> frozenset[str]:
        """What has no plural form, without its context."""
        keys = (key for key, _ in self.pairs if key and "\0" not in key)
        return frozenset(key.rpartition(_CONTEXT)[2] for key in keys)

    def translations(self) -> gettext.NullTranslations:
        """What gettext makes of it; untranslated messages stay as they are."""
        return gettext.GNUTranslations(BytesIO(_compiled(self._translated())))

    def _translated(self) -> list[tuple[bytes, bytes]]:
        told = ((k.encode(), v.encode()) for k, v in self.pairs if v.strip("\0"))
        return sorted(told)


def read_catalogue(text: str) -> Catalogue:
    """The catalogue of a `.po` file's text; comments and old messages are left out."""
    return Catalogue(tuple(map(_pair, _entries(text.splitlines()))))


def _entries(lines: Iterable[str]) -> Iterator[dict[str, str]]:
    """The fields of each entry: `msgid`, `msgstr[0]`..."""
    fields: dict[str, str] = {}
    word = ""
    for line in lines:
        if not line or line.startswith("#"):
            continue
        if not line.startswith('"'):
            word = line.partition(" ")[0]
            if word in ("msgctxt", "msgid") and "msgid" in fields:
                yield fields
                fields = {}
        quoted = line.removeprefix(word).strip()
        fields[word] = fields.get(word, "") + json.loads(quoted)
    if fields:
        yield fields


def _pair(fields: dict[str, str]) -> tuple[str, str]:
    context = fields.get("msgctxt")
    ids = [fields[word] for word in ("msgid", "msgid_plural") if word in fields]
    key = "\0".join(ids)
    told = [text for word, text in fields.items() if word.startswith("msgstr")]
    return (key if context is None else context + _CONTEXT + key), "\0".join(told)


def _compiled(pairs: list[tuple[bytes, bytes]]) -> bytes:
    """The pairs in gettext's own form (`.mo`): two tables of lengths and places."""
    texts = [key for key, _ in pairs] + [told for _, told in pairs]
    begin = 28 + 8 * len(texts)
    places = accumulate((len(text) + 1 for text in texts), initial=begin)
    head = (_MAGIC, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, begin)
    table = [
        n
        for text, place in zip(texts, places, strict=False)
        for n in (len(text), place)
    ]
    body = b"".join(text + b"\0" for text in texts)
    return struct.pack(f"<7I{len(table)}I", *head, *table) + body
