"""Rows on a grid of evenings and slots, one per vantage; gaps stay gaps.

A cell holds the mean logarithm of the slot's values, `inf` when the samples ended
without one (slower than anything measured), NaN when nobody measured. In every metric
more is slower: rates enter with their sign changed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from monitor.errors import InputError
from monitor.evening_rule import DAY_MIN, GUARD_MIN, LEAD_MIN, Window
from monitor.model import Probe
from monitor.reason import Reason
from monitor.series.answers import told_apart
from monitor.series.cells import Cells, Connection, Filler
from monitor.series.columns import columns
from monitor.series.lanes import (
    SeriesKey,
    interval_s,
    lanes,
    series_keys,
    spoiled,
)
from monitor.series.local_time import evening_of, local_seconds
from monitor.series.nowhere import nobodys_networks
from monitor.series.pairs import PairValue, legs_apart, pairs_of
from monitor.series.rows import Bools, Ints, Rows, rows
from monitor.series.sent_again import SentRows, sent_rows
from monitor.series.transfers import TransferRows
from monitor.series.transports import both_transports, transport_pairs
from monitor.series.ways import away_notes, elsewhere

_SLOT_MINUTES = (5, 10, 15, 20, 30, 60)
_MAX_EVENINGS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """All series of one vantage, cell by cell.

    Shapes: S series, M metrics, D evenings, T slots of an evening's day.
    """

    vantage: str
    timezone: str
    window: Window
    slot_min: int
    interval_s: float
    evening: Ints
    """Day number (since 1970) of each evening's local date, shape (D,), rising."""
    keys: tuple[SeriesKey, ...]
    values: Cells
    """Shape (S, M, D, T), more is slower."""
    n_rows: NDArray[np.int16]
    """Attempts of the main probe per cell, shape (S, D, T)."""
    n_dead: NDArray[np.int16]
    """Attempts among them that failed outright, shape (S, D, T)."""
    stage: NDArray[np.int8]
    """Stage of the cell's last outright failure, -1 none, shape (S, D, T)."""
    cut_bytes: Cells
    """Bytes that had arrived when a transfer broke off, NaN none, shape (S, D, T)."""
    refused: NDArray[np.int16]
    """Answers with an error status per cell, shape (S, D, T)."""
    address: NDArray[np.int32]
    """Code of the remote address, -1 unknown, shape (S, D, T)."""
    addresses: tuple[str, ...]
    issuer: NDArray[np.int16]
    """Code of the certificate's issuer, -1 unknown, shape (S, D, T)."""
    issuers: tuple[str, ...]
    transfer: Connection
    """The connection by which each series' rate was measured."""
    transfers: TransferRows | None
    """Its rows one by one, for what cells do not keep; None: they were not kept."""
    sent: SentRows | None
    """Rows of which it is known what they sent again; None: of none."""
    load_bps: Cells
    """The household's other traffic per slot, NaN unknown, shape (D, T)."""
    gateway: Cells
    """Logarithm of the round trip to the gateway, NaN unknown, shape (D, T)."""
    counts: dict[str, int] = field(default_factory=dict)
    """Rows set aside, by reason."""
    notes: tuple[Reason, ...] = ()
    pairs: tuple[PairValue, ...] = ()
    """What the blocks of the vantage say."""

    @property
    def n_slots(self) -> int:
        """Slots of an evening's day."""
        return DAY_MIN // self.slot_min

    def in_window(self) -> Bools:
        """Slots of the configured window, shape (T,)."""
        return _in_window(self.window, self.slot_min)


