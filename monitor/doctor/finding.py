"""What one check found."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Result of one check."""

    OK = "ok"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: its result, and what to do about it."""

    check: str
    state: State
    result: str
    advice: str = ""
