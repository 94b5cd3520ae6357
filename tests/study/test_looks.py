"""Looks at one home after each of its evenings."""

import pytest

from monitor.simulation import simulate
from study.looks import daily_looks


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
    ],
)
def test_one_odd_evening_accuses_nobody(family, seed):
    """Method 1 accused somebody here for an evening or two and took it back."""
    for looks in daily_looks(simulate(family, seed=seed)):
        assert not looks.first


def test_a_plain_slowdown_is_told_after_three_evenings():
    for looks in daily_looks(simulate("slow_10x", seed=2), looks=(1, 2, 3)):
        is_slowed = looks.truth.window is not None
        assert (set(looks.first.values()) == {3}) == is_slowed
