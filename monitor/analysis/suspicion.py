"""The evidence against one site after some evenings."""

from dataclasses import dataclass

import numpy as np

from monitor.series.rows import Bools, Floats, Ints

FALSE_DISCOVERY_RATE = 0.05
TELLING_LOG = float(np.log(1.15))
"""Smallest effect of interest; sites differ by less from each other on any line."""
DEAD_WEIGHT = 0.1
"""Share of dead evenings in the evidence; each multiplies it by about forty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """The evidence against one site."""

    series: int
    e_slow: float
    e_dead: float
    e_metric: Floats
    """Evidence in each metric, 0 where not tested, shape (M,)."""
    has_step: Bools
    """Metrics that step at the edges of the window, shape (M,)."""
    is_tried: Bools
    """Evenings with enough rounds, shape (D,)."""
    is_dead: Bools
    """Evenings without answers while the controls were well, shape (D,)."""
    is_cut: Bools
    """Those of them on which pages came and only transfers had none, shape (D,)."""

    @property
    def e_value(self) -> float:
        """All evidence, slow and dead, in one e-value."""
        return (1 - DEAD_WEIGHT) * self.e_slow + DEAD_WEIGHT * self.e_dead

    @property
    def is_dead_enough(self) -> bool:
        """Whether the dead evenings alone are evidence."""
        return DEAD_WEIGHT * self.e_dead * FALSE_DISCOVERY_RATE >= 1

    @property
    def telling(self) -> Ints:
        """Places of the metrics that are evidence by themselves, or of the best."""
        bar = min(1 / FALSE_DISCOVERY_RATE, float(self.e_metric.max()))
        return np.flatnonzero(self.e_metric >= bar)
