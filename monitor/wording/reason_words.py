"""Reasons in words of the reader: messages of the catalogue with their places filled.

A place may ask for more in a catalogue than in the rule's own English: `{n:one|other}`
is the word that goes with the number, in as many forms as the language has. What has no
translation, such as the reason of a newer program, is told in the rule's own English.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from functools import partial
from typing import Final

from monitor.reason import Reason, Value, filled, together
from monitor.untyped import Json
from monitor.wording import Language
from monitor.wording.metric_words import metric_title, stage_title
from monitor.wording.names import display_name

_TOLD_ELSEWHERE: Final = frozenset({"season", "window"})
"""What reports and cards tell beside the reasons, with dates written out."""
_UNTELLABLE: Final = (LookupError, TypeError, ValueError)


def told(reason: Reason, language: Language) -> str:
    """A reason in a language."""
    if not language.knows(reason.message):
        return str(reason)
    try:
        message = language.gettext(reason.message)
        return filled(message, reason.values, partial(_written, language))
    except _UNTELLABLE:
        # A stored reason whose values are of another kind.
        return str(reason)


def told_reasons(reasons: Iterable[Reason], language: Language) -> Iterator[str]:
    """The reasons of a verdict, those of one rule in one text."""
    kept = (reason for reason in reasons if reason.rule not in _TOLD_ELSEWHERE)
    for group in together(kept):
        yield " ".join(told(reason, language) for reason in group)


def _written(language: Language, value: Value, kind: str) -> str:
    if value is None:
        return language.gettext("not measured")
    if isinstance(value, tuple):
        return _listed(language, value, kind)
    if isinstance(value, str):
        return _named(language, value, kind)
    if "|" in kind:
        return language.form(value, kind.split("|"))
    if kind == "factor":
        return f"{language.number(value, 2)}\N{MULTIPLICATION SIGN}"
    if kind.endswith("%"):
        return language.percent(100 * value)
    # Thousands are parted as the language parts them.
    shown = float(format(value, kind.replace(",", ""))) if kind else value
    return language.number(shown, 3)


def _listed(language: Language, value: tuple[Json, ...], kind: str) -> str:
    match kind:
        case "reasons":
            return " ".join(told(reason, language) for reason in value)
        case "parts":
            return ", ".join(told(reason, language) for reason in value)
        case "weekdays":
            return ", ".join(map(language.weekday, value))
    return ", ".join(map(display_name, value))


def _named(language: Language, value: str, kind: str) -> str:
    match kind:
        case "date":
            return language.long_date(date.fromisoformat(value))
        case "metric":
            return metric_title(value, language)
        case "stage":
            return stage_title(value, language)
    return value
