"""Blocks of simulated homes: legs in an order drawn by coin, and what slows them.

Many days of many homes are drawn at once, as the daemon would have measured them; one
home's can be had as rows, of one target and a neutral server. D1 is the only world in
which a name is slowed; what pairs must not take for that is slowed in the others.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Final, Literal
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from monitor.model import SIMULATED, Probe
from monitor.series.rows import Bools, Floats, Ints

_LINE_BPS: Final = 20e6
_LEG_BYTES: Final = 256_000
_KINDS: Final = (Probe.PAIR_OWN, Probe.SNI_SWAP, Probe.PAIR_BASE, Probe.SNI_AWAY)
_A, _B, _C, _D = range(4)
LOOKS: Final = 72
"""Sentinels of a day, each a slot of 20 minutes."""
IN_WINDOW: Final = range(60, 66)
"""Those of 20:00 to 22:00."""
NEAR: Final = range(58, 68)
"""Those that are no calm ones."""
_SLOTS: Final = 4
"""Of blocks, in the time between two sentinels."""
SLOWER: Final = 1.3
"""What a sentinel must show to count; of three, two are reason enough. As in
`monitor.sampling.block_reasons`."""
LOOKED_AT: Final = 3
TRIGGERING: Final = 2
TELLING: Final = 1.15
FEW_BLOCKS: Final = 3
BLOCKS: Final = 14
"""Of an evening, at most."""
CALM_BLOCKS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockWorld:
    """What happens to the legs of one home.

    Attributes
    ----------
    name : cost of the target's name in the window, at any server.
    address : cost of the target's address in the window, under any name.
    unknown_names : cost of any foreign name at the neutral server, at all hours.
    residue : cost of the neutral address for a while after the target's name.
    busy : cost of the window for everything.
    fires : blocks in every evening; else when the sentinels trigger them.
    noise : autocorrelated legs, or independent ones with heavy tails.
    """

    name: float = 1.0
    address: float = 1.0
    unknown_names: float = 1.0
    residue: float = 1.0
    busy: float = 1.0
    fires: bool = False
    noise: Literal["correlated", "heavy"] = "correlated"
    spread_log: float = 0.35


BLOCK_WORLDS: Mapping[str, BlockWorld] = MappingProxyType(
    {
        "D1": BlockWorld(name=2.0),
        "D2": BlockWorld(address=4.0, fires=True),
        "D3": BlockWorld(address=2.0, busy=2.0, fires=True),
        "D4": BlockWorld(unknown_names=2.0),
        "D5": BlockWorld(residue=3.0, fires=True),
        "D6": BlockWorld(busy=3.0, spread_log=0.6),
    }
)
"""By name; by address; a slow server; a neutral server that is slow to unknown names;
residue; congestion with triggers on noise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockDays:
    """What was measured on D days of H homes; rates are logarithms of bit/s.

    Attributes
    ----------
    looks : rates of C and D of each sentinel, shape (H, D, 72, 2).
    look_costs : of the name, in each sentinel [log], shape (H, D, 72).
    is_away_first : sentinels that began with D, shape (H, D, 72).
    kinds : of the legs of each block in their order, shape (H, D, B, 8); the last
        `CALM_BLOCKS` of the B are those of the calm.
    rates : of those legs, shape (H, D, B, 8).
    costs : of the name at the neutral server, in each block [log], shape (H, D, B).
    compared : the same of each leg under the name against each under the other, shape
        (H, D, B, 4); their mean is the cost.
    n_made : blocks that were made in each evening, the first ones, shape (H, D).
    began : sentinel after which the first of them was made, shape (H, D).
    """

    looks: Floats
    look_costs: Floats
    is_away_first: Bools
    kinds: Ints
    rates: Floats
    costs: Floats
    compared: Floats
    n_made: Ints
    began: Ints

    @property
    def is_calm_look(self) -> Bools:
        """Sentinels of the calm, shape (72,)."""
        return ~np.isin(np.arange(LOOKS), NEAR)

    @property
    def is_made(self) -> Bools:
        """Blocks of the evening that were made, shape (H, D, `BLOCKS`)."""
        return np.asarray(np.arange(BLOCKS) < self.n_made[..., None])


