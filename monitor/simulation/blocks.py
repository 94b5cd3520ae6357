"""Blocks of a simulated home: legs in an order drawn by coin, and what slows them.

Rows like those that the daemon stores, of one target and a neutral server. D1 is the
only world in which a name is slowed; in the others something else is, that pairs must
not take for it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Final, Literal
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from monitor.model import SIMULATED, Probe
from monitor.series.rows import Floats

_LINE_BPS: Final = 20e6
_LEG_BYTES: Final = 256_000
_A, _B, _C, _D = Probe.PAIR_OWN, Probe.SNI_SWAP, Probe.PAIR_BASE, Probe.SNI_AWAY
_SENTINELS_A_DAY: Final = 72
_SEEN: Final = 3
_TRIGGERING: Final = 2
_BLOCKS: Final = 6


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


@dataclass(frozen=True, slots=True)
class _Moment:
    at_utc: datetime
    is_evening: bool


def simulated_blocks(
    world: BlockWorld,
    rng: np.random.Generator,
    *,
    target: str,
    n_evenings: int,
    first: date = date(2026, 3, 1),
    timezone: str = "Asia/Almaty",
) -> pd.DataFrame:
    """Every leg of some evenings, as rows of the interchange format.

    Parameters
    ----------
    target : the name in the rows.
    first : local date of the first evening, whose window is 20:00-22:00.
    """
    legs: list[dict[str, object]] = []
    for day in range(n_evenings):
        midnight = datetime.combine(
            first + timedelta(days=day), datetime.min.time(), ZoneInfo(timezone)
        ).astimezone(UTC)
        legs.extend(_day(world, rng, midnight))
    constant = {"target": target, "vantage": SIMULATED, "probe_version": SIMULATED}
    return pd.DataFrame(legs).assign(**constant)


def _day(
    world: BlockWorld, rng: np.random.Generator, midnight: datetime
) -> Iterator[dict[str, object]]:
    step = timedelta(days=1) / _SENTINELS_A_DAY
    calm = int(rng.integers(0, int(0.7 * _SENTINELS_A_DAY)))
    n_blocks, slow = 0, [False] * _SEEN
    for place in range(_SENTINELS_A_DAY):
        moment = _Moment(midnight + place * step, _is_evening(place * step))
        is_due = place == calm or (
            moment.is_evening and n_blocks < _BLOCKS and (_fires(world, slow))
        )
        if is_due:
            n_blocks += moment.is_evening
            yield from _block(world, rng, moment)
        pair = list(_sentinel(world, rng, moment))
        rate = {leg["probe"]: float(str(leg["goodput_bps"])) for leg in pair}
        slow.append(rate[_D] < rate[_C] / 2)
        yield from pair


def _is_evening(since_midnight: timedelta) -> bool:
    return timedelta(hours=20) <= since_midnight < timedelta(hours=22)


def _fires(world: BlockWorld, slow: list[bool]) -> bool:
    return world.fires or sum(slow[-_SEEN:]) >= _TRIGGERING


def _sentinel(
    world: BlockWorld, rng: np.random.Generator, moment: _Moment
) -> Iterator[dict[str, object]]:
    order = [_C, _D] if rng.random() < 0.5 else [_D, _C]
    yield from _legs(world, rng, moment, order, "s")


def _block(
    world: BlockWorld, rng: np.random.Generator, moment: _Moment
) -> Iterator[dict[str, object]]:
    inner = [_A, _B, _B, _A] if rng.random() < 0.5 else [_B, _A, _A, _B]
    outer = [_C, _D, _D, _C] if rng.random() < 0.5 else [_D, _C, _C, _D]
    begins = replace(moment, at_utc=moment.at_utc + timedelta(minutes=5))
    yield from _legs(world, rng, begins, inner + outer, "b")


def _legs(
    world: BlockWorld,
    rng: np.random.Generator,
    moment: _Moment,
    order: list[str],
    letter: str,
) -> Iterator[dict[str, object]]:
    noise = _noise(world, rng, len(order))
    for place, probe in enumerate(order):
        began = moment.at_utc + timedelta(seconds=3 * place)
        costs = _cost(world, probe, _D in order[:place], moment.is_evening)
        rate = _LINE_BPS / costs * float(np.exp(noise[place]))
        yield {
            "started_at_utc": began,
            "probe": probe,
            "block": f"{letter}{moment.at_utc:%Y%m%d%H%M%S}",
            "goodput_bps": rate,
            "encoded_body_bytes": _LEG_BYTES,
            "http_status": 200,
            "duration_s": 8 * _LEG_BYTES / rate,
        }


def _cost(
    world: BlockWorld, probe: str, is_after_name: bool, is_evening: bool
) -> float:
    cost = world.busy if is_evening else 1.0
    if probe in (_A, _D) and is_evening:
        cost *= world.name
    if probe in (_A, _B) and is_evening:
        cost *= world.address
    if probe == _D:
        cost *= world.unknown_names
    if probe == _C and is_after_name:
        cost *= world.residue
    return cost


def _noise(world: BlockWorld, rng: np.random.Generator, n: int) -> Floats:
    """Logarithms that follow each other, or have heavy tails; and a drift."""
    drift = np.linspace(0, rng.uniform(-0.2, 0.2), n)
    if world.noise == "heavy":
        return np.asarray(world.spread_log / 1.73 * rng.standard_t(3, n) + drift)
    shocks = rng.standard_normal(n)
    out = np.empty(n)
    out[0] = shocks[0]
    for place in range(1, n):
        out[place] = 0.8 * out[place - 1] + 0.6 * shocks[place]
    return np.asarray(world.spread_log * out + drift)
