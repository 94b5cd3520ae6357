"""A configuration read by a child and handed over as plain records.

What reading takes (pydantic, YAML, the list of public suffixes) would stay for months
in a process that reads once; measured in docs/design/dd-015.
"""

import base64
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from monitor import children
from monitor.config.loading import load
from monitor.config.sections import Config
from monitor.errors import InputError
from monitor.reason import phrase
from monitor.untyped import Json

_LIMITS: Final = children.Limits(time_s=60, memory_bytes=512 << 20)


def load_apart(path: Path, *, database: str | None = None) -> Config:
    """As `loading.load`, in a child."""
    request = {"path": str(path), "database": database}
    ended = children.run(__name__, request, _LIMITS)
    if not ended.answers:
        raise InputError(
            phrase(
                "{path}: could not be read: {why}", path=str(path), why=ended.trouble
            )
        )
    outcome = _unpacked(ended.answers[0])
    if isinstance(outcome, InputError):
        raise outcome
    return outcome


def handed_over(config: Config) -> bytes:
    """A line for a child that needs no other reading of the same file."""
    return _packed(config).encode() + b"\n"


def taken_over(line: bytes) -> Config:
    """The configuration of such a line, of whoever started this process."""
    outcome = _unpacked(line.decode())
    if isinstance(outcome, Config):
        return outcome
    raise InputError(phrase("the configuration was not handed over"))


def _packed(outcome: Config | InputError) -> str:
    return base64.b64encode(pickle.dumps(outcome)).decode()


def _unpacked(text: str) -> Config | InputError:
    # Between a process and its child, by a pipe that nobody else has.
    outcome: Config | InputError = pickle.loads(base64.b64decode(text))  # noqa: S301
    return outcome


def _outcome(request: Json) -> Iterator[str]:
    try:
        yield _packed(load(Path(request["path"]), database=request["database"]))
    except InputError as error:
        yield _packed(error)


if __name__ == "__main__":
    children.answer(_outcome)
