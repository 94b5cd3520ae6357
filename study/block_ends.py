"""Error rates of what blocks tell beside rates: transfers that die, and certificates.

As in `study.blocks`, a target-month is looked at after each of its evenings, by the
product's own rules. Here nothing is slow: legs die, or are shown another authority.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

import numpy as np

from monitor.analysis.dead_legs import DeadLegs, dead_legs
from monitor.analysis.odd_certificates import OddCertificates, odd_certificates
from monitor.series.pairs import Pair, PairValue, Phase
from monitor.series.rows import Bools, Ints
from monitor.simulation.blocks import (
    BLOCKS,
    CALM_BLOCKS,
    IN_WINDOW,
    LOOKS,
    NEAR,
    made_blocks,
)
from study.intervals import Share

_MONTH: Final = 30
_C, _D = 0, 1
_N_LEGS: Final = 2
"""Of each kind in a block."""
_OUTAGE_SHARE: Final = 0.25
"""Of the window's blocks in which an unsteady line is away now and then."""
_LEAST_SHOWN: Final = 5
"""Certificates of the calm, of fewer none is odd: as in `monitor.series.pairs`."""
_CERTAINLY: Final = 10.0
"""Cost of a name under which legs die, as the daemon reads it [log]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndWorld:
    """What ends legs, or answers them with another certificate.

    Attributes
    ----------
    line : share of all legs that die in the window, whatever their name.
    server : share of legs under the target's name that the server ends at all hours.
    name : share of those that somebody ends in the window.
    is_renewed : whether the neutral server's certificate is of another authority from
        some day of the month on.
    rare : share of all legs that a second front end answers, of another authority.
    default : share of legs under the target's name that are shown another authority at
        all hours, since the server knows no such name.
    box : share of those that somebody in between answers in the window.
    """

    words: str
    line: float = 0.0
    server: float = 0.0
    name: float = 0.0
    is_renewed: bool = False
    rare: float = 0.0
    default: float = 0.0
    box: float = 0.0


DEAD_NULLS: Final = (
    EndWorld(words="a line that loses one transfer in five in the window", line=0.2),
    EndWorld(words="a server that ends one in three under unknown names", server=0.33),
    EndWorld(words="both", line=0.2, server=0.33),
)
DEAD_FOUND: Final = tuple(
    EndWorld(words=f"{share:.0%} of the transfers under its name die", name=share)
    for share in (1.0, 0.5, 0.33)
)
ODD_NULLS: Final = (
    EndWorld(words="renewed by another authority within the month", is_renewed=True),
    EndWorld(words="one front end in fifty of another authority", rare=0.02),
    EndWorld(words="another authority to unknown names, one in three", default=0.33),
)
ODD_FOUND: Final = tuple(
    EndWorld(words=f"{share:.0%} of the transfers under its name", box=share)
    for share in (1.0, 0.5)
)

_Told: TypeAlias = DeadLegs | OddCertificates | None


class _Legs(NamedTuple):
    """Of H homes and D days; of looks the last axis is C and D, of blocks the legs."""

    looks: Ints
    """Shape (H, D, 72, 2)."""
    blocks: Ints
    """The evening's, then the calm ones, shape (H, D, 15, 2, 2)."""


def lines(n_homes: int, n_months: int) -> Iterator[str]:
    """Two tables: what dies, and what is shown."""
    yield "| what ends transfers | evenings | shown at any look | enough, any look |"
    yield "|---|---|---|---|"
    yield from _rows(DEAD_NULLS, _MONTH, n_months, _values_of_dead, dead_legs)
    yield from _rows(DEAD_FOUND, 3, n_homes, _values_of_dead, dead_legs)
    yield ""
    yield "| what shows another authority | evenings | shown at any look | enough |"
    yield "|---|---|---|---|"
    yield from _rows(ODD_NULLS, _MONTH, n_months, _values_of_odd, odd_certificates)
    yield from _rows(ODD_FOUND, 3, n_homes, _values_of_odd, odd_certificates)


_Values: TypeAlias = Callable[
    [EndWorld, np.random.Generator, int], Callable[[int], list[PairValue]]
]


def _rows(
    worlds: Sequence[EndWorld],
    n_days: int,
    n_homes: int,
    values_of: _Values,
    asked: Callable[[Sequence[PairValue]], _Told],
) -> Iterator[str]:
    for world in worlds:
        # odd seeds are held out
        rng = np.random.default_rng([2 * n_days + 1, *world.words.encode()])
        shown = enough = 0
        for _ in range(n_homes):
            of_look = values_of(world, rng, n_days)
            told = [asked(of_look(day)) for day in range(n_days)]
            shown += any(t is not None and t.is_shown for t in told)
            enough += any(t is not None and t.is_enough for t in told)
        shares = f"{Share(shown, n_homes)} | {Share(enough, n_homes)}"
        yield f"| {world.words} | {n_days} | {shares} |"


def _values_of_dead(
    world: EndWorld, rng: np.random.Generator, n_days: int
) -> Callable[[int], list[PairValue]]:
    """What each look sees of one home: blocks as dead sentinels trigger them."""
    drawn = _dead(world, rng, n_days)
    looks, blocks = drawn.looks[0], drawn.blocks[0]
    is_slow = (looks[..., _D] > 0) & (looks[..., _C] == 0)
    more = blocks[..., _D, :].sum(axis=-1) - blocks[..., _C, :].sum(axis=-1)
    costs = np.where(more[:, :BLOCKS] > 0, _CERTAINLY, 0.0)
    _, n_made = made_blocks(is_slow[None], costs[None])
    by_day = [
        [
            *_of_blocks(blocks[day], int(n_made[0, day]), day),
            *_of_looks(looks[day], day),
        ]
        for day in range(n_days)
    ]
    return lambda day: [v for values in by_day[: day + 1] for v in values]


