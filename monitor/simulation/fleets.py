"""Fleets of simulated homes with a known truth: providers, what moves them together.

A home's own evenings come from a few numbers, not from rows: a fleet's statistics need
thousands of homes, and rows of a home come from `simulate`. What a home concludes from
its evenings is as crude here as in the note behind docs/fleet.md: enough slow evenings
accuse.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

import numpy as np

from monitor.series.rows import Bools

LOW_FALSE_SHARE: Final = 0.03
"""Share of innocent evenings that are slow beyond the controls [error-rates.md]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderTruth:
    """What a provider does to one service."""

    share: float = 1.0
    """Chance of a home to be slowed: a fleet's homes are drawn from all its lines."""
    nights_share: float = 0.5
    """Share of the nights on which it does."""
    shared_nights: bool = True
    """The same nights for all its homes; False: each home has its own."""
    onset_day: int = 0
    factor: float = 2.0
    region: str | None = None
    """Only homes of this region."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetConditions:
    """What distinguishes one fleet from another."""

    n_providers: int = 20
    homes_each: int = 50
    days: int = 14
    start: date = date(2026, 10, 1)
    imposed: Mapping[int, ProviderTruth] = field(default_factory=dict)
    """Provider by number -> what it does."""
    incident_nights: int = 0
    """Nights on which a CDN is slow for half of all homes, whatever their provider."""
    is_incident_uneven: bool = False
    """Whether of some providers more homes are served by that CDN than of others."""
    bad_release_share: float = 0.0
    """Share of homes whose probe release slows what it measures itself."""
    bad_release_of: int | None = None
    """Only at this provider; None: everywhere."""
    n_liars: int = 0
    """Invented homes of one liar, at the provider below."""
    liar_at: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetMember:
    """One home of a fleet, on one service."""

    name: str
    provider: str
    region: str
    voice: str
    probe_version: str
    is_hit: bool
    """The truth."""
    slow: Bools
    """Slow evenings, shape (days,)."""
    factor: float


REGIONS: Final = ("north", "south")
RELEASE: Final = "1.0"
BAD_RELEASE: Final = "1.1"
LIAR: Final = "liar"
_BAD_SHARE: Final = 0.9


def simulate_fleet(conditions: FleetConditions, *, seed: int) -> list[FleetMember]:
    """The homes of a fleet; the same arguments give the same homes."""
    rng = np.random.default_rng([seed, 13])
    incidents = _nights(conditions.days, conditions.incident_nights, rng)
    members: list[FleetMember] = []
    for number in range(conditions.n_providers):
        members += _provider(conditions, number, incidents, rng)
    return members + _liars(conditions)


def _nights(days: int, n: int, rng: np.random.Generator) -> Bools:
    chosen = np.zeros(days, np.bool_)
    chosen[rng.permutation(days)[:n]] = True
    return chosen


def _provider(
    conditions: FleetConditions,
    number: int,
    incidents: Bools,
    rng: np.random.Generator,
) -> list[FleetMember]:
    truth = conditions.imposed.get(number, ProviderTruth(share=0.0))
    shared = _policy_nights(truth, conditions.days, rng)
    hit = rng.random(conditions.homes_each) < truth.share
    served = rng.random() if conditions.is_incident_uneven else 1 / 2
    homes = range(conditions.homes_each)
    return [
        _home(
            *(conditions, number, k, truth, shared, bool(hit[k])),
            incidents if rng.random() < served else np.zeros_like(incidents),
            rng,
        )
        for k in homes
    ]


def _policy_nights(truth: ProviderTruth, days: int, rng: np.random.Generator) -> Bools:
    nights = _nights(days, round(truth.nights_share * days), rng)
    nights[: truth.onset_day] = False
    return nights


def _home(
    conditions: FleetConditions,
    number: int,
    place: int,
    truth: ProviderTruth,
    shared: Bools,
    is_hit: bool,
    incidents: Bools,
    rng: np.random.Generator,
) -> FleetMember:
    days, region = conditions.days, REGIONS[place % len(REGIONS)]
    is_hit = is_hit and truth.region in (None, region)
    slow = rng.random(days) < LOW_FALSE_SHARE
    if is_hit:
        slow |= shared if truth.shared_nights else _policy_nights(truth, days, rng)
    slow |= incidents
    is_bad = _has_bad_release(conditions, number, rng)
    if is_bad:
        slow |= rng.random(days) < _BAD_SHARE
    name = f"p{number:02d}h{place:03d}"
    return FleetMember(
        name=name,
        provider=f"Provider {number:02d}",
        region=region,
        voice=name,
        probe_version=BAD_RELEASE if is_bad else RELEASE,
        is_hit=is_hit,
        slow=slow,
        factor=truth.factor * float(np.exp(rng.normal(0.0, 0.1))),
    )


def _has_bad_release(
    conditions: FleetConditions, number: int, rng: np.random.Generator
) -> bool:
    is_here = conditions.bad_release_of in (None, number)
    return bool(is_here and rng.random() < conditions.bad_release_share)


def _liars(conditions: FleetConditions) -> list[FleetMember]:
    """Invented homes, every evening slow, all of one hand."""
    return [
        FleetMember(
            name=f"{LIAR}{k:03d}",
            provider=f"Provider {conditions.liar_at:02d}",
            region=REGIONS[0],
            voice=LIAR,
            probe_version=RELEASE,
            is_hit=False,
            slow=np.ones(conditions.days, np.bool_),
            factor=10.0,
        )
        for k in range(conditions.n_liars)
    ]


def evenings_of(
    member: FleetMember, conditions: FleetConditions
) -> Mapping[date, bool]:
    """The evenings of a home by date."""
    return {
        conditions.start + timedelta(days=n): bool(is_slow)
        for n, is_slow in enumerate(member.slow)
    }
