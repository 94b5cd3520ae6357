"""Pairs: legs measured in one minute, in an order drawn by coin, to be compared.

Comes in: the frame's rows of the kinds that only pairs have. Goes out: one value for
each pair of a block and target. These rows are no series of their own: what the other
rows say of a site is judged without them.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

import numpy as np
import pandas as pd

from monitor.evening_rule import GUARD_MIN, LEAD_MIN, Window
from monitor.model import PAIR_PROBES, Probe, Transport
from monitor.pair_rule import LEAST_BPS
from monitor.series.local_time import evening_of, local_seconds
from monitor.series.rows import Bools, Floats, Ints

BLOCK = "block"
"""The column that joins the legs of a pair."""
FULL = 2
"""Legs of each kind in a block; a sentinel has one."""
_NOT_ABOUT_THE_NAME = ("resolve", "connect")
_ANSWERS = (200, 206)
_FROZEN = "generic_timeout_error"
_MISTRUSTED = (
    "ssl_unknown_authority",
    "ssl_invalid_certificate",
    "ssl_invalid_hostname",
)
_LEAST_SHOWN = 5
"""Certificates of the calm, of fewer none is called odd."""


class Pair(StrEnum):
    """What differs between the legs of a pair, and nothing else does."""

    NAME_SWAP = "name_swap"
    """The name, at the target's own address."""
    NAME_AWAY = "name_away"
    """The name, at a server that is not the service's."""
    WAY = "bypass"
    """The way: directly or by a tunnel."""
    TRANSPORT = "transport"
    """TCP or QUIC: by `monitor.series.transports`, no legs of a block."""


class Phase(StrEnum):
    """When a pair was measured."""

    EVENING = "evening"
    CALM = "calm"
    BETWEEN = "between"
    """In the guard around the window: neither."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairValue:
    """What one block says of one pair."""

    target: str
    pair: Pair
    block: str
    evening: int
    """Day number (since 1970) of the evening."""
    phase: Phase
    costs_log: tuple[float, ...]
    """How many times slower each suspected leg was than each of the others [log]; only
    legs that lived are compared."""
    n_legs: int
    """Of each kind."""
    n_other_dead: int = 0
    n_suspected_dead: int = 0
    """Legs of which nothing came, or that were broken off."""
    after_log: float = float("nan")
    """How many times slower the neutral server's own name was after the suspected one
    than before it [log]; NaN where the order does not tell."""
    n_other_odd: int = 0
    n_suspected_odd: int = 0
    """Legs that were shown a certificate which the same leg never is in the calm."""
    first_log: float = float("nan")
    """Rate of the first leg of all [log], NaN where it did not live."""
    is_suspected_first: bool = False

    @property
    def is_evening_block(self) -> bool:
        """Whether it is a whole block of the window, and no sentinel's look."""
        return self.phase is Phase.EVENING and not self.is_sentinel

    @property
    def cost_log(self) -> float:
        """How many times slower the suspected legs were, on average [log].

        NaN where none lived on one of the sides.
        """
        n = len(self.costs_log)
        return sum(self.costs_log) / n if n else float("nan")

    @property
    def leaning_log(self) -> float:
        """The cost, infinite where more legs died on one of the sides [log]."""
        more = self.n_suspected_dead - self.n_other_dead
        return more * float("inf") if more else self.cost_log

    @property
    def is_sentinel(self) -> bool:
        """Whether it is a single look at the neutral server, not a block."""
        return self.pair in (Pair.NAME_SWAP, Pair.NAME_AWAY) and self.n_legs < FULL

    @property
    def is_other_dead(self) -> bool:
        """Whether none of the legs for comparison lived."""
        return self.n_other_dead == self.n_legs

    @property
    def is_suspected_dead(self) -> bool:
        """Whether none of the suspected legs lived."""
        return self.n_suspected_dead == self.n_legs


class _Leg(NamedTuple):
    vantage: str
    target: str
    block: str
    time_us: int
    probe: str
    path: str
    rate_log: float
    is_refused: bool
    is_unreached: bool
    is_dead: bool
    is_untrusted: bool
    issuer: str

    @property
    def is_living(self) -> bool:
        """Whether it has a rate: not dead, and not ended by us for its certificate."""
        return not (self.is_dead or self.is_untrusted)

    @property
    def kind(self) -> tuple[str, str, str]:
        """What legs are the same leg of other blocks."""
        return self.target, self.probe, self.path


_CalmIssuers = Mapping[tuple[str, str, str], Counter[tuple[str, bool]]]
"""Kind of leg -> issuer and whether it was not trusted, as often as in the calm."""


