"""What remains of an evening's rise when the controls' movement is taken away.

Two laws of what a busy line does to a site are tried, and the controls say which fits:
all sites take the same factor longer (rates share a line), or all take the same time
longer (round trips share a queue). A near site behind a deep queue becomes many times
slower by nobody's will; only the second law knows that.
"""

from dataclasses import dataclass

import numpy as np

from monitor.analysis.cap import RATE, held_log
from monitor.evening_rule import CEILING, LAWS
from monitor.model import TWIN, Role
from monitor.series import EveningTable
from monitor.series.evening_table import medians
from monitor.series.rows import Bools, Floats, Ints

_HAS_SHARE = 0.5
_MOVED_LOG = float(np.log(1.15))
_HILL_SHARE = 0.25
"""A busy hour shows at least this part of its height in the hours beside the window."""
_FEW_CONTROLS = 3
_PLAUSIBLE = 2.0
_MISFIT_FLOOR = 0.05
"""A description is plausible up to this misfit: so many times the least, and so much
more [log]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """What the controls let expect of every directly measured site, by law.

    Shapes: L laws, S series, M metrics, D evenings, K placebo windows.
    """

    excess: Floats
    """Rise less what the controls' movement lets expect, shape (L, S, M, D); for a
    control, the other controls' movement."""
    step: Floats
    """Rise minus expected just inside the window's edges less the same just outside,
    shape (L, S, M, D)."""
    placebo_step: Floats
    """The same for other windows, shape (L, S, M, D, K)."""
    placebo: Floats
    """Rise minus expected in other windows, shape (L, S, M, D, K)."""
    held: Floats
    """Rise of the rate less what a shared cap lets expect, shape (S, D)."""
    held_step: Floats
    """The same for the step at the edges, with the cap inside only, shape (S, D)."""
    common: Floats
    """Median rise of the controls, shape (M, D)."""
    common_beside: Floats
    """Their median rise in the hours beside the window, shape (M, D)."""
    n_controls: Ints
    """Controls that answered, per metric and evening, shape (M, D)."""
    others_dead: Floats
    """Share of attempts without answer of the (other) controls in the window, median,
    NaN without controls, shape (S, D)."""
    others_cut: Floats
    """The same for their transfers, shape (S, D)."""
    targets: Ints
    """Places of the targets among the series, shape (n_targets,)."""
    controls: Ints
    """Places of the controls, shape (n_controls,)."""
    n_with: Ints
    """Controls that have a metric on at least half of its evenings, shape (M,)."""


def contrast_of(table: EveningTable, controls: Ints | None = None) -> Contrast:
    """The contrast of one vantage.

    Parameters
    ----------
    controls : places of the series to compare with; None: all controls
    """
    targets, all_controls, twins = _places(table)
    chosen = all_controls if controls is None else controls
    parts = [table.rise[..., None], table.placebo, table.inner, table.outer]
    rise = np.concatenate(parts, axis=-1)
    rest = table.rest[..., None]
    others_dead, others_cut = (
        np.full(table.dead_in_window.shape, np.nan) for _ in range(2)
    )
    expected = np.full((len(LAWS), *rise.shape), np.nan)
    for series in (*targets, *all_controls, *twins):
        others = chosen[chosen != series]
        expected[:, series] = _expected(rise, rest, int(series), others)
        others_dead[series] = _middle(table.dead_in_window[others])
        others_cut[series] = _middle(table.transfer.dead_in_window[others])
    left = np.clip(rise - expected, -CEILING, CEILING)
    n = 1 + table.placebo.shape[-1]
    inner, outer = left[..., n : 2 * n], left[..., 2 * n :]
    steps = np.clip(inner - outer, -CEILING, CEILING)
    held = _held(table, np.concatenate([targets, all_controls]), rise, expected)
    return Contrast(
        excess=left[..., 0],
        placebo=left[..., 1:n],
        step=steps[..., 0],
        held=np.clip(held[..., 0], -CEILING, CEILING),
        # Outside the window the cap would explain too much of the quickest site.
        held_step=np.clip(held[..., 1] - outer[0, :, RATE, :, 0], -CEILING, CEILING),
        placebo_step=steps[..., 1:],
        common=_middle(table.rise[chosen]),
        common_beside=_middle(table.shoulder[chosen]),
        others_dead=others_dead,
        others_cut=others_cut,
        n_controls=(table.rise[chosen] < CEILING).sum(axis=0),
        targets=targets,
        controls=chosen,
        n_with=has_metric(table, chosen).sum(axis=0),
    )


def has_metric(table: EveningTable, series: Ints) -> Bools:
    """Which metrics some series have on at least half of the evenings, shape (n, M).

    Of the evenings on which any site has them: others were set aside.
    """
    is_known = np.isfinite(table.rise)
    n_evenings = is_known.any(axis=0).sum(axis=-1)
    n_known = is_known[series].sum(axis=-1)
    return np.asarray((n_known >= _HAS_SHARE * n_evenings) & (n_known > 0))


