"""Figures of pairs in sentences: the same of names, ways and transports."""

from monitor.analysis.checks import times
from monitor.analysis.dead_legs import DeadLegs
from monitor.analysis.paired import LEAST_CALM, PairEffect
from monitor.reason import Reason, Value
from monitor.verdict_table import MOST_ODDS


def odds(e_value: float) -> float:
    """Odds against chance as they are printed."""
    return min(float(f"{e_value:.3g}"), MOST_ODDS)


def figures(effect: PairEffect) -> dict[str, Value]:
    """The values of a sentence on an effect, as they are printed."""
    return {
        "times": times(effect.cost.centre),
        "low": times(effect.cost.low),
        "high": times(effect.cost.high),
        "above": effect.n_above,
        "n": effect.n,
        "evenings": len(effect.by_evening),
        "odds": odds(effect.e_value),
        "calm": times(effect.calm_log),
    }


def dead_figures(dead: DeadLegs) -> dict[str, Value]:
    """The values of a sentence on legs that died."""
    return {
        "dead": dead.n_dead,
        "other": dead.n_other_dead,
        "n": dead.n,
        "above": dead.n_above,
        "blocks": dead.n_blocks,
        "evenings": len(dead.evenings),
        "odds": odds(dead.e_value),
        "calm_dead": dead.calm_dead,
        "n_calm": dead.n_calm,
    }


def few_calm(rule: str, effect: PairEffect) -> Reason:
    """Why nothing is claimed where the calm has too few pairs."""
    return Reason(
        rule,
        "Too few pairs out of the window to hold this against: {n}, of {needed}.",
        {"n": effect.n_calm, "needed": LEAST_CALM},
    )
