"""Evenings on which the homes of nearly all providers are slow; pure.

An incident of the service, or of the network that delivers it, slows homes of every
provider on the same evenings. Whoever counts homes alone holds it against the provider
that by chance has most of them. So each provider is judged on its other evenings.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Final

from monitor.analysis.evalue import LEVELS, flag_e_value
from monitor.fleet.home_facts import FEWEST, HomeFact

MOST_OTHERS: Final = 0.8
"""So many of the other providers are nearly all."""
SHARING_OTHERS: Final = 0.75
"""An evening is everybody's when so many of the others have part in it: a network that
delivers a service has hardly a home at some providers."""
FEWEST_OTHERS: Final = 3
"""Fewer other providers cannot tell what is everybody's."""
SLOW_SHARE: Final = 0.1
"""A provider has part in an evening when more of its homes are slow on it: three times
as many as innocent ones are."""
_RATE: Final = LEVELS[1].p0
"""Innocent evenings are slow less often."""

Shares = Mapping[date, float]


def slow_shares(facts: Iterable[HomeFact]) -> Shares:
    """Share of slow homes by evening, of evenings with at least five usable ones."""
    usable: Counter[date] = Counter()
    slow: Counter[date] = Counter()
    for fact in facts:
        usable.update(fact.evenings.keys())
        slow.update(day for day, is_slow in fact.evenings.items() if is_slow)
    return {day: slow[day] / n for day, n in usable.items() if n >= FEWEST}


def everybodys(others: Sequence[Shares]) -> frozenset[date]:
    """The evenings in which most of some providers have part.

    Parameters
    ----------
    others : `slow_shares` of each other provider; of fewer than three nothing is told.
    """
    told: dict[date, list[bool]] = defaultdict(list)
    for shares in others:
        for day, share in shares.items():
            told[day].append(share > SLOW_SHARE)
    return frozenset(
        day
        for day, parts in told.items()
        if len(parts) >= FEWEST_OTHERS and sum(parts) >= SHARING_OTHERS * len(parts)
    )


def on_other_evenings(fact: HomeFact, evenings: frozenset[date]) -> HomeFact:
    """The home without some evenings: with what it still shows then.

    The least of two e-values is one; a home that was as usual on those evenings keeps
    what it has.
    """
    if not any(fact.evenings.get(day, False) for day in evenings):
        return fact
    kept = {day: slow for day, slow in fact.evenings.items() if day not in evenings}
    left = flag_e_value(sum(kept.values()), len(kept), _RATE)
    return replace(fact, evenings=kept, e_value=min(fact.e_value, left))
