"""Who agrees: evenings of several homes held against each other.

Pure: digests in, counts and odds out. Nothing here is a verdict or changes one.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from math import prod
from typing import Final

from monitor.circle.home_digest import DigestService, HomeDigest
from monitor.overlap import overlap_tail

_MOST_ODDS: Final = 1e300


@dataclass(frozen=True, slots=True)
class CircleHome:
    """One home of a circle: what its owner sent, under the name that the user gave."""

    name: str
    digests: tuple[HomeDigest, ...]
    """In the order of its chain, at least one."""

    @property
    def newest(self) -> HomeDigest:
        """The last digest."""
        return self.digests[-1]

    @property
    def line(self) -> tuple[str, int | None]:
        """Vantages of one household on one provider's network are one voice."""
        return self.newest.household, self.newest.asn

    @property
    def services(self) -> Mapping[str, DigestService]:
        """What the last digest says, by service."""
        return {service.service: service for service in self.newest.services}

    def slow_evenings(self, service: str) -> dict[date, bool]:
        """Local date -> whether any host of a service was slow; usable evenings only.

        What was told first stays; only digests of the newest one's window count.
        """
        return {
            evening.day: evening.slow > 0
            for digest in reversed(self.digests)
            if digest.window == self.newest.window
            for told in digest.services
            if told.service == service
            for evening in told.evenings
            if evening.n
        }

    @property
    def n_restated(self) -> int:
        """Evenings that a later digest tells otherwise than an earlier one."""
        told: dict[tuple[str, date], set[bool]] = defaultdict(set)
        for digest in self.digests:
            for service in digest.services:
                for evening in service.evenings:
                    told[service.service, evening.day].add(evening.slow > 0)
        return sum(len(states) > 1 for states in told.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class PairAgreement:
    """Two homes on the evenings of one service that both could use."""

    service: str
    home: str
    other: str
    n: int
    """Evenings."""
    n_both: int
    """Slow in both."""
    n_neither: int
    share: float
    """Of the evenings on which both or neither are slow."""
    kappa: float | None
    """Cohen's: agreement beyond chance; None where one home never changes."""
    p_value: float
    """Agreement at least so high when evenings are permuted: it grows with the evenings
    that are slow in both, so that Fisher's exact test needs no draws."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceAgreement:
    """All homes on one service."""

    service: str
    homes: str
    """Such as `3 of 4 homes on AS9198, 0 of 2 elsewhere`."""
    e_value: float | None
    """Of all homes together."""
    e_value_by: str
    """`product` of independent lines, else `mean`."""


def services_of_homes(homes: Sequence[CircleHome]) -> list[str]:
    """All services that any home tells of."""
    return sorted({name for home in homes for name in home.services})


def service_agreements(homes: Sequence[CircleHome]) -> Iterator[ServiceAgreement]:
    """Each service of all homes."""
    for service in services_of_homes(homes):
        tellers = [home for home in homes if service in home.services]
        e_value, by = joint_e_value(tellers, service)
        yield ServiceAgreement(
            service=service,
            homes=told_homes(tellers, service),
            e_value=e_value,
            e_value_by=by,
        )


def joint_e_value(
    homes: Sequence[CircleHome], service: str
) -> tuple[float | None, str]:
    """Evidence of the homes together against "nothing recurs", and how it was joined.

    Notes
    -----
    Means of e-values are e-values under any dependence; products only of independent
    ones. Homes of one provider share a busy hour: only homes that all state another
    autonomous system are multiplied.
    """
    values = [
        value for home in homes if (value := home.services[service].e_value) is not None
    ]
    if not values:
        return None, "mean"
    systems = [home.newest.asn for home in homes]
    if len(homes) > 1 and None not in systems and len(set(systems)) == len(homes):
        return min(prod(values), _MOST_ODDS), "product"
    return sum(value / len(values) for value in values), "mean"


def told_homes(homes: Sequence[CircleHome], service: str) -> str:
    """How many homes found the service slow, where most of them are and elsewhere."""
    lines = _slow_lines(homes, service)
    if not lines:
        return "no home could judge it yet"
    systems = sorted({asn for _, asn in lines if asn is not None})
    if not systems:
        return f"{_counted(lines.values())}, provider not stated"
    chosen = max(systems, key=lambda asn: _n_slow(lines, asn))
    groups = {
        f"on AS{chosen}": [v for (_, asn), v in lines.items() if asn == chosen],
        "elsewhere": [v for (_, a), v in lines.items() if a not in (chosen, None)],
        "with a provider not stated": [v for (_, a), v in lines.items() if a is None],
    }
    (place, first), *others = groups.items()
    told = [f"{_counted(first)} {place}"]
    told += [f"{sum(v)} of {len(v)} {where}" for where, v in others if v]
    return ", ".join(told)


def slow_of_judged(homes: Sequence[CircleHome], service: str) -> tuple[int, int]:
    """How many lines found a service slow, and of how many that could judge it."""
    tellers = [home for home in homes if service in home.services]
    lines = _slow_lines(tellers, service).values()
    return sum(lines), len(lines)


def _slow_lines(
    homes: Iterable[CircleHome], service: str
) -> dict[tuple[str, int | None], bool]:
    """Lines that were judged -> whether all their vantages found the service slow."""
    lines: dict[tuple[str, int | None], bool] = {}
    for home in homes:
        told = home.services[service]
        if told.is_judged:
            lines[home.line] = lines.get(home.line, True) and told.is_slow
    return lines


def _n_slow(lines: Mapping[tuple[str, int | None], bool], asn: int) -> tuple[int, int]:
    values = [is_slow for (_, of), is_slow in lines.items() if of == asn]
    return sum(values), len(values)


def _counted(values: Iterable[bool]) -> str:
    listed = list(values)
    return f"{sum(listed)} of {len(listed)} home{'s' * (len(listed) != 1)}"


def pair_agreements(homes: Sequence[CircleHome]) -> Iterator[PairAgreement]:
    """Every two homes of one window on every service that both tell of."""
    for service in services_of_homes(homes):
        for home, other in combinations(homes, 2):
            if home.newest.window == other.newest.window:
                pair = _pair(service, home, other)
                if pair is not None:
                    yield pair


def _pair(service: str, home: CircleHome, other: CircleHome) -> PairAgreement | None:
    mine, theirs = home.slow_evenings(service), other.slow_evenings(service)
    shared = sorted(mine.keys() & theirs.keys())
    if not shared:
        return None
    n = len(shared)
    n_mine = sum(mine[day] for day in shared)
    n_theirs = sum(theirs[day] for day in shared)
    n_both = sum(mine[day] and theirs[day] for day in shared)
    n_neither = n - n_mine - n_theirs + n_both
    share = (n_both + n_neither) / n
    return PairAgreement(
        service=service,
        home=home.name,
        other=other.name,
        n=n,
        n_both=n_both,
        n_neither=n_neither,
        share=share,
        kappa=_kappa(share, n_mine / n, n_theirs / n),
        p_value=overlap_tail(n, n_mine, n_theirs, n_both),
    )


def _kappa(share: float, mine: float, theirs: float) -> float | None:
    if mine in (0.0, 1.0) or theirs in (0.0, 1.0):
        return None
    expected = mine * theirs + (1 - mine) * (1 - theirs)
    return (share - expected) / (1 - expected)


def notes_on(homes: Sequence[CircleHome]) -> Iterator[str]:
    """What limits a comparison, in words."""
    for what, values in (
        ("windows", {str(home.newest.window) for home in homes}),
        ("time zones", {home.newest.timezone for home in homes}),
        ("method versions", {home.newest.method_version for home in homes}),
    ):
        if len(values) > 1:
            yield f"{what} differ: {', '.join(sorted(values))}{_LIMITS[what]}"
    for home in homes:
        if home.n_restated:
            yield (
                f"{home.name} tells {home.n_restated} evenings otherwise than before;"
                " what was told first counts"
            )


_LIMITS: Final = {
    "windows": "; homes of different windows are not compared evening by evening",
    "time zones": "; evenings are compared by their local dates",
    "method versions": "; let all homes use one version of the program",
}
