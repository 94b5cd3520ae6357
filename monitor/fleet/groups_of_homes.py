"""What only a fleet can say: of each provider and service, how many homes, how; pure.

A group is the homes of one provider, judged on one service. Nothing is said of a group
of fewer than five homes. Formulas and labels are those of docs/fleet.md.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from math import ceil
from typing import Final

import numpy as np

from monitor.analysis.evalue import e_bh
from monitor.fleet.everybodys_evenings import (
    FEWEST_OTHERS,
    MOST_OTHERS,
    Shares,
    everybodys,
    on_other_evenings,
    slow_shares,
)
from monitor.fleet.home_facts import FEWEST, HomeFact
from monitor.fleet.registry import UNKNOWN, Enrolled
from monitor.fleet.shares import at_least, fisher_p, share_interval
from monitor.fleet.together import (
    CommonEdge,
    CommonSize,
    InStep,
    common_size,
    in_step,
    minutes,
    onset_p,
)
from monitor.untyped import Json

MIN_EVENINGS: Final = 7
ALPHA: Final = 0.05
APART: Final = 0.01
"""Below this p homes are in step, a part is told, or a provider differs from others:
a label is one of many that a report shows."""
WIDE: Final = 0.5
"""Above this share of homes, with confidence, a provider is told as a whole."""
FEW: Final = 0.2
BY_PROVIDER: Final = ("isp",)
ATTRIBUTES: Final = ("region", "access", "asn")

TOO_FEW: Final = "too few homes"
NOT_SHOWN: Final = "not shown"
PROBE: Final = "check the probe first"
SINGLE: Final = "one home's trouble"
EVERYWHERE: Final = "everywhere: service side"
PROVIDER_WIDE: Final = "provider-wide"
NOT_APART: Final = "not told apart from other providers"
PART: Final = "part of the provider"
IN_STEP: Final = "part of the provider's homes, in step"
EACH: Final = "some homes, each for itself"
MEANINGS: Final[Mapping[str, str]] = {
    PROVIDER_WIDE: "Most of its homes are hit, and not those of nearly all others.",
    PART: "Where a home is tells whether it is hit.",
    IN_STEP: "Some of its homes, on the same evenings.",
    EACH: "Some of its homes, on evenings of their own.",
    SINGLE: "One voice alone: its line or its equipment.",
    NOT_APART: "Homes of other providers are hit about as often.",
    EVERYWHERE: "Nearly all providers, or on the evenings that nearly all share.",
    PROBE: "Homes with one version of the program are hit, others are not.",
}
"""The labels of groups in which something was found, what accuses first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetGroup:
    """One provider and one service; what is None is not told."""

    provider: str
    service: str
    n: int
    label: str
    part: str | None = None
    k: int | None = None
    low: float | None = None
    high: float | None = None
    at_least: int | None = None
    e_value: float | None = None
    """Evidence that anybody is hit: the mean over its homes."""
    is_found: bool | None = None
    """By e-BH over all groups."""
    n_found: int | None = None
    """Homes by e-BH inside of a group that is found."""
    sync_p: float | None = None
    sync_ratio: float | None = None
    onset_p: float | None = None
    begins: str | None = None
    begins_spread_min: float | None = None
    ends: str | None = None
    ends_spread_min: float | None = None
    ratio: float | None = None
    ratio_low: float | None = None
    ratio_high: float | None = None

    def to_dict(self) -> dict[str, Json]:
        """As JSON has it."""
        return asdict(self)


def groups_of(
    facts: Iterable[HomeFact], by: Sequence[str] = BY_PROVIDER
) -> list[FleetGroup]:
    """All groups, in order of providers and services.

    Parameters
    ----------
    by : columns of the registry that make a provider, or a part of one.
    """
    members: dict[tuple[str, str], list[HomeFact]] = defaultdict(list)
    for fact in voices(facts):
        members[group_name(fact.home, by), fact.service].append(fact)
    told = {key: _counted(key, of_key) for key, of_key in sorted(members.items())}
    marked = _found_by_e_bh(told, members)
    others = _on_other_evenings(members)
    return [_labelled(key, marked, members, others) for key in marked]


def group_name(home: Enrolled, by: Sequence[str] = BY_PROVIDER) -> str:
    """The group that a home belongs to."""
    values = (
        home.provider if name == "isp" else str(getattr(home, name)) for name in by
    )
    return ", ".join(value or UNKNOWN for value in values)


def voices(facts: Iterable[HomeFact]) -> Iterator[HomeFact]:
    """The facts that count: usable homes, and of each independent group one.

    The one with most usable evenings, by name where they are equal: whoever invents
    homes cannot choose the verdict that counts after the fact.
    """
    by_voice: dict[tuple[str, str], HomeFact] = {}
    usable = (
        fact
        for fact in facts
        if fact.n_usable >= MIN_EVENINGS and fact.home.kind == "home"
    )
    for fact in sorted(usable, key=lambda f: (-f.n_usable, f.home.vantage)):
        by_voice.setdefault((fact.home.voice, fact.service), fact)
    return iter(by_voice.values())


