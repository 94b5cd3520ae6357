"""Which verdicts accuse."""

from monitor.verdict_table import row_of

BLOCKING = ("targeted_blocking",)


def is_alarm(verdict: str) -> bool:
    """Whether a verdict says that a target was singled out."""
    return row_of(verdict).is_accusing
