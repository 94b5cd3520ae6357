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
from monitor.series.columns import METRICS, RATES
from monitor.series.evenings import CEILING, medians
from monitor.series.frame import Bools, Floats, Ints

LAWS = ("factor", "delay")


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """Rises beyond the controls, by law, of every directly measured site.

    Shapes: L laws, S series, M metrics, D evenings, K placebo windows.
    """

    excess: Floats
    """Shape (L, S, M, D); for a control, against the other controls."""
    placebo: Floats
    """The same in other windows, shape (L, S, M, D, K)."""
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
    everything = np.full((len(LAWS), *window.shape), np.nan)
    for series in targets:
        everything[:, series] = _excess(window, rest, int(series), chosen)
        others_dead[series] = _middle(table.dead_in_window[chosen])
    for series in known:
        others = chosen[chosen != series]
        everything[:, series] = _excess(window, rest, int(series), others)
        others_dead[series] = _middle(table.dead_in_window[others])
    rise = np.moveaxis(table.rise[chosen], 0, -1)
    return Contrast(
        excess=everything[..., 0],
        placebo=everything[..., 1:],
        common=medians(rise, 1),
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


def _excess(window: Floats, rest: Floats, series: int, controls: Ints) -> Floats:
    """Excess of one series over some controls by every law, shape (L, M, D, 1 + K)."""
    rise = window[series] - rest[series]
    if not controls.size:
        return np.stack([rise] * len(LAWS))
    moved = window[controls] - rest[controls]
    # A control that did not answer tells nothing about how busy the line is.
    moved = np.where(moved >= CEILING, np.nan, moved)
    by_factor = _clipped(rise - _middle(moved))
    by_delay = _by_delay(rise, rest[series], moved, rest[controls])
    is_rate = np.array([metric in RATES for metric in METRICS])
    by_delay[is_rate] = by_factor[is_rate]
    return np.stack([by_factor, by_delay])


def _by_delay(rise: Floats, rest: Floats, moved: Floats, others: Floats) -> Floats:
    """Excess over what the site would take with the controls' added time."""
    added_s = _middle(np.exp(others) * np.expm1(moved))
    # A site cannot become quicker than half of its usual time by an emptier queue.
    share = np.maximum(added_s / np.exp(rest), -0.5)
    return _clipped(rise - np.log1p(share))


def _clipped(rise: Floats) -> Floats:
    return np.clip(rise, -CEILING, CEILING)


def _middle(values: Floats) -> Floats:
    """Median over the controls that answered."""
    if not values.shape[0]:
        return np.full(values.shape[1:], np.nan)
    return medians(np.moveaxis(values, 0, -1), 1)


def law_of(found: Contrast, evenings: Bools) -> Ints:
    """Place in LAWS of the law that the controls obey better, per metric, shape (M,).

    Compared by how far each control is from the others under either law, over the
    window and the placebo windows of the chosen evenings. With fewer than three
    controls they cannot tell; -1 then: the smaller excess counts.
    """
    if found.controls.size < 3:
        return np.full(len(METRICS), -1)
    distance = np.abs(found.excess[:, found.controls][..., evenings])
    flat = np.moveaxis(distance, 2, 1).reshape(len(LAWS), len(METRICS), -1)
    typical = np.nan_to_num(medians(flat, 1), nan=0.0)
    return np.asarray(typical.argmin(axis=0))


def chosen(by_law: Floats, law: Ints) -> Floats:
    """One law's numbers per metric, from shape (L, S, M, ...) to (S, M, ...)."""
    smaller = np.minimum(by_law[0], by_law[1])
    parts = [
        smaller[:, m] if place < 0 else by_law[place][:, m]
        for m, place in enumerate(law)
    ]
    return np.stack(parts, axis=1)