def _counted(key: tuple[str, str], facts: Sequence[HomeFact]) -> FleetGroup:
    provider, service = key
    n = len(facts)
    if n < FEWEST:
        return FleetGroup(provider=provider, service=service, n=n, label=TOO_FEW)
    k = sum(fact.is_accused for fact in facts)
    low, high = share_interval(k, n)
    evidence = [fact.evidence for fact in facts]
    return FleetGroup(
        provider=provider,
        service=service,
        n=n,
        label=NOT_SHOWN,
        k=k,
        low=low,
        high=high,
        at_least=at_least(evidence, ALPHA),
        e_value=float(np.mean(evidence)),
    )


Groups = dict[tuple[str, str], FleetGroup]
Members = Mapping[tuple[str, str], Sequence[HomeFact]]


def _found_by_e_bh(told: Groups, members: Members) -> Groups:
    """The groups with those marked that pass e-BH over all, and homes inside them."""
    e_values = np.array([g.e_value for g in told.values() if g.e_value is not None])
    height = e_bh(e_values, ALPHA)
    n_found = int((e_values >= height).sum())
    share = ALPHA * n_found / max(1, e_values.size)
    return {
        key: _marked(group, members[key], height, share) for key, group in told.items()
    }


def _marked(
    group: FleetGroup, facts: Sequence[HomeFact], height: float, q: float
) -> FleetGroup:
    if group.e_value is None:
        return group
    if group.e_value < height:
        return replace(group, is_found=False)
    evidence = np.array([fact.evidence for fact in facts])
    n_found = int((evidence >= e_bh(evidence, q)).sum())
    return replace(group, is_found=True, n_found=n_found)


def _on_other_evenings(members: Members) -> Members:
    """The homes of each group on the evenings that are not everybody's."""
    shares: dict[str, dict[str, Shares]] = defaultdict(dict)
    for (provider, service), facts in members.items():
        if len(facts) >= FEWEST:
            shares[service][provider] = slow_shares(facts)
    kept = {}
    for (provider, service), facts in members.items():
        others = [s for name, s in shares[service].items() if name != provider]
        evenings = everybodys(others)
        kept[provider, service] = [on_other_evenings(fact, evenings) for fact in facts]
    return kept


def _is_shown(fact: HomeFact) -> bool:
    """Whether what a home shows on these evenings would accuse by itself."""
    return fact.evidence >= 1 / ALPHA


def _labelled(
    key: tuple[str, str], groups: Groups, members: Members, kept: Members
) -> FleetGroup:
    group = groups[key]
    if group.label == TOO_FEW or not (group.is_found and group.at_least):
        return group
    facts = kept[key]
    group = _told_together(group, facts)
    if _is_of_the_probe(key, members):
        return replace(group, label=PROBE)
    if group.k == 1:
        return replace(group, label=SINGLE)
    if not at_least([fact.evidence for fact in facts], ALPHA):
        return replace(group, label=EVERYWHERE)
    if _is_wide(facts):
        label = EVERYWHERE if _is_everywhere(key, members) else PROVIDER_WIDE
        return replace(group, label=label)
    if _is_as_elsewhere(key, kept):
        return replace(group, label=NOT_APART)
    part = _part(facts)
    if part is not None:
        return replace(group, label=PART, part=part)
    is_in_step = group.sync_p is not None and group.sync_p <= APART
    return replace(group, label=IN_STEP if is_in_step else EACH)


def _told_together(group: FleetGroup, facts: Sequence[HomeFact]) -> FleetGroup:
    accused = [fact for fact in facts if fact.is_accused]
    step = _step(accused)
    days = {day for fact in facts for day in fact.evenings}
    n_days = (max(days) - min(days)).days + 1 if days else 0
    size = _size(accused)
    begin = minutes([f.begins for f in accused if f.begins])
    end = minutes([f.ends for f in accused if f.ends])
    return replace(
        group,
        onset_p=onset_p([f.onset for f in accused if f.onset], n_days),
        **_step_columns(step),
        **_minutes_columns("begins", begin),
        **_minutes_columns("ends", end),
        **_size_columns(size),
    )


def _step(accused: Sequence[HomeFact]) -> InStep | None:
    days = sorted({day for fact in accused for day in fact.evenings})
    usable = np.array([[d in fact.evenings for d in days] for fact in accused], bool)
    slow = np.array([[fact.evenings.get(d, False) for d in days] for fact in accused])
    if not days:
        return None
    weekend = np.array([day.weekday() >= 5 for day in days])
    return in_step(slow.astype(bool), usable, weekend)


