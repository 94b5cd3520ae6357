"""What the page says, in English, Russian and Kazakh; the browser gets one language."""

from collections.abc import Mapping
from functools import lru_cache
from itertools import groupby

from markupsafe import Markup, escape

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


def coded(text: str) -> Markup:
    """A message in which what stands between backticks is shown as code."""
    parts = text.split("`")
    shown = (
        Markup("<code>{}</code>").format(part) if place % 2 else escape(part)
        for place, part in enumerate(parts)
    )
    return Markup("").join(shown)


def passages(text: str) -> list[tuple[bool, str]]:
    """A text of the terminal for a page, which breaks lines where it must itself.

    Returns
    -------
    Each passage, and whether it is the heading of the one that follows: in the text
    the lines of a paragraph are indented, a heading's are not.
    """
    runs = groupby(text.splitlines(), key=lambda line: line.startswith(" "))
    told = [
        (is_indented, passage)
        for is_indented, lines in runs
        for passage in ([" ".join(map(str.strip, lines))] if is_indented else lines)
    ]
    following = [is_indented for is_indented, _ in told[1:]]
    return [
        (not is_indented and is_next, passage)
        for (is_indented, passage), is_next in zip(
            told, [*following, False], strict=True
        )
    ]
