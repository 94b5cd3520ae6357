"""The sentences that come with a verdict, for a reader who is no statistician."""

import numpy as np

from monitor.analysis.case import Case
from monitor.analysis.profile import EDGE_MIN, FoundWindow, clock_of
from monitor.analysis.rules import MIN_CONTROLS_FOR_TARGETED, Ruling
from monitor.evening_rule import mostly_dead, mostly_failed
from monitor.series import EveningTable

_WORTH_NAMING_LOG = float(np.log(1.25))


def reasons(one: Case, ruling: Ruling) -> tuple[str, ...]:
    """Why this verdict, what limits it, and what was set aside."""
    parts = [
        ruling.reason,
        _size(one),
        _season(one),
        _weekdays(one),
        _controls(one),
        _whole_day(one),
        _window(one),
        _aside(one),
        *one.look.home.table.grid.notes,
    ]
    return tuple(part for part in parts if part)


def _size(one: Case) -> str:
    if not one.is_established or one.effect is None or not one.n_slow:
        return ""
    values = one.excess[one.slow & ~one.suspicion.is_dead]
    values = values[np.isfinite(values)]
    if not values.size:
        return ""
    times = f"{np.exp(np.median(values)):.1f} times"
    return f"On slow evenings it typically takes {times} as long."


def _season(one: Case) -> str:
    dates = one.look.home.table.dates()
    begin = "" if one.onset is None else f"It began on {dates[one.onset]}."
    end = "" if one.offset is None else f"It ended after {dates[one.offset]}."
    return f"{begin} {end}".strip()


def _weekdays(one: Case) -> str:
    """Names the weekdays when slow evenings keep to some of them."""
    if one.n_slow < 4 or one.n_slow == one.n_usable:
        return ""
    days = (one.look.home.table.grid.evening + 3) % 7
    counts = np.bincount(days[one.slow], minlength=7)
    tried = np.bincount(days[one.usable], minlength=7)
    often = np.flatnonzero((tried >= 2) & (counts >= 0.7 * tried))
    if not often.size or often.size > 5 or counts[often].sum() < 0.8 * one.n_slow:
        return ""
    names = (
        "Monday",
        "Tuesday",
        "Wednesday",
        "Thursday",
        "Friday",
        "Saturday",
        "Sunday",
    )
    return f"Slow evenings keep to {', '.join(names[i] for i in often)}."


def _controls(one: Case) -> str:
    seen = one.look
    parts = []
    if seen.gone:
        names = ", ".join(seen.home.table.grid.keys[g].target for g in seen.gone)
        parts.append(
            f"Left out of the controls, being slow or dead themselves: {names}."
        )
    if one.n_controls == 0 and (one.n_usable or not seen.found.controls.size):
        parts.append("There is no live control.")
    elif 0 < one.n_controls < MIN_CONTROLS_FOR_TARGETED:
        parts.append(
            f"Only {one.n_controls} live control(s); to name interference at least "
            f"{MIN_CONTROLS_FOR_TARGETED} are needed."
        )
    return " ".join(parts)


def _whole_day(one: Case) -> str:
    if not mostly_dead(one.n_dead, one.n_usable):
        return ""
    share = one.look.home.table.dead_in_rest[one.suspicion.series]
    share = share[one.suspicion.is_dead]
    share = share[np.isfinite(share)]
    if not share.size or not mostly_failed(float(np.median(share))):
        return ""
    return (
        "It does not answer in the rest of the day either; from one line, a service "
        "that is down for everybody looks the same."
    )


def _window(one: Case) -> str:
    if one.window is None or not one.is_established:
        return _elsewhere(one)
    table = one.look.home.table
    start, end = clock_of(table, one.window)
    asked = table.grid.window.text
    if (start, end) == asked:
        return ""
    return (
        f"The samples show the slowness from {start} to {end}; asked was "
        f"{'-'.join(asked)}."
    )


def _elsewhere(one: Case) -> str:
    """A slow stretch of the day that nothing was established about."""
    found, level_log = one.window, one.window_log
    if found is None or not level_log >= _WORTH_NAMING_LOG:
        return ""
    table = one.look.home.table
    if _is_the_asked(table, found):
        return ""
    start, end = clock_of(table, found)
    return (
        f"Not established, but worth a look with another window: from {start} to {end} "
        f"it typically takes {np.exp(level_log):.1f} times as long."
    )


def _is_the_asked(table: EveningTable, found: FoundWindow) -> bool:
    """Whether a window is the one that was asked for, but for edges that jitter."""
    inside = np.flatnonzero(table.in_window)
    off = (found.start_slot - inside[0], found.end_slot - 1 - inside[-1])
    return bool(max(map(abs, off)) * table.grid.slot_min <= EDGE_MIN)


def _aside(one: Case) -> str:
    table = one.look.home.table
    n_slots = int(table.n_outage_slots[one.look.evenings].sum())
    n_loaded = int((table.load_share[one.look.evenings] >= 0.5).sum())
    counts = table.grid.counts
    parts = [
        f"{n_slots} rounds in outages" if n_slots else "",
        f"{n_loaded} evenings under the household's own load" if n_loaded else "",
        f"{counts['spoiled_rows']} samples of rounds in which this machine or its line "
        "was at fault"
        if counts.get("spoiled_rows")
        else "",
        f"{counts['impossible_values']} impossible values"
        if counts.get("impossible_values")
        else "",
    ]
    kept = [part for part in parts if part]
    return f"Set aside: {'; '.join(kept)}." if kept else ""
