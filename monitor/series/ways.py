"""Rounds that went another way than usual: by a tunnel, a phone, another gateway.

Comes in: the `way` rows of a vantage, one for each round. Goes out: which rows of sites
were measured on another way. What is usual is what most rounds had, so that a home that
is always behind a tunnel is judged as it is.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from monitor.model import Probe
from monitor.reason import Reason
from monitor.series.lanes import Lane
from monitor.series.rows import Bools, Ints, Rows

ROUND_US = 75_000_000
"""A round's rows begin within this time of its start, which a `way` row has."""
UNUSUAL = "gateway"
"""What a way of the usual kind by another gateway is called."""


class Elsewhere(NamedTuple):
    """What was measured on another way."""

    is_it: Bools
    """Shape (n,)."""
    kinds: tuple[str, ...]
    """What the other ways are: `tunnel`, `phone`, `line`, `gateway`."""


def elsewhere(table: Rows, lanes: Sequence[Lane]) -> Elsewhere:
    """The rows of rounds that went another way than usual."""
    of_way = [lane for lane in lanes if lane.probe == Probe.WAY]
    is_it = np.zeros(table.n, np.bool_)
    if not of_way:
        return Elsewhere(is_it, ())
    place = np.concatenate([np.arange(w.rows.start, w.rows.stop) for w in of_way])
    place = place[np.argsort(table.time_us[place], kind="stable")]
    times, ways = table.time_us[place], _ways(table, place)
    other = _other(ways)
    if not other:
        return Elsewhere(is_it, ())
    is_other = np.array([way in other for way in ways])
    is_other &= _is_passing(ways, other)
    last = np.searchsorted(times, table.time_us, side="right") - 1
    since_us = table.time_us - times[np.maximum(last, 0)]
    is_known = (last >= 0) & (since_us <= ROUND_US)
    is_it = is_known & is_other[np.maximum(last, 0)]
    kinds = sorted({other[way] for way, is_ in zip(ways, is_other, strict=True) if is_})
    return Elsewhere(np.asarray(is_it), tuple(kinds))


def away_notes(away: Elsewhere, evening: Ints, is_inside: Bools) -> Iterator[Reason]:
    """What is said of it, with every verdict.

    Parameters
    ----------
    evening : evening of each row, shape (n,)
    is_inside : rows in the window, shape (n,)
    """
    n_evenings = np.unique(evening[away.is_it & is_inside]).size
    if n_evenings:
        yield Reason(
            "way",
            "On {evenings} evenings this home was connected by {ways:reasons}; what "
            "was measured meanwhile is set aside.",
            {"evenings": n_evenings, "ways": tuple(_words(k) for k in away.kinds)},
        )


def _words(kind: str) -> Reason:
    if kind == "tunnel":
        return Reason("way", "a tunnel (VPN)")
    if kind == "phone":
        return Reason("way", "a mobile phone or modem")
    if kind == UNUSUAL:
        return Reason("way", "another gateway")
    return Reason("way", "another line")


def _ways(table: Rows, place: Ints) -> list[str]:
    text = table.column("server_name")
    return [text.values[code] for code in text.codes[place]]


def _other(ways: Sequence[str]) -> dict[str, str]:
    """Each way that is not the usual one -> what it is called."""
    counts = Counter(ways)
    by_kind: Counter[str] = Counter()
    for way, n in counts.items():
        by_kind[_kind(way)] += n
    kind = max(sorted(by_kind), key=by_kind.__getitem__)
    usual = max(sorted(w for w in counts if _kind(w) == kind), key=counts.__getitem__)
    return {
        way: UNUSUAL if _kind(way) == kind else _kind(way)
        for way in counts
        if way != usual
    }


def _is_passing(ways: Sequence[str], other: dict[str, str]) -> Bools:
    """Rounds that are not by a new gateway for good, shape (n,).

    A router that was replaced is the same home: what lies before the first or behind
    the last round by the usual one is no other way.
    """
    is_usual = np.array([way not in other for way in ways])
    first, last = np.flatnonzero(is_usual)[[0, -1]]
    is_inside = np.zeros(len(ways), np.bool_)
    is_inside[first:last] = True
    is_gateway = np.array([other.get(way) == UNUSUAL for way in ways])
    return np.asarray(is_inside | ~is_gateway)


def _kind(way: str) -> str:
    return way.partition("/")[0]
