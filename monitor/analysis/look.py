"""One look at a vantage: the evidence against each target after some evenings.

Cheap on purpose: a daemon looks every night, a study a million times. What costs more
(permutations, the window, the mechanism) is worked out only for a verdict.
"""

from dataclasses import dataclass, field

import numpy as np

from monitor.analysis.calibration import heights, innocent_rates, innocent_spreads
from monitor.analysis.contrast import Contrast, chosen, contrast, law_of
from monitor.analysis.evidence import e_bh, flag_e_value, slow_e_values
from monitor.series import EveningTable
from monitor.series.columns import METRICS
from monitor.series.frame import Bools, Floats, Ints

FALSE_DISCOVERY_RATE = 0.05
DEAD_SHARE = 0.5
"""An evening is dead when at least this share of its attempts had no answer."""
WELL_SHARE = 0.1
"""Controls are well when at most this share of theirs had none."""
DEAD_P0 = 0.02
MIN_EVENINGS = 3
"""Fewer evenings never establish anything."""

_WEIGHTS = {
    "goodput_bps": 3.0,
    "tls_handshake_s": 3.0,
    "waiting_s": 2.0,
    "connect_s": 1.0,
}
_STAND_INS = (
    ("response_s", ("goodput_bps",), 3.0),
    ("duration_s", ("tls_handshake_s", "waiting_s", "response_s"), 2.0),
    ("domain_lookup_s", tuple(m for m in METRICS if m != "domain_lookup_s"), 1.0),
)
"""Metrics that count only where none of some others was measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """One vantage, prepared: everything that does not depend on when one looks."""

    table: EveningTable
    by_all: Contrast
    """Against all controls."""
    weights: Floats
    """Weight of each metric in each series' evidence, shape (S, M); rows sum to 1."""
    without: dict[tuple[int, ...], Contrast] = field(default_factory=dict)
    """Contrasts after affected controls left, by who left; filled as needed."""

    def against(self, gone: tuple[int, ...]) -> Contrast:
        """The contrast without some controls."""
        if not gone:
            return self.by_all
        if gone not in self.without:
            kept = self.by_all.controls[~np.isin(self.by_all.controls, gone)]
            self.without[gone] = contrast(self.table, kept)
        return self.without[gone]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """The evidence against one site."""

    series: int
    e_slow: float
    e_dead: float
    e_metric: Floats
    """Evidence in each metric, 0 where not tested, shape (M,)."""
    excess: Floats
    """Rise beyond the controls, shape (M, D)."""
    sigma_log: Floats
    """Spread of innocent evenings, 0 where not tested, shape (M,)."""
    is_tried: Bools
    """Evenings with enough rounds, shape (D,)."""
    is_dead: Bools
    """Evenings without answers while the controls were well, shape (D,)."""

    @property
    def e_value(self) -> float:
        """All evidence, slow and dead, in one e-value."""
        return (self.e_slow + self.e_dead) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What the chosen evenings show about every target of a vantage."""

    home: Home
    evenings: Bools
    """Chosen evenings, shape (D,)."""
    found: Contrast
    law: Ints
    rates: Floats
    """Rate at which innocent evenings pass each level, shape (M, levels)."""
    gone: tuple[int, ...]
    """Controls that are themselves affected and were left out."""
    targets: tuple[Suspicion, ...]
    is_established: Bools
    """Shape (n_targets,)."""


def home(table: EveningTable) -> Home:
    """A vantage prepared for looks."""
    return Home(table=table, by_all=contrast(table), weights=_weights(table))


def look(at: Home, evenings: Bools) -> Look:
    """The evidence after some evenings.

    Parameters
    ----------
    evenings : which of the evenings to look at, shape (D,)
    """
    law = law_of(at.by_all, evenings)
    gone = _affected_controls(at, law, evenings)
    found = at.against(gone)
    targets, rates = _suspicions(at, found, law, found.targets, evenings)
    values = np.array([s.e_value for s in targets])
    enough = np.array([int(s.is_tried.sum()) >= MIN_EVENINGS for s in targets])
    return Look(
        home=at,
        evenings=evenings,
        found=found,
        law=law,
        rates=rates,
        gone=gone,
        targets=targets,
        is_established=e_bh(values, FALSE_DISCOVERY_RATE) & enough.astype(np.bool_),
    )


def _weights(table: EveningTable) -> Floats:
    """Which metrics of a series are tested, and how much each counts."""
    measured = np.asarray(np.isfinite(table.window).any(axis=-1))
    out = np.zeros(measured.shape)
    for metric, weight in _WEIGHTS.items():
        m = METRICS.index(metric)
        out[:, m] = weight * measured[:, m]
    for metric, others, weight in _STAND_INS:
        m = METRICS.index(metric)
        has_other = measured[:, [METRICS.index(other) for other in others]].any(axis=1)
        out[:, m] = weight * (measured[:, m] & ~has_other)
    total = out.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(out, total, out=np.zeros_like(out), where=total > 0))


def _affected_controls(at: Home, law: Ints, evenings: Bools) -> tuple[int, ...]:
    """Controls that are themselves slowed: they must not hide what they should show.

    At most as many leave as leaves half of them.
    """
    found = at.by_all
    if found.controls.size < 2:
        return ()
    suspicions, _ = _suspicions(
        at, found, law, found.controls, evenings, has_innocent_peers=False
    )
    values = np.array([s.e_value for s in suspicions])
    is_affected = e_bh(values, FALSE_DISCOVERY_RATE)
    order = np.argsort(-values, kind="stable")[: found.controls.size // 2]
    return tuple(sorted(int(found.controls[i]) for i in order if is_affected[i]))


def _suspicions(
    at: Home,
    found: Contrast,
    law: Ints,
    series: Ints,
    evenings: Bools,
    *,
    has_innocent_peers: bool = True,
) -> tuple[tuple[Suspicion, ...], Floats]:
    """The evidence against some series, and the innocent rates it was held against."""
    tested = np.flatnonzero(at.weights[series].any(axis=0))
    excess = chosen(found.excess[:, series], law)
    controls = chosen(found.excess[:, found.controls], law)[:, tested][..., evenings]
    placebo = chosen(found.placebo[:, series], law)[:, tested][:, :, evenings]
    rates = innocent_rates(controls if has_innocent_peers else controls[:0])
    sigma = np.zeros((series.size, len(METRICS)))
    sigma[:, tested] = innocent_spreads(controls, placebo)
    e_metric = np.zeros_like(sigma)
    e_metric[:, tested] = slow_e_values(
        excess[:, tested][..., evenings], heights(sigma[:, tested]), rates
    )
    e_metric *= at.weights[series] > 0
    e_slow = (at.weights[series] * e_metric).sum(axis=1)
    suspicions = []
    for i, place in enumerate(series):
        is_tried, is_dead = _dead(at.table, found, int(place), evenings)
        n_dead, n_tried = int(is_dead.sum()), int(is_tried.sum())
        suspicions.append(
            Suspicion(
                series=int(place),
                e_slow=float(e_slow[i]),
                e_dead=flag_e_value(n_dead, n_tried, DEAD_P0),
                e_metric=e_metric[i],
                excess=excess[i],
                sigma_log=sigma[i],
                is_tried=is_tried,
                is_dead=is_dead,
            )
        )
    all_rates = np.ones((len(METRICS), rates.shape[1]))
    all_rates[tested] = rates
    return tuple(suspicions), all_rates


def _dead(
    table: EveningTable, found: Contrast, series: int, evenings: Bools
) -> tuple[Bools, Bools]:
    is_tried = evenings & table.has_evening[series]
    is_dead = is_tried & (table.dead_in_window[series] >= DEAD_SHARE)
    if not (found.controls != series).any():
        # Nobody can tell a day without any answer from a line that was down.
        is_tried &= ~(is_dead & (table.dead_in_rest[series] >= DEAD_SHARE))
        return is_tried, is_dead & is_tried
    others = found.others_dead[series]
    is_tried &= np.isfinite(others)
    with np.errstate(invalid="ignore"):
        return is_tried, is_dead & is_tried & (others <= WELL_SHARE)
