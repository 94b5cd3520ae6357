"""Homes of the second physics: what may be said there, one home a kind.

Error rates are the study's; here each kind of cause is judged once, so that a rule that
is lost is noticed.
"""

from functools import cache

import pytest

from monitor.analysis import analyze
from monitor.simulation.capacity import KINDS, CapacityHome, Group, capacity_home

ACCUSING = {
    "targeted_throttling",
    "targeted_blocking",
    "selective_slowdown",
    "sustained_slowdown",
}


@cache
def judged(kind: str) -> tuple[CapacityHome, dict]:
    home = capacity_home(kind, seed=2, days=16, every_s=600)
    found = analyze(home.samples, timezone=home.timezone)
    return home, {verdict.target: verdict for verdict in found}


def reached(kind: str) -> list:
    home, verdicts = judged(kind)
    return [verdicts[name] for name in home.acted.targets]


def of_group(*groups: Group) -> list[str]:
    return [name for name, kind in KINDS.items() if kind.group in groups]


@pytest.mark.parametrize("kind", list(KINDS))
def test_nobody_is_accused_to_whom_nothing_is_done(kind):
    home, verdicts = judged(kind)
    innocent = {
        n: v.verdict for n, v in verdicts.items() if n not in home.acted.targets
    }
    assert not {n for n, verdict in innocent.items() if verdict in ACCUSING}


@pytest.mark.parametrize("kind", of_group(Group.SERVICE, Group.ROUTER))
def test_what_service_or_router_could_do_is_never_strong(kind):
    assert {v.strength for v in reached(kind)} <= {None, "likely"}


@pytest.mark.parametrize("kind", of_group(Group.SERVICE))
def test_a_service_that_is_slow_by_itself_is_not_called_targeted(kind):
    assert {v.verdict for v in reached(kind)} <= {"server_side", "selective_slowdown"}


@pytest.mark.parametrize("kind", of_group(Group.RESOLVER))
def test_the_homes_resolver_is_named_and_nobody_accused(kind):
    assert {v.verdict for v in reached(kind)} == {"resolver_blocking"}


@pytest.mark.parametrize("kind", of_group(Group.ROUTER))
def test_words_name_the_router_that_could_do_the_same(kind):
    for verdict in reached(kind):
        assert any("router" in str(reason) for reason in verdict.reasons)


@pytest.mark.parametrize("kind", of_group(Group.LISTED))
def test_a_list_of_what_stays_quick_is_found(kind):
    allowed = {"targeted_throttling", "selective_slowdown"}
    assert {v.verdict for v in reached(kind)} <= allowed


@pytest.mark.parametrize("kind", of_group(Group.SUSTAINED))
def test_slow_at_all_hours_is_told_as_such(kind):
    assert {v.verdict for v in reached(kind)} == {"sustained_slowdown"}
    onsets = {v.onset_date for v in reached(kind)}
    assert onsets <= {"2026-10-09", "2026-10-10", "2026-10-11"}


@pytest.mark.parametrize("kind", of_group(Group.BLOCKED))
def test_no_answer_is_told_as_blocking(kind):
    assert {v.verdict for v in reached(kind)} == {"targeted_blocking"}


@pytest.mark.parametrize("kind", of_group(Group.REFUSED))
def test_a_refusal_neither_clears_nor_accuses(kind):
    assert {v.verdict for v in reached(kind)} <= {"inconclusive", "server_side"}


@pytest.mark.parametrize("kind", of_group(Group.UNCOMPARED))
def test_without_a_control_that_has_transfers_slowness_is_told_still(kind):
    allowed = {"selective_slowdown", "recurring_slowdown"}
    assert {v.verdict for v in reached(kind)} <= allowed


@pytest.mark.parametrize("kind", list(KINDS))
def test_what_is_printed_is_what_was_tested(kind):
    _, verdicts = judged(kind)
    for verdict in verdicts.values():
        low, high = verdict.effect.ci95
        if verdict.verdict in ACCUSING and not verdict.evenings.dead:
            assert low is not None
            assert round(low, 2) > 1.0
        if verdict.verdict == "no_recurring_slowdown":
            assert high is not None
            assert round(high, 2) < 1.25
