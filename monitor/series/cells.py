"""Rows of one vantage, poured into the cells of its grid."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.model import Probe
from monitor.series.columns import METRICS, Columns, slowness
from monitor.series.lanes import Lane
from monitor.series.rows import Bools, Floats, Ints, Rows, Text
from monitor.series.transfers import TransferRows

Cells = NDArray[np.float32]

_OF_A_SITE = (
    Probe.HTTPS,
    Probe.TCP,
    Probe.TLS,
    Probe.MTPROTO,
    Probe.DOWNLOAD,
    Probe.SNI_SWAP,
)
_OF_A_TRANSFER = (Probe.DOWNLOAD, Probe.HTTPS)
_OF_AN_ANSWER = (Probe.HTTPS, Probe.MTPROTO, Probe.DOWNLOAD, Probe.SNI_SWAP)
_OF_TLS = (Probe.HTTPS, Probe.TLS, Probe.DOWNLOAD, Probe.SNI_SWAP)
_KINDS = {
    "goodput_bps": _OF_A_TRANSFER,
    "tls_handshake_s": _OF_TLS,
    "waiting_s": _OF_AN_ANSWER,
    "response_s": (Probe.HTTPS, Probe.DOWNLOAD, Probe.SNI_SWAP),
}
"""Which kind of probe stands for a metric, all others for `_OF_A_SITE`: the first of
these that measured it. Page and transfer may go to different hosts, so their values are
never mixed. A kind that is not here is no evidence, however many rows it has."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """What the rows that measured a site's rate tell of their own connection.

    The transfer may come from another host than the page: whatever is asked about a
    slow transfer is asked of its connection.
    """

    connect: Cells
    """Logarithm of the connect time, shape (S, D, T)."""
    bytes_: Cells
    """Logarithm of what arrived, shape (S, D, T)."""
    n_rows: NDArray[np.int16]
    """Attempts, shape (S, D, T)."""
    n_dead: NDArray[np.int16]
    """Attempts that failed outright, shape (S, D, T)."""
    n_refused: NDArray[np.int16]
    """Attempts that the site itself refused, shape (S, D, T)."""
    stage: NDArray[np.int8]
    """Stage of the last outright failure, -1 none, shape (S, D, T)."""
    address: NDArray[np.int32]
    """Code of the remote address, -1 unknown, shape (S, D, T)."""


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
        rated = self._rated(groups)
        arrived, _ = self.table.numbers("encoded_body_bytes")
        return {
            "values": self._values(groups),
            "n_rows": self._counts(main, np.ones(self.table.n, np.bool_)),
            "n_dead": self._counts(main, dead),
            "stage": self._stages(main, dead),
            "cut_bytes": self._cut(groups, arrived),
            "refused": self._counts(main, self.columns.is_refused),
            "address": address,
            "addresses": addresses,
            "issuer": issuer,
            "issuers": issuers,
            "transfer": self._transfer(rated, dead, arrived),
            "transfers": TransferRows(
                self.table, tuple(rated), self.cell, self._is_timeout(), self.shape[1]
            ),
        }

    def _rated(self, groups: Sequence[Sequence[Lane]]) -> list[Ints]:
        """The rows by which each series' rate was measured."""
        rate = self.table.numbers("goodput_bps")[0]
        return [self._measuring(group, rate, _OF_A_TRANSFER) for group in groups]

    def _is_timeout(self) -> Bools:
        return self.table.column("failure").is_("generic_timeout_error")

    def _transfer(
        self, main: Sequence[Ints], dead: Bools, arrived: Floats
    ) -> Connection:
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = np.log(np.where(arrived > 0, arrived, np.nan))
        kept = np.zeros(self.table.n, np.bool_)
        return Connection(
            connect=self._poured(main, *slowness(self.columns, "connect_s")),
            bytes_=self._poured(main, logs, kept),
            n_rows=self._counts(main, np.ones(self.table.n, np.bool_)),
            n_dead=self._counts(main, dead),
            n_refused=self._counts(main, self.columns.is_refused),
            stage=self._stages(main, dead),
            address=self._codes(main, "remote_address", np.int32)[0],
        )

    def _poured(self, main: Sequence[Ints], values: Floats, is_lost: Bools) -> Cells:
        """Means of the cells of each series' rows, shape (S, D, T)."""
        flat = [
            log_means(self.cell[p], values[p], is_lost[p], self._n_cells) for p in main
        ]
        return np.stack(flat).reshape(len(main), *self.shape)

    def local_means(self, runs: Sequence[Lane], probe: str, column: str) -> Cells:
        """Mean of a local probe's column per cell, NaN unknown, shape (D, T)."""
        of_probe = [run for run in runs if run.probe == probe]
        if not of_probe or column not in self.columns.metrics:
            return np.full(self.shape, np.nan, np.float32)
        place = self._places(of_probe)
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
        return self._places(_of_first(runs, _OF_A_SITE))

    def _values(self, groups: Sequence[Sequence[Lane]]) -> Cells:
        shape = (len(groups), len(METRICS), *self.shape)
        out = np.full(shape, np.nan, np.float32)
        for metric in self.columns.metrics:
            values, is_lost = slowness(self.columns, metric)
            kinds = _KINDS.get(metric, _OF_A_SITE)
            main = [self._measuring(runs, values, kinds) for runs in groups]
            out[:, METRICS.index(metric)] = self._poured(main, values, is_lost)
        return out

    def _measuring(
        self, runs: Sequence[Lane], values: Floats, kinds: Sequence[str]
    ) -> Ints:
        """Rows of the one kind of probe that stands for a metric."""
        measuring = [run for run in runs if np.isfinite(values[run.rows]).any()]
        return self._places(_of_first(measuring, kinds))

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


def _of_first(runs: Sequence[Lane], kinds: Sequence[str]) -> list[Lane]:
    """The runs of the first kind of which there are any."""
    of_kind = ([run for run in runs if run.probe == kind] for kind in kinds)
    return next((chosen for chosen in of_kind if chosen), [])
