"""What a rule decides."""

from dataclasses import dataclass

from monitor.reason import Reason

MIN_EVENINGS = 5
"""Fewer usable evenings say nothing, unless the evidence is already overwhelming."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """A verdict's name, its strength, and the rule that decided."""

    verdict: str
    reason: Reason
    strength: str | None = None
