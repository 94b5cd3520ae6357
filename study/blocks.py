"""Error rates of blocks: how often a name is accused, and how soon it is found.

A target-month is looked at after each of its evenings, as the nightly analysis does. It
is *shown* on a look when the product's own rule says so of its name at the neutral
server, and *enough* when that is enough for a verdict; a look at which no evening could
be the first one of such a bet is not asked.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from monitor.analysis.onset_bets import ENOUGH, SHARE_WEIGHTS, SHARES
from monitor.analysis.paired import (
    PairEffect,
    bar_log,
    bound_rank,
    is_residue,
    pair_effect,
)
from monitor.series.pairs import Pair, PairValue, Phase
from monitor.series.rows import Bools, Floats
from monitor.simulation.blocks import (
    BLOCK_WORLDS,
    BLOCKS,
    CALM_BLOCKS,
    BlockDays,
    BlockWorld,
    drawn_days,
)
from study.intervals import Share

NULLS: Final = ("D2", "D3", "D4", "D5", "D6")
NOISES: Final = ("correlated", "heavy")
QUIET: Final = 14
"""Evenings before the first slow one, in the second kind of power."""
POWER: Final = (
    *((1.5, 4, 90.0), (2.0, 2, 95.0), (4.0, 1, 95.0), (8.0, 1, 95.0)),
    *((1.3, 14, None), (1.5, 7, None)),
)
"""Cost, evenings, and the share that is asked for [%]."""
_MONTH: Final = 30
_AT_ONCE: Final = 50
"""Homes drawn together."""
_AWAY: Final = 3
"""Of the kinds of legs, that under the target's name at the neutral server."""
WORDS: Final = {
    "D2": "the address slow under any name, 4 times",
    "D3": "the server slow in the window, twice, on a line that is, too",
    "D4": "a neutral server twice as slow to unknown names, at all hours",
    "D5": "a neutral address slow after the name, 3 times, whatever the hour",
    "D6": "a line at a third in the window, with twice the scatter",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the looks at one home said.

    Attributes
    ----------
    shown, enough : number of the first look, from 1, that did; None: none.
    n_blocks : in its evenings, on average.
    """

    shown: int | None
    enough: int | None
    n_blocks: float


def lines(n_homes: int, n_months: int) -> list[str]:
    """The part of the page.

    Parameters
    ----------
    n_homes : homes of each row of power.
    n_months : target-months of each world and noise without a name effect.
    """
    false = list(_false_rows(n_months))
    power = list(_power_rows(n_homes))
    return [*_introduction(), *false, "", *_of_power(), *power]


def _introduction() -> Iterator[str]:
    yield "Nobody slows a name:"
    yield ""
    yield "| world | noise | blocks an evening | shown at any look | enough, any look |"
    yield "|---|---|---|---|---|"


def _of_power() -> Iterator[str]:
    yield (
        "A name is slowed on every evening (D1), from the first one on, or after"
        f" {QUIET} evenings on which nobody slowed anything and noise triggered blocks:"
    )
    yield ""
    yield "| cost | within | noise | from the first | after quiet ones | asked |"
    yield "|---|---|---|---|---|---|"


def _false_rows(n_months: int) -> Iterator[str]:
    told = []
    for name in NULLS:
        for noise in NOISES:
            world = replace(BLOCK_WORLDS[name], noise=noise)
            outcomes = list(_outcomes(world, n_months, _MONTH))
            told += outcomes
            yield f"| {name}: {WORDS[name]} | {noise} | {_rates_of(outcomes)} |"
    yield f"| all | both | {_rates_of(told)} |"


def _rates_of(outcomes: list[Outcome]) -> str:
    n_blocks = np.mean([outcome.n_blocks for outcome in outcomes])
    shown = Share(sum(o.shown is not None for o in outcomes), len(outcomes))
    enough = Share(sum(o.enough is not None for o in outcomes), len(outcomes))
    return f"{n_blocks:.1f} | {shown} | {enough}"


def _power_rows(n_homes: int) -> Iterator[str]:
    for cost, n_evenings, asked in POWER:
        for noise in NOISES:
            world = replace(BLOCK_WORLDS["D1"], name=cost, noise=noise)
            shares = []
            for n_quiet in (0, QUIET):
                outcomes = _outcomes(world, n_homes, n_evenings, n_quiet)
                shown = [outcome.shown is not None for outcome in outcomes]
                shares.append(str(Share(sum(shown), n_homes)))
            bar = "" if asked is None else f"{asked:g} %"
            within = f"{n_evenings} evening{'s' if n_evenings > 1 else ''}"
            told = " | ".join(shares)
            yield f"| {cost:g} times | {within} | {noise} | {told} | {bar} |"


def _outcomes(
    world: BlockWorld, n_homes: int, n_evenings: int, n_quiet: int = 0
) -> Iterator[Outcome]:
    """What looks at some homes say, from the first evening that is not quiet on."""
    n_days = n_quiet + n_evenings
    for chunk in range(-(-n_homes // _AT_ONCE)):
        # odd seeds are held out, those below 1001 were looked at before
        seed = [1001 + 2 * chunk, n_days, n_quiet, *world.noise.encode()]
        n_now = min(_AT_ONCE, n_homes - chunk * _AT_ONCE)
        days = drawn_days(
            world,
            np.random.default_rng(seed),
            n_homes=n_now,
            n_days=n_days,
            n_quiet=n_quiet,
        )
        asked = candidates(days)
        asked[:, :n_quiet] = False
        for home in range(n_now):
            yield _outcome(days, home, np.flatnonzero(asked[home]).tolist(), n_quiet)


def _outcome(days: BlockDays, home: int, looks: list[int], n_quiet: int) -> Outcome:
    shown = enough = None
    values = _values_of(days, home, looks[-1] + 1) if looks else []
    for day in looks:
        effect = _effect_at(values, day)
        if effect is None or not effect.is_shown:
            continue
        shown = shown or day - n_quiet + 1
        if effect.is_enough:
            enough = day - n_quiet + 1
            break
    return Outcome(shown=shown, enough=enough, n_blocks=float(days.n_made[home].mean()))


def effect_at(days: BlockDays, home: int, day: int) -> PairEffect | None:
    """What the product says of a home after an evening."""
    return _effect_at(_values_of(days, home, day + 1), day)


def _effect_at(values: Sequence[Sequence[PairValue]], day: int) -> PairEffect | None:
    return pair_effect([v for of_day in values[: day + 1] for v in of_day])


def _values_of(days: BlockDays, home: int, n_days: int) -> list[list[PairValue]]:
    """What was measured, evening by evening."""
    looks = np.flatnonzero(days.is_calm_look).tolist()
    calm = range(BLOCKS, BLOCKS + CALM_BLOCKS)
    return [
        [
            *(
                _block(days, home, evening, block)
                for block in (*range(int(days.n_made[home, evening])), *calm)
            ),
            *(_look(days, home, evening, look) for look in looks),
        ]
        for evening in range(n_days)
    ]


def _block(days: BlockDays, home: int, evening: int, block: int) -> PairValue:
    rates = days.rates[home, evening, block, 4:].tolist()
    is_away_first = bool(days.kinds[home, evening, block, 4] == _AWAY)
    return PairValue(
        target="site",
        pair=Pair.NAME_AWAY,
        block="",
        evening=evening,
        phase=Phase.EVENING if block < BLOCKS else Phase.CALM,
        costs_log=tuple(days.compared[home, evening, block].tolist()),
        n_legs=2,
        after_log=float("nan") if is_away_first else rates[0] - rates[-1],
        first_log=rates[0],
        is_suspected_first=is_away_first,
    )


def _look(days: BlockDays, home: int, evening: int, look: int) -> PairValue:
    is_away_first = bool(days.is_away_first[home, evening, look])
    return PairValue(
        target="site",
        pair=Pair.NAME_AWAY,
        block="",
        evening=evening,
        phase=Phase.CALM,
        costs_log=(float(days.look_costs[home, evening, look]),),
        n_legs=1,
        first_log=float(days.looks[home, evening, look, int(is_away_first)]),
        is_suspected_first=is_away_first,
    )


def candidates(days: BlockDays) -> Bools:
    """Looks at which some evening, as the first one, has evidence enough, shape (H, D).

    The evidence of all is a mean of these, so a look without one shows nothing.
    """
    bars = _bars(days)
    out = np.zeros(bars.shape, np.bool_)
    compared, made = days.compared[..., :BLOCKS, :], days.is_made
    for day in range(bars.shape[1]):
        above = compared[:, : day + 1] > bars[:, day, None, None, None]
        stakes = np.where(made[:, : day + 1], 2 * above.mean(axis=-1) - 1, 0.0)
        out[:, day] = (_e_values(stakes) >= ENOUGH).any(axis=1)
    return out | _have_residue(days)


def _e_values(stakes: Floats) -> Floats:
    """Evidence from each evening on, shape (H, D).

    Parameters
    ----------
    stakes : of each block, shape (H, D, B).
    """
    gains = np.log1p(np.multiply.outer(SHARES, stakes)).sum(axis=-1)
    from_on = np.cumsum(gains[..., ::-1], axis=-1)[..., ::-1]
    return np.asarray(np.tensordot(SHARE_WEIGHTS, np.exp(from_on), 1))


def _have_residue(days: BlockDays) -> Bools:
    """Looks at which blocks are read by their first legs, shape (H, D)."""
    is_base_first = days.kinds[..., 4] != _AWAY
    is_made = np.concatenate(
        [days.is_made, np.ones((*days.n_made.shape, CALM_BLOCKS), np.bool_)], axis=-1
    )
    after = days.rates[..., 4] - days.rates[..., 7]
    after = np.where(is_base_first & is_made, after, np.nan)
    out = np.zeros(days.n_made.shape, np.bool_)
    for home, day in np.ndindex(out.shape):
        out[home, day] = is_residue(after[home, : day + 1].ravel())
    return out


def _bars(days: BlockDays) -> Floats:
    """What a block must be above, after each evening, shape (H, D) [log]."""
    looks = days.look_costs[..., days.is_calm_look]
    calm = np.concatenate([looks, days.costs[..., BLOCKS:]], axis=-1)
    n_homes, n_days, n_a_day = calm.shape
    out = np.empty((n_homes, n_days))
    for day in range(n_days):
        rank = bound_rank((day + 1) * n_a_day)
        if rank is None:  # pragma: no cover - a day has more than four
            raise ValueError("no calm")
        so_far = calm[:, : day + 1].reshape(n_homes, -1)
        bound = np.partition(so_far, rank, axis=1)[:, rank]
        out[:, day] = [bar_log(float(value)) for value in bound]
    return out
