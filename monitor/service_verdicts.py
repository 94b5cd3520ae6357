"""From hosts to services: a service is several hosts, judged each and told once.

Evidence of a service is the weighted mean of its hosts', which is evidence under any
dependence between them. False discoveries are counted over services, so that further
hosts of a service do not raise the bar for the others.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from monitor.model import ServiceVerdict, Verdict
from monitor.reason import Reason, Value
from monitor.verdict_table import Tone, gravity, row_of

OF_SERVICE: Final = "of_service"
"""Rule of the reasons that tell which hosts a verdict on a service is about."""
NO_TRANSFER: Final = "no_transfer"
"""Rule of the reasons that tell of which hosts no rate was measured."""
_OF_ITS_OWN: Final = frozenset({"blocks", "cause", "transport"})
"""Rules of what is told of a host whatever its verdict is: of its name and its QUIC."""
_WEIGHTS: Final = {"media": 0.5, "page": 0.3}
_REST: Final = "rest"
_REST_WEIGHT: Final = 0.2
"""Recorded throttlings act on the host that the media come from."""


def weights(parts: Sequence[str]) -> tuple[float, ...]:
    """Weight of each host of one service in its evidence; they sum to 1.

    Parameters
    ----------
    parts : what each host is to the service; hosts of one part share its weight, that
        of absent parts is shared out in proportion.
    """
    kinds = [part if part in _WEIGHTS else _REST for part in parts]
    n_of = Counter(kinds)
    total = sum(_WEIGHTS.get(kind, _REST_WEIGHT) for kind in n_of)
    return tuple(
        _WEIGHTS.get(kind, _REST_WEIGHT) / n_of[kind] / total for kind in kinds
    )


def services_of(verdicts: Sequence[Verdict]) -> tuple[ServiceVerdict, ...]:
    """The verdicts on services, in order of vantages and names.

    Parameters
    ----------
    verdicts : on hosts, of any number of vantages, each host once.
    """
    ordered = sorted(verdicts, key=_name)
    return tuple(_rolled_up(list(hosts)) for _, hosts in groupby(ordered, _name))


def _name(verdict: Verdict) -> tuple[str, str]:
    return verdict.vantage, verdict.service


def _rolled_up(hosts: list[Verdict]) -> ServiceVerdict:
    """One service: the gravest of its hosts speaks for it."""
    members = tuple(sorted(hosts, key=_rank))
    leading = members[0]
    return ServiceVerdict(
        vantage=leading.vantage,
        service=leading.service,
        verdict=leading.verdict,
        strength=leading.strength,
        hosts=tuple(v.target for v in members if row_of(v.verdict).is_established),
        e_value=_e_value(members),
        reasons=(*_which(members), *_leading_reasons(members)),
        leading=leading,
        members=members,
    )


def _rank(verdict: Verdict) -> tuple[bool, int, bool, float, str]:
    """The gravest first; what is open goes before an all-clear, which is a claim."""
    row = row_of(verdict.verdict)
    return (
        row.tone is Tone.FINE,
        gravity(verdict.verdict),
        verdict.strength != "strong",
        -(verdict.e_value or 0.0),
        verdict.target,
    )


def _e_value(members: Sequence[Verdict]) -> float | None:
    """Nothing is known of a service none of whose hosts was measured directly."""
    if all(v.e_value is None for v in members):
        return None
    shares = weights([v.part for v in members])
    mean = sum(w * (v.e_value or 0.0) for w, v in zip(shares, members, strict=True))
    return float(f"{mean:.4g}")


def no_transfer(hosts: Sequence[str]) -> Reason:
    """What is not measured where nothing is transferred."""
    return Reason(
        NO_TRANSFER,
        "Nothing is transferred from {hosts:names}: a limit on the rate that leaves "
        "room for a handshake or a short answer is not measurable at level plain.",
        {"hosts": tuple(hosts)},
    )


def _leading_reasons(members: Sequence[Verdict]) -> Iterator[Reason]:
    """Those of the host that speaks, and what is to be told of the others."""
    yield from (r for r in members[0].reasons if r.rule != NO_TRANSFER)
    for other in members[1:]:
        told = tuple(r for r in other.reasons if r.rule in _OF_ITS_OWN)
        if told:
            values: dict[str, Value] = {"host": (other.target,), "told": told}
            yield Reason(told[0].rule, "{host:names}: {told:reasons}", values)
    hosts = [v.target for v in members if NO_TRANSFER in {r.rule for r in v.reasons}]
    if hosts:
        yield no_transfer(sorted(hosts))


def _which(members: Sequence[Verdict]) -> Iterator[Reason]:
    """Which hosts it is about, and how the others are."""
    leading = members[0]
    if len(members) == 1 and leading.target == leading.service:
        return
    about = [v for v in members if row_of(v.verdict).is_established] or [leading]
    yield Reason(
        OF_SERVICE,
        "Of {service:names}: {hosts:reasons}.",
        {"service": (leading.service,), "hosts": tuple(map(_host, about))},
    )
    others = [v for v in members if v not in about]
    well = tuple(_host(v) for v in others if row_of(v.verdict).tone is Tone.FINE)
    if well:
        yield Reason(OF_SERVICE, "As usual: {hosts:reasons}.", {"hosts": well})
    rest = tuple(_host(v) for v in others if row_of(v.verdict).tone is not Tone.FINE)
    if rest:
        yield Reason(OF_SERVICE, "Not shown: {hosts:reasons}.", {"hosts": rest})


def _host(verdict: Verdict) -> Reason:
    """A host by what it is to its service."""
    name = {"host": (verdict.target,)}
    match verdict.part:
        case "page":
            return Reason(OF_SERVICE, "the page ({host:names})", name)
        case "media":
            return Reason(OF_SERVICE, "the media host ({host:names})", name)
        case "api":
            return Reason(OF_SERVICE, "the host of its apps ({host:names})", name)
        case "messaging":
            return Reason(OF_SERVICE, "the messaging host ({host:names})", name)
    return Reason(OF_SERVICE, "{host:names}", name)
