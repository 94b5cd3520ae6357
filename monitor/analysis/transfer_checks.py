"""Checks of the transfers themselves: rate, end, shape, and what was sent again."""

import numpy as np

from monitor.analysis.case import Case
from monitor.analysis.checks import MUCH_LOG, made, unmade
from monitor.analysis.fingerprint import Hold
from monitor.analysis.held import held
from monitor.model import MechanismCheck
from monitor.reason import Reason, Value, measured
from monitor.series.columns import METRICS
from monitor.series.evening_table import typical
from monitor.series.rows import Floats

_PLATEAU_LOG = float(np.log(1.2))
_LEAST_PRINTS = 6
_PRINT_SHARE = 0.6
_PRINT_EVENINGS = 3
_ONE_RATE_LOG = 0.1
"""Largest interquartile range of rates that are one; of losses by chance it is 0.25."""


def plateau(case: Case) -> MechanismCheck:
    """Transfers all settle at one low rate, as behind a policer or shaper."""
    rate = METRICS.index("goodput_bps")
    table = case.look.home.table
    cells = table.grid.values[case.suspicion.series, rate][case.slow]
    values = -cells[:, table.in_window]
    values = values[np.isfinite(values)]
    if values.size < 12:
        return unmade(Reason("plateau", "too few transfers in the window"))
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
    if mode - usual > -MUCH_LOG:
        return made(0, figure)
    if share >= 0.6 and spread <= 0.3:
        return made(1, figure)
    return made(-1 if share < 0.25 else 0, figure)


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
        return unmade(few)
    middle = float(np.median(values))
    share = float((np.abs(values - middle) <= 0.35 * middle).mean())
    figure = Reason(
        "cut_off",
        "{n} transfers broke off, {share:.0%} near {size:.3g} kB",
        {"n": values.size, "share": share, "size": middle / 1e3},
    )
    is_cut = share >= 0.6 and middle <= 64e3
    return made(1 if is_cut else 0, figure)


def fingerprint(case: Case) -> MechanismCheck:
    """The slow transfers have the shape of a policer, a shaper, or of a server."""
    transfers = case.look.home.table.grid.transfers
    if transfers is None or not transfers.has_curves:
        return unmade(Reason("fingerprint", "the curves of transfers were not kept"))
    common = held(case, transfers)
    if common is None or common.n_slow < _LEAST_PRINTS:
        return unmade(Reason("fingerprint", "too few slow transfers with a curve"))
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
        return made(1, figure)
    if is_most and has_one_rate and common.hold is Hold.SHAPED:
        figure = Reason(
            "fingerprint",
            "{share:.0%} of {n} slow transfers were held to one rate by a queue of "
            "their own: {rate:.0f} kbit/s, {evenings} evenings",
            values,
        )
        return made(1, figure)
    if is_most and common.hold is Hold.SERVER:
        figure = Reason(
            "fingerprint",
            "{share:.0%} of {n} slow transfers met neither losses nor a queue: the "
            "server sent no faster, {rate:.0f} kbit/s, {evenings} evenings",
            values,
        )
        return made(-1 if common.are_controls_well else 0, figure)
    mixed = Reason(
        "fingerprint", "{n} slow transfers have no one shape and rate", values
    )
    return made(0, mixed)


def sender_loss(case: Case) -> MechanismCheck | None:
    """What the home sends is lost on the way; None where that was not counted.

    It never counts against: who drops nothing of it may still drop what comes.
    """
    loss = case.sending
    if loss is None:
        return None
    figure = Reason(
        "sender_loss",
        "{share:.0%} of the connections had to send something again in the window, "
        "{rest:.0%} out of it, {controls:.0%} of the controls'; beyond chance on "
        "{lossy} of {tried} evenings",
        loss.values,
    )
    return made(int(loss.is_shown), figure)
