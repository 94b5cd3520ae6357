"""How far innocent evenings stray: learnt from the controls and from other windows."""

import numpy as np

from monitor.analysis.evidence import LEVELS
from monitor.series.evenings import medians
from monitor.series.frame import Floats

SIGMA_FLOOR = 0.06
"""No line is steadier than this from evening to evening [log]; Brisbane: 0.057."""
_MIN_NIGHTS = 4
_MAD_TO_SIGMA = 1.4826
_PRIOR_EVENINGS = 20.0
"""Weight of the nominal rate against what the controls show."""


def spread(values: Floats) -> float:
    """Robust standard deviation around zero and around the median, the greater one."""
    known = values[np.isfinite(values)]
    if known.size < 3:
        return 0.0
    around_zero = _MAD_TO_SIGMA * float(np.median(np.abs(known)))
    around_median = _MAD_TO_SIGMA * float(np.median(np.abs(known - np.median(known))))
    return max(around_zero, around_median)


def innocent_spread(controls: Floats, placebo: Floats) -> float:
    """Spread of innocent evenings [log]: the controls' in the window, or the placebo's.

    Parameters
    ----------
    controls : excess of the controls over each other in the window, any shape
    placebo : the target's own excess in windows that nobody suspects, shape
        (n_evenings, n_windows)

    Notes
    -----
    From the placebo windows only the change from evening to evening counts, each
    around its own median: a site that is slow for ten hours a day must not hide behind
    its own afternoons. Steady differences between sites come from the controls.
    """
    if placebo.shape[0] < _MIN_NIGHTS:
        return max(spread(controls), spread(placebo), SIGMA_FLOOR)
    usual = medians(placebo.T, 1)
    return max(spread(controls), spread(placebo - usual), SIGMA_FLOOR)


def innocent_rates(controls: Floats, sigma_log: float) -> tuple[float, ...]:
    """How often an innocent evening passes each level, by the worst of the controls.

    Parameters
    ----------
    controls : shape (n_controls, n_evenings)

    Notes
    -----
    The share is shrunk towards the level's own rate, which few evenings cannot refute;
    a site that feels congestion more than others shows as a control that passes often.
    """
    rates = []
    for level in LEVELS:
        height = max(level.floor_log, level.z * sigma_log)
        known = np.isfinite(controls)
        n = known.sum(axis=-1)
        passed = (known & (controls > height)).sum(axis=-1)
        share = (passed + _PRIOR_EVENINGS * level.p0) / (n + _PRIOR_EVENINGS)
        rates.append(max(level.p0, float(share.max(initial=0.0))))
    return tuple(rates)
