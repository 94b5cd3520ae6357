"""Who runs a measured site: two sites of one company are one voice."""

from typing import Final

_NAMES: Final = {
    "Meta": "facebook fb fbcdn messenger instagram whatsapp threads meta",
    "Google": "youtube google googlevideo ytimg",
    "Telegram": "telegram tdesktop",
    "X": "twitter x twimg",
}
_OPERATORS: Final = {
    name: operator for operator, names in _NAMES.items() for name in names.split()
}


def operator_of(site: str) -> str:
    """The operator of a site by its name; an unknown name stands for itself.

    `facebook`, `facebook-video` and `Instagram` are Meta's.
    """
    words = "".join(c if c.isalnum() else " " for c in site.casefold()).split()
    operators = (_OPERATORS[word] for word in words if word in _OPERATORS)
    return next(operators, site)
