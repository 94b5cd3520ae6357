"""Checks of who answers, and of other ways to the same: addresses, names, twins."""

import numpy as np
from numpy.typing import NDArray

from monitor.analysis.case import Case
from monitor.analysis.checks import MUCH_LOG, is_of_transfer, made, times, unmade
from monitor.analysis.name_checks import check_of, odd_check
from monitor.analysis.suspicion import TELLING_LOG
from monitor.evening_rule import SLOW_LOG
from monitor.model import TWIN, MechanismCheck
from monitor.reason import Reason
from monitor.series.columns import METRICS
from monitor.series.evening_table import typical
from monitor.series.pairs import Pair
from monitor.series.rows import Bools, Floats

_LEAST_WITH_TWIN = 3
_TWIN_WELL_SHARE = 0.8


def destination(case: Case) -> MechanismCheck:
    """The name leads to the same places in the window as in the rest of the day."""
    table = case.look.home.table
    grid = table.grid
    address = grid.transfer.address if is_of_transfer(case) else grid.address
    codes = address[case.suspicion.series]
    if not (codes >= 0).any():
        return unmade(Reason("destination", "addresses were not recorded"))
    moved = _moved_share(codes, table.in_window, table.in_rest)
    on_slow = moved[case.slow & np.isfinite(moved)]
    if not on_slow.size:
        return unmade(
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
        return made(-1, figure)
    return made(0, figure)


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
    by_blocks = odd_check(case)
    if by_blocks is not None:
        return by_blocks
    table = case.look.home.table
    codes = table.grid.issuer[case.suspicion.series]
    if not (codes >= 0).any():
        return unmade(Reason("certificate", "certificates were not recorded"))
    moved = _moved_share(codes, table.in_window, table.in_rest)
    finite = moved[case.usable & np.isfinite(moved)]
    share = float(finite.mean()) if finite.size else 0.0
    figure = Reason(
        "certificate",
        "{share:.0%} of the evening's certificates from an issuer not seen by day",
        {"share": share},
    )
    return made(1 if share >= 0.3 else 0, figure)


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
    return made(-1 if is_more else 0, figure)


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
        return unmade(Reason("bypass", "measured directly only"))
    figure = Reason(
        "bypass",
        "directly {direct:factor}, by the other way {other:factor}",
        {"direct": times(direct), "other": times(min(rises))},
    )
    if min(rises) <= 0.4 * direct:
        return made(1, figure)
    return made(-1 if min(rises) >= 0.7 * direct else 0, figure)


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
        return unmade(Reason("name_swap", "no probes with another name"))
    with np.errstate(invalid="ignore"):
        ratio = table.window[case.suspicion.series, m] - table.window[swaps[0], m]
    ratio = ratio[case.slow & np.isfinite(ratio)]
    if ratio.size < 3:
        return unmade(Reason("name_swap", "too few evenings with another name"))
    height = typical(ratio)
    figure = Reason(
        "name_swap",
        "handshake {times:factor} under its own name, {n} evenings",
        {"times": times(height), "n": ratio.size},
    )
    if height >= MUCH_LOG and (ratio > 0).mean() >= 0.9:
        return made(1, figure)
    # A handshake that is quick under both names says nothing about transfers.
    return made(0, figure)


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
        return unmade(Reason("twin", "no twin host is measured"))
    compared = [_beside_twin(case, place) for place in twins]
    place, host, other = max(
        zip(twins, *zip(*compared, strict=True), strict=True), key=lambda c: c[1].size
    )
    if host.size < _LEAST_WITH_TWIN:
        return unmade(
            Reason("twin", "too few slow evenings on which its twin was measured")
        )
    is_well = other <= TELLING_LOG
    figure = Reason(
        "twin",
        "{host:names} {own:factor}, its twin {twin:names} {other:factor}; the twin was "
        "well on {well} of {n} slow evenings",
        {
            "host": (case.name,),
            "own": times(typical(host)),
            "twin": (grid.keys[place].target,),
            "other": times(typical(other)),
            "well": int(is_well.sum()),
            "n": host.size,
        },
    )
    if is_well.mean() >= _TWIN_WELL_SHARE:
        return made(1, figure)
    is_as_slow = np.median(other) >= max(SLOW_LOG, 0.7 * float(np.median(host)))
    return made(-1 if is_as_slow else 0, figure)


def _beside_twin(case: Case, place: int) -> tuple[Floats, Floats]:
    """Excess of the host and of its twin on evenings on which the host was slow.

    In the metric that is reported, or in the first telling one that both have.
    """
    excess, series = case.look.excess, case.suspicion.series
    best = (np.zeros(0), np.zeros(0))
    for metric in (case.metric, *case.suspicion.telling.tolist()):
        slow, beside = excess[series, metric], excess[place, metric]
        with np.errstate(invalid="ignore"):
            chosen = case.slow & (slow >= MUCH_LOG) & np.isfinite(beside)
        if int(chosen.sum()) > best[0].size:
            best = slow[chosen], beside[chosen]
        if best[0].size >= _LEAST_WITH_TWIN:
            break
    return best
