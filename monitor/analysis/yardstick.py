"""What an innocent site does: the yardstick that every evening is held against.

Comes in: contrasts of a vantage and the evenings to look at. Goes out: what is left of
each rise, and spread, heights and rates of innocent evenings. It accuses nobody.
"""

from dataclasses import dataclass

import numpy as np

from monitor.analysis.calibration import (
    heights,
    innocent_rates,
    innocent_spreads,
    own_spreads,
    steady_bias,
)
from monitor.analysis.contrast import Contrast, Fit, beyond_cap, by_laws, fit
from monitor.analysis.evalue import LEVELS
from monitor.series.rows import Bools, Floats, Ints

_LONE_BIAS_LOG = 0.2
"""What two innocent sites may steadily differ by where a single control cannot show it
[log]; a site must then be about 1.35 times slower to stand out."""


@dataclass(frozen=True, slots=True)
class Yardstick:
    """What an innocent site does."""

    sigma_log: Floats
    """Spread of its evenings, 0 where not tested, shape (S, M)."""
    heights: Floats
    """Heights of the levels, shape (S, M, levels)."""
    rates: Floats
    """How often it passes each level, shape (M, levels)."""


@dataclass(frozen=True, slots=True)
class FittedContrast:
    """Chosen evenings against some controls, by the laws that fit them."""

    contrast: Contrast
    evenings: Bools
    fitted: Fit
    best: Floats
    """Excess by the best law, shape (S, M, D)."""
    excess: Floats
    """Excess by the plausible law that leaves least, shape (S, M, D)."""
    beyond: Floats
    """The same, less what a shared cap explains: the evidence, shape (S, M, D). Spreads
    and rates of the innocent are learnt without it."""
    tested: Ints
    """Places of the metrics that count."""
    own_log: Floats
    """Spread of each site in other windows, shape (S, len(tested))."""


def fitted_contrast(
    contrast: Contrast, tested: Ints, evenings: Bools
) -> FittedContrast:
    """A contrast after some evenings.

    Parameters
    ----------
    tested : places of the metrics that count
    evenings : the chosen ones, shape (D,)
    """
    fitted = fit(contrast, evenings)
    best, excess = by_laws(contrast.excess, fitted)
    own_log = own_spreads(contrast.placebo[0][:, tested][:, :, evenings])
    beyond = beyond_cap(excess, contrast.held)
    return FittedContrast(
        contrast, evenings, fitted, best, excess, beyond, tested, own_log
    )


def yardstick_of(read: FittedContrast, *, has_peers: bool) -> Yardstick:
    """What an innocent site does in the window.

    Parameters
    ----------
    has_peers : whether the controls are the innocent; else each site is held against
        itself in other windows only.
    """
    contrast, excess, tested = read.contrast, read.excess, read.tested
    controls = excess[contrast.controls][:, tested][..., read.evenings]
    if contrast.controls.size < 2:
        # A single control has no other to be held against.
        controls = controls[:0]
    if not tested.size:
        shape = (*excess.shape[:2], len(LEVELS))
        return Yardstick(np.zeros(shape[:2]), np.zeros(shape), np.ones(shape[1:]))
    peers = controls if has_peers else controls[:0]
    sigma = np.zeros(excess.shape[:2])
    sigma[:, tested] = innocent_spreads(controls, read.own_log)
    bias = np.zeros(excess.shape[1])
    is_lone = (
        contrast.n_with[tested] == 1 if has_peers else np.zeros(tested.size, np.bool_)
    )
    bias[tested] = np.where(is_lone, _LONE_BIAS_LOG, steady_bias(peers))
    rates = np.ones((excess.shape[1], len(LEVELS)))
    rates[tested] = innocent_rates(peers)
    return Yardstick(sigma, heights(sigma, bias), rates)


def edge_yardstick(
    contrast: Contrast, step: Floats, window: Yardstick, evenings: Bools
) -> Yardstick:
    """What an innocent site does at the edges: as the controls do there.

    Or as the site itself does at the edges of other windows, if that is more. With
    fewer than two controls there is nothing to learn from: no evidence.
    """
    controls = step[contrast.controls][..., evenings]
    if contrast.controls.size < 2:
        shape = (*step.shape[:2], len(LEVELS))
        return Yardstick(np.zeros(shape[:2]), np.full(shape, np.inf), window.rates)
    own_log = own_spreads(contrast.placebo_step[0][:, :, evenings])
    sigma = innocent_spreads(controls, own_log)
    return Yardstick(
        sigma, heights(sigma, steady_bias(controls)), innocent_rates(controls)
    )