def drawn_days(
    world: BlockWorld,
    rng: np.random.Generator,
    *,
    n_homes: int,
    n_days: int,
    n_quiet: int = 0,
) -> BlockDays:
    """Days as the daemon would have measured them.

    Parameters
    ----------
    n_quiet : of the days, the first ones, on which nothing is slowed yet.
    """
    shape = (n_homes, n_days)
    is_on = np.broadcast_to((np.arange(n_days) >= n_quiet)[:, None], (n_days, 1))
    is_away_first = rng.random((*shape, LOOKS)) < 0.5
    of_look = np.where(is_away_first[..., None], (_D, _C), (_C, _D))
    in_window = np.isin(np.arange(LOOKS), IN_WINDOW)
    looks = _rates(world, rng, of_look, is_on & in_window, is_on)
    looks = np.where(is_away_first[..., None], looks[..., ::-1], looks)
    kinds = _orders(rng, (*shape, BLOCKS + CALM_BLOCKS))
    is_evening = np.arange(BLOCKS + CALM_BLOCKS) < BLOCKS
    rates = _rates(world, rng, kinds, is_on & is_evening, is_on)
    look_costs = np.asarray(looks[..., 0] - looks[..., 1])
    costs = _cost_of_name(kinds, rates)
    slow = np.asarray(look_costs > np.log(SLOWER))
    began, n_made = made_blocks(slow, costs[..., :BLOCKS], fires=world.fires)
    return BlockDays(
        looks=looks,
        look_costs=look_costs,
        is_away_first=is_away_first,
        kinds=kinds,
        rates=rates,
        costs=costs,
        compared=_compared(kinds, rates),
        n_made=n_made,
        began=began,
    )


def _orders(rng: np.random.Generator, shape: tuple[int, ...]) -> Ints:
    """ABBA or BAAB, then CDDC or DCCD, each by coin."""
    coins = rng.random((*shape, 2)) < 0.5
    inner = np.where(coins[..., :1], (_A, _B, _B, _A), (_B, _A, _A, _B))
    outer = np.where(coins[..., 1:], (_C, _D, _D, _C), (_D, _C, _C, _D))
    return np.concatenate([inner, outer], axis=-1)


def _cost_of_name(kinds: Ints, rates: Floats) -> Floats:
    sign = np.where(kinds == _C, 0.5, np.where(kinds == _D, -0.5, 0.0))
    return np.asarray((sign * rates).sum(axis=-1))


def _compared(kinds: Ints, rates: Floats) -> Floats:
    """Cost of each leg under the name against each under the other [log]."""
    by_kind = np.take_along_axis(rates, np.argsort(kinds, axis=-1), axis=-1)
    base, away = by_kind[..., 4:6], by_kind[..., 6:8]
    return np.asarray(base[..., None, :] - away[..., :, None]).reshape(
        *kinds.shape[:-1], 4
    )


def made_blocks(
    slow: Bools, costs: Floats, *, fires: bool = False
) -> tuple[Ints, Ints]:
    """Sentinel after which blocks begin, and how many there are, evening by evening.

    Parameters
    ----------
    slow : sentinels that showed a cost, shape (H, D, 72).
    costs : of the name, in each block that may be made [log], shape (H, D, `BLOCKS`).
    fires : whether there is reason enough on every evening.
    """
    places = np.array(IN_WINDOW)
    flags = [slow[..., places - back] for back in range(LOOKED_AT)]
    is_reason = np.sum(flags, axis=0) >= TRIGGERING
    first = np.where(is_reason.any(axis=-1), is_reason.argmax(axis=-1), len(places))
    if fires:
        first[:] = 0
    n_made = np.zeros(first.shape, np.int64)
    for day in range(first.shape[1]):
        if day:
            was_made = np.arange(BLOCKS) < n_made[:, day - 1, None]
            n_above = ((costs[:, day - 1] > np.log(TELLING)) & was_made).sum(axis=1)
            n_before = n_made[:, day - 1]
            goes_on = (n_before >= FEW_BLOCKS) & (2 * n_above > n_before)
            first[goes_on, day] = 0
        left = _SLOTS * (len(places) - first[:, day]) - 1
        n_made[:, day] = np.clip(left, 0, BLOCKS)
    return np.minimum(places[0] + first, places[-1]), n_made


