"""Which families answer which question, and how many homes each needs."""

from collections.abc import Mapping
from dataclasses import dataclass

from monitor.simulation import FAMILIES

NULLS = tuple(name for name, family in FAMILIES.items() if family.is_null)
POSITIVES = tuple(name for name, family in FAMILIES.items() if not family.is_null)
NO_ACCUSATION = (
    "own_load",
    "own_load_unseen",
    "gaps",
    "outages",
    "evening_gaps",
    "zone_change",
    "stale_zone",
    "clock_forward",
    "clock_back",
)
"""Own load, outages and zone changes."""
BLOCKS = ("block_reset", "block_timeout", "block_dns", "block_connect", "block_http")
STRONG = ("slow_3x", "slow_10x", "policer_128k", "policer_512k", "handshake_delay")
NIGHTLY = ("slow_1_3x", "slow_1_5x", "slow_2x", "slow_3x")
NIGHTLY_ON_CONGESTION = (
    "slow_1_5x_on_congestion",
    "slow_2x_on_congestion",
    "slow_3x_on_congestion",
)
EDGES = ("slow_1_5x", "slow_2x", "slow_3x", "odd_window")
ROBUSTNESS = (
    "quiet",
    "congestion",
    "unequal_sensitivity",
    "drifting_nights",
    "slow_1_5x",
    "slow_2x",
    "slow_3x",
    "half_nights",
    "slow_2x_on_congestion",
    "block_timeout",
)
BASELINE_FAMILIES = (
    "quiet",
    "congestion",
    "unequal_sensitivity",
    "own_load_unseen",
    "drifting_nights",
    "heavy_tails",
    "slow_1_5x",
    "slow_2x",
    "half_nights",
    "slow_2x_on_congestion",
    "policer_128k",
)
N_BASELINE_HOMES = 12
N_ROBUSTNESS_HOMES = 24
GROUPS: Mapping[str, tuple[str, ...]] = {
    "all": tuple(FAMILIES),
    "nulls": NULLS,
    "positives": POSITIVES,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One home to be studied."""

    family: str
    seed: int
    with_baselines: bool = False
    with_robustness: bool = False


def seeds(use: str, n: int, first: int = 0) -> list[int]:
    """Even seeds to tune on, odd ones to score with; never the same."""
    odd = {"tune": 0, "score": 1}[use]
    return [2 * (first + k) + odd for k in range(n)]


def families(names: str) -> list[str]:
    """Families of a comma-separated list of names and groups.

    Raises
    ------
    KeyError
        when there is no family or group of that name.
    """
    found: list[str] = []
    for name in names.split(","):
        group = GROUPS.get(name) or (FAMILIES[name].name,)
        found.extend(family for family in group if family not in found)
    return found


def tasks(
    names: list[str],
    *,
    n_homes: int,
    use: str,
    first: int = 0,
    thin: int = 1,
    extras: bool = True,
) -> list[Task]:
    """Homes in an order that brings a part of every family early.

    Parameters
    ----------
    thin : families in which something is imposed get one home in so many: false alarms
        are rare and need many homes, finding is common and needs fewer
    extras : whether the first homes are also shown to the baselines and judged again
        with something taken away
    """
    return [
        Task(
            family=name,
            seed=seed,
            with_baselines=extras
            and k < N_BASELINE_HOMES
            and name in BASELINE_FAMILIES,
            with_robustness=extras and k < N_ROBUSTNESS_HOMES and name in ROBUSTNESS,
        )
        for k, seed in enumerate(seeds(use, n_homes, first))
        for name in names
        if name in NULLS or k % thin == 0
    ]
