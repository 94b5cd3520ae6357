"""One look at a vantage: the evidence against each target after some evenings.

Cheap on purpose: a daemon looks every night, a study a million times. What costs more
(permutations, the window, the mechanism) is worked out only for a verdict.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from monitor.analysis.alone import Alone, stands_out
from monitor.analysis.busyhour import is_busy_hour
from monitor.analysis.cap import RATE
from monitor.analysis.contrast import (
    Contrast,
    Fit,
    beyond_cap,
    by_laws,
    contrast_of,
)
from monitor.analysis.evalue import e_bh, flag_e_value, slow_e_values
from monitor.analysis.groups import Split, split
from monitor.analysis.host_evidence import Hosts, hosts
from monitor.analysis.suspicion import FALSE_DISCOVERY_RATE, TELLING_LOG, Suspicion
from monitor.analysis.yardstick import (
    FittedContrast,
    Yardstick,
    edge_yardstick,
    fitted_contrast,
    yardstick_of,
)
from monitor.evening_rule import is_dead, mostly_failed
from monitor.series import EveningTable
from monitor.series.columns import METRICS
from monitor.series.pairs import Pair, PairValue, of_target
from monitor.series.rows import Bools, Floats, Ints

DEAD_P0 = 0.02
_LEAST_TRANSFERS = 3
"""Transfers tried in a window, below which their death tells nothing."""
MIN_EVENINGS = 3
"""Fewer slow evenings never establish anything: they do not recur."""
_EARLY_EVENINGS = 5
"""With fewer evenings only overwhelming evidence counts."""
_OVERWHELMING = 2000.0
"""Three nights far above every level give so much evidence in the rate alone."""
_SUPPORT = 3.0
"""What the step at the edges must give at least in a metric ..."""
_HEARD = 20.0
"""... where the window gives so much on the same evenings ..."""
_UNSUPPORTED = 500.0
"""... else the metric's evidence counts only so much less."""
_STANDING = 6.0
"""What evidence must have been without its newest evening, else it is a moment's."""
_MEMORY = 3
"""A site waits that looked like the busy hour without its newest evening, or before two
of so many last evenings."""

