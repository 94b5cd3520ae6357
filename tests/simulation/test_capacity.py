"""The second physics: what a cap, a list and a household do to sites that differ."""

import numpy as np
import pandas as pd
import pytest

from monitor.simulation.capacity import KINDS, Group, capacity_home
from monitor.simulation.capacity.world import transfer_s
from study.capacity import Task, plain_rule, study, table

DAYS = 6


def evening_rates(kind: str, seed: int = 2) -> tuple[pd.Series, pd.Series, set[str]]:
    """Median rate of each site by day and from 20:00 to 22:00, and who was reached."""
    home = capacity_home(kind, seed=seed, days=DAYS, every_s=600)
    rows = home.samples[home.samples["probe"] == "download"]
    hour = rows["started_at_utc"].dt.tz_convert(home.timezone).dt.hour
    names = rows["target"].astype(str)
    inside = (hour >= 20) & (hour < 22)
    by_day = rows[~inside].groupby(names[~inside])["goodput_bps"].median()
    then = rows[inside].groupby(names[inside])["goodput_bps"].median()
    return by_day, then, set(home.acted.targets)


def test_the_same_arguments_give_the_same_home():
    first, second = (
        capacity_home("stream", seed=4, days=2, every_s=600).samples for _ in range(2)
    )
    pd.testing.assert_frame_equal(first, second)


def test_under_a_cap_the_quick_fall_and_the_slow_do_not():
    own_bps = np.array([20e6, 1e6])
    free, capped = (transfer_s(np.array(5e5), 0.05, own_bps, c) for c in (100e6, 4e6))
    assert capped[0] > 2 * free[0]
    assert capped[1] == free[1]


def test_a_tariff_holds_every_site_below_it():
    by_day, then, reached = evening_rates("tariff")
    assert not reached
    assert then.max() < 0.8 * by_day.max()


def test_a_list_leaves_its_controls_as_they_are():
    by_day, then, reached = evening_rates("three_of_seven")
    change = then / by_day
    assert len(reached) == 4
    assert (change[sorted(reached)] < 0.8).all()
    assert (change.drop(sorted(reached)) > 0.9).sum() == 3


@pytest.mark.parametrize(
    "kind", [n for n, k in KINDS.items() if k.group is not Group.INNOCENT]
)
def test_whoever_is_reached_is_a_target_and_shows_it(kind):
    home = capacity_home(kind, seed=2, days=14, every_s=1800)
    assert home.acted.targets
    assert set(home.acted.targets) <= set(home.targets)
    assert home.acted.nights


@pytest.mark.parametrize("status", [403, 451])
def test_a_block_page_is_small_quick_and_of_another_issuer(status):
    home = capacity_home(f"page_{status}", seed=2, days=2, every_s=1800)
    odd = home.samples[home.samples["http_status"] == status]
    assert set(odd["target"].astype(str)) == set(home.acted.targets)
    assert (odd["encoded_body_bytes"] == 700).all()
    usual = home.samples[home.samples["http_status"] == 200]["certificate_issuer"]
    assert set(odd["certificate_issuer"]).isdisjoint(usual)


def test_the_plain_rule_wants_five_of_seven_evenings():
    slow = np.log([2.0, 1.0, 2.0, 2.0, 1.0, 2.0, 2.0])
    assert plain_rule(slow)
    assert not plain_rule(np.where(np.arange(7) == 0, 0.0, slow))
    assert not plain_rule(np.tile(np.log([2.0, 1.0]), 10))


def test_a_home_is_studied_to_its_row_of_the_table():
    record = study(Task(kind="held_128k", seed=2))
    hit = [target for target in record["targets"] if target["hit"]]
    assert all(target["visible"] >= 5 and target["plain"] for target in hit)
    assert f"| held_128k | {len(hit)}/{len(hit)} |" in table([record])
