"""Error rates of blocks: how often a name is accused, and how soon it is found.

A target-month is looked at after each of its evenings, as the nightly analysis does;
it is accused when any look shows an effect of its name at the neutral server that is
enough for a verdict.
"""

from dataclasses import replace

import numpy as np

from monitor.analysis.paired import PairEffect, pair_effect
from monitor.evening_rule import parse_window
from monitor.series.pairs import Pair, PairValue, legs_apart, of_target, pairs_of
from monitor.simulation.blocks import BLOCK_WORLDS, BlockWorld, simulated_blocks
from study.intervals import Share

_MONTH = 30
_ZONE = "Asia/Almaty"


def markdown(n_homes: int, n_months: int) -> str:
    """The table of rates.

    Parameters
    ----------
    n_homes : homes of each cell of power.
    n_months : target-months of each world without a name effect.
    """
    lines = [
        "| world | noise | what | rate |",
        "|---|---|---|---|",
        *(
            _false(name, noise, n_months)
            for name in ("D2", "D3", "D4", "D5", "D6")
            for noise in ("correlated", "heavy")
        ),
        *(
            _power(cost, evenings, noise, n_homes)
            for cost, evenings in ((1.5, 4), (2.0, 2), (4.0, 1))
            for noise in ("correlated", "heavy")
        ),
    ]
    return "\n".join(lines) + "\n"


def _false(name: str, noise: str, n: int) -> str:
    world = replace(BLOCK_WORLDS[name], noise=noise)
    accused = sum(
        any(effect.is_enough for effect in _looks(_values(world, seed, _MONTH)))
        for seed in range(n)
    )
    return f"| {name} | {noise} | accused in a month | {Share(accused, n)} |"


def _power(cost: float, evenings: int, noise: str, n: int) -> str:
    """Blocks are measured on every evening: what triggers them is not part of it."""
    world = replace(BLOCK_WORLDS["D1"], name=cost, fires=True, noise=noise)
    found = sum(
        any(effect.is_shown for effect in _looks(_values(world, seed, evenings)))
        for seed in range(n)
    )
    what = f"{cost:g} times, shown within {evenings} evening(s)"
    return f"| D1 | {noise} | {what} | {Share(found, n)} |"


def _values(world: BlockWorld, seed: int, n_evenings: int) -> list[PairValue]:
    rng = np.random.default_rng([seed, 2 * n_evenings + 1])
    frame = simulated_blocks(world, rng, target="site", n_evenings=n_evenings)
    _, legs = legs_apart(frame.assign(vantage="home"))
    window = parse_window("20:00-22:00")
    pairs = pairs_of(legs, vantage="home", timezone=_ZONE, window=window)
    return of_target(pairs, "site", Pair.NAME_AWAY)


def _looks(values: list[PairValue]) -> list[PairEffect]:
    """The effect after each evening."""
    days = sorted({value.evening for value in values})
    effects = (pair_effect([v for v in values if v.evening <= day]) for day in days)
    return [effect for effect in effects if effect is not None]
