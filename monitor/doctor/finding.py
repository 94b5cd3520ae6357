"""What one check found, before it has a language."""

from dataclasses import dataclass
from enum import StrEnum

from monitor.reason import Reason


class State(StrEnum):
    """Result of one check."""

    OK = "ok"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: its result, and what to do about it."""

    title: Reason
    state: State
    outcome: Reason
    remedy: Reason | None = None

    @property
    def check(self) -> str:
        """What was looked at, in the program's own English, as documents have it."""
        return str(self.title)

    @property
    def result(self) -> str:
        """What was found, in the program's own English."""
        return str(self.outcome)

    @property
    def advice(self) -> str:
        """What to do about it, in the program's own English; empty: nothing."""
        return "" if self.remedy is None else str(self.remedy)

    def to_dict(self) -> dict[str, str]:
        """The finding as a document has it."""
        return {
            "check": self.check,
            "state": self.state,
            "result": self.result,
            "advice": self.advice,
        }
