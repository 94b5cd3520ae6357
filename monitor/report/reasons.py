"""The analysis' reasons and figures in the reader's language.

The analysis writes English sentences with numbers in them. Each is known here by its
pattern and told anew; one that is not known is shown as it was written.
"""

import re
from typing import Final

from monitor.locale import Language

_N: Final = r"\d+"
_X: Final = r"[\d.]+"


def translated(reason: str, language: Language) -> str:
    """A reason or figure in a language."""
    for pattern, message in _known(language):
        found = re.fullmatch(pattern, reason)
        if found:
            return message % found.groupdict()
    return reason


def _known(language: Language) -> tuple[tuple[str, str], ...]:
    t = language.gettext
    return (
        (
            rf"Slower than (?P<n>{_N}) controls on (?P<slow>{_N}) of (?P<all>{_N}) "
            "evenings, and .* point to interference on the way.",
            t(
                "Slower than the control sites (%(n)s) on %(slow)s of %(all)s "
                "evenings; the checks marked + are consistent with interference on "
                "the way."
            ),
        ),
    )
