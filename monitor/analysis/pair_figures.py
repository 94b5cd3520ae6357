"""Figures of pairs in sentences: the same of names, ways and transports."""

from monitor.analysis.checks import times
from monitor.analysis.paired import LEAST_CALM, PairEffect
from monitor.reason import Reason, Value


def figures(effect: PairEffect) -> dict[str, Value]:
    """The values of a sentence on an effect, as they are printed."""
    return {
        "times": times(effect.cost.centre),
        "low": times(effect.cost.low),
        "high": times(effect.cost.high),
        "above": effect.n_above,
        "n": effect.n,
        "evenings": len(effect.by_evening),
        "odds": float(f"{effect.e_value:.3g}"),
        "calm": times(effect.calm_log),
    }


def few_calm(rule: str, effect: PairEffect) -> Reason:
    """Why nothing is claimed where the calm has too few pairs."""
    return Reason(
        rule,
        "Too few pairs out of the window to hold this against: {n}, of {needed}.",
        {"n": effect.n_calm, "needed": LEAST_CALM},
    )