def _held(table: EveningTable, direct: Ints, rise: Floats, expected: Floats) -> Floats:
    """Rise of the rate beyond a shared cap in the window and just inside its edges.

    Parameters
    ----------
    rise, expected : as in `contrast_of`, shapes (S, M, D, 3 (1 + K)), (L, S, M, D, ...)

    Returns
    -------
    Floats
        shape (S, D, 2)
    """
    n = 1 + table.placebo.shape[-1]
    rate = rise[:, RATE][..., [0, n]]
    by_factor = expected[0, :, RATE][..., [0, n]]
    return rate - np.fmax(by_factor, held_log(table, rate, direct))


def _places(table: EveningTable) -> tuple[Ints, Ints, Ints]:
    """Places of the targets, the controls and the twins."""
    keys = table.grid.keys
    direct = [i for i, key in enumerate(keys) if key.is_direct]
    targets, controls, twins = (
        np.array([i for i in direct if keys[i].role == role], np.int64)
        for role in (Role.TARGET, Role.CONTROL, TWIN)
    )
    return targets, controls, twins


def _expected(rise: Floats, rest: Floats, series: int, controls: Ints) -> Floats:
    """Expected rise of one series by every law, shape (L, M, D, 3 (1 + K))."""
    if not controls.size:
        return np.zeros((len(LAWS), *rise.shape[1:]))
    moved = rise[controls]
    # A control that did not answer tells nothing about how busy the line is.
    moved = np.where(moved >= CEILING, np.nan, moved)
    added = _middle(np.exp(rest[controls]) * np.expm1(moved))
    # A site cannot become quicker than half of its usual time by an emptier queue.
    share = np.maximum(added / np.exp(rest[series]), -0.5)
    return np.stack([_middle(moved), np.log1p(share)])


def _middle(values: Floats) -> Floats:
    """Median over the controls that answered."""
    if not values.shape[0]:
        return np.full(values.shape[1:], np.nan)
    return medians(np.moveaxis(values, 0, -1), 1)


@dataclass(frozen=True, slots=True)
class Fit:
    """Which laws the controls obey."""

    best: Ints
    """Place in LAWS of the law by which the controls explain each other best, (M,)."""
    is_plausible: Bools
    """Laws that explain them nearly as well, shape (L, M)."""


def fit(contrast: Contrast, evenings: Bools) -> Fit:
    """The law of the common movement, judged by the controls.

    The misfit of a law is how far each control steadily is, over the chosen evenings,
    from what the other controls let expect of it in the window. With fewer than three
    controls that have a metric nobody can tell, and both laws are plausible.
    """
    n_metrics = contrast.excess.shape[2]
    is_few = contrast.n_with < _FEW_CONTROLS
    if is_few.all():
        both = np.ones((len(LAWS), n_metrics), np.bool_)
        return Fit(np.zeros(n_metrics, np.int64), both)
    left = contrast.excess[:, contrast.controls][..., evenings]
    steady = np.nan_to_num(medians(left, 1))
    misfit = np.sqrt((steady**2).mean(axis=1))
    bound = _PLAUSIBLE * misfit.min(axis=0) + _MISFIT_FLOOR
    is_plausible = (misfit <= bound) | _is_switched(contrast, evenings)
    best = np.where(is_few, 0, misfit.argmin(axis=0))
    return Fit(best, np.asarray(is_plausible | is_few))


def _is_switched(contrast: Contrast, evenings: Bools) -> Bools:
    """Whether the controls rise in the window without a hill around it, shape (M,).

    Then somebody fills the line, or holds all of it: which law applies cannot be told
    from shapes, and both stay plausible.
    """
    typical = medians(contrast.common[:, evenings], 1)
    around = medians(contrast.common_beside[:, evenings], 1)
    with np.errstate(invalid="ignore"):
        return np.asarray((typical > _MOVED_LOG) & (around < _HILL_SHARE * typical))


def by_laws(by_law: Floats, fitted: Fit) -> tuple[Floats, Floats]:
    """What laws leave of a rise, twice, each of shape (S, M, D).

    Parameters
    ----------
    by_law : rise minus expected by each law, shape (L, S, M, D) [log]

    Returns
    -------
    tuple
        by the best law, for estimates; and by the plausible law that leaves least, for
        evidence: what a fair reading of the busy hour explains is not held against a
        site.
    """
    by_best = np.where(fitted.best[:, None] == 0, by_law[0], by_law[1])
    is_asked = fitted.is_plausible[:, None, :, None]
    least = np.where(is_asked, by_law, np.inf).min(axis=0)
    return by_best, np.where(np.isinf(least), np.nan, least)


def beyond_cap(excess: Floats, held: Floats) -> Floats:
    """The excess with the rate's cut to what a shared cap leaves, shape (S, M, D).

    Parameters
    ----------
    held : rise of the rate beyond the cap, shape (S, D)
    """
    out = excess.copy()
    is_known = np.isfinite(excess[:, RATE]) & np.isfinite(held)
    out[:, RATE] = np.where(is_known, np.minimum(excess[:, RATE], held), out[:, RATE])
    return out