_WEIGHTS = {
    "goodput_bps": 5.0,
    "tls_handshake_s": 3.0,
    "waiting_s": 1.0,
    "connect_s": 1.0,
}
_STAND_INS = (
    ("response_s", ("goodput_bps",), 5.0),
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
    hosts: Hosts
    """The targets as hosts of services."""
    without: dict[tuple[int, ...], Contrast] = field(default_factory=dict)
    """Contrasts after affected controls left, by who left; filled as needed."""

    def against(self, gone: tuple[int, ...]) -> Contrast:
        """The contrast without some controls."""
        if not gone:
            return self.by_all
        if gone not in self.without:
            kept = self.by_all.controls[~np.isin(self.by_all.controls, gone)]
            self.without[gone] = contrast_of(self.table, kept)
        return self.without[gone]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What the chosen evenings show about every target of a vantage."""

    home: Home
    evenings: Bools
    """Chosen evenings, shape (D,)."""
    contrast: Contrast
    fitted: Fit
    """How the common movement reaches each site."""
    excess: Floats
    """Rise beyond the controls by the best description, shape (S, M, D)."""
    sigma_log: Floats
    """Spread of innocent evenings, 0 where not tested, shape (S, M)."""
    rates: Floats
    """Rate at which innocent evenings pass each level, shape (M, levels)."""
    gone: tuple[int, ...]
    """Controls that are themselves affected and were left out."""
    split: Split | None
    """Two groups of sites, one of them switched with the window."""
    targets: tuple[Suspicion, ...]
    alone: tuple[Alone | None, ...]
    """What the rate shows of each target where no control has it."""
    is_established: Bools
    """Shape (n_targets,)."""
    is_hill: Bools
    """Slow, but as a site is that feels the busy hour more than the controls do, shape
    (n_targets,)."""

    def pairs(self, target: str, pair: Pair) -> list[PairValue]:
        """What the blocks up to the look's last evening say of a pair."""
        grid = self.home.table.grid
        days = grid.evening[self.evenings]
        if not days.size:
            return []
        values = of_target(grid.pairs, target, pair)
        return [v for v in values if days[0] <= v.evening <= days[-1]]


def home_of(table: EveningTable) -> Home:
    """A vantage prepared for looks."""
    by_all = contrast_of(table)
    return Home(
        table=table,
        by_all=by_all,
        weights=_weights(table, by_all),
        hosts=hosts(table, by_all.targets),
    )


def look_of(home: Home, evenings: Bools) -> Look:
    """The evidence after some evenings.

    Parameters
    ----------
    evenings : which of the evenings to look at, shape (D,)

    Notes
    -----
    What controls and their laws let expect is estimated anew at every look, so one odd
    evening can lift the evidence against an innocent site for a moment. Evidence has to
    stand without its newest evening, too, or, early on, to be overwhelming; and what
    looked like the busy hour a few evenings ago is not yet anything else.
    """
    now = _look(home, evenings)
    if not now.is_established.any():
        return now
    return replace(now, is_established=now.is_established & _stands(now))


def _stands(now: Look) -> Bools:
    """What does not rest on the newest evening alone, shape (n_targets,)."""
    chosen = np.flatnonzero(now.evenings)
    recent = [_until(now, int(day)) for day in chosen[-_MEMORY:]]
    is_early = [int(s.is_tried.sum()) < _EARLY_EVENINGS for s in now.targets]
    had = [s.e_value >= _STANDING for s in recent[-1].targets]
    is_overwhelming = [s.e_value >= _OVERWHELMING for s in now.targets]
    n_hills = np.sum([before.is_hill for before in recent], axis=0)
    was_hill = recent[-1].is_hill | (2 * n_hills > _MEMORY)
    return np.asarray(np.where(is_early, is_overwhelming, had) & ~was_hill)


def _until(now: Look, day: int) -> Look:
    """The same look before one of its evenings."""
    return _look(now.home, _before(now.evenings, day))


def _before(evenings: Bools, day: int) -> Bools:
    """The chosen evenings before one of them."""
    return evenings & (np.arange(evenings.size) < day)


def _look(home: Home, evenings: Bools) -> Look:
    read = _fitted(home, home.by_all, evenings)
    groups = split(home.table, home.by_all.targets, home.by_all.controls, evenings)
    gone = groups.held if groups else _gone(home, read)
    if gone:
        read = _fitted(home, home.against(gone), evenings)
    contrast, fitted, best = read.contrast, read.fitted, read.best
    _, step = by_laws(contrast.step, fitted)
    yardstick = yardstick_of(read, has_peers=True)
    at_edges = edge_yardstick(contrast, step, yardstick, evenings)
    e_window = _e_metric(home, contrast.targets, read.beyond, yardstick, evenings)
    e_step = _e_metric(
        home, contrast.targets, beyond_cap(step, contrast.held_step), at_edges, evenings
    )
    has_edges = np.isfinite(step)
    is_seen = has_edges[contrast.targets][..., evenings].any(axis=-1)
    is_seen = np.logical_and(is_seen, contrast.n_with > 1)
    has_step = np.logical_and(is_seen, e_step >= _SUPPORT)
    with_edges = np.where(has_edges, read.beyond, np.nan)
    is_heard = (
        _e_metric(home, contrast.targets, with_edges, yardstick, evenings) >= _HEARD
    )
    e_metric = _together(e_window, e_step, is_seen, has_step | ~is_heard)
    if not contrast.controls.size:
        e_metric = _e_alone(home, contrast.targets, evenings)
    targets = _suspicions(
        home, contrast, contrast.targets, (e_metric, has_step), evenings
    )
    values = np.array([s.e_value for s in targets])
    is_found = home.hosts.standing_out(values)
    n_slow = [_n_slow(best, evenings, site) for site in targets]
    is_found &= np.array(n_slow, np.int64) >= MIN_EVENINGS
    is_hill = np.array(
        [
            bool(is_it)
            and is_busy_hour(
                home.table,
                contrast,
                fitted,
                best,
                evenings,
                site,
                home.by_all.controls,
            )
            for site, is_it in zip(targets, is_found, strict=True)
        ],
        np.bool_,
    )
    return Look(
        home=home,
        evenings=evenings,
        contrast=contrast,
        fitted=fitted,
        excess=best,
        sigma_log=yardstick.sigma_log,
        rates=yardstick.rates,
        gone=gone,
        split=groups,
        targets=targets,
        alone=_rates_alone(home, contrast, evenings),
        is_established=is_found & ~is_hill,
        is_hill=is_hill,
    )


def _fitted(home: Home, contrast: Contrast, evenings: Bools) -> FittedContrast:
    return fitted_contrast(contrast, _tested(home), evenings)


def _tested(home: Home) -> Ints:
    """Places of the metrics that count for some series."""
    return np.flatnonzero(home.weights.any(axis=0))


def _n_slow(excess: Floats, evenings: Bools, site: Suspicion) -> int:
    """Evenings that are slow in a metric which is evidence, or dead."""
    is_slow = np.nan_to_num(excess[site.series][site.telling], nan=-1.0) > TELLING_LOG
    return int((evenings & (is_slow.any(axis=0) | site.is_dead)).sum())


def _weights(table: EveningTable, by_all: Contrast) -> Floats:
    """Which metrics of a series are tested, and how much each counts.

    With controls only what some control has, too: else there is nothing to compare.
    """
    measured = np.asarray(np.isfinite(table.window).any(axis=-1))
    if by_all.controls.size:
        measured = measured & (by_all.n_with > 0)
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


def _together(
    e_window: Floats, e_step: Floats, is_seen: Bools, is_supported: Bools
) -> Floats:
    """Both bets in one e-value per target and metric, shape (n_targets, M).

    Who slows something down switches it on and off. A rise that begins and ends at no
    edge is nearly always something else, so it must be far clearer; part of an e-value
    is an e-value. Where rounds were lost at the edges of the slow evenings nobody can
    tell, and silence is no answer.
    """
    both = (e_window + e_step) / 2
    both = np.where(is_supported, both, both / _UNSUPPORTED)
    return np.where(is_seen, both, e_window)


def _gone(home: Home, read: FittedContrast) -> tuple[int, ...]:
    """Controls that leave: affected now, and without the newest evening, too."""
    gone = _affected_controls(home, read)
    if not gone:
        return ()
    newest = int(np.flatnonzero(read.evenings)[-1])
    before = _fitted(home, home.by_all, _before(read.evenings, newest))
    were = _affected_controls(home, before)
    return tuple(series for series in gone if series in were)


def _affected_controls(home: Home, read: FittedContrast) -> tuple[int, ...]:
    """Controls that are themselves slowed: they must not hide what they should show.

    At most as many leave as leaves half of them. Who only feels the busy hour more
    stays: without such controls, targets like them would look singled out.
    """
    contrast, evenings = read.contrast, read.evenings
    if contrast.controls.size < 2:
        return ()
    yardstick = yardstick_of(read, has_peers=False)
    e_metric = _e_metric(home, contrast.controls, read.beyond, yardstick, evenings)
    no_step = np.zeros(e_metric.shape, np.bool_)
    shown = (e_metric, no_step)
    suspicions = _suspicions(home, contrast, contrast.controls, shown, evenings)
    values = np.array([s.e_value for s in suspicions])
    is_affected = values >= e_bh(values, FALSE_DISCOVERY_RATE)
    order = np.argsort(-values, kind="stable")[: contrast.controls.size // 2]
    gone = [suspicions[i] for i in order if is_affected[i]]
    return tuple(
        sorted(
            site.series
            for site in gone
            if not is_busy_hour(
                home.table,
                contrast,
                read.fitted,
                read.best,
                evenings,
                site,
                home.by_all.controls,
            )
        )
    )


def _e_metric(
    home: Home, series: Ints, excess: Floats, yardstick: Yardstick, evenings: Bools
) -> Floats:
    """Evidence of some series in each metric, 0 where not tested, shape (n, M)."""
    tested = _tested(home)
    out = np.zeros((series.size, excess.shape[1]))
    out[:, tested] = slow_e_values(
        excess[series][:, tested][..., evenings],
        yardstick.heights[series][:, tested],
        yardstick.rates[tested],
    )
    return np.where(home.weights[series] > 0, out, 0.0)


def _e_alone(home: Home, targets: Ints, evenings: Bools) -> Floats:
    """Evidence of windows that stand out of their own days, shape (n_targets, M)."""
    out = np.zeros((targets.size, home.weights.shape[1]))
    for place, (series, bar) in enumerate(zip(targets, home.hosts.bars, strict=True)):
        for m in np.flatnonzero(home.weights[series]):
            alone = stands_out(home.table, int(series), int(m), evenings, float(bar))
            out[place, m] = alone.e_value if alone else 0.0
    return out


def _rates_alone(
    home: Home, contrast: Contrast, evenings: Bools
) -> tuple[Alone | None, ...]:
    """The rate of each target where controls are there and none of them has it."""
    if not contrast.controls.size or home.by_all.n_with[RATE]:
        return (None,) * contrast.targets.size
    return tuple(
        stands_out(home.table, int(series), RATE, evenings, float(bar))
        for series, bar in zip(contrast.targets, home.hosts.bars, strict=True)
    )


def _suspicions(
    home: Home,
    contrast: Contrast,
    series: Ints,
    shown: tuple[Floats, Bools],
    evenings: Bools,
) -> tuple[Suspicion, ...]:
    """The evidence against some series.

    Parameters
    ----------
    shown : evidence of each metric, and whether it steps at the edges, shapes (n, M)
    """
    e_slow = (home.weights[series] * shown[0]).sum(axis=1)
    return tuple(
        _suspicion(home, contrast, int(place), (e_metric, has_step, float(e)), evenings)
        for place, e_metric, has_step, e in zip(series, *shown, e_slow, strict=True)
    )


def _suspicion(
    home: Home,
    contrast: Contrast,
    series: int,
    shown: tuple[Floats, Bools, float],
    evenings: Bools,
) -> Suspicion:
    is_tried, dead = _dead(home.table, contrast, series, evenings)
    has_tried, cut = _cut(home.table, contrast, series, evenings)
    e_metric, has_step, e_slow = shown
    return Suspicion(
        series=series,
        e_slow=e_slow,
        e_dead=(_e_flags(dead, is_tried) + _e_flags(cut, has_tried)) / 2,
        e_metric=e_metric,
        has_step=has_step,
        is_tried=is_tried,
        is_dead=dead | cut,
        is_cut=cut & ~dead,
    )


def _e_flags(flagged: Bools, tried: Bools) -> float:
    return flag_e_value(int(flagged.sum()), int(tried.sum()), DEAD_P0)


def _cut(
    table: EveningTable, contrast: Contrast, series: int, evenings: Bools
) -> tuple[Bools, Bools]:
    """Evenings with enough transfers, and those of which most had no answer.

    Without controls that are transferred from nobody can tell a site's transfers from
    the line's.
    """
    of, others = table.transfer, contrast.others_cut[series]
    is_tried = evenings & (of.n_in_window[series] >= _LEAST_TRANSFERS)
    is_tried = is_tried & np.isfinite(others) & table.has_evening[series]
    with np.errstate(invalid="ignore"):
        cut = is_dead(of.dead_in_window[series], others)
        # Transfers that never succeed say nothing about the evening.
        return is_tried, is_tried & cut & ~mostly_failed(of.dead_in_rest[series])


def _dead(
    table: EveningTable, contrast: Contrast, series: int, evenings: Bools
) -> tuple[Bools, Bools]:
    is_tried = evenings & table.has_evening[series]
    share, others = table.dead_in_window[series], contrast.others_dead[series]
    if (contrast.controls != series).any():
        is_tried &= np.isfinite(others)
        return is_tried, is_tried & is_dead(share, others)
    # Nobody can tell a day without any answer from a line that was down.
    is_silent = mostly_failed(share)
    is_tried &= ~(is_silent & mostly_failed(table.dead_in_rest[series]))
    return is_tried, is_tried & is_silent
