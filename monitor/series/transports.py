"""TCP and QUIC in one round: the same page or object by both, one pair for each.

Comes in: the frame's rows by QUIC and, of the same sites, those by TCP. Goes out: a
value for each pair. Rows by QUIC are no series of their own: libraries and senders
differ, so QUIC is held against its own calm hours and against nothing else.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
import pandas as pd

from monitor.evening_rule import Window
from monitor.model import Probe, Transport
from monitor.series.pairs import Pair, PairValue, rates_log, texts, times_us, when
from monitor.series.rows import Bools, Floats

_KINDS: Final = (Probe.HTTPS, Probe.DOWNLOAD)
_ROUND_US: Final = 75_000_000
"""Both are begun in one round, which takes no longer."""
_ANSWERS: Final = (200.0, 206.0)
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
    for key, by_quic in (attempts.quic if attempts is not None else {}).items():
        if key[0] != vantage or attempts is None:
            continue
        by_tcp = attempts.tcp.get(key, [])
        times = np.array([attempt.time_us for attempt in by_tcp], np.int64)
        for quic in by_quic:
            near = int(np.argmin(np.abs(times - quic.time_us))) if times.size else -1
            if near < 0 or abs(int(times[near]) - quic.time_us) > _ROUND_US:
                continue
            evening, phase = when(quic.time_us, timezone, window)
            yield PairValue(
                target=key[1],
                pair=Pair.TRANSPORT,
                block=f"{key[2]} {quic.time_us}",
                evening=evening,
                phase=phase,
                cost_log=quic.rate_log - by_tcp[near].rate_log,
                n_legs=1,
                is_other_dead=quic.is_dead,
                is_suspected_dead=by_tcp[near].is_dead,
            )


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
    return out


def _is_usable(frame: pd.DataFrame) -> Bools:
    """Asked directly, not refused, and of known outcome, shape (n,)."""
    status = _numbers(frame, "http_status")
    is_kind = np.isin(texts(frame, "probe", Probe.HTTPS), _KINDS)
    is_direct = np.array(texts(frame, "path", "direct")) == "direct"
    is_refused = np.isfinite(status) & ~np.isin(status, _ANSWERS)
    is_asked = np.array(texts(frame, "failed_operation", "")) != "resolve"
    is_theirs = np.array(texts(frame, "failure", "")) != _OURS
    is_rated = (_numbers(frame, "goodput_bps") > 0) | (
        _numbers(frame, "encoded_body_bytes") > 0
    )
    is_known = is_rated | _is_dead(frame)
    usable = is_kind & is_direct & ~is_refused & is_asked & is_theirs & is_known
    return np.asarray(usable, np.bool_)


def _is_dead(frame: pd.DataFrame) -> Bools:
    has_failed = np.array(texts(frame, "failure", "")) != ""
    return np.asarray(has_failed & ~(_numbers(frame, "encoded_body_bytes") > 0))


def _numbers(frame: pd.DataFrame, name: str) -> Floats:
    if name not in frame.columns:
        return np.full(len(frame), np.nan)
    return pd.to_numeric(frame[name], errors="coerce").to_numpy(np.float64)
