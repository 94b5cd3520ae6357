"""What is wrong with a configuration: one line each, with its path."""

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from monitor.masking import HIDDEN, masked, masked_in

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_PLAIN: Final[Mapping[str, str]] = {
    "string_type": "a text, in quotes where YAML would read something else",
    "tuple_type": "a list",
    "dataclass_type": "keys with their values",
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "finite_number": "a whole number",
    "greater_than_equal": "{ge} or more",
    "less_than_equal": "{le} or less",
    "too_short": "{min_length} or more of them",
    "too_long": "{max_length} of them or fewer",
    "literal_error": "{expected}",
    "enum": "{expected}",
}
"""Pydantic's kind of error -> what is allowed, for people who do not know pydantic."""

_SITES: Final = ("targets", "controls")


def problems(errors: "list[ErrorDetails]") -> list[str]:
    """The lines for what pydantic found; a bad item does not blame its list too."""
    # A list is also called too short when its items are bad: only the items are news.
    inner = {error["loc"][:n] for error in errors for n in range(len(error["loc"]))}
    inner.discard(())
    return [_problem(error) for error in errors if error["loc"] not in inner]


def between_sites(document: Mapping[str, object]) -> list[str]:
    """One line for each site that does not go with the others.

    Told apart from what pydantic finds: it looks at a whole only when all parts of it
    are right, and then the reader would meet this problem one round later.
    """
    return [*_repeated_names(document), *_lonely_twins(document)]


def _lonely_twins(document: Mapping[str, object]) -> Iterator[str]:
    """Twins whose service no target is of."""
    targets = [(p, site) for p, site in _sites(document) if p.startswith("targets")]
    twins = [(p, site) for p, site in targets if site.get("role") == "twin"]
    services = {
        str(site.get("service", site.get("name")))
        for _, site in targets
        if site.get("role") != "twin"
    }
    for path, site in twins:
        service = site.get("service")
        if service is None:
            yield f"{path}.service: missing; it is needed beside role: twin"
        elif str(service) not in services:
            yield (
                f"{path}.service: found {_short(repr(service))}; allowed: the service"
                " of a target that is no twin"
            )


def _repeated_names(document: Mapping[str, object]) -> Iterator[str]:
    """Sites whose name another site before them has already."""
    first: dict[str, str] = {}
    for place, site in _sites(document):
        path, name = f"{place}.name", site.get("name")
        if not isinstance(name, str):
            continue
        if name in first:
            yield (
                f"{path}: found {_short(repr(name))}; allowed: a name that no other"
                f" site has; {first[name]} is the same"
            )
        first.setdefault(name, path)


def _sites(
    document: Mapping[str, object],
) -> Iterator[tuple[str, Mapping[object, object]]]:
    """The path of each site, and what is written of it."""
    for section in _SITES:
        sites = document.get(section)
        for place, site in enumerate(sites if isinstance(sites, list | tuple) else ()):
            if isinstance(site, Mapping):
                yield f"{section}[{place}]", site


def _problem(error: "ErrorDetails") -> str:
    path = _path(error["loc"])
    if error["type"] == "unexpected_keyword_argument":
        return f"{path}: unknown key"
    if error["type"] == "missing":
        return f"{path}: missing; it is needed"
    allowed = _allowed(error)
    if not path:
        return allowed
    if error["type"] == "service_url":
        return f"{path}: found no service's address; allowed: {allowed}"
    return f"{path}: found {_shown(path, error['input'])}; allowed: {allowed}"


def _allowed(error: "ErrorDetails") -> str:
    if error["type"] in _PLAIN:
        return _PLAIN[error["type"]].format(**error.get("ctx", {}))
    return error["msg"].removeprefix("Value error, ")


def _path(loc: tuple[int | str, ...]) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc)
    return _short(text.removeprefix("."))


def _shown(path: str, value: object) -> str:
    if path == "database":
        return _short(repr(masked(value)) if isinstance(value, str) else HIDDEN)
    if _SECRET.fullmatch(path) and not isinstance(value, bool | int | float | None):
        return "a text" if isinstance(value, str) else f"a {type(value).__name__}"
    try:
        return _short(repr(value))
    except ValueError:  # Python writes no number of more than some thousand digits
        return "a number that is far too long"


_SECRET: Final = re.compile(
    r"notify(\.urls.*|\.heartbeat)?|web(\.(password|token)_hash)?"
)
"""Where secrets may stand: what is found there is not repeated."""


def _short(text: str) -> str:
    return _cut(masked_in(text))


def _cut(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:77]}..."