def _in_window(window: Window, slot_min: int) -> Bools:
    middle = (np.arange(DAY_MIN // slot_min) + 0.5) * slot_min - LEAD_MIN
    return np.asarray((middle >= 0) & (middle < window.length_min))


def widened(inside: Bools, by: int) -> Bools:
    """Slots of a stretch and so many on either side, shape (T,)."""
    place = np.flatnonzero(inside)
    out = inside.copy()
    if place.size:
        out[max(place[0] - by, 0) : place[-1] + by + 1] = True
    return out


def _log(seconds: Cells) -> Cells:
    return np.log(np.where(seconds > 0, seconds, np.nan))


def _rest_of_day(window: Window, slot_min: int) -> Bools:
    """Slots outside the window and its guard, shape (T,)."""
    return ~widened(_in_window(window, slot_min), GUARD_MIN // slot_min)


def grids(frame: object, *, timezone: str, window: Window) -> Iterator[Grid]:
    """One grid per vantage, in order of the vantages' names.

    Raises
    ------
    InputError
        when the frame cannot be read as samples.
    """
    of_series, legs = legs_apart(frame)
    attempts = both_transports(of_series)
    table = rows(of_series)  # type: ignore[arg-type]
    if not table.n:
        return
    vantages = table.text["vantage"]
    for code in np.argsort(vantages.values):
        codes = np.flatnonzero(vantages.codes == code)
        if codes.size:
            name = vantages.values[code]
            start, stop = np.searchsorted(table.lane, [codes[0], codes[-1] + 1])
            part = table.part(int(start), int(stop))
            grid = _grid(part, codes, name, timezone, window)
            of_vantage = {"vantage": name, "timezone": timezone, "window": window}
            pairs = (
                *pairs_of(legs, **of_vantage),
                *transport_pairs(attempts, **of_vantage),
            )
            yield replace(grid, pairs=pairs) if pairs else grid


def _grid(
    table: Rows,
    lane_codes: Ints,
    vantage: str,
    timezone: str,
    window: Window,
) -> Grid:
    runs = lanes(table, lane_codes)
    read = columns(table)
    step_s = interval_s(table.time_us, runs)
    slot_min = _slot_min(step_s)
    cell, evening, is_stale = _cells(table, timezone, window, slot_min)
    n_slots = DAY_MIN // slot_min
    is_at_fault = spoiled(table, read, runs)
    away = elsewhere(table, runs)
    in_window = _in_window(window, slot_min)
    is_spoiled = is_at_fault | away.is_it
    in_rest = _rest_of_day(window, slot_min)[cell % n_slots]
    read = told_apart(read, runs, in_rest, nobodys_networks(table))
    filler = Filler(table, read, cell, is_spoiled, (evening.size, n_slots))
    keys = series_keys(read, runs)
    site_runs = [run for run in runs if not run.is_local]
    groups = [[r for r in site_runs if r.key == k.key] for k in keys]
    local_runs = [run for run in runs if run.is_local]
    return Grid(
        vantage=vantage,
        timezone=timezone,
        window=window,
        slot_min=slot_min,
        interval_s=step_s,
        evening=evening,
        keys=keys,
        counts={
            "spoiled_rows": int(is_at_fault.sum()),
            "duplicate_rows": table.n_duplicates,
            "impossible_values": read.n_impossible,
        },
        notes=(
            *(_notes(timezone) if is_stale else ()),
            *away_notes(away, evening[cell // n_slots], in_window[cell % n_slots]),
        ),
        load_bps=filler.local_means(local_runs, Probe.INTERFACE, "goodput_bps"),
        gateway=_log(filler.local_means(local_runs, Probe.GATEWAY, "connect_s")),
        sent=sent_rows(table, cell, ~is_spoiled, groups),
        **filler.all_series(groups),
    )


def _cells(
    table: Rows, timezone: str, window: Window, slot_min: int
) -> tuple[NDArray[np.int32], Ints, bool]:
    """Each row's cell, the evenings, and whether the zone data had to be corrected."""
    local_s, is_stale = local_seconds(table.time_us // 1_000_000, timezone)
    day, second = evening_of(local_s, window)
    del local_s
    evening, place = _compact(day)
    cell = place * (DAY_MIN // slot_min)
    cell += second // (slot_min * 60)
    return cell.astype(np.int32), evening, is_stale


def _slot_min(interval_s: float) -> int:
    fitting = [m for m in _SLOT_MINUTES if m * 60 >= 0.9 * interval_s]
    return fitting[0] if fitting else _SLOT_MINUTES[-1]


def _notes(timezone: str) -> tuple[Reason, ...]:
    return (
        Reason(
            "zone_data",
            "The installed time-zone data do not know the change of {zone} on 1 March "
            "2024; local times were corrected here. Please update the tzdata package.",
            {"zone": timezone},
        ),
    )


def _compact(day: Ints) -> tuple[Ints, Ints]:
    """The distinct evenings, rising, and each row's place among them."""
    first = int(day.min())
    if int(day.max()) - first < 10 * _MAX_EVENINGS:
        is_used = np.bincount(day - first) > 0
        place = np.cumsum(is_used) - 1
        evening = np.flatnonzero(is_used) + first
        result = evening, place[day - first]
    else:
        result = np.unique(day, return_inverse=True)
    if result[0].size > _MAX_EVENINGS:
        raise InputError(
            f"samples: found {result[0].size} evenings; allowed: {_MAX_EVENINGS}"
        )
    return result
