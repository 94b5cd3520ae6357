"""TCP and QUIC in one round: the same page or object by both, one pair for each.

Comes in: the frame's rows by QUIC and, of the same sites, those by TCP. Goes out: a
value for each pair. Rows by QUIC are no series of their own: libraries and senders
differ, so QUIC is held against its own calm hours and against nothing else.
"""

from collections import defaultdict
from collections.abc import Iterator
from operator import attrgetter
from typing import Final, NamedTuple

import numpy as np
import pandas as pd

from monitor.evening_rule import Window
from monitor.model import Probe, Transport
from monitor.series.pairs import (
    Pair,
    PairValue,
    numbers,
    rates_log,
    refused,
    texts,
    times_us,
    when,
)
from monitor.series.rows import Bools, Ints
from monitor.series.ways import ROUND_US

_KINDS: Final = (Probe.HTTPS, Probe.DOWNLOAD)
_OURS: Final = "unknown_failure: probe_process_ended"


class _Attempt(NamedTuple):
    time_us: int
    rate_log: float
    is_dead: bool
    """No byte of an answer came."""


_Attempts = dict[tuple[str, str, str], list[_Attempt]]
"""By vantage, target and kind of probe."""


class Attempts(NamedTuple):
    """What was tried by each transport."""

    quic: _Attempts
    tcp: _Attempts


def both_transports(frame: object) -> Attempts | None:
    """The attempts of sites that were asked over QUIC; None where none was."""
    if not isinstance(frame, pd.DataFrame) or not len(frame):
        return None
    if not {"transport", "target", "started_at_utc"} <= set(frame.columns):
        return None
    is_quic = frame["transport"] == Transport.QUIC
    if not is_quic.any():
        return None
    names = set(frame.loc[is_quic, "target"])
    of_both = frame[frame["target"].isin(names)]
    is_of_quic = (of_both["transport"] == Transport.QUIC).to_numpy(np.bool_)
    return Attempts(_attempts(of_both[is_of_quic]), _attempts(of_both[~is_of_quic]))


def transport_pairs(
    attempts: Attempts | None, *, vantage: str, timezone: str, window: Window
) -> Iterator[PairValue]:
    """The pairs of one vantage; TCP is the suspected one, QUIC what it is held against.

    Each attempt over QUIC goes with the nearest over TCP of the same round. A pair of
    which a side was refused, or never asked its server, says nothing.
    """
    if attempts is None:
        return
    for (of, target, probe), by_quic in attempts.quic.items():
        by_tcp = attempts.tcp.get((of, target, probe), [])
        if of != vantage or not by_tcp:
            continue
        times, moments = (
            np.array([attempt.time_us for attempt in of_one], np.int64)
            for of_one in (by_tcp, by_quic)
        )
        near = _nearest(times, moments)
        is_near = np.abs(times[near] - moments) <= ROUND_US
        evenings = when(moments, timezone, window)
        for place in np.flatnonzero(is_near).tolist():
            tcp, quic = by_tcp[int(near[place])], by_quic[place]
            evening, phase = evenings[place]
            yield PairValue(
                target=target,
                pair=Pair.TRANSPORT,
                block=f"{probe} {quic.time_us}",
                evening=evening,
                phase=phase,
                costs_log=(quic.rate_log - tcp.rate_log,),
                n_legs=1,
                n_other_dead=int(quic.is_dead),
                n_suspected_dead=int(tcp.is_dead),
            )


def _nearest(times: Ints, moments: Ints) -> Ints:
    """Place of the sorted time that is nearest to each moment, of two the earlier."""
    after = np.searchsorted(times, moments)
    before = times[np.maximum(after - 1, 0)]
    behind = times[np.minimum(after, times.size - 1)]
    is_before = np.abs(before - moments) <= np.abs(behind - moments)
    return np.searchsorted(times, np.where(is_before, before, behind))


def _attempts(frame: pd.DataFrame) -> _Attempts:
    kept = frame[_is_usable(frame)]
    out: _Attempts = defaultdict(list)
    columns = zip(
        texts(kept, "vantage", "home"),
        texts(kept, "target", ""),
        texts(kept, "probe", Probe.HTTPS),
        times_us(kept).tolist(),
        rates_log(kept),
        _is_dead(kept).tolist(),
        strict=True,
    )
    for vantage, target, probe, time_us, rate_log, is_dead in columns:
        out[vantage, target, probe].append(_Attempt(time_us, rate_log, is_dead))
    for attempts in out.values():
        attempts.sort(key=attrgetter("time_us"))
    return out


def _is_usable(frame: pd.DataFrame) -> Bools:
    """Asked directly, not refused, and of known outcome, shape (n,)."""
    is_kind = np.isin(texts(frame, "probe", Probe.HTTPS), _KINDS)
    is_direct = np.array(texts(frame, "path", "direct")) == "direct"
    is_asked = np.array(texts(frame, "failed_operation", "")) != "resolve"
    is_theirs = np.array(texts(frame, "failure", "")) != _OURS
    is_rated = (numbers(frame, "goodput_bps") > 0) | (
        numbers(frame, "encoded_body_bytes") > 0
    )
    is_known = is_rated | _is_dead(frame)
    usable = is_kind & is_direct & ~refused(frame) & is_asked & is_theirs & is_known
    return np.asarray(usable, np.bool_)


def _is_dead(frame: pd.DataFrame) -> Bools:
    has_failed = np.array(texts(frame, "failure", "")) != ""
    return np.asarray(has_failed & ~(numbers(frame, "encoded_body_bytes") > 0))
