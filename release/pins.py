"""The pinned packages of a requirements file with hashes."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """One version of one package and the SHA-256 of its files."""

    name: str
    version: str
    sha256: tuple[str, ...]
    is_everywhere: bool
    """Whether it is installed on every platform and Python."""


def pins(requirements: Path) -> Iterator[Pin]:
    """Every pin of a file that `make lock` wrote, in its order."""
    text = requirements.read_text(encoding="utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        wanted, *hashes = line.split("--hash=sha256:")
        found = Requirement(wanted)
        (version,) = found.specifier
        yield Pin(
            name=found.name,
            version=version.version,
            sha256=tuple(one.strip() for one in hashes),
            is_everywhere=found.marker is None,
        )
