"""An analysis without numbers, for tests of what stores it."""

from monitor.evening_rule import parse_window
from monitor.model import Analysis, Effect, Evenings, Verdict


def an_analysis(*targets: str, method_version: str = "1") -> Analysis:
    """One inconclusive verdict on each target."""
    return Analysis(
        method_version=method_version,
        timezone="Asia/Almaty",
        tzdata_version="2026a",
        window=parse_window("20:00-22:00"),
        since=None,
        until=None,
        verdicts=tuple(map(_inconclusive, targets)),
    )


def _inconclusive(target: str) -> Verdict:
    return Verdict(
        vantage="home",
        target=target,
        verdict="inconclusive",
        strength=None,
        evenings=Evenings(observed=0, usable=0, slow=0, dead=0),
        effect=Effect(metric="duration_s", ratio=None, ci95=(None, None)),
        p_value=None,
        e_value=None,
        found_window=None,
        onset_date=None,
        offset_date=None,
    )
