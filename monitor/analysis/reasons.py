"""The reasons that come with a verdict: why, what limits it, what was set aside."""

from collections.abc import Iterator

import numpy as np

from monitor.analysis.case import Case
from monitor.analysis.name_checks import told_pairs
from monitor.analysis.owner import OWN_ROUTER
from monitor.analysis.patterns import kept_weekdays
from monitor.analysis.profile import EDGE_MIN, FoundWindow, clock_of
from monitor.analysis.rules import MIN_CONTROLS_FOR_TARGETED
from monitor.analysis.ruling import Ruling
from monitor.evening_rule import mostly_dead, mostly_failed
from monitor.near import NEAREST
from monitor.reason import Reason, measured
from monitor.series import EveningTable
from monitor.series.columns import METRICS
from monitor.series.evening_table import typical
from monitor.series.pairs import Pair
from monitor.service_verdicts import no_transfer
from monitor.verdict_table import row_of

_CONNECT, _RATE = METRICS.index("connect_s"), METRICS.index("goodput_bps")
_NEARER_LOG = float(np.log(NEAREST))
_WORTH_NAMING_LOG = float(np.log(1.25))


def reasons(case: Case, ruling: Ruling) -> tuple[Reason, ...]:
    """Why this verdict, what limits it, and what was set aside."""
    return (
        ruling.reason,
        *_size(case),
        *_of_slow(case),
        *_groups(case),
        *told_pairs(case, ruling.reason.rule),
        *_router(ruling),
        *_near(case),
        *_season(case),
        *_weekdays(case),
        *_controls(case),
        *_whole_day(case),
        *_no_transfer(case),
        *_window(case),
        *_aside(case),
        *case.look.home.table.grid.notes,
    )


def _size(case: Case) -> Iterator[Reason]:
    if not case.is_established or case.effect is None or not case.n_slow:
        return
    values = case.excess[case.slow & ~case.suspicion.is_dead]
    values = values[np.isfinite(values)]
    if not values.size:
        return
    yield Reason(
        "size",
        "On slow evenings it typically takes {times:.1f} times as long.",
        {"times": measured(np.exp(np.median(values)), 1)},
    )


def _of_slow(case: Case) -> Iterator[Reason]:
    if case.is_established and case.is_of_slow and case.effect is not None:
        yield Reason(
            "size_of_slow",
            "The size is that of the evenings on which it was slow; over all evenings "
            "it cannot be told from none.",
        )


def _groups(case: Case) -> Iterator[Reason]:
    groups = case.look.split
    if groups is None:
        return
    keys = case.look.home.table.grid.keys
    quick, held = (
        tuple(keys[place].target for place in places)
        for places in (groups.quick, groups.held)
    )
    yield Reason(
        "groups",
        "The sites fall into two groups: {held:names} were slowed in the window, too; "
        "{quick:names} stayed as they are and are what it is held against.",
        {"held": held, "quick": quick},
    )


def _router(ruling: Ruling) -> Iterator[Reason]:
    """Who else at home could do the same, and how to exclude it."""
    if row_of(ruling.verdict).is_accusing:
        yield Reason(
            OWN_ROUTER,
            "This home's own router, or a filter on it, could do the same; to exclude "
            "it, measure with another device at the provider's own socket, at a "
            "neighbour's, or through a tunnel.",
        )


def _near(case: Case) -> Iterator[Reason]:
    """An answer that came from nearer than the home's own gateway."""
    table = case.look.home.table
    level = table.rest[case.suspicion.series, _CONNECT][case.look.evenings]
    connect = typical(level)
    is_nearer = connect < table.gateway_log + _NEARER_LOG
    if not is_nearer:  # Nor where either was not measured.
        return
    yield Reason(
        "near",
        "It is connected to in {connect:.2f} ms, less than a round trip to this home's "
        "own gateway ({gateway:.2f} ms): something near answers for it.",
        {
            "connect": measured(1e3 * np.exp(connect), 2),
            "gateway": measured(1e3 * np.exp(table.gateway_log), 2),
        },
    )


def _season(case: Case) -> Iterator[Reason]:
    dates = case.look.home.table.dates()
    if case.onset is not None:
        day = dates[case.onset].isoformat()
        yield Reason("season", "It began on {day:date}.", {"day": day})
    if case.offset is not None:
        day = dates[case.offset].isoformat()
        yield Reason("season", "It ended after {day:date}.", {"day": day})


