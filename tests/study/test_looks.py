"""Looks at one home after each of its evenings."""

import pytest

from monitor.simulation import simulate
from study.looks import daily_looks


@pytest.mark.long
@pytest.mark.parametrize(
    ("family", "seed"),
    [
        ("own_load_unseen", 10308),
        ("own_load_unseen", 10402),
        ("outages", 10484),
        ("stale_zone", 10308),
        ("clock_forward", 10382),
        ("two_controls", 10314),
        ("one_control", 10046),
        ("zone_change", 66006),
        ("clock_forward", 66142),
        ("congestion", 66294),
        ("unequal_sensitivity", 62144),
    ],
)
def test_what_begins_and_ends_at_no_edge_accuses_nobody(family, seed):
    """Earlier rules accused somebody here for an evening or two and took it back."""
    for looks in daily_looks(simulate(family, seed=seed)):
        assert not looks.first


def test_a_plain_slowdown_is_told_after_three_evenings():
    for looks in daily_looks(simulate("slow_10x", seed=2), looks=(1, 2, 3)):
        is_slowed = looks.truth.window is not None
        assert (set(looks.first.values()) == {3}) == is_slowed


@pytest.mark.parametrize(
    ("family", "seed", "target"),
    [
        ("half_nights_on_congestion", 60046, "youtube"),
        ("half_nights_on_congestion", 60184, "facebook"),
        ("slow_1_5x_on_congestion", 60134, "twitter"),
    ],
)
def test_a_slowdown_on_top_of_a_busy_hour_is_told(family, seed, target):
    """This site feels the busy hour more *and* is slowed: method 2 saw the former."""
    found = daily_looks(simulate(family, seed=seed), looks=(12, 13, 14))
    assert next(looks for looks in found if looks.truth.target == target).first
