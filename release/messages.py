"""Translations brought up to date with the code: `python -m release.messages`.

New messages get an empty translation, messages that are gone are kept as comments at
the end. The header of each file stays as it is, and the order is that of the messages:
a second run changes nothing, and a difference is always one of texts.
"""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po, write_po

from monitor.wording import LANGUAGES, SOURCE_LANGUAGE, catalogue_path

_KEYWORDS: Final = {**DEFAULT_KEYWORDS, "t": None, "fill": None}
_METHODS: Final = [
    ("monitor/report/templates/**.j2", "jinja2"),
    ("monitor/**.py", "python"),
]
_LINE_LENGTH: Final = 88


def main() -> None:
    """Bring the catalogue of every language up to date."""
    found = list(messages(Path()))
    for code in LANGUAGES:
        if code != SOURCE_LANGUAGE:
            path = catalogue_path(code)
            path.write_bytes(updated(path.read_bytes(), found, code))


def messages(root: Path) -> Iterator[str | tuple[str, ...]]:
    """The messages of the code below a folder; with a plural form as a pair."""
    for _, _, message, _, _ in extract_from_dir(
        root, method_map=_METHODS, keywords=_KEYWORDS
    ):
        yield message


def updated(old: bytes, found: list[str | tuple[str, ...]], code: str) -> bytes:
    """A catalogue with exactly the messages of the code, under its own header.

    Parameters
    ----------
    old : the `.po` file as it is.
    found : the messages of the code.
    code : language of the file.
    """
    template = Catalog()
    for message in found:
        template.add(message)
    catalogue = read_po(BytesIO(old), locale=code)
    catalogue.update(template, no_fuzzy_matching=True)
    body = BytesIO()
    # Babel's own header would bring the time of the run and its version.
    write_po(body, catalogue, width=_LINE_LENGTH, sort_output=True, omit_header=True)
    header, _, _ = old.partition(b"\n\n")
    return header + b"\n\n" + body.getvalue().strip() + b"\n"


if __name__ == "__main__":
    main()
