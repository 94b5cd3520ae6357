"""Checks of when and where it is slow: stages, edges, other targets, the load."""

import numpy as np

from monitor.analysis.busyhour import rank_correlation
from monitor.analysis.case import Case
from monitor.analysis.checks import (
    CONNECT,
    MUCH_LOG,
    connect_log,
    is_of_transfer,
    made,
    times,
    unmade,
)
from monitor.analysis.patterns import LEVEL, are_in_step
from monitor.analysis.profile import EDGE_MIN, clock_of, edges_of
from monitor.analysis.suspicion import TELLING_LOG
from monitor.analysis.voices import is_one_voice
from monitor.evening_rule import SLOW_LOG
from monitor.model import MechanismCheck
from monitor.reason import Reason, Value, measured
from monitor.series.columns import METRICS

_HELD = ("goodput_bps", "tls_handshake_s", "response_s", "duration_s")
_MORE_LOG = float(np.log(1.2))


def stage(case: Case) -> MechanismCheck:
    """Connecting is as quick as ever while what follows is slow."""
    connect = connect_log(case)
    later = np.array([case.typical(m) for m in _HELD])
    if not np.isfinite(connect) or not np.isfinite(later).any():
        return unmade(
            Reason("stage", "connect and a later stage were not both measured")
        )
    most = float(np.nanmax(later))
    figure = Reason(
        "stage",
        "connect {connect:factor}, slowest later stage {later:factor}",
        {"connect": times(connect), "later": times(most)},
    )
    if most >= MUCH_LOG and connect <= TELLING_LOG:
        return made(1, figure)
    if connect > TELLING_LOG and connect >= 0.7 * most:
        return made(-1, figure)
    return made(0, figure)


def _round_trip(case: Case) -> tuple[str, float]:
    """The metric that shows round trips of the slow connection, and its excess."""
    smallest = "tcp_min_rtt_s"
    if not is_of_transfer(case) and np.isfinite(case.typical(smallest)):
        return smallest, case.typical(smallest)
    return CONNECT, connect_log(case)


def edges(case: Case) -> MechanismCheck:
    """The slowness begins and ends within minutes, as if switched."""
    table = case.look.home.table
    if case.window is None:
        return unmade(Reason("edges", "no window stands out"))
    start, end = clock_of(table, case.window)
    span: dict[str, Value] = {"start": start, "end": end}
    slot_min = table.grid.slot_min
    if slot_min > EDGE_MIN:
        coarse = Reason(
            "edges",
            "{start}-{end}: rounds every {every_min} min are too far apart to see "
            "edges",
            {**span, "every_min": slot_min},
        )
        return made(0, coarse)
    ends = edges_of(case.shape, case.window, slot_min)
    shares: dict[str, Value] = {
        name: measured(getattr(ends, name))
        for name in ("before", "after", "first", "last")
    }
    figure = Reason(
        "edges",
        "{start}-{end}: just outside the window {before:.0%} and {after:.0%} of the "
        "level inside, just inside {first:.0%} and {last:.0%}",
        span | shares,
    )
    return made(ends.score, figure)


def synchrony(case: Case, others: list[Case]) -> MechanismCheck:
    """Targets of other operators are slow in the same window on the same evenings."""
    peers = [o for o in others if o.is_established and not is_one_voice(case, o)]
    if not peers or case.window is None:
        return unmade(Reason("synchrony", "no other target is slow"))
    agreeing = [o for o in peers if _in_step(case, o)]
    if not agreeing:
        apart = Reason("synchrony", "other targets are slow at other times")
        return made(0, apart)
    level = LEVEL / len(peers)
    shown = [o for o in agreeing if _are_shown_in_step(case, o, level)]
    names = tuple(sorted(o.name for o in shown or agreeing))
    if shown:
        figure = Reason("synchrony", "in step with {names:names}", {"names": names})
        return made(1, figure)
    figure = Reason(
        "synchrony",
        "at the same hours as {names:names}; the evenings alone do not tell",
        {"names": names},
    )
    return made(1, figure)


def _are_shown_in_step(case: Case, other: Case, level: float) -> bool:
    both = case.usable & other.usable & case.in_season & other.in_season
    return are_in_step(case.slow[both], other.slow[both], level)


def _in_step(case: Case, other: Case) -> bool:
    if case.window is None or other.window is None:
        return False
    slot_min = case.look.home.table.grid.slot_min
    apart = max(
        abs(case.window.start_slot - other.window.start_slot),
        abs(case.window.end_slot - other.window.end_slot),
    )
    both = case.usable & other.usable
    agree = float((case.slow == other.slow)[both].mean()) if both.any() else 0.0
    return apart * slot_min <= 15 and agree >= 0.8


def round_trip(case: Case) -> MechanismCheck:
    """Round trips stay flat: nothing queues on the way."""
    metric, height = _round_trip(case)
    if not np.isfinite(height) or METRICS[case.metric] == metric:
        return unmade(Reason("round_trip", "no round trips beside the slow metric"))
    figure = Reason(
        "round_trip",
        "{metric:metric} {times:factor} on slow evenings",
        {"metric": metric, "times": times(height)},
    )
    if height <= np.log(1.1):
        return made(1, figure)
    return made(-1 if height >= SLOW_LOG else 0, figure)


def load_response(case: Case) -> MechanismCheck:
    """The excess does not grow with the common congestion."""
    common = case.look.contrast.common[case.metric][case.usable]
    excess = case.excess[case.usable]
    is_finite = np.isfinite(common) & np.isfinite(excess)
    if is_finite.sum() < 10 or float(np.std(common[is_finite])) < 0.05:
        still = Reason("load_response", "the controls hardly moved or too few evenings")
        return unmade(still)
    rho = rank_correlation(common[is_finite], excess[is_finite])
    figure = Reason(
        "load_response",
        "rank correlation {rho:.2f} with the controls' own rise",
        {"rho": rho},
    )
    return made(-1 if rho > 0.5 else 0, figure)


def server(case: Case) -> MechanismCheck:
    """The answer waits longer than handshake and transfer: the server is busy."""
    if is_of_transfer(case):
        return unmade(
            Reason(
                "server",
                "the slow transfer and the page's waiting are of two connections",
            )
        )
    waiting = case.typical("waiting_s")
    carried = np.array([case.typical(m) for m in ("tls_handshake_s", "goodput_bps")])
    if not np.isfinite(waiting) or not np.isfinite(carried).any():
        return unmade(Reason("server", "waiting and transfer were not both measured"))
    most = float(np.nanmax(carried))
    figure = Reason(
        "server",
        "waiting {waiting:factor}, handshake and transfer at most {most:factor}",
        {"waiting": times(waiting), "most": times(most)},
    )
    is_more = waiting - most >= max(_MORE_LOG, 0.3 * waiting)
    if waiting >= SLOW_LOG and (most <= TELLING_LOG or is_more):
        return made(-1, figure)
    return made(0, figure)
