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
from monitor.untyped import Json

_LIMITS: Final = children.Limits(time_s=60, memory_bytes=512 << 20)


def load_apart(path: Path, *, database: str | None = None) -> Config:
    """As `loading.load`, in a child."""
    request = {"path": str(path), "database": database}
    ended = children.run(__name__, request, _LIMITS)
    if not ended.answers:
        raise InputError(f"{path}: could not be read: {ended.trouble}")
    # Of our own child, which read it of a file that whoever runs us may write.
    outcome: Config | InputError = pickle.loads(base64.b64decode(ended.answers[0]))  # noqa: S301
    if isinstance(outcome, InputError):
        raise outcome
    return outcome


def _outcome(request: Json) -> Iterator[str]:
    try:
        outcome: object = load(Path(request["path"]), database=request["database"])
    except InputError as error:
        outcome = error
    yield base64.b64encode(pickle.dumps(outcome)).decode()


if __name__ == "__main__":
    children.answer(_outcome)