def _weekdays(case: Case) -> Iterator[Reason]:
    """Names the weekdays when slow evenings keep to some of them."""
    evenings = case.usable & case.in_season
    weekday = (case.look.home.table.grid.evening + 3) % 7
    kept = kept_weekdays(weekday[evenings], case.slow[evenings])
    if kept:
        yield Reason(
            "weekdays",
            "Slow evenings keep to {weekdays:weekdays}.",
            {"weekdays": kept},
        )


def _controls(case: Case) -> Iterator[Reason]:
    look = case.look
    if look.gone:
        names = tuple(look.home.table.grid.keys[g].target for g in look.gone)
        yield Reason(
            "controls",
            "Left out of the controls, being slow or dead themselves: {names:names}.",
            {"names": names},
        )
    if case.n_controls == 0 and (case.n_usable or not look.contrast.controls.size):
        yield Reason("controls", "There is no live control.")
    elif 0 < case.n_controls < MIN_CONTROLS_FOR_TARGETED:
        yield Reason(
            "controls",
            "Only {controls} live control(s); to name interference at least {needed} "
            "are needed.",
            {"controls": case.n_controls, "needed": MIN_CONTROLS_FOR_TARGETED},
        )


def _whole_day(case: Case) -> Iterator[Reason]:
    if not mostly_dead(case.n_dead, case.n_usable):
        return
    share = case.look.home.table.dead_in_rest[case.suspicion.series]
    share = share[case.suspicion.is_dead]
    share = share[np.isfinite(share)]
    if share.size and mostly_failed(float(np.median(share))):
        yield Reason(
            "dead_all_day",
            "It does not answer in the rest of the day either; from one line, a "
            "service that is down for everybody looks the same.",
        )


def _no_transfer(case: Case) -> Iterator[Reason]:
    """What handshakes and short answers cannot show, and blocks of names could."""
    table, series = case.look.home.table, case.suspicion.series
    rates = table.grid.values[series, _RATE, case.look.evenings]
    is_shown = case.is_established or case.is_lossy
    if is_shown or not case.n_usable or np.isfinite(rates).any():
        return
    if not case.look.pairs(case.name, Pair.NAME_AWAY):
        yield no_transfer((case.name,))


def _window(case: Case) -> Iterator[Reason]:
    if case.window is None or not case.is_established:
        yield from _elsewhere(case)
        return
    table = case.look.home.table
    start, end = clock_of(table, case.window)
    asked = table.grid.window.text
    if (start, end) != asked:
        yield Reason(
            "window",
            "The samples show the slowness from {start} to {end}; asked was "
            "{asked_start}-{asked_end}.",
            {
                "start": start,
                "end": end,
                "asked_start": asked[0],
                "asked_end": asked[1],
            },
        )


def _elsewhere(case: Case) -> Iterator[Reason]:
    """A slow stretch of the day that nothing was established about."""
    window, level_log = case.window, case.window_log
    if window is None or not level_log >= _WORTH_NAMING_LOG:
        return
    table = case.look.home.table
    if _is_the_asked(table, window):
        return
    start, end = clock_of(table, window)
    yield Reason(
        "another_window",
        "Not established, but worth a look with another window: from {start} to {end} "
        "it typically takes {times:.1f} times as long.",
        {"start": start, "end": end, "times": measured(np.exp(level_log), 1)},
    )


def _is_the_asked(table: EveningTable, window: FoundWindow) -> bool:
    """Whether a window is the one that was asked for, but for edges that jitter."""
    inside = np.flatnonzero(table.in_window)
    off = (window.start_slot - inside[0], window.end_slot - 1 - inside[-1])
    return bool(max(map(abs, off)) * table.grid.slot_min <= EDGE_MIN)


def _aside(case: Case) -> Iterator[Reason]:
    parts = tuple(part for part in _set_aside(case) if part.values["n"])
    if parts:
        yield Reason("set_aside", "Set aside: {parts:reasons}.", {"parts": parts})


def _set_aside(case: Case) -> Iterator[Reason]:
    table = case.look.home.table
    counts = table.grid.counts
    yield Reason(
        "set_aside",
        "{n} rounds in outages",
        {"n": int(table.n_outage_slots[case.look.evenings].sum())},
    )
    yield Reason(
        "set_aside",
        "{n} evenings under the household's own load",
        {"n": int((table.load_share[case.look.evenings] >= 0.5).sum())},
    )
    yield Reason(
        "set_aside",
        "{n} samples of rounds in which this machine or its line was at fault",
        {"n": counts.get("spoiled_rows", 0)},
    )
    yield Reason(
        "set_aside",
        "{n} impossible values",
        {"n": counts.get("impossible_values", 0)},
    )
