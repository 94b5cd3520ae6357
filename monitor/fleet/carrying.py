"""A verdict of an earlier night that stands: its home is not read anew.

The evidence of a verdict is a bet on evenings: one that is slow multiplies it by fifty
at most, one that is not lowers it. So a home that is far from being found keeps its
verdict while its new evenings, read from the rows of their own days alone, are too few
or too quick to bring it there; once a week all its rows are read all the same.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from monitor.analysis import COLUMNS, Prepared, judge, prepare
from monitor.analysis.evalue import LEVELS
from monitor.analysis.judge import evenings_between
from monitor.analysis.look import DEAD_P0, Look, look_of
from monitor.analysis.suspicion import FALSE_DISCOVERY_RATE, Suspicion
from monitor.errors import MonitorError
from monitor.fleet.home_rows import Places, frames_of, span_of
from monitor.fleet.lake import Files
from monitor.fleet.night_tables import evening_rows
from monitor.fleet.parts import WEEK
from monitor.series.pairs import Pair
from monitor.series.rows import Bools
from monitor.untyped import Json

if TYPE_CHECKING:
    from monitor.fleet.jobs import FleetHome, Job

_OPEN_OR_FINE: Final = ("no_recurring_slowdown", "inconclusive")
_SLOW_LOG: Final = min(level.floor_log for level in LEVELS)
_MOST_A_NIGHT: Final = 1 / min(DEAD_P0, *(level.p0 for level in LEVELS))
"""A bet that is won multiplies what was staked by at most so much."""
_BAR: Final = 1 / FALSE_DISCOVERY_RATE


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredNight:
    """Where an earlier night lies."""

    night: str
    """Local date of its last evening."""
    verdicts_name: str
    evenings_name: str
    inputs: tuple[str, ...]
    """The files that it was judged from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What a home's earlier verdict is taken on with."""

    verdicts: list[dict[str, Json]]
    evenings: list[dict[str, Json]]
    n_rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What an earlier night left of a bucket, by vantage."""

    before: StoredNight
    verdicts: dict[str, list[dict[str, Json]]]
    evenings: dict[str, list[dict[str, Json]]]

    def carried(self, job: "Job", home: "FleetHome") -> Carried | None:
        """The verdict that stands; None: all rows of the home are to be read.

        Raises
        ------
        MonitorError : the new rows cannot be read or used.
        """
        rows = self.verdicts.get(home.vantage, [])
        older = self.evenings.get(home.vantage, [])
        since = _first_new(self.before.night, older)
        places = replace(job.places, since=since)
        if not _may_stand(job, home, rows) or self._is_late(places, home):
            return None
        ((_, frame),) = frames_of(places, (home,), COLUMNS)
        if isinstance(frame, MonitorError):
            return None
        prepared = prepare(frame, timezone=home.timezone, window=job.window)
        verdicts = judge(prepared, since=since, until=job.until)
        targets = {row["target"] for row in rows}
        taken_on = _taken_on(rows, _n_open(prepared, since, job.until))
        if taken_on is None or {v.target for v in verdicts} != targets:
            return None
        kept = [e for e in older if (job.since or "") <= str(e["evening"]) < since]
        new = [row for verdict in verdicts for row in evening_rows(verdict)]
        return Carried(verdicts=taken_on, evenings=[*kept, *new], n_rows=len(frame))

    def _is_late(self, places: Places, home: "FleetHome") -> bool:
        """Whether files came that reach back behind the evenings that are new."""
        bounds = places.bounds(home.timezone)
        came = (name for name in home.files if name not in self.before.inputs)
        spans = (span_of(places.address, name, home.vantage) for name in came)
        return any(bounds is None or first < bounds[0] for first, _ in spans)


def _first_new(night: str, evenings: Sequence[dict[str, Json]]) -> str:
    """The first evening that is not stored; the night itself may have had no rows."""
    if any(str(row["evening"]) == night for row in evenings):
        return (date.fromisoformat(night) + timedelta(days=1)).isoformat()
    return night


def stored_night(files: Files, before: StoredNight) -> Stored | None:
    """What an earlier night left; None where it cannot be read."""
    try:
        verdicts, evenings = (
            _by_vantage(files.table(name))
            for name in (before.verdicts_name, before.evenings_name)
        )
    except (OSError, pa.ArrowException, MonitorError):
        return None
    return Stored(before=before, verdicts=verdicts, evenings=evenings)


def _by_vantage(table: pa.Table) -> dict[str, list[dict[str, Json]]]:
    rows: dict[str, list[dict[str, Json]]] = defaultdict(list)
    for row in table.to_pylist():
        rows[row["vantage"]].append(row)
    return rows


def _may_stand(job: "Job", home: "FleetHome", rows: Sequence[dict[str, Json]]) -> bool:
    """Whether nothing was found, in this zone, within the week, and is not near.

    Of a home that one evening may bring there, all rows are read at once.
    """
    if not rows or job.until is None:
        return False
    oldest = (date.fromisoformat(job.until) - timedelta(days=WEEK)).isoformat()
    return all(
        row["verdict"] in _OPEN_OR_FINE
        and row.get("timezone") == home.timezone
        and (row.get("judged_until") or "") > oldest
        and _is_far(row, n_more=1)
        for row in rows
    )


def _taken_on(
    rows: Sequence[dict[str, Json]], n_open: Mapping[str, int]
) -> list[dict[str, Json]] | None:
    """The rows with their open evenings counted; None where one may be found by now."""
    counted = [
        {**row, "n_open": (row.get("n_open") or 0) + n_open.get(row["target"], 0)}
        for row in rows
    ]
    return counted if all(map(_is_far, counted)) else None


def _is_far(row: Mapping[str, Json], n_more: int = 0) -> bool:
    """Whether it were not found even if all its open evenings, and more, were slow."""
    evidence, n_open = row["e_value"], (row.get("n_open") or 0) + n_more
    return evidence is not None and evidence * _MOST_A_NIGHT**n_open < _BAR


def _n_open(prepared: Prepared, since: str, until: str | None) -> Counter[str]:
    """Target -> evenings on which it may be slow; what a pair says counts as one."""
    first, last = date.fromisoformat(since), until and date.fromisoformat(until)
    counts: Counter[str] = Counter()
    for home in prepared.homes:
        grid, evenings = home.table.grid, evenings_between(home, first, last or None)
        look = look_of(home, evenings)
        for target in look.targets:
            counts[grid.keys[target.series].target] += int(
                (_is_open(look, target) & evenings).sum()
            )
        counts.update(v.target for v in grid.pairs if v.pair is not Pair.TRANSPORT)
    return counts


def _is_open(look: Look, target: Suspicion) -> Bools:
    """Evenings that would be bet on in some metric, shape (D,)."""
    counts = look.home.weights[target.series] > 0
    with np.errstate(invalid="ignore"):
        is_slow = look.excess[target.series][counts] >= _SLOW_LOG
    return np.asarray(is_slow.any(axis=0) | target.is_dead)
