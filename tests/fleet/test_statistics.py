"""What only a fleet can say: against scipy, and on fleets whose truth is known."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from scipy import stats

from monitor.fleet.groups_of_homes import groups_of
from monitor.fleet.home_facts import FEWEST, HomeFact
from monitor.fleet.registry import Enrolled
from monitor.fleet.shares import at_least, fisher_p, share_interval, upper_tail
from monitor.fleet.together import common_size, in_step, minutes, onset_p
from monitor.simulation.fleets import FleetConditions, ProviderTruth, simulate_fleet
from study.fleets import rates, scenarios, told

DAY = date(2026, 10, 1)


@pytest.mark.parametrize(
    ("k", "n"), [(0, 5), (1, 5), (5, 5), (25, 50), (49, 50), (3, 997)]
)
def test_shares_have_the_exact_interval(k: int, n: int) -> None:
    exact = stats.binomtest(k, n).proportion_ci(method="exact")
    assert share_interval(k, n) == pytest.approx((exact.low, exact.high), abs=1e-9)


def test_tails_are_those_of_scipy() -> None:
    for k, n, p in ((0, 9, 0.3), (4, 9, 0.3), (10, 9, 0.3), (40, 100, 0.03), (3, 9, 1)):
        expected = stats.binom.sf(k - 1, n, p)
        assert upper_tail(k, n, p) == pytest.approx(expected, rel=1e-9)
    for table in ((9, 10, 1, 10), (0, 5, 5, 5), (5, 5, 5, 5), (3, 20, 9, 10)):
        a, n_in, c, n_out = table
        rows = [[a, n_in - a], [c, n_out - c]]
        expected = stats.fisher_exact(rows, alternative="greater").pvalue
        assert fisher_p(*table) == pytest.approx(expected, rel=1e-9)


def test_at_least_so_many_homes() -> None:
    assert at_least([]) == 0
    assert at_least([0.0] * 9 + [179.0]) == 0
    assert at_least([0.0] * 9 + [200.0]) == 1
    # Nineteen hit and one innocent: without it, nineteen; with all, the mean of two.
    assert at_least([0.0] + [1000.0] * 19) == 19
    assert at_least([30.0] * 5) == 5
    # One huge value says nothing of a second home.
    assert at_least([0.0] * 4 + [1e12]) == 1


def slow_evenings(n_homes: int, *, shared: bool, n: int = 20, seed: int = 1):
    rng = np.random.default_rng(seed)
    policy = rng.random(n) < 0.5
    rows = [policy if shared else rng.random(n) < 0.5 for _ in range(n_homes)]
    weekend = np.arange(n) % 7 >= 5
    return np.array(rows), np.ones((n_homes, n), bool), weekend


def test_in_step_is_told_from_each_for_itself() -> None:
    together = in_step(*slow_evenings(8, shared=True))
    assert together is not None
    assert together.p_value == 0.001
    assert together.ratio > 1.3
    apart = [in_step(*slow_evenings(8, shared=False, seed=s)) for s in range(20)]
    assert sum(step.p_value <= 0.05 for step in apart if step) <= 3
    assert in_step(*slow_evenings(2, shared=True)) is None
    slow, usable, weekend = slow_evenings(8, shared=True)
    assert in_step(usable, usable, weekend) is None, "slow every evening: no say"
    assert in_step(slow, usable, weekend) == together, "seeded"


def test_weekends_are_no_step() -> None:
    """Homes that are all slow on weekends share the calendar, not a policy."""
    _, usable, weekend = slow_evenings(8, shared=True, n=28)
    rng = np.random.default_rng(3)
    slow = np.array([weekend & (rng.random(28) < 0.7) for _ in range(8)])
    step = in_step(slow, usable, weekend)
    assert step is not None
    assert step.p_value > 0.05


def test_onsets_in_three_days() -> None:
    same = [DAY + timedelta(days=9)] * 20
    assert onset_p(same, 30) == pytest.approx(30 * 0.1**20, rel=1e-6)
    spread = [DAY + timedelta(days=n) for n in range(0, 30, 3)]
    assert onset_p(spread, 30) == 1.0
    assert onset_p(same[:2], 30) is None


def test_minutes_know_midnight() -> None:
    told_minutes = minutes(["23:55", "00:05", "00:10"])
    assert told_minutes is not None
    assert (told_minutes.median, told_minutes.spread_min) == ("00:05", 5.0)
    assert minutes(["20:00", "20:05"]) is None


def test_sizes_are_weighed() -> None:
    ratios = np.array([2.0, 2.0, 2.0])
    size = common_size(ratios, ratios / 1.2, ratios * 1.2)
    assert size is not None
    assert size.ratio == pytest.approx(2.0)
    assert size.tau_log == 0.0
    assert size.high / size.low == pytest.approx(1.2 ** (2 / 3**0.5))
    apart = np.array([1.5, 2.0, 4.0])
    wide = common_size(apart, apart / 1.2, apart * 1.2)
    assert wide is not None
    assert wide.tau_log > 0.3
    assert common_size(*np.full((3, 2), np.nan)) is None


IN_EVERY_RUN = ("nobody, a CDN's incidents", "wide", "two fifths, shared nights")


@pytest.mark.parametrize(
    "scenario",
    [
        pytest.param(
            scenario,
            id=scenario.name,
            marks=() if scenario.name in IN_EVERY_RUN else pytest.mark.long,
        )
        for scenario in scenarios()
    ],
)
def test_the_label_is_right(scenario) -> None:
    of = rates(scenario, [0])
    assert set(of.labels) <= set(scenario.right)
    assert (of.n, of.n_false) == (1, 0)


@pytest.mark.parametrize("is_one_voice", [True, False])
def test_a_liar_changes_no_other_label(*, is_one_voice: bool) -> None:
    wide = {5: ProviderTruth(share=0.9), 6: ProviderTruth(share=0.3)}
    honest = FleetConditions(n_providers=8, imposed=wide)
    members = simulate_fleet(honest, seed=1)
    lies = simulate_fleet(replace(honest, n_liars=50), seed=1)[len(members) :]
    if not is_one_voice:
        lies = [replace(lie, voice=lie.name) for lie in lies]
    before, after = (told(honest, all_) for all_ in (members, [*members, *lies]))
    n_voices = 1 if is_one_voice else 50
    assert after["Provider 00"].n == before["Provider 00"].n + n_voices
    assert after["Provider 00"].k == n_voices
    for provider in set(before) - {"Provider 00"}:
        assert after[provider].label == before[provider].label


def test_what_all_providers_share_is_held_against_none() -> None:
    """Two of five homes of each on three evenings; of one, on two more of their own."""

    def home(provider: int, n: int, *, slow: set[int]) -> HomeFact:
        days = {DAY + timedelta(days=k): k in slow for k in range(14)}
        given = fact(10 * provider + n, isp=f"P{provider}")
        if not slow:
            given = replace(given, verdict="no_recurring_slowdown", e_value=0.1)
        return replace(given, evenings=days)

    shared = {1, 5, 9}
    facts = [
        home(provider, n, slow=shared if n < 2 + 2 * (provider == 0) else set())
        for provider in range(5)
        for n in range(6)
    ]
    labels = {group.provider: group.label for group in groups_of(facts)}
    assert labels == dict.fromkeys(labels, "everywhere: service side")
    own = [home(0, n, slow=shared | {2, 3, 6, 7, 10, 12}) for n in range(6)]
    labels = {g.provider: g.label for g in groups_of([*facts[6:], *own])}
    assert labels.pop("P0") == "provider-wide"
    assert set(labels.values()) == {"everywhere: service side"}
    # Without three other providers nobody can tell what is everybody's.
    few = [f for f in facts if f.home.isp in ("P0", "P1")]
    assert "everywhere: service side" not in {g.label for g in groups_of(few)}


def test_the_most_of_many_innocent_providers_is_not_told_apart() -> None:
    """One home in ten everywhere, on evenings of its own; of one, three in ten."""
    facts = [
        fact(100 * provider + n, isp=f"P{provider:02d}")
        if n < 1 + 2 * (provider == 0)
        else replace(
            fact(100 * provider + n, isp=f"P{provider:02d}"),
            verdict="no_recurring_slowdown",
            evenings={DAY: False},
        )
        for provider in range(10)
        for n in range(10)
    ]
    far = [
        replace(f, evenings={DAY + timedelta(days=20 * int(f.home.vantage[1:])): True})
        for f in facts
        if f.is_accused
    ]
    (first, *_) = groups_of([*(f for f in facts if not f.is_accused), *far])
    assert (first.provider, first.k, first.label) == (
        "P00",
        3,
        "not told apart from other providers",
    )


def fact(n: int, **home: str) -> HomeFact:
    return HomeFact(
        home=Enrolled(vantage=f"h{n}", **home),
        service="facebook",
        verdict="selective_slowdown",
        e_value=1e6,
        n_usable=14,
        ratio=2.0,
        low=1.8,
        high=2.2,
        begins="20:00",
        ends="22:00",
        onset=None,
        probe_version="1.0",
        evenings={DAY + timedelta(days=n): n % 2 == 0 for n in range(14)},
    )


def test_under_five_homes_nothing_is_said() -> None:
    (group,) = groups_of([fact(n) for n in range(FEWEST - 1)])
    told_columns = {k for k, v in group.to_dict().items() if v is not None}
    assert told_columns == {"provider", "service", "n", "label"}
    assert group.label == "too few homes"
    # Five of five may be less than half of all: the interval begins at 48 %.
    for n, label in (
        (5, "part of the provider's homes, in step"),
        (6, "provider-wide"),
    ):
        (group,) = groups_of([fact(k) for k in range(n)])
        assert (group.label, group.k, group.at_least) == (label, n, n)


def test_what_does_not_count() -> None:
    facts = [
        *(fact(n) for n in range(5)),
        fact(5, kind="data_centre"),
        fact(6, kind="vpn"),
        replace(fact(7), n_usable=6),
        *(fact(n, independent_group="one line") for n in (8, 9)),
    ]
    (group,) = groups_of(facts)
    assert group.n == 6


def test_a_verdict_that_does_not_accuse_is_no_evidence() -> None:
    steering = [replace(fact(n), verdict="server_side") for n in range(9)]
    (group,) = groups_of(steering)
    assert (group.label, group.k, group.e_value) == ("not shown", 0, 0.0)


def test_a_part_is_named_only_when_both_sides_are_groups() -> None:
    def home(n: int, region: str, *, accused: bool) -> HomeFact:
        given = fact(n, region=region)
        return given if accused else replace(given, verdict="inconclusive")

    south = [home(100 + n, "south", accused=False) for n in range(8)]
    (group,) = groups_of([home(n, "north", accused=True) for n in range(5)] + south)
    assert (group.label, group.part) == ("part of the provider", "region: north")
    (group,) = groups_of([home(n, "north", accused=True) for n in range(4)] + south)
    assert group.part is None


def test_fleets_are_seeded_and_as_large_as_asked() -> None:
    conditions = FleetConditions(n_providers=2, homes_each=5, n_liars=3)
    first, second = (simulate_fleet(conditions, seed=4) for _ in range(2))
    assert len(first) == 13
    assert [m.slow.tolist() for m in first] == [m.slow.tolist() for m in second]
