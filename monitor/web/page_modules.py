"""Which modules a page's script is made of, so that a browser asks for all at once.

A browser learns of a module when it has read the one that imports it: four deep, that
is four times there and back before the page asks its first question.
"""

import re
from functools import cache
from importlib.resources import files
from posixpath import dirname, join, normpath
from typing import Final

_IMPORT: Final = re.compile(
    r"""^(?:import|\}) .*?["'](\.{1,2}/[^"']+\.js)["'];$""", re.MULTILINE
)


@cache
def modules_of(page: str) -> tuple[str, ...]:
    """Paths below `static/` of all modules of a page, its own first."""
    modules = [f"pages/{page}.js"]
    for path in modules:
        modules += [other for other in _imported(path) if other not in modules]
    return tuple(modules)


def _imported(path: str) -> list[str]:
    text = files("monitor.web").joinpath("static", path).read_text()
    names = (normpath(join(dirname(path), name)) for name in _IMPORT.findall(text))
    return list(dict.fromkeys(names))