def legs_apart(frame: object) -> tuple[object, pd.DataFrame | None]:
    """The rows of series, and those of pairs; None without any."""
    if not isinstance(frame, pd.DataFrame) or "probe" not in frame.columns:
        return frame, None
    is_leg = frame["probe"].isin(PAIR_PROBES)
    if BLOCK in frame.columns:
        in_block = frame[BLOCK].notna() & (frame[BLOCK] != "")
        is_leg |= in_block & (frame["probe"] == Probe.SNI_SWAP)
    if not is_leg.any():
        return frame, None
    return frame[~is_leg], frame[is_leg]


def pairs_of(
    legs: pd.DataFrame | None, *, vantage: str, timezone: str, window: Window
) -> tuple[PairValue, ...]:
    """The pairs of one vantage, in order of target and time.

    A pair of which a leg was refused or never reached its server says nothing.
    """
    if legs is None or BLOCK not in legs.columns:
        return ()
    rows = [leg for leg in _legs(legs) if leg.vantage == vantage and leg.block]
    rows.sort(key=attrgetter("target", "block", "time_us"))
    blocks = [list(block) for _, block in groupby(rows, attrgetter("target", "block"))]
    begins_us = np.array([block[0].time_us for block in blocks], np.int64)
    moments = when(begins_us, timezone, window)
    calm = _calm_issuers(blocks, [phase for _, phase in moments])
    values = [
        value
        for block, (evening, phase) in zip(blocks, moments, strict=True)
        for value in _values(block, evening, phase, calm)
    ]
    return tuple(sorted(values, key=attrgetter("target", "evening", "block", "pair")))


def _legs(frame: pd.DataFrame) -> Iterator[_Leg]:
    is_tcp = [
        transport == Transport.TCP for transport in texts(frame, "transport", "tcp")
    ]
    frame = frame[is_tcp]
    operations = texts(frame, "failed_operation", "")
    return map(
        _Leg,
        texts(frame, "vantage", "home"),
        texts(frame, "target", ""),
        texts(frame, BLOCK, ""),
        times_us(frame).tolist(),
        texts(frame, "probe", ""),
        texts(frame, "path", "direct"),
        rates_log(frame),
        refused(frame).tolist(),
        [operation in _NOT_ABOUT_THE_NAME for operation in operations],
        _is_dead(frame).tolist(),
        _is_untrusted(frame).tolist(),
        texts(frame, "certificate_issuer", ""),
    )


def _is_dead(frame: pd.DataFrame) -> Bools:
    """Legs of which nothing came, or that somebody broke off.

    One that was silent for its time after some bytes is slow: by bytes over time.
    """
    failures = texts(frame, "failure", "")
    has_failed = np.array([failure != "" for failure in failures], np.bool_)
    is_frozen = np.array([failure == _FROZEN for failure in failures], np.bool_)
    has_bytes = numbers(frame, "encoded_body_bytes") > 0
    return np.asarray(has_failed & ~(is_frozen & has_bytes) & ~_is_untrusted(frame))


def _is_untrusted(frame: pd.DataFrame) -> Bools:
    """Legs that we ended ourselves: what they showed was not to be trusted.

    A handshake that failed showed nothing: somebody sent an alert, or a page without
    TLS, and that ends a leg as a reset does.
    """
    failures = texts(frame, "failure", "")
    return np.array([failure in _MISTRUSTED for failure in failures], np.bool_)


def times_us(frame: pd.DataFrame) -> Ints:
    """When each row's probe began [us since 1970]."""
    stamps = pd.to_datetime(frame["started_at_utc"], format="ISO8601", utc=True)
    naive = stamps.dt.tz_localize(None).to_numpy().astype("datetime64[us]")
    return np.asarray(naive.view(np.int64))


def texts(frame: pd.DataFrame, name: str, default: str) -> list[str]:
    """A text column; the default where nothing is said."""
    if name not in frame.columns:
        return [default] * len(frame)
    values = frame[name].astype(object).where(frame[name].notna(), default)
    return [str(value).strip() or default for value in values]


def numbers(frame: pd.DataFrame, name: str) -> Floats:
    """A column of numbers; NaN where nothing is said."""
    if name not in frame.columns:
        return np.full(len(frame), np.nan)
    return pd.to_numeric(frame[name], errors="coerce").to_numpy(np.float64)


def rates_log(frame: pd.DataFrame) -> list[float]:
    """Rate of what arrived: of the body, else of all bytes over all the time [log]."""
    rate = numbers(frame, "goodput_bps")
    arrived = numbers(frame, "encoded_body_bytes")
    took = numbers(frame, "duration_s")
    with np.errstate(divide="ignore", invalid="ignore"):
        whole = np.where(took > 0, 8 * arrived / took, np.nan)
    rate = np.where(rate > 0, rate, whole)
    rate = np.nan_to_num(rate, nan=LEAST_BPS, posinf=LEAST_BPS)
    return [float(x) for x in np.log(np.maximum(rate, LEAST_BPS))]


def refused(frame: pd.DataFrame) -> Bools:
    """Rows whose server answered something else than what was asked for."""
    status = numbers(frame, "http_status")
    return np.isfinite(status) & ~np.isin(status, _ANSWERS)


