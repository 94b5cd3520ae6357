"""A simulated home's grid straight from its arrays, without a frame of rows.

The same numbers as `monitor.series.grids` makes from `Home.samples` (tests compare the
two), six times quicker. Homes with rows about the machine itself, and those whose clock
changes, take the ordinary way.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.evening_rule import DAY_MIN, Window
from monitor.series import Grid, grids
from monitor.series.cells import Connection
from monitor.series.columns import METRICS, STAGES
from monitor.series.lanes import SeriesKey
from monitor.series.local_time import evening_of, local_seconds
from monitor.simulation import Home
from monitor.simulation.outcome_frame import VANTAGE
from monitor.simulation.outcomes import Outcomes

_READ = STAGES.index("read")


def grid_of(home: Home, window: Window) -> Grid:
    """The grid of a home."""
    if home.family.conditions.has_local_rows:
        return next(grids(home.samples, timezone=home.timezone, window=window))
    cell, evening = _cells(home, window)
    if not (np.diff(cell) > 0).all():
        return next(grids(home.samples, timezone=home.timezone, window=window))
    return _Pour(home, cell, evening).grid(window)


def _cells(home: Home, window: Window) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    at = home.slots
    local_s, _ = local_seconds(at.started_at_us // 1_000_000, home.timezone)
    day, second = evening_of(local_s, window)
    n_slots = DAY_MIN * 60 // at.every_s
    evening = np.arange(day[0], day[-1] + 1)
    return (day - evening[0]) * n_slots + second // at.every_s, evening


class _Pour:
    """Pours arrays of (series, round) into arrays of (series, evening, slot)."""

    def __init__(
        self, home: Home, cell: NDArray[np.int64], evening: NDArray[np.int64]
    ) -> None:
        self._home = home
        self._cell = cell
        self._evening = evening
        self._n_slots = DAY_MIN * 60 // home.slots.every_s
        keys = zip(home.sites.names, home.sites.paths, strict=True)
        self._failures = {id(o): _failures(o) for o in (home.pages, home.downloads)}
        self._order = [i for _, i in sorted((k, i) for i, k in enumerate(keys))]

    def grid(self, window: Window) -> Grid:
        home, at = self._home, self._home.slots
        failed, dead, stage = self._failures[id(home.pages)]
        made = home.made
        bytes_ = np.where(failed, home.pages.body_bytes, np.nan)
        frozen = self._failures[id(home.downloads)][0]
        late = np.where(frozen, home.downloads.body_bytes, np.nan)
        cut = np.where(home.downloaded & (late > 0), late, bytes_)
        nothing = np.full((self._evening.size, self._n_slots), np.nan, np.float32)
        address = 2 * np.arange(home.sites.n)[:, None] + home.trouble.steered
        sites, paths, roles = home.sites.names, home.sites.paths, home.sites.roles
        return Grid(
            vantage=VANTAGE,
            timezone=home.timezone,
            window=window,
            slot_min=at.every_s // 60,
            interval_s=float(at.every_s),
            evening=self._evening,
            keys=tuple(
                SeriesKey(sites[i], roles[i], paths[i], service=sites[i])
                for i in self._order
            ),
            values=self._values(),
            n_rows=self._poured(made.astype(np.int16), made, 0),
            n_dead=self._poured(dead.astype(np.int16), made, 0),
            stage=self._poured(stage, made & dead, -1),
            cut_bytes=self._poured(cut.astype(np.float32), made & (cut > 0), np.nan),
            refused=self._poured(np.zeros_like(dead, np.int16), made, 0),
            address=self._poured(address.astype(np.int32), made, -1),
            addresses=tuple(f"198.51.100.{k + 1}" for k in range(2 * home.sites.n)),
            issuer=self._poured(np.full_like(stage, -1, np.int16), made, -1),
            issuers=("",),
            transfer=self._transfer(made & home.downloaded, address),
            transfers=None,
            sent=None,
            load_bps=nothing,
            gateway=nothing,
            counts={"spoiled_rows": 0, "duplicate_rows": 0, "impossible_values": 0},
        )

    def _transfer(
        self, made: NDArray[np.bool_], address: NDArray[np.int64]
    ) -> Connection:
        home = self._home
        is_page = home.family.conditions.one_row
        of = home.pages if is_page else home.downloads
        made = home.made if is_page else made
        _, dead, stage = self._failures[id(of)]
        with np.errstate(divide="ignore", invalid="ignore"):
            arrived = np.where(of.body_bytes > 0, np.log(of.body_bytes), np.nan)
        return Connection(
            connect=self._metric(of, "connect_s", made),
            bytes_=self._poured(arrived.astype(np.float32), made, np.nan),
            n_rows=self._poured(made.astype(np.int16), made, 0),
            n_dead=self._poured(dead.astype(np.int16), made, 0),
            n_refused=self._poured(np.zeros_like(dead, np.int16), made, 0),
            stage=self._poured(stage, made & dead, -1),
            address=self._poured(address.astype(np.int32), made, -1),
        )

    def _values(self) -> NDArray[np.float32]:
        home = self._home
        shape = (home.sites.n, len(METRICS), self._evening.size, self._n_slots)
        out = np.full(shape, np.nan, np.float32)
        for m, metric in enumerate(METRICS):
            if metric == "goodput_bps" and not home.family.conditions.one_row:
                out[:, m] = self._metric(home.downloads, metric, home.downloaded)
            elif metric != "tcp_min_rtt_s":
                out[:, m] = self._metric(home.pages, metric, home.made)
        return out

    def _metric(
        self, outcomes: Outcomes, metric: str, made: NDArray[np.bool_]
    ) -> NDArray[np.float32]:
        values: NDArray[np.float64] = getattr(outcomes, metric)
        failed, dead, stage = self._failures[id(outcomes)]
        need = _NEEDS[metric]
        logs = np.log(values.astype(np.float32))
        logs = -logs if metric == "goodput_bps" else logs
        if failed.any():
            is_slow = failed & ~dead & (values > 0) & (metric != "duration_s")
            logs[failed & (stage <= need) & ~is_slow] = np.inf
        return self._poured(logs, made, np.nan)

    def _poured(
        self, values: NDArray[Any], made: NDArray[np.bool_], empty: float
    ) -> NDArray[Any]:
        flat = np.full(
            (values.shape[0], self._evening.size * self._n_slots), empty, values.dtype
        )
        flat[:, self._cell] = np.where(made, values, values.dtype.type(empty))
        return flat[self._order].reshape(-1, self._evening.size, self._n_slots)


_NEEDS = {
    "goodput_bps": 4,
    "tls_handshake_s": 2,
    "waiting_s": 3,
    "connect_s": 1,
    "response_s": 4,
    "duration_s": 4,
    "domain_lookup_s": 0,
}


def _failures(
    outcomes: Outcomes,
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.int8]]:
    """Whether each probe failed, whether it was dead, and at which stage."""
    stages = [STAGES.index(operation) for operation, _ in outcomes.failures]
    stage = np.array([len(STAGES), *stages[1:]], np.int8)[outcomes.failure]
    failed = outcomes.failure > 0
    with np.errstate(invalid="ignore"):
        is_slow = failed & (stage == _READ) & (outcomes.body_bytes > 0)
    return failed, failed & ~is_slow, stage
