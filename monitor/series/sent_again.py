"""What had to be sent again: of each evening's connections, in the window and around.

Only what this home sends is counted here: what is lost on the way to it the other side
sends again, which nobody here sees.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.model import Probe
from monitor.series.lanes import Lane
from monitor.series.rows import Bools, Floats, Ints, Rows

SENT_AGAIN: Final = "tcp_retransmits"
_SEGMENTS: Final = {
    Probe.TCP: 1,
    Probe.TLS: 3,
    Probe.HTTPS: 5,
    Probe.DOWNLOAD: 5,
    Probe.MTPROTO: 21,
}
"""Segments that a connection sends and that are sent again when they are lost: SYN,
hello, end of the handshake, request, FIN; an exchange each. Acknowledgements are not.
Who sends more loses more, at the same loss."""


@dataclass(frozen=True, slots=True)
class SentRows:
    """The rows of each series of which it is known what they sent again."""

    cell: tuple[NDArray[np.int32], ...]
    """Cell of each row, by series."""
    n_segments: tuple[Floats, ...]
    """What each row's connection sends, by series."""
    is_again: tuple[Bools, ...]
    """Rows that sent something again, by series."""


@dataclass(frozen=True, slots=True)
class Sent:
    """Connections of one side of the evenings, shapes (S, D)."""

    n: Ints
    n_again: Ints
    """Those that had to send something again."""
    n_segments: Floats
    """What all of them sent."""


def sent_rows(
    table: Rows,
    cell: NDArray[np.int32],
    is_kept: Bools,
    groups: Sequence[Sequence[Lane]],
) -> SentRows | None:
    """The rows that tell; None where none does.

    Parameters
    ----------
    cell : of each row of the table, shape (n,)
    is_kept : rows that are not set aside, shape (n,)
    groups : the runs of rows of each series
    """
    if not table.has(SENT_AGAIN):
        return None
    again = table.numbers(SENT_AGAIN)[0]
    if not np.isfinite(again).any():
        return None
    is_told = is_kept & np.isfinite(again)
    cells, segments, is_again = [], [], []
    for runs in groups:
        place, n_segments = _counted(runs, is_told)
        cells.append(cell[place])
        segments.append(n_segments)
        is_again.append(again[place] > 0)
    return SentRows(tuple(cells), tuple(segments), tuple(is_again))


def _counted(runs: Sequence[Lane], is_told: Bools) -> tuple[Ints, Floats]:
    """Places of the rows that tell, and what the connection of each sends."""
    place, n_segments = [np.zeros(0, np.int64)], [np.zeros(0)]
    for run in runs:
        if run.probe in _SEGMENTS:
            told = run.rows.start + np.flatnonzero(is_told[run.rows])
            place.append(told)
            n_segments.append(np.full(told.size, float(_SEGMENTS[run.probe])))
    return np.concatenate(place), np.concatenate(n_segments)


def sent_in(rows: SentRows, slots: Bools, set_aside: Bools) -> Sent:
    """The connections in some slots of every evening.

    Parameters
    ----------
    slots : shape (T,)
    set_aside : slots that tell nothing, shape (D, T)
    """
    chosen = (slots & ~set_aside).reshape(-1)
    n_evenings, n_slots = set_aside.shape
    counts = []
    for cell, segments, is_again in zip(
        rows.cell, rows.n_segments, rows.is_again, strict=True
    ):
        is_in = chosen[cell]
        evening = cell[is_in] // n_slots
        weights = (None, is_again[is_in], segments[is_in])
        counts.append([np.bincount(evening, w, n_evenings) for w in weights])
    n, n_again, n_segments = np.array(counts).transpose(1, 0, 2)
    return Sent(n.astype(np.int64), n_again.astype(np.int64), n_segments)
