"""Runs of rows: one per site, way, probe and server name; and what they have in common.

From here come the series of a vantage, its usual interval, and the rounds that say more
about this machine than about the net.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from monitor.model import LOCAL_PROBES, TWIN, Probe, Role
from monitor.series.columns import Columns
from monitor.series.rows import Bools, Ints, Rows, Text

_ROUND_US = 60_000_000
"""Targets and controls of one round start within this time (sampling policy)."""
_PAGE = "page"


@dataclass(frozen=True, slots=True)
class SeriesKey:
    """One measured thing: a site, perhaps by another way than directly."""

    target: str
    role: str
    path: str = "direct"
    is_swap: bool = False
    """The target's address asked with another server name."""
    service: str = ""
    """The service that it is a host of, its own name where that is not said."""
    part: str = _PAGE
    """What it is to its service."""

    @property
    def is_direct(self) -> bool:
        """Whether it is the site itself, by no other way and under its own name."""
        return self.path == "direct" and not self.is_swap

    @property
    def key(self) -> tuple[str, str, bool]:
        """What its rows have in common."""
        return self.target, self.path, self.is_swap


@dataclass(frozen=True, slots=True)
class Lane:
    """One run of rows with the same series, probe and server name."""

    target: str
    path: str
    probe: str
    rows: slice

    @property
    def is_local(self) -> bool:
        """Whether the rows are about this machine."""
        return self.probe in LOCAL_PROBES

    @property
    def key(self) -> tuple[str, str, bool]:
        """What the rows have in common with others of their series."""
        return self.target, self.path, self.probe == Probe.SNI_SWAP


def lanes(table: Rows, lane_codes: Ints) -> list[Lane]:
    """The runs of rows with some codes, in order of the rows."""
    starts = np.searchsorted(table.lane, lane_codes)
    ends = np.searchsorted(table.lane, lane_codes, side="right")
    names = {
        name: [text.values[text.codes[code]] for code in lane_codes]
        for name, text in table.text.items()
    }
    return [
        Lane(
            names["target"][i],
            names["path"][i],
            names["probe"][i],
            slice(int(starts[i]), int(ends[i])),
        )
        for i in range(lane_codes.size)
    ]


def series_keys(columns: Columns, lanes: Sequence[Lane]) -> tuple[SeriesKey, ...]:
    """The series of a vantage; a name that is both is what most of its rows say.

    Which service it is of, and as what, is what its newest row says: a configuration
    that names the services later means the rows before, too.
    """
    sites: dict[str, list[Lane]] = {}
    for lane in lanes:
        if not lane.is_local:
            sites.setdefault(lane.target, []).append(lane)
    is_control = columns.role.is_(Role.CONTROL)
    is_twin = columns.role.is_(TWIN)
    service, part = (columns.table.column(name) for name in ("service", "part"))
    told: dict[str, tuple[str, str, str]] = {}
    for target, of_site in sites.items():
        of = _newest(columns.table, of_site, service) or target
        what = _newest(columns.table, of_site, part) or _PAGE
        role: str = Role.CONTROL if _is_mostly(is_control, of_site) else Role.TARGET
        if what == TWIN or _is_mostly(is_twin, of_site):
            role, what = TWIN, TWIN
        told[target] = role, of, what
    keys = sorted({lane.key for of_site in sites.values() for lane in of_site})
    return tuple(
        SeriesKey(target, told[target][0], path, is_swap, *told[target][1:])
        for target, path, is_swap in keys
    )


def _is_mostly(is_it: Bools, lanes: Sequence[Lane]) -> bool:
    n_rows = sum(lane.rows.stop - lane.rows.start for lane in lanes)
    return bool(2 * sum(int(is_it[lane.rows].sum()) for lane in lanes) > n_rows)


def _newest(table: Rows, lanes: Sequence[Lane], text: Text) -> str:
    """What the newest rows of some lanes say; of several that are as new, the least."""
    rows = [lane.rows.stop - 1 for lane in lanes]
    last = max(table.time_us[row] for row in rows)
    said = (text.values[text.codes[row]] for row in rows if table.time_us[row] == last)
    return str(min(said))


def interval_s(time_us: Ints, lanes: Sequence[Lane]) -> float:
    """Usual time between two rounds [s]: median over the series of their usual step.

    That is the lower quartile of the steps, which gaps do not stretch; of several
    probes of one series the most frequent counts.
    """
    steps: dict[tuple[str, str, bool], float] = {}
    for lane in lanes:
        step = np.diff(time_us[lane.rows])
        step = step[step > 0]
        if step.size and not lane.is_local:
            usual = float(np.quantile(step, 0.25))
            steps[lane.key] = min(steps.get(lane.key, usual), usual)
    return max(float(np.median([*steps.values()])) / 1e6, 1.0) if steps else 300.0


def spoiled(table: Rows, columns: Columns, lanes: Sequence[Lane]) -> Bools:
    """Rows of rounds in which this machine or its line is known to have failed."""
    times = [
        table.time_us[lane.rows][columns.is_failed[lane.rows]]
        for lane in lanes
        if lane.is_local
    ]
    bad = np.sort(np.concatenate(times)) if times else np.zeros(0, np.int64)
    if not bad.size:
        return np.zeros(table.n, np.bool_)
    time_us = table.time_us
    after = np.clip(np.searchsorted(bad, time_us), 0, bad.size - 1)
    before = np.clip(after - 1, 0, bad.size - 1)
    distance = np.minimum(np.abs(bad[after] - time_us), np.abs(bad[before] - time_us))
    return np.asarray(distance <= _ROUND_US)
