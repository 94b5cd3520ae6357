"""A file in, one checked `Config` out, or the reason why not."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

from monitor.config.key_checks import contradictions
from monitor.config.problems import between_sites, problems
from monitor.config.sections import Config, Section
from monitor.config.values import database_url
from monitor.errors import ConfigError
from monitor.masking import masked
from monitor.reason import Reason, phrase
from monitor.untyped import Theirs

if TYPE_CHECKING:
    from pydantic import TypeAdapter

Kind = TypeVar("Kind", bound=Section)


def load(path: Path, *, database: str | None = None) -> Config:
    """The configuration in a file.

    Parameters
    ----------
    path : the YAML file.
    database : replaces the file's `database` when given.

    Raises
    ------
    InputError
        The file cannot be read or is not YAML.
    ConfigError
        Unknown keys or impossible values; all of them, each with its path.
    """
    from monitor.config.yaml_document import read_document

    document = read_document(path)
    if database is not None:
        document = {**document, "database": database}
    return parse(document, source=str(path))


def is_written(path: Path, section: str, key: str) -> bool:
    """Whether a file that was loaded names a key itself, and not by its default."""
    from monitor.config.yaml_document import read_document

    values = read_document(path).get(section)
    return isinstance(values, Mapping) and key in values


def parse(document: Mapping[str, object], *, source: str) -> Config:
    """The configuration in an already read document; raises `ConfigError`."""
    odd = between_sites(document)
    try:
        config = checked(Config, document)
    except ValuesError as error:
        raise ConfigError(source, [*error.reasons, *odd]) from None
    wrong = [*contradictions(config)]
    if wrong or odd:
        raise ConfigError(source, [*wrong, *odd])
    return config


class ValuesError(ValueError):
    """What cannot be.

    Attributes
    ----------
    reasons : one for each value.
    problems : a line for each, in English.
    """

    def __init__(self, reasons: list[Reason]) -> None:
        self.reasons = reasons
        self.problems = [str(reason) for reason in reasons]
        super().__init__("; ".join(self.problems))


def checked(kind: type[Kind], values: object) -> Kind:
    """A section, or a value of a kind, made of what is written.

    Raises
    ------
    ValuesError
        It has unknown keys or impossible values.
    """
    # Loaded for this only: who was handed a configuration does without.
    from pydantic import ValidationError

    try:
        section: Kind = _adapter(cast("Theirs", kind)).validate_python(values)
    except ValidationError as error:
        raise ValuesError(problems(error.errors())) from None
    return section


@cache
def _adapter(kind: type[Section]) -> "TypeAdapter[Theirs]":
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


def checked_database_url(value: str, *, source: str) -> str:
    """A database URL from the command line or the environment; raises `ConfigError`."""
    try:
        return database_url(value)
    except ValueError as error:
        found = phrase(
            "found {found}; allowed: {allowed:reasons}",
            found=repr(masked(value)),
            allowed=tuple(error.args),
        )
        raise ConfigError(source, [found]) from None
