"""What all sites of a home share: the busy hour, the queue, own load, bad Wi-Fi.

A share exp(-g) of the line is left when common congestion has the height g. The queue
of a line with that much left is q (exp(g) - 1), the M/M/1 law with q at half load. So
rates and round trips suffer from one cause and in their proper proportions.
"""

from dataclasses import dataclass

import numpy as np

from monitor.series.rows import Bools, Floats
from monitor.simulation.conditions import Conditions
from monitor.simulation.noise import NoiseModel, ar1
from monitor.simulation.slots import Slots

LINE_BPS = 50e6
_BELL_CENTRE_MIN = 1242.0
"""20:42, where the evening peak is centred [D 10]."""
_BELL_SD_MIN = 80.0
_DAYTIME_SHARE = 0.25
"""Height of the afternoon's congestion, as a part of the evening's [M]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The shared line over time."""

    congestion: Floats
    """Common congestion g [log], shape (n,); each site feels its own multiple."""
    own_load: Floats
    """What is lost of the line's own rate [log], shape (n,): to the household itself,
    or to a limit on everything; all sites feel it alike."""
    own_bps: Floats
    """The household's other traffic [bit/s], shape (n,)."""
    queue_s: float
    bad_wifi: Bools
    """Rounds with bad Wi-Fi, shape (n,)."""
    bell: Floats
    """Shape of the evening peak, 0 to 1, shape (n,)."""


def line(
    conditions: Conditions, slots: Slots, noise: NoiseModel, rng: np.random.Generator
) -> Line:
    """The line of one home."""
    bell = _bell(slots)
    height = _night_heights(conditions, slots, noise, rng)
    afternoon = _DAYTIME_SHARE * conditions.peak_log * _day_shape(slots)
    own_load, own_bps = _own_load(conditions, slots, rng)
    own_load += np.where(_evening(slots), np.log(conditions.slowed_all), 0.0)
    return Line(
        congestion=np.maximum(height[slots.day] * bell + afternoon, 0.0),
        own_load=own_load,
        own_bps=own_bps,
        queue_s=conditions.queue_s * float(np.exp(rng.normal(0.0, 0.5))),
        bad_wifi=evenings_of(slots, share=conditions.wifi_share, rng=rng),
        bell=bell,
    )


def _bell(slots: Slots) -> Floats:
    away_min = (slots.local_min - _BELL_CENTRE_MIN + 720.0) % 1440.0 - 720.0
    return np.asarray(np.exp(-0.5 * (away_min / _BELL_SD_MIN) ** 2))


def _evening(slots: Slots) -> Bools:
    return slots.between(np.full(slots.days, 1200.0), np.full(slots.days, 1320.0))


def _day_shape(slots: Slots) -> Floats:
    """Low at 4 in the morning, high in the afternoon, 0 to 1."""
    return 0.5 - 0.5 * np.cos(2 * np.pi * (slots.local_min - 240.0) / 1440.0)


def _night_heights(
    conditions: Conditions, slots: Slots, noise: NoiseModel, rng: np.random.Generator
) -> Floats:
    fitted = noise.fitted
    spread = conditions.peak_night_sd if fitted is None else fitted.night_sd
    rho = max(conditions.night_ar, 0.0 if fitted is None else fitted.night_ar)
    steps = rng.standard_normal((slots.days, 1))
    height = conditions.peak_log + spread * ar1(steps, rho)[:, 0]
    if conditions.peaks_only_at_weekends:
        height = np.where(slots.is_weekend, height, 0.1 * height)
    return np.maximum(height, 0.0)


def _own_load(
    conditions: Conditions, slots: Slots, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """A stream or a download that takes a third to nine tenths of the line [M]."""
    busy = evenings_of(slots, share=conditions.own_load_share, rng=rng)
    taken = rng.uniform(0.35, 0.9, slots.days)[slots.day] * rng.uniform(
        0.85, 1.1, slots.n
    )
    taken = np.where(busy, np.minimum(taken, 0.95), rng.exponential(0.005, slots.n))
    taken = np.minimum(taken, 0.95)
    return -np.log(1.0 - taken), taken * LINE_BPS


def evenings_of(slots: Slots, *, share: float, rng: np.random.Generator) -> Bools:
    """Rounds of about 19:30 to 22:30 on a random `share` of the days, shape (n,)."""
    if share == 0.0:
        return np.zeros(slots.n, dtype=np.bool_)
    start_min = rng.normal(1175.0, 15.0, slots.days)
    end_min = rng.normal(1345.0, 15.0, slots.days)
    chosen = rng.random(slots.days) < share
    return slots.between(start_min, end_min) & chosen[slots.day]
