"""What the samples tell about the cause: a list of checks, each -1, 0 or +1.

+1 points to interference on the way, -1 away from it, 0 is unknown. Each says its
figure, and one that could not be made says why.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from monitor.analysis.case import Case
from monitor.analysis.fingerprint import Hold
from monitor.analysis.held import held
from monitor.analysis.name_checks import check_of, pair_checks
from monitor.analysis.patterns import LEVEL, are_in_step
from monitor.analysis.profile import EDGE_MIN, clock_of, edges_of
from monitor.analysis.suspicion import TELLING_LOG
from monitor.evening_rule import RATES, SLOW_LOG
from monitor.model import TWIN, MechanismCheck
from monitor.operators import operator_of
from monitor.reason import Reason, Value, measured
from monitor.series.columns import METRICS
from monitor.series.evening_table import medians, typical
from monitor.series.pairs import Pair
from monitor.series.rows import Bools, Floats

_MUCH_LOG = float(np.log(1.5))
_CONNECT = "connect_s"
_HELD = ("goodput_bps", "tls_handshake_s", "response_s", "duration_s")
_MORE_LOG = float(np.log(1.2))
_PLATEAU_LOG = float(np.log(1.2))
_LEAST_WITH_TWIN = 3
_TWIN_WELL_SHARE = 0.8
_LEAST_PRINTS = 6
_PRINT_SHARE = 0.6
_PRINT_EVENINGS = 3
_ONE_RATE_LOG = 0.1
"""Largest interquartile range of rates that are one; of losses by chance it is 0.25."""


def stage(case: Case) -> MechanismCheck:
    """Connecting is as quick as ever while what follows is slow."""
    connect = _connect(case)
    later = np.array([case.typical(m) for m in _HELD])
    if not np.isfinite(connect) or not np.isfinite(later).any():
        return _unknown(
            Reason("stage", "connect and a later stage were not both measured")
        )
    most = float(np.nanmax(later))
    figure = Reason(
        "stage",
        "connect {connect:factor}, slowest later stage {later:factor}",
        {"connect": _times(connect), "later": _times(most)},
    )
    if most >= _MUCH_LOG and connect <= TELLING_LOG:
        return _found(1, figure)
    if connect > TELLING_LOG and connect >= 0.7 * most:
        return _found(-1, figure)
    return _found(0, figure)


def _is_of_transfer(case: Case) -> bool:
    """Whether what was slow is the transfer, which has a connection of its own."""
    return METRICS[case.metric] in RATES


def _connect(case: Case) -> float:
    """Median excess of the connect time of the connection that was slow [log]."""
    if not _is_of_transfer(case):
        return case.typical(_CONNECT)
    look = case.look
    rise = look.home.table.transfer.connect_rise
    others = rise[look.contrast.controls]
    common = medians(others.T, 1) if others.size else np.zeros(rise.shape[1])
    beyond = rise[case.suspicion.series] - np.nan_to_num(common)
    height = typical(beyond[case.slow])
    return height if np.isfinite(height) else case.typical(_CONNECT)


def _round_trip(case: Case) -> tuple[str, float]:
    """The metric that shows round trips of the slow connection, and its excess."""
    smallest = "tcp_min_rtt_s"
    if not _is_of_transfer(case) and np.isfinite(case.typical(smallest)):
        return smallest, case.typical(smallest)
    return _CONNECT, _connect(case)


def plateau(case: Case) -> MechanismCheck:
    """Transfers all settle at one low rate, as behind a policer or shaper."""
    rate = METRICS.index("goodput_bps")
    table = case.look.home.table
    cells = table.grid.values[case.suspicion.series, rate][case.slow]
    values = -cells[:, table.in_window]
    values = values[np.isfinite(values)]
    if values.size < 12:
        return _unknown(Reason("plateau", "too few transfers in the window"))
    mode = _mode(values)
    share = float((np.abs(values - mode) <= _PLATEAU_LOG).mean())
    usual = -typical(table.rest[case.suspicion.series, rate][case.slow])
    spread = float(np.std(values))
    figure = Reason(
        "plateau",
        "{share:.0%} of the transfers within 20 % of {rate:.3g} Mbit/s, {day:.0%} of "
        "the day's rate, spread {spread:.2f}",
        {
            "share": share,
            "rate": float(np.exp(mode) / 1e6),
            "day": float(np.exp(mode - usual)),
            "spread": spread,
        },
    )
    if mode - usual > -_MUCH_LOG:
        return _found(0, figure)
    if share >= 0.6 and spread <= 0.3:
        return _found(1, figure)
    return _found(-1 if share < 0.25 else 0, figure)


def _mode(values: Floats) -> float:
    """Centre of the narrowest half of the values."""
    ordered = np.sort(values)
    half = max(2, ordered.size // 2)
    width = ordered[half - 1 :] - ordered[: ordered.size - half + 1]
    start = int(np.argmin(width))
    return float(np.median(ordered[start : start + half]))


def cut_off(case: Case) -> MechanismCheck:
    """Transfers break off after one small number of bytes."""
    table = case.look.home.table
    cells = table.grid.cut_bytes[case.suspicion.series][case.slow][:, table.in_window]
    values = cells[np.isfinite(cells)]
    tried = (
        (table.grid.n_rows[case.suspicion.series][case.slow][:, table.in_window]) > 0
    )
    if values.size < 6 or values.size < 0.3 * tried.sum():
        few = Reason("cut_off", "{n} transfers broke off", {"n": values.size})
        return _unknown(few)
    middle = float(np.median(values))
    share = float((np.abs(values - middle) <= 0.35 * middle).mean())
    figure = Reason(
        "cut_off",
        "{n} transfers broke off, {share:.0%} near {size:.3g} kB",
        {"n": values.size, "share": share, "size": middle / 1e3},
    )
    is_cut = share >= 0.6 and middle <= 64e3
    return _found(1 if is_cut else 0, figure)


def edges(case: Case) -> MechanismCheck:
    """The slowness begins and ends within minutes, as if switched."""
    table = case.look.home.table
    if case.window is None:
        return _unknown(Reason("edges", "no window stands out"))
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
        return _found(0, coarse)
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
    return _found(ends.score, figure)


def synchrony(case: Case, others: list[Case]) -> MechanismCheck:
    """Targets of other operators are slow in the same window on the same evenings."""
    operator = operator_of(case.name)
    peers = [o for o in others if o.is_established and operator_of(o.name) != operator]
    if not peers or case.window is None:
        return _unknown(Reason("synchrony", "no other target is slow"))
    agreeing = [o for o in peers if _in_step(case, o)]
    if not agreeing:
        apart = Reason("synchrony", "other targets are slow at other times")
        return _found(0, apart)
    level = LEVEL / len(peers)
    shown = [o for o in agreeing if _are_shown_in_step(case, o, level)]
    names = tuple(sorted(o.name for o in shown or agreeing))
    if shown:
        figure = Reason("synchrony", "in step with {names:names}", {"names": names})
        return _found(1, figure)
    figure = Reason(
        "synchrony",
        "at the same hours as {names:names}; the evenings alone do not tell",
        {"names": names},
    )
    return _found(1, figure)


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
        return _unknown(Reason("round_trip", "no round trips beside the slow metric"))
    figure = Reason(
        "round_trip",
        "{metric:metric} {times:factor} on slow evenings",
        {"metric": metric, "times": _times(height)},
    )
    if height <= np.log(1.1):
        return _found(1, figure)
    return _found(-1 if height >= SLOW_LOG else 0, figure)


def load_response(case: Case) -> MechanismCheck:
    """The excess does not grow with the common congestion."""
    common = case.look.contrast.common[case.metric][case.usable]
    excess = case.excess[case.usable]
    is_finite = np.isfinite(common) & np.isfinite(excess)
    if is_finite.sum() < 10 or float(np.std(common[is_finite])) < 0.05:
        still = Reason("load_response", "the controls hardly moved or too few evenings")
        return _unknown(still)
    rho = _rank_correlation(common[is_finite], excess[is_finite])
    figure = Reason(
        "load_response",
        "rank correlation {rho:.2f} with the controls' own rise",
        {"rho": rho},
    )
    return _found(-1 if rho > 0.5 else 0, figure)


def _rank_correlation(first: Floats, second: Floats) -> float:
    a, b = (np.argsort(np.argsort(x, kind="stable")) for x in (first, second))
    return float(np.corrcoef(a, b)[0, 1])


def destination(case: Case) -> MechanismCheck:
    """The name leads to the same places in the window as in the rest of the day."""
    table = case.look.home.table
    grid = table.grid
    address = grid.transfer.address if _is_of_transfer(case) else grid.address
    codes = address[case.suspicion.series]
    if not (codes >= 0).any():
        return _unknown(Reason("destination", "addresses were not recorded"))
    moved = _moved_share(codes, table.in_window, table.in_rest)
    on_slow = moved[case.slow & np.isfinite(moved)]
    if not on_slow.size:
        return _unknown(
            Reason("destination", "addresses were not recorded on slow evenings"),
        )
    calm = moved[case.usable & ~case.slow & np.isfinite(moved)]
    usual = typical(on_slow)
    figure = Reason(
        "destination",
        "{share:.0%} of the evening's answers from addresses not used by day",
        {"share": usual},
    )
    is_usual = calm.size >= 3 and typical(calm) > 0.5 * usual
    if usual >= 0.5 and not is_usual:
        return _found(-1, figure)
    return _found(0, figure)


def _moved_share(
    codes: NDArray[np.signedinteger], inside: Bools, rest: Bools
) -> Floats:
    """Share of the window's cells with an address not seen in that day's rest."""
    out = np.full(codes.shape[0], np.nan)
    for day in range(codes.shape[0]):
        window = codes[day][inside]
        window = window[window >= 0]
        if window.size:
            by_day = codes[day][rest]
            out[day] = float((~np.isin(window, by_day[by_day >= 0])).mean())
    return out


def certificate(case: Case) -> MechanismCheck:
    """Another issuer signs the certificate in the window: somebody is in between."""
    table = case.look.home.table
    codes = table.grid.issuer[case.suspicion.series]
    if not (codes >= 0).any():
        return _unknown(Reason("certificate", "certificates were not recorded"))
    moved = _moved_share(codes, table.in_window, table.in_rest)
    finite = moved[case.usable & np.isfinite(moved)]
    share = float(finite.mean()) if finite.size else 0.0
    figure = Reason(
        "certificate",
        "{share:.0%} of the evening's certificates from an issuer not seen by day",
        {"share": share},
    )
    return _found(1 if share >= 0.3 else 0, figure)


def server(case: Case) -> MechanismCheck:
    """The answer waits longer than handshake and transfer: the server is busy."""
    if _is_of_transfer(case):
        return _unknown(
            Reason(
                "server",
                "the slow transfer and the page's waiting are of two connections",
            )
        )
    waiting = case.typical("waiting_s")
    carried = np.array([case.typical(m) for m in ("tls_handshake_s", "goodput_bps")])
    if not np.isfinite(waiting) or not np.isfinite(carried).any():
        return _unknown(Reason("server", "waiting and transfer were not both measured"))
    most = float(np.nanmax(carried))
    figure = Reason(
        "server",
        "waiting {waiting:factor}, handshake and transfer at most {most:factor}",
        {"waiting": _times(waiting), "most": _times(most)},
    )
    is_more = waiting - most >= max(_MORE_LOG, 0.3 * waiting)
    if waiting >= SLOW_LOG and (most <= TELLING_LOG or is_more):
        return _found(-1, figure)
    return _found(0, figure)


def refusals(case: Case) -> MechanismCheck:
    """The service answers with error statuses in the window."""
    table = case.look.home.table
    chosen = case.slow | case.refused
    refused = table.grid.refused[case.suspicion.series][chosen]
    rows = table.grid.n_rows[case.suspicion.series][chosen]
    window = refused[:, table.in_window].sum()
    rest = refused[:, table.in_rest].sum()
    n_window = max(1, rows[:, table.in_window].sum())
    n_rest = max(1, rows[:, table.in_rest].sum())
    figure = Reason(
        "refusals",
        "{window:.0%} error statuses in the window, {rest:.0%} in the rest of the day",
        {"window": float(window / n_window), "rest": float(rest / n_rest)},
    )
    is_more = window / n_window >= 0.3 and window / n_window > 3 * rest / n_rest
    return _found(-1 if is_more else 0, figure)


def bypass(case: Case) -> MechanismCheck:
    """The slowness is gone, or is not, by another way in the same minutes."""
    by_pairs = check_of(case, Pair.WAY)
    if by_pairs is not None:
        return by_pairs
    table = case.look.home.table
    ways = [
        i
        for i, key in enumerate(table.grid.keys)
        if key.target == case.name and key.path != "direct" and not key.is_swap
    ]
    rises = [typical(table.rise[i, case.metric][case.slow]) for i in ways]
    rises = [r for r in rises if np.isfinite(r)]
    direct = typical(table.rise[case.suspicion.series, case.metric][case.slow])
    if not rises:
        return _unknown(Reason("bypass", "measured directly only"))
    figure = Reason(
        "bypass",
        "directly {direct:factor}, by the other way {other:factor}",
        {"direct": _times(direct), "other": _times(min(rises))},
    )
    if min(rises) <= 0.4 * direct:
        return _found(1, figure)
    return _found(-1 if min(rises) >= 0.7 * direct else 0, figure)


def name_swap(case: Case) -> MechanismCheck:
    """The same address is quick under another server name: the name is what counts."""
    by_pairs = check_of(case, Pair.NAME_SWAP)
    if by_pairs is not None:
        return by_pairs
    table = case.look.home.table
    m = METRICS.index("tls_handshake_s")
    swaps = [
        i
        for i, key in enumerate(table.grid.keys)
        if key.target == case.name and key.is_swap
    ]
    if not swaps:
        return _unknown(Reason("name_swap", "no probes with another name"))
    with np.errstate(invalid="ignore"):
        ratio = table.window[case.suspicion.series, m] - table.window[swaps[0], m]
    ratio = ratio[case.slow & np.isfinite(ratio)]
    if ratio.size < 3:
        return _unknown(Reason("name_swap", "too few evenings with another name"))
    height = typical(ratio)
    figure = Reason(
        "name_swap",
        "handshake {times:factor} under its own name, {n} evenings",
        {"times": _times(height), "n": ratio.size},
    )
    if height >= _MUCH_LOG and (ratio > 0).mean() >= 0.9:
        return _found(1, figure)
    # A handshake that is quick under both names says nothing about transfers.
    return _found(0, figure)


def twin(case: Case) -> MechanismCheck:
    """Another name at the service's own servers stays quick: the name is what counts.

    Whatever its servers, its network or the way to it do meets the twin as well.
    """
    grid = case.look.home.table.grid
    twins = [
        place
        for place, key in enumerate(grid.keys)
        if key.role == TWIN and key.is_direct and key.service == case.key.service
    ]
    if not twins:
        return _unknown(Reason("twin", "no twin host is measured"))
    compared = [_beside_twin(case, place) for place in twins]
    place, host, other = max(
        zip(twins, *zip(*compared, strict=True), strict=True), key=lambda c: c[1].size
    )
    if host.size < _LEAST_WITH_TWIN:
        return _unknown(
            Reason("twin", "too few slow evenings on which its twin was measured")
        )
    is_well = other <= TELLING_LOG
    figure = Reason(
        "twin",
        "{host:names} {own:factor}, its twin {twin:names} {other:factor}; the twin was "
        "well on {well} of {n} slow evenings",
        {
            "host": (case.name,),
            "own": _times(typical(host)),
            "twin": (grid.keys[place].target,),
            "other": _times(typical(other)),
            "well": int(is_well.sum()),
            "n": host.size,
        },
    )
    if is_well.mean() >= _TWIN_WELL_SHARE:
        return _found(1, figure)
    is_as_slow = np.median(other) >= max(SLOW_LOG, 0.7 * float(np.median(host)))
    return _found(-1 if is_as_slow else 0, figure)


def _beside_twin(case: Case, place: int) -> tuple[Floats, Floats]:
    """Excess of the host and of its twin on evenings on which the host was slow.

    In the metric that is reported, or in the first telling one that both have.
    """
    excess, series = case.look.excess, case.suspicion.series
    best = (np.zeros(0), np.zeros(0))
    for metric in (case.metric, *case.suspicion.telling.tolist()):
        slow, beside = excess[series, metric], excess[place, metric]
        with np.errstate(invalid="ignore"):
            chosen = case.slow & (slow >= _MUCH_LOG) & np.isfinite(beside)
        if int(chosen.sum()) > best[0].size:
            best = slow[chosen], beside[chosen]
        if best[0].size >= _LEAST_WITH_TWIN:
            break
    return best


def fingerprint(case: Case) -> MechanismCheck:
    """The slow transfers have the shape of a policer, a shaper, or of a server."""
    transfers = case.look.home.table.grid.transfers
    if transfers is None or not transfers.has_curves:
        return _unknown(Reason("fingerprint", "the curves of transfers were not kept"))
    common = held(case, transfers)
    if common is None or common.n_slow < _LEAST_PRINTS:
        return _unknown(Reason("fingerprint", "too few slow transfers with a curve"))
    values: dict[str, Value] = {
        "share": common.share,
        "n": common.n_slow,
        "rate": measured(common.rate_bps / 1e3, 0),
        "burst": measured(common.burst_bytes / 1e3, 0),
        "evenings": common.n_evenings,
    }
    is_most = common.share >= _PRINT_SHARE and common.n_evenings >= _PRINT_EVENINGS
    has_one_rate = common.rate_spread_log <= _ONE_RATE_LOG
    if is_most and has_one_rate and common.hold is Hold.POLICED:
        figure = Reason(
            "fingerprint",
            "{share:.0%} of {n} slow transfers were cut down to one rate by dropping: "
            "{rate:.0f} kbit/s, bursts of {burst:.0f} kB, {evenings} evenings",
            values,
        )
        return _found(1, figure)
    if is_most and has_one_rate and common.hold is Hold.SHAPED:
        figure = Reason(
            "fingerprint",
            "{share:.0%} of {n} slow transfers were held to one rate by a queue of "
            "their own: {rate:.0f} kbit/s, {evenings} evenings",
            values,
        )
        return _found(1, figure)
    if is_most and common.hold is Hold.SERVER:
        figure = Reason(
            "fingerprint",
            "{share:.0%} of {n} slow transfers met neither losses nor a queue: the "
            "server sent no faster, {rate:.0f} kbit/s, {evenings} evenings",
            values,
        )
        return _found(-1 if common.are_controls_well else 0, figure)
    mixed = Reason(
        "fingerprint", "{n} slow transfers have no one shape and rate", values
    )
    return _found(0, mixed)


def _times(log_ratio: float) -> float | None:
    return measured(np.exp(log_ratio), 2)


def _found(score: int, figure: Reason) -> MechanismCheck:
    return MechanismCheck(check=figure.rule, score=score, detail=figure)


def _unknown(why: Reason) -> MechanismCheck:
    return MechanismCheck(check=why.rule, score=0, detail=why, is_made=False)


_CHECKS: tuple[Callable[[Case], MechanismCheck], ...] = (
    stage,
    plateau,
    cut_off,
    edges,
    round_trip,
    load_response,
    destination,
    certificate,
    server,
    refusals,
    bypass,
    name_swap,
    twin,
    fingerprint,
)


def mechanism(case: Case, others: list[Case]) -> tuple[MechanismCheck, ...]:
    """Every check of one established target."""
    return (
        *(check(case) for check in _CHECKS),
        *pair_checks(case),
        synchrony(case, others),
    )
