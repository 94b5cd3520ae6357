"""The fingerprints of a target's slow transfers, and of the controls' beside them."""

from collections.abc import Iterable, Sequence

import numpy as np

from monitor.analysis.case import Case
from monitor.analysis.fingerprint import (
    Common,
    Fingerprint,
    Transfer,
    Usual,
    Window,
    common,
    fingerprint,
)
from monitor.series.evening_table import typical
from monitor.series.rows import Bools, Ints
from monitor.series.transfers import COUNTED, TransferRows

_MOST_A_DAY = 48
"""Transfers looked at of one site and evening."""


def held(case: Case, rows: TransferRows) -> Common | None:
    """What held the slow transfers of a case's evenings back, None without any.

    Parameters
    ----------
    rows : the transfers of the case's vantage
    """
    table = case.look.home.table
    sites = [case.suspicion.series, *case.look.contrast.controls.tolist()]
    usual = {
        site: _usual(rows, site, case.look.evenings, table.in_rest) for site in sites
    }
    windows = [
        _window(rows, sites, usual, _only(evening, case.slow), table.in_window)
        for evening in np.flatnonzero(case.slow).tolist()
    ]
    return common(windows)


def _only(evening: int, of: Bools) -> Bools:
    """One evening, shape (D,)."""
    return np.asarray(np.arange(of.size) == evening)


def _usual(rows: TransferRows, site: int, evenings: Bools, in_rest: Bools) -> Usual:
    numbers = rows.numbers(rows.within(site, evenings, in_rest))
    return Usual(
        goodput_bps=typical(numbers["goodput_bps"]),
        min_rtt_s=typical(numbers["tcp_min_rtt_s"]),
    )


def _window(
    rows: TransferRows,
    sites: Sequence[int],
    usual: dict[int, Usual],
    evening: Bools,
    in_window: Bools,
) -> Window:
    host, *controls = sites
    place = rows.within(host, evening, in_window)[:_MOST_A_DAY]
    slots = np.zeros(in_window.size, np.bool_)
    slots[rows.slot(place)[1]] = True
    beside = (
        print_.hold
        for site in controls
        for print_ in _prints(rows, rows.within(site, evening, slots), usual[site])
    )
    return Window(site=list(_prints(rows, place, usual[host])), controls=list(beside))


def _prints(rows: TransferRows, place: Ints, usual: Usual) -> Iterable[Fingerprint]:
    numbers = rows.numbers(place)
    for n, curve in enumerate(rows.curves(place)):
        if curve:
            transfer = Transfer(
                curve=curve,
                goodput_bps=float(numbers["goodput_bps"][n]),
                is_silent=bool(rows.is_silent[place[n]]),
                rcv_rtt_s=float(numbers["tcp_rcv_rtt_s"][n]),
                min_rtt_s=float(numbers["tcp_min_rtt_s"][n]),
                n_holes=float(numbers["tcp_rcv_ooopack"][n]),
                n_segments=float(numbers[COUNTED][n]),
            )
            yield fingerprint(transfer, usual)
