"""Whether the neutral server of blocks can serve them: tried as they will use it.

Pairs of transfers, the first by coin: one under its own name, one under a name that
nobody has. What it does to that name it does to a target's, too, and then a block would
show the server and not the way to it.
"""

import math
import secrets
from collections.abc import Sequence
from dataclasses import replace
from random import Random
from statistics import median
from typing import Final, NamedTuple, Protocol, TypeAlias

from monitor.doctor.finding import Finding, State
from monitor.model import Probe, Sample, Target
from monitor.probe.legs import LEG_MAX_S, Leg
from monitor.probe.traffic import Traffic
from monitor.reason import Reason, phrase

CHECK: Final = phrase("neutral server")
FEW: Final = 5
"""Pairs, where they agree."""
MANY: Final = 15
"""Pairs, where five do not: single transfers differ by a factor of two on any line."""
ALIKE_LOG: Final = math.log(1.3)
"""Rates are alike within this."""
_TELLING: Final = 12
"""Of `MANY` pairs, slower under the unknown name: by chance once in 57."""
_ANSWERS: Final = (200, 206)
_OWN: Final = phrase("under its own name")
_UNKNOWN: Final = phrase("under a name that it does not know")
_Refusal: TypeAlias = tuple[Reason, Reason]
"""What was found, and what to do about it."""


class MeasuresLegs(Protocol):
    """What makes one leg."""

    async def measure(self, leg: Leg, *, traffic: Traffic) -> Sample:
        """Its outcome."""


class _Tried(NamedTuple):
    usual: Sample
    unknown: Sample

    @property
    def cost_log(self) -> float:
        """How much slower it was under the unknown name [log]."""
        usual_bps, unknown_bps = (s.goodput_bps or 1.0 for s in self)
        return math.log(usual_bps / unknown_bps)


async def neutral_finding(
    prober: MeasuresLegs, neutral: str, leg_bytes: int, rng: Random
) -> Finding:
    """What the neutral server is good for.

    Parameters
    ----------
    neutral : URL of the file.
    leg_bytes : what one leg transfers.
    """
    usual, unknown = _legs(neutral)
    pairs: list[_Tried] = []
    for n_pairs in (FEW, MANY):
        while len(pairs) < n_pairs:
            pairs.append(await _pair(prober, usual, unknown, rng))
            refusal = _refusal(pairs[-1], leg_bytes)
            if refusal is not None:
                return refusal
        if abs(_typical_log(pairs)) <= ALIKE_LOG:
            return _alike(pairs)
    return _apart(pairs)


def _legs(neutral: str) -> tuple[Leg, Leg]:
    usual = Leg(
        target=Target(name="neutral", url=neutral), probe=Probe.PAIR_BASE, url=neutral
    )
    name = f"{secrets.token_hex(4)}.example"
    return usual, replace(usual, probe=Probe.SNI_AWAY, server_name=name, host=name)


async def _pair(prober: MeasuresLegs, usual: Leg, unknown: Leg, rng: Random) -> _Tried:
    order = [usual, unknown]
    rng.shuffle(order)
    made = {leg.probe: await prober.measure(leg, traffic=Traffic()) for leg in order}
    return _Tried(made[usual.probe], made[unknown.probe])


def _refusal(pair: _Tried, leg_bytes: int) -> Finding | None:
    """Why the server cannot serve; None: it could in this pair."""
    for sample, name in zip(pair, (_OWN, _UNKNOWN), strict=True):
        for look in (_failed, _refused, _short):
            refusal = look(sample, name, leg_bytes)
            if refusal is not None:
                return Finding(CHECK, State.BAD, *refusal)
    return None


def _failed(sample: Sample, name: Reason, _: int) -> _Refusal | None:
    if sample.failure is None:
        return None
    told = phrase(
        "{name:reasons}: {stage:stage}: {failure}",
        name=(name,),
        stage=str(sample.failed_operation),
        failure=sample.failure,
    )
    if sample.failure.startswith("ssl_"):
        return told, phrase(
            "give its default host a certificate of an authority that this system"
            " trusts; nothing is sent to a server that shows none"
        )
    if name == _OWN:
        return told, phrase("look whether the URL of differential.neutral is right")
    return told, phrase(
        "let its default virtual host answer to any name, in TLS and in the request"
    )


def _refused(sample: Sample, name: Reason, _: int) -> _Refusal | None:
    if sample.http_status in _ANSWERS:
        return None
    told = phrase(
        "{name:reasons}: HTTP status {status}",
        name=(name,),
        status=str(sample.http_status),
    )
    if name == _OWN:
        return told, phrase("name the URL of a file there that anybody may fetch")
    return told, phrase(
        "let its default virtual host serve the file under any name; one that checks"
        " names (421, 403) cannot be compared"
    )


def _short(sample: Sample, name: Reason, leg_bytes: int) -> _Refusal | None:
    n_bytes = sample.encoded_body_bytes or 0
    if n_bytes >= leg_bytes:
        return None
    took_s = sample.response_s or 0.0
    told = phrase(
        "{name:reasons}: {n} of {leg} kB",
        name=(name,),
        n=n_bytes // 1000,
        leg=leg_bytes // 1000,
    )
    if took_s >= LEG_MAX_S:
        return phrase("{told:reasons} in {s:.0f} s", told=(told,), s=took_s), phrase(
            "take a quicker server: a limit that is no slower than this one's own"
            " could not be seen"
        )
    return (
        phrase("{told:reasons}, then the end", told=(told,)),
        phrase("name a file of 1 MB or more"),
    )


def _typical_log(pairs: Sequence[_Tried]) -> float:
    return median(pair.cost_log for pair in pairs)


def _told(pairs: Sequence[_Tried]) -> Reason:
    usual_bps = median(pair.usual.goodput_bps or 0.0 for pair in pairs)
    return phrase(
        "{rate:.1f} Mbit/s under its own name, {times:.2f} times slower under a name"
        " that it does not know ({n} pairs)",
        rate=usual_bps / 1e6,
        times=math.exp(_typical_log(pairs)),
        n=len(pairs),
    )


def _alike(pairs: Sequence[_Tried]) -> Finding:
    told = _told(pairs)
    if all(pair.usual.http_status == 206 for pair in pairs):
        return Finding(CHECK, State.OK, told)
    return Finding(
        CHECK,
        State.WARNING,
        phrase(
            "{told:reasons}; asked for a part it sends the whole file", told=(told,)
        ),
        phrase(
            "let it serve ranges (Accept-Ranges: bytes): what is on its way when a leg"
            " is cut arrives all the same, and is paid for"
        ),
    )


def _apart(pairs: Sequence[_Tried]) -> Finding:
    told, n_slower = _told(pairs), sum(pair.cost_log > 0 for pair in pairs)
    if n_slower >= _TELLING:
        return Finding(
            CHECK,
            State.BAD,
            phrase("{told:reasons}, in {n} of them", told=(told,), n=n_slower),
            phrase(
                "take another server, or switch off what slows names there: as it is,"
                " every name would look slowed"
            ),
        )
    return Finding(
        CHECK,
        State.WARNING,
        phrase(
            "{told:reasons}: too scattered to say whether it treats names alike",
            told=(told,),
        ),
        phrase("ask again when the line is quiet"),
    )
