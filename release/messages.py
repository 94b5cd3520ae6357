"""Translations brought up to date with the code: `python -m release.messages`.

New messages get an empty translation, messages that are gone are kept as comments at
the end. The header of each file stays as it is, and the order is that of the messages:
a second run changes nothing, and a difference is always one of texts.

The English file has the reasons only: in plainer words than the rules' own.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from babel.messages import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po, write_po

from monitor.wording import LANGUAGES, SOURCE_LANGUAGE, catalogue_path
from monitor.wording.page import COUNTED, IN_CONTEXT, PAGE

_KEYWORDS: Final = {**DEFAULT_KEYWORDS, "t": None, "fill": None, "phrase": None}
_REASONS: Final = {"Reason": (2,)}
_METHODS: Final = [
    ("monitor/report/templates/**.j2", "jinja2"),
    ("monitor/**.py", "python"),
]
_LINE_LENGTH: Final = 88


@dataclass(frozen=True, slots=True)
class Message:
    """A message of the code; with a plural form as a pair."""

    id: str | tuple[str, ...]
    context: str | None = None


def main() -> None:
    """Bring the catalogue of every language up to date."""
    for code in LANGUAGES:
        path = catalogue_path(code)
        path.write_bytes(updated(path.read_bytes(), messages(Path(), code), code))


def messages(root: Path, code: str) -> list[Message]:
    """The messages of the code below a folder that a language translates."""
    reasons = extracted(root, _REASONS)
    if code == SOURCE_LANGUAGE:
        return reasons
    page = [
        Message(text, key if key in IN_CONTEXT else None) for key, text in PAGE.items()
    ]
    return [
        *extracted(root, _KEYWORDS),
        *reasons,
        *page,
        *map(Message, COUNTED.values()),
    ]


def extracted(root: Path, keywords: Mapping[str, Any]) -> list[Message]:
    """The messages of the code below a folder that stand in certain calls."""
    found = extract_from_dir(root, method_map=_METHODS, keywords=keywords)
    return [Message(message, context) for _, _, message, _, context in found]


def updated(old: bytes, found: Iterable[Message], code: str) -> bytes:
    """A catalogue with exactly the messages of the code, under its own header.

    Parameters
    ----------
    old : the `.po` file as it is.
    found : the messages of the code.
    code : language of the file.
    """
    template = Catalog()
    for message in found:
        template.add(message.id, context=message.context)
    catalogue = read_po(BytesIO(old), locale=code)
    catalogue.update(template, no_fuzzy_matching=True)
    body = BytesIO()
    # Babel's own header would bring the time of the run and its version.
    write_po(body, catalogue, width=_LINE_LENGTH, sort_output=True, omit_header=True)
    header, _, _ = old.partition(b"\n\n")
    return header + b"\n\n" + body.getvalue().strip() + b"\n"


if __name__ == "__main__":
    main()
