"""Reasons told by a child, for a process that runs for months.

A catalogue would stay in it for the few lines of its start.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from monitor import children
from monitor.cli.options import terminal_language
from monitor.reason import Reason
from monitor.untyped import Json

_LIMITS: Final = children.Limits(time_s=30, memory_bytes=256 << 20)


def told_apart(reasons: Sequence[Reason]) -> list[str]:
    """Each in the language of the terminal; in English when the child fails."""
    english = [str(reason) for reason in reasons]
    code = terminal_language()
    if code == "en":
        return english
    request = {"code": code, "reasons": [reason.to_dict() for reason in reasons]}
    answers = children.run(__name__, request, _LIMITS).answers
    told = [str(answer) for answer in answers]
    return told if len(told) == len(english) else english


def _told(request: Json) -> Iterator[str]:
    from monitor.wording import language
    from monitor.wording.reason_words import told

    tongue = language(request["code"])
    for document in request["reasons"]:
        yield told(Reason.from_dict(document), tongue)


if __name__ == "__main__":
    children.answer(_told)
