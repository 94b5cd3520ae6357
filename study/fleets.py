"""Simulated fleets through the fleet's statistics: how often each label is right.

Homes' verdicts are made of their evenings by the product's own e-value for counts of
slow evenings, so that a hundred fleets of a thousand homes take minutes, not weeks.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from monitor.analysis.evalue import flag_e_value
from monitor.fleet.groups_of_homes import (
    EVERYWHERE,
    NOT_SHOWN,
    PROBE,
    FleetGroup,
    groups_of,
)
from monitor.fleet.home_facts import HomeFact
from monitor.fleet.registry import Enrolled
from monitor.simulation.fleets import (
    LIAR,
    LOW_FALSE_SHARE,
    FleetConditions,
    FleetMember,
    ProviderTruth,
    evenings_of,
    simulate_fleet,
)

SERVICE = "facebook"
N_SEEDS = 40
BAR = 80.0
"""Of one home with four targets: 4 / 0.05."""


def fact_of(member: FleetMember, conditions: FleetConditions) -> HomeFact:
    """What a home with these evenings would say."""
    n, k = conditions.days, int(member.slow.sum())
    e_value = flag_e_value(k, n, LOW_FALSE_SHARE)
    size = 1.25 * member.factor
    return HomeFact(
        home=Enrolled(
            vantage=member.name,
            isp=member.provider,
            region=member.region,
            independent_group=member.voice,
        ),
        service=SERVICE,
        verdict="selective_slowdown" if e_value >= BAR else "no_recurring_slowdown",
        e_value=e_value,
        n_usable=n,
        ratio=member.factor,
        low=member.factor / 1.25,
        high=size,
        begins="20:00",
        ends="22:00",
        onset=None,
        probe_version=member.probe_version,
        evenings=evenings_of(member, conditions),
    )


def told(conditions: FleetConditions, seed: int) -> dict[str, FleetGroup]:
    """The groups of a simulated fleet by provider."""
    members = simulate_fleet(conditions, seed=seed)
    facts = [fact_of(member, conditions) for member in members]
    return {group.provider: group for group in groups_of(facts)}


@dataclass(frozen=True)
class Scenario:
    """One kind of fleet, and what is asked of the label of its first provider."""

    name: str
    conditions: FleetConditions
    right: tuple[str, ...]


def scenarios() -> Iterator[Scenario]:
    """The kinds of fleets of the acceptance."""
    plain = FleetConditions()
    wide = {0: ProviderTruth(share=0.9, nights_share=0.5)}
    own_nights = {0: ProviderTruth(share=0.4, nights_share=0.5, shared_nights=False)}
    yield Scenario("nobody", plain, ("not shown",))
    yield Scenario(
        "nobody, a CDN's incidents",
        replace(plain, incident_nights=3),
        (NOT_SHOWN, EVERYWHERE),
    )
    yield Scenario("wide", replace(plain, imposed=wide), ("provider-wide",))
    yield Scenario(
        "two fifths, shared nights",
        replace(plain, imposed={0: ProviderTruth(share=0.4)}),
        ("part of the provider's homes, in step",),
    )
    yield Scenario(
        "two fifths, nights of their own",
        replace(plain, imposed=own_nights),
        ("some homes, each for itself",),
    )
    yield Scenario(
        "one region",
        replace(plain, imposed={0: ProviderTruth(region="north")}),
        ("part of the provider",),
    )
    yield Scenario(
        "a bad release, half of the homes everywhere",
        replace(plain, bad_release_share=0.5),
        ("check the probe first",),
    )
    yield Scenario(
        "a bad release at one provider's homes",
        replace(plain, bad_release_share=0.6, bad_release_of=0),
        ("check the probe first",),
    )
    yield Scenario(
        "everywhere",
        replace(plain, imposed=dict.fromkeys(range(20), ProviderTruth(share=0.9))),
        ("everywhere: service side",),
    )
    yield Scenario("fifty lies", replace(plain, n_liars=50), ("one home's trouble",))


def rates(scenario: Scenario, n_seeds: int) -> Mapping[str, Any]:
    """How often the label is right, and how often an innocent group was found."""
    labels, false_seeds = [], 0
    for seed in range(n_seeds):
        members = simulate_fleet(scenario.conditions, seed=seed)
        # A lie counts once where it is told; elsewhere it must change nothing.
        hit = {m.provider for m in members if m.is_hit or m.voice == LIAR}
        groups = told(scenario.conditions, seed)
        labels.append(groups["Provider 00"].label)
        quiet = (NOT_SHOWN, PROBE, EVERYWHERE)
        false_seeds += any(
            g.label not in quiet for p, g in groups.items() if p not in hit
        )
    right = float(np.mean([label in scenario.right for label in labels]))
    return {
        "right": right,
        "wrong": sorted({label for label in labels if label not in scenario.right}),
        "innocent_found": false_seeds / n_seeds,
    }


def main() -> None:
    """Print the table of docs/fleet.md: `python -m study.fleets`."""
    print("| fleet | label right | other labels | seeds with an innocent group |")
    print("|---|---|---|---|")
    for scenario in scenarios():
        of = rates(scenario, N_SEEDS)
        other = ", ".join(of["wrong"]) or "-"
        told_right = f"{of['right']:.0%}"
        print(
            f"| {scenario.name} | {told_right} | {other} | {of['innocent_found']:.0%} |"
        )


if __name__ == "__main__":
    main()