def _calm_issuers(
    blocks: Sequence[Sequence[_Leg]], phases: Sequence[Phase]
) -> _CalmIssuers:
    """What each kind of leg is shown out of the window."""
    shown: dict[tuple[str, str, str], Counter[tuple[str, bool]]] = defaultdict(Counter)
    for block, phase in zip(blocks, phases, strict=True):
        if phase is not Phase.EVENING:
            shows = [leg for leg in block if leg.issuer]
            for leg in shows:
                shown[leg.kind][leg.issuer, leg.is_untrusted] += 1
    return shown


def _n_odd(legs: list[_Leg], calm: _CalmIssuers) -> int:
    """Legs that were shown an issuer which the same leg never is in the calm."""
    return sum(
        calm[leg.kind].total() >= _LEAST_SHOWN
        and not calm[leg.kind][leg.issuer, leg.is_untrusted]
        for leg in legs
        if leg.issuer
    )


def _values(
    block: list[_Leg], evening: int, phase: Phase, calm: _CalmIssuers
) -> Iterator[PairValue]:
    first = block[0]
    for pair, (other, suspected) in _sides(block):
        if not _is_usable(pair, other, suspected):
            continue
        leader = min(*other, *suspected, key=attrgetter("time_us"))
        yield PairValue(
            target=first.target,
            pair=pair,
            block=first.block,
            evening=evening,
            phase=phase,
            costs_log=tuple(_costs_log(other, suspected)),
            n_legs=len(other),
            n_other_dead=sum(leg.is_dead for leg in other),
            n_suspected_dead=sum(leg.is_dead for leg in suspected),
            after_log=_after_log(other, suspected),
            n_other_odd=_n_odd(other, calm),
            n_suspected_odd=_n_odd(suspected, calm),
            first_log=leader.rate_log if leader.is_living else float("nan"),
            is_suspected_first=leader in suspected,
        )


def _costs_log(other: list[_Leg], suspected: list[_Leg]) -> Iterator[float]:
    """Each suspected leg held against each of the others, of those that lived [log]."""
    living = [leg for leg in other if leg.is_living]
    for leg in suspected:
        if leg.is_living:
            yield from (one.rate_log - leg.rate_log for one in living)


def _sides(block: list[_Leg]) -> Iterator[tuple[Pair, tuple[list[_Leg], list[_Leg]]]]:
    """The legs of each pair: those for comparison, those under suspicion."""

    def of(probe: str, *, direct: bool = True) -> list[_Leg]:
        return [
            leg
            for leg in block
            if leg.probe == probe and (leg.path == "direct") is direct
        ]

    direct_legs = of(Probe.PAIR_OWN)
    yield Pair.NAME_SWAP, (of(Probe.SNI_SWAP), direct_legs)
    yield Pair.NAME_AWAY, (of(Probe.PAIR_BASE), of(Probe.SNI_AWAY))
    yield Pair.WAY, (of(Probe.PAIR_OWN, direct=False), direct_legs)


def _is_usable(pair: Pair, other: list[_Leg], suspected: list[_Leg]) -> bool:
    if not other or len(other) != len(suspected):
        return False
    if any(leg.is_refused for leg in (*other, *suspected)):
        return False
    # a way that is down is the way's; a site out of direct reach is what is asked
    asked = other if pair is Pair.WAY else [*other, *suspected]
    return not any(leg.is_unreached for leg in asked)


def _after_log(other: list[_Leg], suspected: list[_Leg]) -> float:
    """Of CDDC: how much slower the second C is than the first [log]."""
    if other[0].probe != Probe.PAIR_BASE:
        return float("nan")
    begins, ends = suspected[0].time_us, suspected[-1].time_us
    if not other[0].time_us < begins <= ends < other[-1].time_us:
        return float("nan")
    if not (other[0].is_living and other[-1].is_living):
        return float("nan")
    return other[0].rate_log - other[-1].rate_log


def when(moments_us: Ints, timezone: str, window: Window) -> list[tuple[int, Phase]]:
    """The evening that each moment belongs to (days since 1970), and its phase."""
    local_s, _ = local_seconds(moments_us // 1_000_000, timezone)
    day, second = evening_of(local_s, window)
    since_begin_min = (second / 60 - LEAD_MIN).tolist()
    phases = (_phase(minutes, window.length_min) for minutes in since_begin_min)
    return list(zip(day.tolist(), phases, strict=True))


def _phase(since_begin_min: float, length_min: float) -> Phase:
    if 0 <= since_begin_min < length_min:
        return Phase.EVENING
    is_near = -GUARD_MIN <= since_begin_min < length_min + GUARD_MIN
    return Phase.BETWEEN if is_near else Phase.CALM


def of_target(values: Iterable[PairValue], target: str, pair: Pair) -> list[PairValue]:
    """The values of one target and pair."""
    return [v for v in values if v.target == target and v.pair is pair]