def _dead(world: EndWorld, rng: np.random.Generator, n_days: int) -> _Legs:
    """1 for each leg that died."""

    def drawn(shape: tuple[int, ...], is_inside: Bools, axis_of_kind: int) -> Ints:
        # an unsteady line is away for some time: legs of one block die together
        is_away = rng.random(shape[:3]) < _OUTAGE_SHARE
        line = world.line / _OUTAGE_SHARE * is_away * is_inside
        line = line.reshape(*line.shape, *(1,) * (len(shape) - 3))
        is_name = np.arange(2).reshape(2, *(1,) * (len(shape) - 1 - axis_of_kind))
        inside = is_inside.reshape(-1, *(1,) * (len(shape) - 3))
        lives = (1 - line) * (1 - world.server * is_name)
        lives = lives * (1 - world.name * is_name * inside)
        return np.asarray(rng.random(shape) > lives, np.int64)

    look_places = np.arange(LOOKS)
    is_evening = np.arange(BLOCKS + CALM_BLOCKS) < BLOCKS
    return _Legs(
        looks=drawn((1, n_days, LOOKS, 2), np.isin(look_places, IN_WINDOW), 3),
        blocks=drawn((1, n_days, is_evening.size, 2, _N_LEGS), is_evening, 3),
    )


def _of_blocks(blocks: Ints, n_made: int, day: int) -> Iterator[PairValue]:
    for place in (*range(n_made), *range(BLOCKS, BLOCKS + CALM_BLOCKS)):
        phase = Phase.EVENING if place < BLOCKS else Phase.CALM
        other, suspected = blocks[place].sum(axis=-1).tolist()
        yield _value(day, phase, _N_LEGS, n_dead=(other, suspected))


def _of_looks(looks: Ints, day: int) -> Iterator[PairValue]:
    for place in range(LOOKS):
        if place not in NEAR:
            other, suspected = looks[place].tolist()
            yield _value(day, Phase.CALM, 1, n_dead=(other, suspected))


def _value(
    day: int,
    phase: Phase,
    n_legs: int,
    *,
    n_dead: tuple[int, int] = (0, 0),
    n_odd: tuple[int, int] = (0, 0),
) -> PairValue:
    return PairValue(
        target="site",
        pair=Pair.NAME_AWAY,
        block="",
        evening=day,
        phase=phase,
        costs_log=(),
        n_legs=n_legs,
        n_other_dead=n_dead[_C],
        n_suspected_dead=n_dead[_D],
        n_other_odd=n_odd[_C],
        n_suspected_odd=n_odd[_D],
    )


def _values_of_odd(
    world: EndWorld, rng: np.random.Generator, n_days: int
) -> Callable[[int], list[PairValue]]:
    """What each look sees of one home, with all blocks of every evening.

    What is odd depends on what the calm has shown up to that look.
    """
    drawn = _issuers(world, rng, n_days)
    looks, blocks = drawn.looks[0], drawn.blocks[0]
    calm_looks = looks[:, ~np.isin(np.arange(LOOKS), NEAR)]
    calm = np.concatenate(
        [calm_looks, blocks[:, BLOCKS:].swapaxes(2, 3).reshape(n_days, -1, 2)], axis=1
    )

    def of_look(day: int) -> list[PairValue]:
        is_odd = np.zeros((day + 1, BLOCKS, 2, _N_LEGS), np.bool_)
        for kind in (_C, _D):
            shown = calm[: day + 1, :, kind]
            if shown.size >= _LEAST_SHOWN:
                legs = blocks[: day + 1, :BLOCKS, kind]
                is_odd[:, :, kind] = ~np.isin(legs, shown)
        n_odd = is_odd.sum(axis=-1)
        return [
            _value(evening, Phase.EVENING, _N_LEGS, n_odd=tuple(n_odd[evening, place]))
            for evening, place in np.ndindex(day + 1, BLOCKS)
        ]

    return of_look


def _issuers(world: EndWorld, rng: np.random.Generator, n_days: int) -> _Legs:
    """Number of the authority that each leg was shown; 0 is the usual one."""
    renewed_on = rng.uniform(0, n_days) if world.is_renewed else np.inf

    def drawn(shape: tuple[int, ...], hours: Ints, is_inside: Bools) -> Ints:
        spread = (1, *hours.shape, *(1,) * (len(shape) - 3))
        is_name = np.arange(2).reshape(2, *(1,) * (len(shape) - 4))
        moment = np.arange(n_days)[:, None] + hours[None] / LOOKS
        is_new = (moment >= renewed_on).reshape(1, *moment.shape, *spread[2:])
        issuer = np.where(is_new, 1, 0) + np.zeros(shape, np.int64)
        issuer = np.where(rng.random(shape) < world.rare, 2, issuer)
        issuer = np.where(rng.random(shape) < world.default * is_name, 3, issuer)
        box = world.box * is_name * is_inside.reshape(spread)
        return np.asarray(np.where(rng.random(shape) < box, 4, issuer), np.int64)

    places = np.arange(LOOKS)
    n_blocks = BLOCKS + CALM_BLOCKS
    hours = np.concatenate(
        [
            np.linspace(IN_WINDOW[0], IN_WINDOW[-1], BLOCKS).astype(np.int64),
            rng.integers(0, NEAR[0], CALM_BLOCKS),
        ]
    )
    in_evening = np.arange(n_blocks) < BLOCKS
    return _Legs(
        looks=drawn((1, n_days, LOOKS, 2), places, np.isin(places, IN_WINDOW)),
        blocks=drawn((1, n_days, n_blocks, 2, _N_LEGS), hours, in_evening),
    )