def _rates(
    world: BlockWorld,
    rng: np.random.Generator,
    kinds: Ints,
    is_evening: Bools,
    is_on: Bools,
) -> Floats:
    """Rates of legs of those kinds, which follow each other on the last axis [log]."""
    evening, on = is_evening[..., None], np.broadcast_to(is_on, is_evening.shape)
    is_name = np.isin(kinds, (_A, _D))
    cost = np.log(world.busy) * evening + np.log(world.name) * (evening & is_name)
    cost = cost + np.log(world.address) * (evening & (kinds <= _B))
    cost = cost + np.log(world.unknown_names) * (kinds == _D)
    if world.residue != 1.0:
        is_after = np.cumsum(kinds == _D, axis=-1) > 0
        cost = cost + np.log(world.residue) * (on[..., None] & is_after & (kinds == _C))
    return np.asarray(np.log(_LINE_BPS) - cost + _noise(world, rng, kinds.shape))


def _noise(
    world: BlockWorld, rng: np.random.Generator, shape: tuple[int, ...]
) -> Floats:
    """Logarithms that follow each other, or have heavy tails; and a drift."""
    n_legs = shape[-1]
    slope = rng.uniform(-0.2, 0.2, (*shape[:-1], 1))
    drift = slope * np.linspace(0, 1, n_legs)
    if world.noise == "heavy":
        return np.asarray(world.spread_log / 1.73 * rng.standard_t(3, shape) + drift)
    out = rng.standard_normal(shape)
    for place in range(1, n_legs):
        out[..., place] = 0.8 * out[..., place - 1] + 0.6 * out[..., place]
    return np.asarray(world.spread_log * out + drift)


def simulated_blocks(
    world: BlockWorld,
    rng: np.random.Generator,
    *,
    target: str,
    n_evenings: int,
    first: date = date(2026, 3, 1),
    timezone: str = "Asia/Almaty",
) -> pd.DataFrame:
    """Every leg of one home's evenings, as rows of the interchange format.

    Parameters
    ----------
    target : the name in the rows.
    first : local date of the first evening, whose window is 20:00-22:00.
    """
    days = drawn_days(world, rng, n_homes=1, n_days=n_evenings)
    calm = np.flatnonzero(days.is_calm_look)
    legs: list[dict[str, object]] = []
    for day in range(n_evenings):
        midnight = datetime.combine(
            first + timedelta(days=day), datetime.min.time(), ZoneInfo(timezone)
        ).astimezone(UTC)
        legs.extend(_sentinels(days, day, midnight))
        chosen = np.sort(rng.choice(calm, CALM_BLOCKS, replace=False))
        legs.extend(_blocks(days, day, midnight, chosen.tolist()))
    constant = {"target": target, "vantage": SIMULATED, "probe_version": SIMULATED}
    return pd.DataFrame(legs).assign(**constant)


def _sentinels(
    days: BlockDays, day: int, midnight: datetime
) -> Iterator[dict[str, object]]:
    for place in range(LOOKS):
        rates = days.looks[0, day, place]
        pairs = [(_C, rates[0]), (_D, rates[1])]
        if days.is_away_first[0, day, place]:
            pairs.reverse()
        yield from _legs(midnight + timedelta(minutes=20 * place), pairs, "s")


def _blocks(
    days: BlockDays, day: int, midnight: datetime, calm: list[int]
) -> Iterator[dict[str, object]]:
    began = 20 * int(days.began[0, day])
    n_made = int(days.n_made[0, day])
    minutes = [began + 5 * (place + 1) for place in range(n_made)]
    minutes += [20 * place + 10 for place in calm]
    places = [*range(n_made), *range(BLOCKS, BLOCKS + CALM_BLOCKS)]
    for place, minute in zip(places, minutes, strict=True):
        pairs = zip(days.kinds[0, day, place], days.rates[0, day, place], strict=True)
        legs = [(int(kind), float(rate)) for kind, rate in pairs]
        yield from _legs(midnight + timedelta(minutes=minute), legs, "b")


def _legs(
    moment: datetime, legs: list[tuple[int, float]], letter: str
) -> Iterator[dict[str, object]]:
    for place, (kind, rate_log) in enumerate(legs):
        rate = float(np.exp(rate_log))
        yield {
            "started_at_utc": moment + timedelta(seconds=3 * place),
            "probe": _KINDS[kind],
            "block": f"{letter}{moment:%Y%m%d%H%M%S}",
            "goodput_bps": rate,
            "encoded_body_bytes": _LEG_BYTES,
            "http_status": 200,
            "duration_s": 8 * _LEG_BYTES / rate,
        }
