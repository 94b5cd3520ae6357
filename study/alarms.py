"""Which verdicts accuse."""

SLOWDOWN = ("targeted_throttling", "selective_slowdown")
BLOCKING = ("targeted_blocking",)


def is_alarm(verdict: str) -> bool:
    """Whether a verdict says that a target was singled out."""
    return verdict in SLOWDOWN or verdict in BLOCKING
