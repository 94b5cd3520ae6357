"""What the page says, in English, Russian and Kazakh.

One flat JSON file per language in `messages/`; the browser gets the whole of one. A
number chooses among `key.one`, `key.few`, `key.many` and `key.other` there.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

LANGUAGES: Final = ("en", "ru", "kk")
DEFAULT: Final = "en"
_FOLDER: Final = Path(__file__).parent / "messages"


class Texts:
    """The messages of every language."""

    def __init__(self) -> None:
        self._by_language = {code: _load(code) for code in LANGUAGES}

    def of(self, language: str) -> Mapping[str, str]:
        """All messages of a language by their keys."""
        return self._by_language[language]

    def chosen(self, asked: str | None, accepted: str) -> str:
        """The language that was asked for, else the best that a browser accepts."""
        if asked in LANGUAGES:
            return asked
        for code in _accepted(accepted):
            if code in LANGUAGES:
                return code
        return DEFAULT


def _load(code: str) -> dict[str, str]:
    with (_FOLDER / f"{code}.json").open(encoding="utf-8") as file:
        messages: dict[str, str] = json.load(file)
    return messages


def _accepted(header: str) -> list[str]:
    """Languages of an Accept-Language header, the most wanted first."""
    wanted: list[tuple[float, str]] = []
    for part in header[:500].split(","):
        name, _, weight = part.strip().partition(";q=")
        try:
            wanted.append((float(weight or 1), name.split("-")[0].lower()))
        except ValueError:
            continue
    return [name for _, name in sorted(wanted, key=lambda pair: -pair[0])]
