"""Interference on top of what would have been measured, and its true size.

Works on one series at a time, in the rounds in which the interference acts.
"""

from dataclasses import dataclass, replace

import numpy as np

from monitor.series.rows import Bools, Floats
from monitor.simulation.conditions import Imposed, Style
from monitor.simulation.measures import DOWNLOAD_BYTES, Measures
from monitor.simulation.slots import Slots

_FORTNIGHT = 14
_HANDSHAKE_BYTES = 5_000.0
"""What a server sends in a handshake, mostly certificates [M]."""
_POLICED_SPREAD = 0.05
"""Spread of policed rates [log]; "converges to 100-150 kbit/s", Xue et al. 2021."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When the interference acts; the same for all its targets."""

    nights: Bools
    """Affected evenings, shape (days,)."""
    active: Bools
    """Affected rounds, shape (n,)."""


def schedule(imposed: Imposed, slots: Slots, rng: np.random.Generator) -> Schedule:
    """The nights and rounds on which the interference acts."""
    nights = _nights(imposed.nights_share, slots.days, rng)
    day = np.arange(slots.days)
    nights &= day >= imposed.onset_day
    if imposed.offset_day is not None:
        nights &= day < imposed.offset_day
    start_min = imposed.start_min + rng.uniform(-1, 1, slots.days) * imposed.jitter_min
    end_min = imposed.end_min + rng.uniform(-1, 1, slots.days) * imposed.jitter_min
    return Schedule(
        nights=nights, active=slots.between(start_min, end_min) & nights[slots.day]
    )


def _nights(share: float, days: int, rng: np.random.Generator) -> Bools:
    """Exactly that share of each fortnight, in random order, shape (days,)."""
    n_slow = round(share * _FORTNIGHT)
    pattern = np.arange(_FORTNIGHT) < n_slow
    blocks = [rng.permutation(pattern) for _ in range(days // _FORTNIGHT + 1)]
    return np.concatenate(blocks)[:days]


def style_of(imposed: Imposed, rng: np.random.Generator) -> Imposed:
    """The same with the style settled for this home."""
    if imposed.style is not Style.ANY:
        return imposed
    chosen = (Style.SHAPE, Style.DELAY)[int(rng.integers(2))]
    return replace(imposed, style=chosen)


def impose(
    imposed: Imposed,
    clean: Measures,
    series: int,
    active: Bools,
    page_bytes: float,
    rng: np.random.Generator,
) -> None:
    """Slow down one series of `clean` in place, in the active rounds."""
    if imposed.style in (Style.SHAPE, Style.DELAY):
        _stretch(imposed, clean, series, active)
    elif imposed.style is Style.POLICE:
        _police(imposed, clean, series, active, page_bytes, rng)
    elif imposed.style is Style.HANDSHAKE:
        delay_s = imposed.delay_s * np.exp(rng.normal(0.0, 0.1, int(active.sum())))
        clean.tls_handshake_s[series, active] += delay_s


def _stretch(imposed: Imposed, clean: Measures, series: int, active: Bools) -> None:
    clean.page_s[series, active] *= imposed.factor
    clean.download_s[series, active] *= imposed.factor
    if imposed.style is Style.DELAY:
        clean.tls_handshake_s[series, active] *= imposed.factor
        clean.waiting_s[series, active] *= imposed.factor


def _police(
    imposed: Imposed,
    clean: Measures,
    series: int,
    active: Bools,
    page_bytes: float,
    rng: np.random.Generator,
) -> None:
    spread = np.exp(rng.normal(0.0, _POLICED_SPREAD, int(active.sum())))
    second_per_byte = 8.0 * spread / imposed.rate_bps
    _at_least(clean.download_s, series, active, DOWNLOAD_BYTES * second_per_byte)
    _at_least(clean.page_s, series, active, page_bytes * second_per_byte)
    clean.tls_handshake_s[series, active] += _HANDSHAKE_BYTES * second_per_byte


def _at_least(times_s: Floats, series: int, active: Bools, least_s: Floats) -> None:
    times_s[series, active] = np.maximum(times_s[series, active], least_s)
