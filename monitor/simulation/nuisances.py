"""What makes one site slower without anybody imposing it, and what loses rounds."""

from dataclasses import dataclass

import numpy as np

from monitor.series.rows import Bools, Floats
from monitor.simulation.conditions import Conditions
from monitor.simulation.line import Line, evenings_of
from monitor.simulation.noise import NoiseModel, ar1, levels, slow
from monitor.simulation.sites import Sites
from monitor.simulation.slots import Slots


@dataclass(frozen=True, slots=True, kw_only=True)
class Nuisances:
    """Troubles per series and round; arrays of shape (n_series, n)."""

    slowness: Floats
    """Slowness of the path and server of each site [log]."""
    waiting: Floats
    """Slowness of the server alone, on top [log]."""
    extra_rtt_s: Floats
    steered: Bools
    down: Bools
    """The probe fails because the line or the site is down."""
    missing: Bools
    """No round was made, shape (n,)."""


def nuisances(
    conditions: Conditions,
    slots: Slots,
    where: Sites,
    wire: Line,
    noise: NoiseModel,
    rng: np.random.Generator,
) -> Nuisances:
    """The troubles of one home."""
    slowness = _drift(conditions, slots, where, wire, noise, rng)
    steered, extra_rtt_s = _steering(conditions, slots, where, rng)
    slowness += np.where(steered, np.log(1.5), 0.0)
    waiting = np.zeros_like(slowness)
    _add_incidents(waiting, slowness, conditions, slots, rng)
    _add_controls_trouble(slowness, conditions, slots)
    return Nuisances(
        slowness=slowness,
        waiting=waiting,
        extra_rtt_s=extra_rtt_s,
        steered=steered,
        down=_down(conditions, slots, where, rng),
        missing=_missing(conditions, slots, rng),
    )


def _drift(
    conditions: Conditions,
    slots: Slots,
    where: Sites,
    wire: Line,
    noise: NoiseModel,
    rng: np.random.Generator,
) -> Floats:
    drift = slow(noise, where.n, slots.n, slots.every_s, rng)
    drift += slow(noise, 1, slots.n, slots.every_s, rng)
    drift += levels(noise, where.n, slots.days, slots.day, rng)
    nights = ar1(rng.standard_normal((slots.days, where.n)), conditions.night_ar)
    shift = conditions.night_shift_sd * nights.T
    shift[0] += conditions.evening_bias_log
    drift += shift[:, slots.day] * wire.bell
    return drift


def _steering(
    conditions: Conditions, slots: Slots, where: Sites, rng: np.random.Generator
) -> tuple[Bools, Floats]:
    share = rng.uniform(conditions.steered_share_low, conditions.steered_share_high)
    steered = np.zeros((where.n, slots.n), dtype=np.bool_)
    steered[0] = evenings_of(slots, share=share, rng=rng)
    return steered, np.where(steered, rng.uniform(0.04, 0.12), 0.0)


def _add_incidents(
    waiting: Floats,
    slowness: Floats,
    conditions: Conditions,
    slots: Slots,
    rng: np.random.Generator,
) -> None:
    for _ in range(conditions.incident_runs):
        first = int(rng.integers(0, max(1, slots.days - 3)))
        sick = (slots.day >= first) & (slots.day < first + int(rng.integers(3, 7)))
        sick &= (slots.local_min >= 1140.0) & (slots.local_min < 1380.0)
        waiting[0] += np.where(sick, np.log(3.0), 0.0)
        slowness[0] += np.where(sick, np.log(1.3), 0.0)


def _add_controls_trouble(
    slowness: Floats, conditions: Conditions, slots: Slots
) -> None:
    if not conditions.throttled_control:
        return
    evening = slots.between(np.full(slots.days, 1200.0), np.full(slots.days, 1320.0))
    slowness[conditions.n_targets] += np.where(evening, np.log(3.0), 0.0)


def _down(
    conditions: Conditions, slots: Slots, where: Sites, rng: np.random.Generator
) -> Bools:
    down = np.zeros((where.n, slots.n), dtype=np.bool_)
    per_hour = 3600 // slots.every_s
    for _ in range(conditions.n_outages):
        first = int(rng.integers(slots.n))
        down[
            :, first : first + int(per_hour * np.exp(rng.uniform(0.0, np.log(12.0))))
        ] = True
    if conditions.broken_control:
        flaky = rng.random(slots.n) < 0.1
        dead = evenings_of(slots, share=0.7, rng=rng)
        down[conditions.n_targets] |= flaky | dead
    return down


def _missing(conditions: Conditions, slots: Slots, rng: np.random.Generator) -> Bools:
    missing = rng.random(slots.n) < 0.01
    if conditions.gap_share_high > 0:
        missing |= rng.random(slots.n) < rng.uniform(0.1, conditions.gap_share_high)
    if conditions.evening_gap_share > 0:
        lost = rng.random(slots.days) < conditions.evening_gap_share
        start_min = rng.uniform(1170.0, 1290.0, slots.days)
        length_min = rng.uniform(30.0, 180.0, slots.days)
        missing |= slots.between(start_min, start_min + length_min) & lost[slots.day]
    return missing
