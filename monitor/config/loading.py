"""A file in, one checked `Config` out, or the reason why not."""

from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from monitor.config.masking import masked
from monitor.config.problems import problems
from monitor.config.sections import Config
from monitor.config.values import database_url
from monitor.errors import ConfigError, InputError

MAX_FILE_BYTES = 1_000_000


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
    document = _read(path)
    if database is not None:
        document = {**document, "database": database}
    return parse(document, source=str(path))


def parse(document: dict[str, Any], *, source: str) -> Config:
    """The configuration in an already read document; raises `ConfigError`."""
    try:
        return Config.model_validate(document)
    except ValidationError as error:
        raise ConfigError(source, problems(error.errors())) from None


def checked_database_url(value: str, *, source: str) -> str:
    """A database URL from the command line or the environment; raises `ConfigError`."""
    try:
        return database_url(value)
    except ValueError as error:
        raise ConfigError(
            source, [f"found {masked(value)!r}; allowed: {error}"]
        ) from None


def _read(path: Path) -> dict[str, Any]:
    text = _text(path)
    try:
        # Pure Python and YAML 1.2: duplicate keys are refused, 20:00 stays a text.
        document = YAML(typ="safe", pure=True).load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        raise InputError(f"{where}: not valid YAML: {error.problem}") from None
    except (YAMLError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: not valid YAML: {error}") from None
    if not isinstance(document, dict):
        found = "nothing" if document is None else type(document).__name__
        raise InputError(f"{path}: found {found}; a mapping with keys is needed")
    return {str(key): value for key, value in document.items()}


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
        if len(data) > MAX_FILE_BYTES:
            raise InputError(f"{path}: larger than {MAX_FILE_BYTES} bytes")
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 at byte {error.start}") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
