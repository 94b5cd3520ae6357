"""Whether what this home sends to a site is lost on the way, evening by evening.

Medians do not see it: where 30 % of the client's packets are dropped, half of the
connections are as quick as ever. The kernel's count of what it sent again does.
An evening is lossy when a twentieth of what was sent is lost at least, and three times
what is lost in the rest of its day and on the way to the controls, both beyond chance.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from monitor.analysis.evalue import binomial_tail, flag_e_value
from monitor.analysis.look import Look
from monitor.overlap import overlap_tail
from monitor.reason import Value
from monitor.series import EveningTable
from monitor.series.columns import METRICS
from monitor.series.evening_table import medians
from monitor.series.rows import Bools, Floats, Ints
from monitor.series.sent_again import Sent

DURATION: Final = METRICS.index("duration_s")
_P0: Final = 0.02
_LEAST_LOSS: Final = 0.05
"""Share of what is sent; a full line loses less, or loses for everybody."""
_RATIO: Final = 3.0
_LEAST_EVENINGS: Final = 3
_LEAST_ROWS: Final = 3
"""Connections on either side of an evening."""
_EARLY: Final = 5
_OVERWHELMING: Final = 2000.0
_STANDING: Final = 6.0
"""As of every other evidence (docs/method.md, Standing)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderLoss:
    """What was sent again to one site.

    Attributes
    ----------
    is_tried, is_lossy : evenings with enough connections, and those that lost, shape
        (D,).
    e_value : against "what is lost is what is lost at other hours, or to the others".
    is_standing : whether it does not rest on the newest evening alone.
    share, rest, controls : connections that had to send again: on the tried evenings in
        the window, in the rest of the day, and of the controls in the window.
    excess : how much longer a connection took on the mean, less what the controls did,
        shape (D,) [log].
    """

    is_tried: Bools
    is_lossy: Bools
    e_value: float
    is_standing: bool
    share: float
    rest: float
    controls: float
    excess: Floats

    @property
    def n_lossy(self) -> int:
        """Evenings on which it lost."""
        return int(self.is_lossy.sum())

    def is_enough(self, bar: float) -> bool:
        """Whether a verdict may rest on it: a second bet beside the evenings' own."""
        has_evenings = self.n_lossy >= _LEAST_EVENINGS and self.is_standing
        return has_evenings and self.e_value >= 2 * bar

    @property
    def is_shown(self) -> bool:
        """Whether the check points to it."""
        return self.n_lossy >= _LEAST_EVENINGS and self.e_value >= 1 / _P0

    @property
    def values(self) -> dict[str, Value]:
        """The figures of its sentences."""
        return {
            "share": self.share,
            "rest": self.rest,
            "controls": self.controls,
            "lossy": self.n_lossy,
            "tried": int(self.is_tried.sum()),
        }


def sender_loss(look: Look, series: int) -> SenderLoss | None:
    """What was sent again to a site; None where it was not counted."""
    table, controls = look.home.table, look.contrast.controls
    if table.sent is None or not controls.size:
        return None
    inside, rest = table.sent
    own, day, others = _of(inside, series), _of(rest, series), _of(inside, controls)
    is_tried = look.evenings & (own.n >= _LEAST_ROWS) & (day.n >= _LEAST_ROWS)
    is_tried &= others.n >= _LEAST_ROWS
    if not is_tried.any():
        return None
    is_lossy = is_tried & (own.n_again > 0)
    for evening in np.flatnonzero(is_lossy).tolist():
        is_lossy[evening] = _is_lossy(*(_on(s, evening) for s in (own, day, others)))
    tried = np.flatnonzero(is_tried)
    e_value = _e_value(is_lossy, is_tried)
    before = _e_value(is_lossy[: tried[-1]], is_tried[: tried[-1]])
    is_early = tried.size < _EARLY
    return SenderLoss(
        is_tried=is_tried,
        is_lossy=is_lossy,
        e_value=e_value,
        is_standing=e_value >= _OVERWHELMING if is_early else before >= _STANDING,
        share=_share(own, is_tried),
        rest=_share(day, is_tried),
        controls=_share(others, is_tried),
        excess=_longer(table, series, controls),
    )


@dataclass(frozen=True, slots=True)
class _Count:
    n: int
    n_again: int
    n_segments: float

    @property
    def loss(self) -> float:
        """Share of the segments that is lost; not all of them where all sent again."""
        return self._of_segments((self.n_again + 0.5) / (self.n + 1))

    @property
    def loss_at_most(self) -> float:
        """The same, had one of two more connections lost something, too."""
        return self._of_segments((self.n_again + 1) / (self.n + 2))

    def _of_segments(self, share: float) -> float:
        return 1.0 - float((1.0 - share) ** (self.n / self.n_segments))


def _is_lossy(own: _Count, day: _Count, others: _Count) -> bool:
    loss = own.loss
    if loss < _LEAST_LOSS or loss < _RATIO * max(day.loss_at_most, others.loss_at_most):
        return False
    expected = 1.0 - (1.0 - others.loss_at_most) ** (own.n_segments / own.n)
    by_chance = 1.0 - binomial_tail(own.n_again - 1, own.n, expected)
    n_again = own.n_again + day.n_again
    as_dealt = overlap_tail(own.n + day.n, own.n, n_again, own.n_again)
    return by_chance <= _P0 and as_dealt <= _P0


def _of(sent: Sent, places: int | Ints) -> Sent:
    """The connections of some series together, shapes (D,)."""
    rows = np.atleast_1d(places)
    return Sent(*(v[rows].sum(axis=0) for v in (sent.n, sent.n_again, sent.n_segments)))


def _on(sent: Sent, evening: int) -> _Count:
    return _Count(
        int(sent.n[evening]),
        int(sent.n_again[evening]),
        float(sent.n_segments[evening]),
    )


def _share(sent: Sent, evenings: Bools) -> float:
    return float(sent.n_again[evenings].sum() / sent.n[evenings].sum())


def _e_value(is_lossy: Bools, is_tried: Bools) -> float:
    return flag_e_value(int(is_lossy.sum()), int(is_tried.sum()), _P0)


def _longer(table: EveningTable, series: int, controls: Ints) -> Floats:
    """How much longer a connection took on the mean, beyond the controls."""
    own, *others = (_mean_rise(table, place) for place in (series, *controls.tolist()))
    return np.asarray(own - np.nan_to_num(medians(np.array(others).T, 1)))


def _mean_rise(table: EveningTable, series: int) -> Floats:
    seconds = np.exp(table.grid.values[series, DURATION].astype(np.float64))
    seconds[~np.isfinite(seconds)] = np.nan
    inside, rest = seconds[:, table.in_window], seconds[:, table.in_rest]
    out = np.full(seconds.shape[0], np.nan)
    known = np.isfinite(inside).any(axis=1) & np.isfinite(rest).any(axis=1)
    means = (np.nanmean(side[known], axis=1) for side in (inside, rest))
    out[known] = np.subtract(*map(np.log, means))
    return out
