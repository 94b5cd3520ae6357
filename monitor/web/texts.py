"""What the page says, in English, Russian and Kazakh; the browser gets one language."""

from collections.abc import Mapping
from functools import lru_cache

from monitor.wording import LANGUAGES, SOURCE_LANGUAGE, language
from monitor.wording.page import page_messages


@lru_cache
def page_texts(code: str) -> Mapping[str, str]:
    """All messages of the page in a language, by their keys."""
    return page_messages(language(code))


def chosen_language(asked: str | None, accepted: str) -> str:
    """The language that was asked for, else the best that a browser accepts."""
    if asked in LANGUAGES:
        return asked
    for code in _accepted(accepted):
        if code in LANGUAGES:
            return code
    return SOURCE_LANGUAGE


def _accepted(header: str) -> list[str]:
    """Languages of an Accept-Language header, the most wanted first."""
    weighted: list[tuple[float, str]] = []
    for part in header[:500].split(","):
        name, _, weight = part.strip().partition(";q=")
        try:
            weighted.append((float(weight or 1), name.split("-")[0].lower()))
        except ValueError:
            continue
    return [name for _, name in sorted(weighted, key=lambda pair: -pair[0])]
