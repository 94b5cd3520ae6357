"""A file in, one checked `Config` out, or the reason why not."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from monitor.config.problems import between_sites, problems
from monitor.config.sections import Config
from monitor.config.values import database_url
from monitor.config.yaml_document import read_document
from monitor.errors import ConfigError
from monitor.masking import masked


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
    document = read_document(path)
    if database is not None:
        document = {**document, "database": database}
    return parse(document, source=str(path))


def parse(document: Mapping[str, object], *, source: str) -> Config:
    """The configuration in an already read document; raises `ConfigError`."""
    odd = between_sites(document)
    try:
        config = Config.model_validate(document)
    except ValidationError as error:
        raise ConfigError(source, [*problems(error.errors()), *odd]) from None
    if odd:
        raise ConfigError(source, odd)
    return config


def checked_database_url(value: str, *, source: str) -> str:
    """A database URL from the command line or the environment; raises `ConfigError`."""
    try:
        return database_url(value)
    except ValueError as error:
        raise ConfigError(
            source, [f"found {masked(value)!r}; allowed: {error}"]
        ) from None