def _step_columns(step: InStep | None) -> dict[str, Json]:
    return {} if step is None else {"sync_p": step.p_value, "sync_ratio": step.ratio}


def _minutes_columns(name: str, told: CommonEdge | None) -> dict[str, Json]:
    if told is None:
        return {}
    return {name: told.median, f"{name}_spread_min": told.spread_min}


def _size(accused: Sequence[HomeFact]) -> CommonSize | None:
    columns = [(f.ratio, f.low, f.high) for f in accused]
    ratios, lows, highs = np.array(columns, np.float64).reshape(-1, 3).T
    return common_size(ratios, lows, highs)


def _size_columns(size: CommonSize | None) -> dict[str, Json]:
    if size is None:
        return {}
    return {"ratio": size.ratio, "ratio_low": size.low, "ratio_high": size.high}


def _is_wide(facts: Sequence[HomeFact]) -> bool:
    low, _ = share_interval(sum(map(_is_shown, facts)), len(facts))
    return low >= WIDE


def _is_everywhere(key: tuple[str, str], members: Members) -> bool:
    """Whether nearly all other providers are hit as a whole, too."""
    others = _others(key, members)
    n_wide = sum(map(_is_wide, others))
    return len(others) >= FEWEST_OTHERS and n_wide >= MOST_OTHERS * len(others)


def _is_as_elsewhere(key: tuple[str, str], kept: Members) -> bool:
    """Whether its homes are not shown to be hit more often than other providers'.

    Of many innocent providers one always has most of what hits homes everywhere. Those
    that are hit as a whole, and the fifth that has most of the rest, are no measure:
    else one liar could hide what another provider does.
    """
    shown = [
        [_is_shown(fact) for fact in facts]
        for facts in _others(key, kept)
        if not _is_wide(facts)
    ]
    if len(shown) < FEWEST_OTHERS:
        return False
    shown.sort(key=lambda flags: sum(flags) / len(flags))
    rest = [x for flags in shown[: ceil(MOST_OTHERS * len(shown))] for x in flags]
    here = [_is_shown(fact) for fact in kept[key]]
    bar = APART / (len(shown) + 1)
    return fisher_p(sum(here), len(here), sum(rest), len(rest)) > bar


def _others(key: tuple[str, str], members: Members) -> list[Sequence[HomeFact]]:
    """The homes of each other provider that something of the service can be told of."""
    return [
        facts
        for (provider, service), facts in members.items()
        if service == key[1] and provider != key[0] and len(facts) >= FEWEST
    ]


def _is_of_the_probe(key: tuple[str, str], members: Members) -> bool:
    """Whether the version of the probe tells who is accused, rather than the provider.

    Within the provider, when it has homes of other versions; across providers, when
    all its homes have the one.
    """
    facts = members[key]
    accused_versions = {fact.probe_version for fact in facts if fact.is_accused}
    if len(accused_versions) != 1 or not any(accused_versions):
        return False
    version = accused_versions.pop()
    inside = [fact for fact in facts if fact.probe_version != version]
    if inside:
        return _p_of(facts, "probe_version", version) <= ALPHA
    others = [
        fact
        for (provider, service), of_key in members.items()
        if service == key[1] and provider != key[0]
        for fact in of_key
    ]
    same = [f.is_accused for f in others if f.probe_version == version]
    rest = [f.is_accused for f in others if f.probe_version != version]
    if min(len(same), len(rest)) < FEWEST:
        return False
    return sum(same) >= WIDE * len(same) and sum(rest) <= FEW * len(rest)


def _p_of(facts: Sequence[HomeFact], name: str, value: str) -> float:
    inside = [f.is_accused for f in facts if _attribute(f, name) == value]
    outside = [f.is_accused for f in facts if _attribute(f, name) != value]
    return fisher_p(sum(inside), len(inside), sum(outside), len(outside))


def _attribute(fact: HomeFact, name: str) -> str:
    if name == "probe_version":
        return fact.probe_version
    return str(getattr(fact.home, name))


def _part(facts: Sequence[HomeFact]) -> str | None:
    """The part of the provider that is accused, where one tells: `region: north`."""
    tried = []
    for name in ATTRIBUTES:
        values = {_attribute(fact, name) for fact in facts}
        for value in sorted(values) if len(values) > 1 else ():
            n_inside = sum(_attribute(fact, name) == value for fact in facts)
            # A part, and the rest of it, are groups, too.
            if value and FEWEST <= n_inside <= len(facts) - FEWEST:
                tried.append((_p_of(facts, name, value), f"{name}: {value}"))
    if not tried:
        return None
    p_value, told = min(tried)
    return told if p_value * len(tried) <= APART else None
