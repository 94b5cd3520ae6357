"""Which verdicts accuse."""

from monitor.verdict_table import row_of

SLOWDOWN = ("targeted_throttling", "selective_slowdown")
BLOCKING = ("targeted_blocking", "resolver_blocking")


def is_alarm(verdict: str) -> bool:
    """Whether a verdict says that a target was singled out, by a resolver too."""
    return row_of(verdict).is_accusing or verdict == "resolver_blocking"
