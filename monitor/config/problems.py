"""What is wrong with a configuration: one line each, with its path."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from monitor.masking import HIDDEN, masked, masked_in
from monitor.reason import Reason, phrase, verbatim

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_TRUE_OR_FALSE: Final = phrase("true or false")
_WHOLE: Final = phrase("a whole number")

_PLAIN: Final[Mapping[str, Reason]] = {
    "string_type": phrase("a text, in quotes where YAML would read something else"),
    "tuple_type": phrase("a list"),
    "dataclass_type": phrase("keys with their values"),
    "bool_parsing": _TRUE_OR_FALSE,
    "bool_type": _TRUE_OR_FALSE,
    "int_parsing": _WHOLE,
    "int_type": _WHOLE,
    "int_from_float": _WHOLE,
    "finite_number": _WHOLE,
    "greater_than_equal": phrase("{ge} or more", ge=0),
    "less_than_equal": phrase("{le} or less", le=0),
    "too_short": phrase("{min_length} or more of them", min_length=0),
    "too_long": phrase("{max_length} of them or fewer", max_length=0),
    "service_url": phrase("a service of Apprise, such as ntfy://topic or mailto://..."),
}
"""Pydantic's kind of error -> what is allowed, for people who do not know pydantic; a
service is not repeated, as it may hold a secret, and has a kind of its own."""

_SITES: Final = ("targets", "controls")


def problems(errors: "list[ErrorDetails]") -> list[Reason]:
    """The reasons for what pydantic found; a bad item does not blame its list too."""
    # A list is also called too short when its items are bad: only the items are news.
    inner = {error["loc"][:n] for error in errors for n in range(len(error["loc"]))}
    inner.discard(())
    return [_problem(error) for error in errors if error["loc"] not in inner]


def between_sites(document: Mapping[str, object]) -> list[Reason]:
    """One reason for each site that does not go with the others.

    Told apart from what pydantic finds: it looks at a whole only when all parts of it
    are right, and then the reader would meet this problem one round later.
    """
    return [*_repeated_names(document), *_lonely_twins(document)]


def _lonely_twins(document: Mapping[str, object]) -> Iterator[Reason]:
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
            yield phrase(
                "{path}: missing; it is needed beside role: twin",
                path=f"{path}.service",
            )
        elif str(service) not in services:
            allowed = phrase("the service of a target that is no twin")
            yield _refused(f"{path}.service", _short(repr(service)), allowed)


def _repeated_names(document: Mapping[str, object]) -> Iterator[Reason]:
    """Sites whose name another site before them has already."""
    first: dict[str, str] = {}
    for place, site in _sites(document):
        path, name = f"{place}.name", site.get("name")
        if not isinstance(name, str):
            continue
        if name in first:
            allowed = phrase(
                "a name that no other site has; {other} is the same", other=first[name]
            )
            yield _refused(path, _short(repr(name)), allowed)
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


def _problem(error: "ErrorDetails") -> Reason:
    path = _path(error["loc"])
    if error["type"] == "unexpected_keyword_argument":
        return phrase("{path}: unknown key", path=path)
    if error["type"] == "missing":
        return phrase("{path}: missing; it is needed", path=path)
    allowed = _allowed(error)
    if not path:
        return allowed
    if error["type"] == "service_url":
        return phrase(
            "{path}: found no service's address; allowed: {allowed:reasons}",
            path=path,
            allowed=(allowed,),
        )
    return _refused(path, _shown(path, error["input"]), allowed)


def _refused(path: str, found: str, allowed: Reason) -> Reason:
    return phrase(
        "{path}: found {found}; allowed: {allowed:reasons}",
        path=path,
        found=found,
        allowed=(allowed,),
    )


def _allowed(error: "ErrorDetails") -> Reason:
    given = error.get("ctx", {})
    if error["type"] in _PLAIN:
        plain = _PLAIN[error["type"]]
        # As somebody types it, without a language's mark between thousands.
        return replace(plain, values={name: str(given[name]) for name in plain.values})
    if error["type"] in ("literal_error", "enum"):
        return verbatim(given["expected"])
    # What a check of ours raised holds its reason.
    words = getattr(given.get("error"), "args", ())
    if words and isinstance(words[0], Reason):
        return words[0]
    return verbatim(error["msg"].removeprefix("Value error, "))


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
