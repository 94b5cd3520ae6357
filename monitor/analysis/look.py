"""One look at a vantage: the evidence against each target after some evenings.

Cheap on purpose: a daemon looks every night, a study a million times. What costs more
(permutations, the window, the mechanism) is worked out only for a verdict.
"""

from dataclasses import dataclass, field

import numpy as np

from monitor.analysis.calibration import innocent_rates, innocent_spread
from monitor.analysis.contrast import Contrast, chosen, contrast, law_of
from monitor.analysis.evidence import LEVELS, e_bh, flag_e_value, slow_e_value
from monitor.series import EveningTable
from monitor.series.columns import METRICS
from monitor.series.evenings import medians
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
    """Spread of innocent evenings, shape (M,)."""
    rates: tuple[tuple[float, ...], ...]
    """Innocent rate per level of each metric, shape (M, levels)."""
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
    gone = _affected_controls(at, evenings)
    found = at.against(gone)
    law = law_of(found, evenings)
    targets = tuple(
        _suspicion(at, found, law, int(series), evenings) for series in found.targets
    )
    values = np.array([s.e_value for s in targets])
    enough = np.array([int(s.is_tried.sum()) >= MIN_EVENINGS for s in targets])
    return Look(
        home=at,
        evenings=evenings,
        found=found,
        law=law,
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


def _affected_controls(at: Home, evenings: Bools) -> tuple[int, ...]:
    """Controls that are themselves slowed: they must not hide what they should show.

    At most as many leave as leaves half of them.
    """
    found = at.by_all
    if found.controls.size < 2:
        return ()
    law = law_of(found, evenings)
    values = np.array(
        [
            _suspicion(at, found, law, int(c), evenings, others_only=True).e_value
            for c in found.controls
        ]
    )
    is_affected = e_bh(values, FALSE_DISCOVERY_RATE)
    order = np.argsort(-values, kind="stable")[: found.controls.size // 2]
    return tuple(sorted(int(found.controls[i]) for i in order if is_affected[i]))


def _suspicion(
    at: Home,
    found: Contrast,
    law: Ints,
    series: int,
    evenings: Bools,
    *,
    others_only: bool = False,
) -> Suspicion:
    excess, sigma, rates = _calibrated(found, law, series, evenings, others_only)
    e_metric = np.zeros(len(METRICS))
    for m in np.flatnonzero(at.weights[series]):
        known = excess[m][evenings & np.isfinite(excess[m])]
        e_metric[m], _ = slow_e_value(known, sigma[m], rates[m])
    is_tried, is_dead = _dead(at.table, found, series, evenings)
    n_tried = int(is_tried.sum())
    return Suspicion(
        series=series,
        e_slow=float((at.weights[series] * e_metric).sum()),
        e_dead=flag_e_value(int(is_dead.sum()), n_tried, DEAD_P0),
        e_metric=e_metric,
        excess=excess,
        sigma_log=sigma,
        rates=rates,
        is_tried=is_tried,
        is_dead=is_dead,
    )


def _calibrated(
    found: Contrast, law: Ints, series: int, evenings: Bools, others_only: bool
) -> tuple[Floats, Floats, tuple[tuple[float, ...], ...]]:
    """Excess of a series, and by the innocent: its spread and rates, per metric."""
    peers = found.controls[found.controls != series]
    excess = chosen(found.excess[:, [series, *peers]], law)
    placebo = chosen(found.placebo[:, [series]], law)[0]
    sigma = np.zeros(len(METRICS))
    rates = []
    for m in range(len(METRICS)):
        controls = excess[1:, m][:, evenings]
        is_peer_known = peers.size > 1 and not others_only
        sigma[m] = innocent_spread(controls, placebo[m][evenings])
        rates.append(
            innocent_rates(controls, sigma[m])
            if is_peer_known
            else tuple(level.p0 for level in LEVELS)
        )
    return excess[0], sigma, tuple(rates)


def _dead(
    table: EveningTable, found: Contrast, series: int, evenings: Bools
) -> tuple[Bools, Bools]:
    is_tried = evenings & table.has_evening[series]
    is_dead = is_tried & (table.dead_in_window[series] >= DEAD_SHARE)
    controls = found.controls[found.controls != series]
    if not controls.size:
        # Nobody can tell a day without any answer from a line that was down.
        is_tried &= ~(is_dead & (table.dead_in_rest[series] >= DEAD_SHARE))
        is_dead &= is_tried
    else:
        share = medians(np.moveaxis(table.dead_in_window[controls], 0, -1), 1)
        is_tried &= np.isfinite(share)
        is_dead &= is_tried & (np.nan_to_num(share, nan=1.0) <= WELL_SHARE)
    return is_tried, is_dead
