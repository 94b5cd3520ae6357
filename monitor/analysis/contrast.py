"""What remains of an evening's rise when the controls' movement is taken away.

Two laws of what a busy line does to a site are tried, and the controls say which fits:
all sites take the same factor longer (rates share a line), or all take the same time
longer (round trips share a queue). A near site behind a deep queue becomes many times
slower by nobody's will; only the second law knows that.
"""

from dataclasses import dataclass

import numpy as np

from monitor.model import Role
from monitor.series import EveningTable
from monitor.series.evenings import CEILING, medians
from monitor.series.frame import Bools, Floats, Ints

LAWS = ("factor", "delay")
_BOUND_LOG = 1.0
"""A single placebo window counts up to this rise in a slope."""
_PRIOR_POWER = 0.25
"""Weight of the prior slope 1: (spread of a window 0.15 / of slopes 0.3) squared."""
_PLAUSIBLE = 1.5
_MISFIT_FLOOR = 0.03
"""A description is plausible up to this misfit: so many times the least, and so much
more [log]."""
_LEAST_SLOPE, _MOST_SLOPE = 0.5, 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """What the controls let expect of every directly measured site, by law.

    Shapes: L laws, S series, M metrics, D evenings, K placebo windows.
    """

    rise: Floats
    """Rise of each series in the window, shape (S, M, D)."""
    expected: Floats
    """Rise by the controls' movement alone, shape (L, S, M, D); for a control, by the
    other controls' movement."""
    placebo: Floats
    """Rise minus expected in other windows, shape (L, S, M, D, K)."""
    shared: Floats
    """Sum over the placebo windows of rise times expected, shape (L, S, M, D)."""
    power: Floats
    """Sum over the placebo windows of expected squared, shape (L, S, M, D)."""
    common: Floats
    """Median rise of the controls, shape (M, D)."""
    n_controls: Ints
    """Controls that answered, per metric and evening, shape (M, D)."""
    others_dead: Floats
    """Share of attempts without answer of the (other) controls in the window, median,
    NaN without controls, shape (S, D)."""
    targets: Ints
    """Places of the targets among the series, shape (n_targets,)."""
    controls: Ints
    """Places of the controls, shape (n_controls,)."""


def contrast(table: EveningTable, controls: Ints | None = None) -> Contrast:
    """The contrast of one vantage.

    Parameters
    ----------
    controls : places of the series to compare with; None: all controls
    """
    targets, known = _places(table)
    chosen = known if controls is None else controls
    window = np.concatenate([table.window[..., None], _placebo_window(table)], axis=-1)
    rest = table.rest[..., None]
    others_dead = np.full(table.dead_in_window.shape, np.nan)
    expected = np.full((len(LAWS), *window.shape), np.nan)
    for series in (*targets, *known):
        others = chosen[chosen != series]
        expected[:, series] = _expected(window, rest, int(series), others)
        others_dead[series] = _middle(table.dead_in_window[others])
    rise = window - rest
    elsewhere = np.clip(rise[..., 1:], -_BOUND_LOG, _BOUND_LOG)
    by_others = np.clip(expected[..., 1:], -_BOUND_LOG, _BOUND_LOG)
    return Contrast(
        rise=table.rise,
        expected=expected[..., 0],
        placebo=_clipped(rise[..., 1:] - expected[..., 1:]),
        shared=np.nansum(elsewhere * by_others, axis=-1),
        power=np.nansum(np.where(np.isfinite(elsewhere), by_others, 0.0) ** 2, axis=-1),
        common=_middle(table.rise[chosen]),
        others_dead=others_dead,
        n_controls=(table.rise[chosen] < CEILING).sum(axis=0),
        targets=targets,
        controls=chosen,
    )


def _places(table: EveningTable) -> tuple[Ints, Ints]:
    keys = table.grid.keys
    direct = [i for i, k in enumerate(keys) if k.path == "direct" and not k.is_swap]
    targets = [i for i in direct if keys[i].role == Role.TARGET]
    controls = [i for i in direct if keys[i].role == Role.CONTROL]
    return np.array(targets, np.int64), np.array(controls, np.int64)


def _placebo_window(table: EveningTable) -> Floats:
    """Level in each placebo window, back from its rise."""
    return table.placebo + table.rest[..., None]


