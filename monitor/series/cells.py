"""Rows of one vantage, poured into the cells of its grid."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.model import PROBE_ORDER
from monitor.series.columns import METRICS, Columns, slowness
from monitor.series.frame import Bools, Floats, Ints, Rows, Text
from monitor.series.lanes import Lane

Cells = NDArray[np.float32]

_FIRST_ERROR_STATUS = 400


def log_means(
    cell: NDArray[np.int32], slowness_log: Floats, is_censored: Bools, n_cells: int
) -> Cells:
    """Mean of each cell; `inf` where at least half of its attempts gave no value.

    Parameters
    ----------
    cell : shape (n,)
    slowness_log : shape (n,), NaN where not measured
    is_censored : shape (n,), attempts that ended without a value
    """
    is_value = np.isfinite(slowness_log) & ~is_censored
    n_values = np.bincount(cell[is_value], minlength=n_cells)
    total = np.bincount(cell[is_value], slowness_log[is_value], minlength=n_cells)
    out = np.full(n_cells, np.nan, np.float32)
    has_value = n_values > 0
    out[has_value] = total[has_value] / n_values[has_value]
    if is_censored.any():
        n_censored = np.bincount(cell[is_censored], minlength=n_cells)
        out[(n_censored > 0) & (n_censored >= n_values)] = np.inf
    return out


@dataclass(frozen=True, slots=True)
class Filler:
    """Fills arrays of cells from runs of rows."""

    table: Rows
    columns: Columns
    cell: NDArray[np.int32]
    """Cell of each row, shape (n,)."""
    is_spoiled: Bools
    """Rows to leave out, shape (n,)."""
    shape: tuple[int, int]
    """(evenings, slots)."""

    def all_series(self, groups: Sequence[Sequence[Lane]]) -> dict[str, Any]:
        """The arrays of `Grid` that have one layer per series.

        Of as many types as `Grid` has fields, which says them.
        """
        main = [self._main(group) for group in groups]
        address, addresses = self._codes(main, "remote_address", np.int32)
        issuer, issuers = self._codes(main, "certificate_issuer", np.int16)
        dead = self.columns.is_failed & ~self.columns.is_slow
        status, _ = self.table.numbers("http_status")
        with np.errstate(invalid="ignore"):
            is_refused = status >= _FIRST_ERROR_STATUS
        arrived, _ = self.table.numbers("encoded_body_bytes")
        return {
            "values": self._values(groups),
            "n_rows": self._counts(main, np.ones(self.table.n, np.bool_)),
            "n_dead": self._counts(main, dead),
            "stage": self._stages(main, dead),
            "cut_bytes": self._cut(groups, arrived),
            "refused": self._counts(main, is_refused),
            "address": address,
            "addresses": addresses,
            "issuer": issuer,
            "issuers": issuers,
        }

    def local_means(self, runs: Sequence[Lane], probe: str, column: str) -> Cells:
        """Mean of a local probe's column per cell, NaN unknown, shape (D, T)."""
        wanted = [run for run in runs if run.probe == probe]
        if not wanted or column not in self.columns.metrics:
            return np.full(self.shape, np.nan, np.float32)
        place = self._places(wanted)
        values = self.table.numbers(column)[0][place]
        none = np.zeros(place.size, np.bool_)
        return log_means(self._cell(place), values, none, self._n_cells).reshape(
            self.shape
        )

    @property
    def _n_cells(self) -> int:
        return self.shape[0] * self.shape[1]

    def _cell(self, place: Ints) -> NDArray[np.int32]:
        return self.cell[place]

    def _places(self, runs: Sequence[Lane]) -> Ints:
        """Places of the runs' rows that are not set aside."""
        if not runs:
            return np.zeros(0, np.int64)
        place = np.concatenate([np.arange(r.rows.start, r.rows.stop) for r in runs])
        return np.asarray(place[~self.is_spoiled[place]])

    def _main(self, runs: Sequence[Lane]) -> Ints:
        """Rows of the probe that stands for the site."""
        probes = Counter[str]()
        for run in runs:
            probes[run.probe] += run.rows.stop - run.rows.start
        ranked = [p for p in PROBE_ORDER if p in probes] or sorted(
            probes, key=lambda p: (-probes[p], p)
        )
        return self._places([run for run in runs if run.probe == ranked[0]])

    def _values(self, groups: Sequence[Sequence[Lane]]) -> Cells:
        shape = (len(groups), len(METRICS), *self.shape)
        out = np.full(shape, np.nan, np.float32)
        for metric in self.columns.metrics:
            values, is_lost = slowness(self.columns, metric)
            for s, runs in enumerate(groups):
                place = self._measuring(runs, values)
                flat = log_means(
                    self.cell[place], values[place], is_lost[place], self._n_cells
                )
                out[s, METRICS.index(metric)] = flat.reshape(self.shape)
        return out

    def _measuring(self, runs: Sequence[Lane], values: Floats) -> Ints:
        """Rows of the one probe that measures a metric most often.

        Page and download may go to different hosts: their values are never mixed.
        """
        n_values = Counter[str]()
        for run in runs:
            n_values[run.probe] += int(np.isfinite(values[run.rows]).sum())
        measuring = [p for p in sorted(n_values, key=_rank) if n_values[p]]
        if not measuring:
            return np.zeros(0, np.int64)
        best = max(measuring, key=lambda p: n_values[p])
        return self._places([run for run in runs if run.probe == best])

    def _counts(self, main: Sequence[Ints], is_counted: Bools) -> NDArray[np.int16]:
        out = np.zeros((len(main), *self.shape), np.int16)
        for s, place in enumerate(main):
            chosen = place[is_counted[place]]
            counts = np.bincount(self._cell(chosen), minlength=self._n_cells)
            out[s] = np.minimum(counts, 32_000).reshape(self.shape)
        return out

    def _stages(self, main: Sequence[Ints], dead: Bools) -> NDArray[np.int8]:
        out = np.full((len(main), self._n_cells), -1, np.int8)
        for s, place in enumerate(main):
            chosen = place[dead[place]]
            out[s, self._cell(chosen)] = self.columns.stage[chosen]
        return out.reshape(len(main), *self.shape)

    def _cut(self, groups: Sequence[Sequence[Lane]], arrived: Floats) -> Cells:
        out = np.full((len(groups), self._n_cells), np.nan, np.float32)
        is_cut = self.columns.is_failed & (arrived > 0)
        for s, runs in enumerate(groups):
            place = self._places(runs)
            chosen = place[is_cut[place]]
            out[s, self._cell(chosen)] = arrived[chosen]
        return out.reshape(len(groups), *self.shape)

    def _codes(
        self, main: Sequence[Ints], name: str, kind: type[np.signedinteger]
    ) -> tuple[NDArray[np.signedinteger], tuple[str, ...]]:
        """A text column's codes per cell, -1 unknown, and its values."""
        out = np.full((len(main), self._n_cells), -1, kind)
        text = self.table.column(name) if self.table.has(name) else Text(_NONE, ("",))
        codes = _unknown_is_negative(text)
        for s, place in enumerate(main if codes.size else ()):
            chosen = place[codes[place] >= 0]
            out[s, self._cell(chosen)] = codes[chosen]
        return out.reshape(len(main), *self.shape), text.values


_NONE = np.zeros(0, np.int32)


def _unknown_is_negative(text: Text) -> Ints:
    return np.where(text.is_(""), -1, text.codes)


def _rank(probe: str) -> tuple[int, str]:
    is_known = probe in PROBE_ORDER
    return (PROBE_ORDER.index(probe) if is_known else len(PROBE_ORDER), probe)
