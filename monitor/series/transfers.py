"""Single transfers with their curves: read when a slow one is looked at, not before.

A curve is a kilobyte of text, and only those of some evenings are ever asked for.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from monitor.lists import Curve, curve_of, never_falls
from monitor.series.rows import Bools, Floats, Ints, Rows

CURVE = "timeline"
NUMBERS = ("goodput_bps", "tcp_rcv_rtt_s", "tcp_min_rtt_s", "tcp_rcv_ooopack")
COUNTED = "tcp_segs_in"


@dataclass(frozen=True, slots=True)
class TransferRows:
    """The rows that measured the rate of each series."""

    table: Rows
    places: tuple[Ints, ...]
    """Places of each series' rows, in the order of the series."""
    cell: NDArray[np.int32]
    """Cell of each row of the table, shape (n,)."""
    is_silent: Bools
    """Rows that failed by the time limit, shape (n,)."""
    n_slots: int

    @property
    def has_curves(self) -> bool:
        """Whether any curve was recorded."""
        return self.table.has(CURVE)

    def within(self, series: int, evenings: Bools, slots: Bools) -> Ints:
        """Rows of a series in some slots of some evenings.

        Parameters
        ----------
        evenings : shape (D,)
        slots : shape (T,)
        """
        place = self.places[series]
        cell = self.cell[place]
        return place[evenings[cell // self.n_slots] & slots[cell % self.n_slots]]

    def slot(self, place: Ints) -> tuple[Ints, Ints]:
        """Evening and slot of some rows."""
        cell = self.cell[place].astype(np.int64)
        return cell // self.n_slots, cell % self.n_slots

    def numbers(self, place: Ints) -> dict[str, Floats]:
        """What was measured of some rows, NaN where it was not."""
        chosen = self.table.some(place)
        return {name: chosen.numbers(name)[0] for name in (*NUMBERS, COUNTED)}

    def curves(self, place: Ints) -> list[Curve]:
        """The curves of some rows; empty where none was recorded, or none can be."""
        if not self.has_curves:
            return [()] * place.size
        texts = self.table.frame[CURVE].iloc[self.table.order[place]]
        return [_curve(text) for text in texts]


def _curve(text: object) -> Curve:
    if not isinstance(text, str) or pd.isna(text):
        return ()
    try:
        curve = curve_of(text)
    except ValueError:
        return ()
    return curve if never_falls(curve) else ()