def _expected(window: Floats, rest: Floats, series: int, controls: Ints) -> Floats:
    """Expected rise of one series by every law, shape (L, M, D, 1 + K)."""
    if not controls.size:
        return np.zeros((len(LAWS), *window.shape[1:]))
    moved = window[controls] - rest[controls]
    # A control that did not answer tells nothing about how busy the line is.
    moved = np.where(moved >= CEILING, np.nan, moved)
    added = _middle(np.exp(rest[controls]) * np.expm1(moved))
    # A site cannot become quicker than half of its usual time by an emptier queue.
    share = np.maximum(added / np.exp(rest[series]), -0.5)
    return np.stack([_middle(moved), np.log1p(share)])


def _clipped(rise: Floats) -> Floats:
    return np.clip(rise, -CEILING, CEILING)


def _middle(values: Floats) -> Floats:
    """Median over the controls that answered."""
    if not values.shape[0]:
        return np.full(values.shape[1:], np.nan)
    return medians(np.moveaxis(values, 0, -1), 1)


@dataclass(frozen=True, slots=True)
class Fit:
    """How the common movement reaches each site, by several descriptions.

    A description is a law with all slopes 1, or with each site's own slope. Shapes: B
    descriptions.
    """

    expected: Floats
    """Expected rise by each description, shape (B, S, M, D)."""
    slope: Floats
    """Slope of each series in each description, shape (B, S, M)."""
    best: Ints
    """The description by which the controls explain each other best, shape (M,)."""
    is_plausible: Bools
    """Descriptions that explain them nearly as well, shape (B, M)."""

    def law(self, metric: int) -> int:
        """Place in LAWS of the best description's law."""
        return int(self.best[metric]) // 2


def fit(found: Contrast, evenings: Bools) -> Fit:
    """The descriptions of the common movement, and how well the controls obey each.

    Judged by how far each control steadily is, over the chosen evenings, from what the
    other controls let expect of it in the window. With fewer than three controls they
    cannot tell, and every description with slope 1 is plausible.
    """
    n_series, n_metrics = found.rise.shape[:2]
    plain = np.ones((n_series, n_metrics))
    if found.controls.size < 3:
        slope = np.stack([plain] * len(LAWS))
        return Fit(
            expected=found.expected,
            slope=slope,
            best=np.zeros(n_metrics, np.int64),
            is_plausible=np.ones(slope.shape[::2], np.bool_),
        )
    own = sensitivity(found, evenings)
    slope = np.stack([s for by_law in own for s in (plain, by_law)])
    expected = slope[..., None] * np.repeat(found.expected, 2, axis=0)
    rise = found.rise[found.controls][..., evenings]
    left = rise - expected[:, found.controls][..., evenings]
    steady = np.nan_to_num(medians(left, 1))
    misfit = np.sqrt((steady**2).mean(axis=1))
    least = misfit.min(axis=0)
    return Fit(
        expected=expected,
        slope=slope,
        best=np.asarray(misfit.argmin(axis=0)),
        is_plausible=np.asarray(misfit <= _PLAUSIBLE * least + _MISFIT_FLOOR),
    )


def sensitivity(found: Contrast, evenings: Bools) -> Floats:
    """Slope of each series on the common movement by each law, shape (L, S, M).

    Notes
    -----
    Slope of the site's rise on what the controls let expect, over the placebo windows
    of the chosen evenings, drawn towards 1 by as much as a few quiet evenings weigh,
    relative to the controls' own slopes (which cancels the flattening by noise). The
    window itself takes no part: an imposed slowdown does not count as sensitivity.
    """
    shared = found.shared[..., evenings].sum(axis=-1)
    power = found.power[..., evenings].sum(axis=-1)
    slope = (shared + _PRIOR_POWER) / (power + _PRIOR_POWER)
    usual = medians(np.moveaxis(slope[:, found.controls], 1, 2), 1)[:, None]
    ratio = slope / np.maximum(usual, 0.2)
    return np.asarray(np.clip(ratio, _LEAST_SLOPE, _MOST_SLOPE))


def excess_of(found: Contrast, fitted: Fit) -> tuple[Floats, Floats]:
    """Rise beyond the controls of every series, twice, each of shape (S, M, D).

    Returns
    -------
    tuple
        by the best description, for estimates; and by the plausible description that
        leaves least, for evidence: what any fair reading of the busy hour explains is
        not held against a site.
    """
    left = np.clip(found.rise - fitted.expected, -CEILING, CEILING)
    metric = np.arange(fitted.best.size)
    by_best = np.moveaxis(left, 2, 1)[fitted.best, metric]
    not_asked = ~fitted.is_plausible[:, None, :, None]
    least = np.where(not_asked, np.inf, left).min(axis=0)
    return np.moveaxis(by_best, 0, 1), np.where(np.isinf(least), np.nan, least)
