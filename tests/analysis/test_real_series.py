"""Published measurements by others give the verdicts that their numbers show."""

from pathlib import Path

import pandas as pd
import pytest

from monitor.analysis import analyze
from monitor.model import Verdict

DATA = Path(__file__).parents[3] / "shared" / "data"


def _verdicts(name: str, timezone: str) -> list[Verdict]:
    return analyze(pd.read_csv(DATA / f"{name}.csv.gz"), timezone=timezone)


def test_three_percent_on_most_evenings_is_no_slowdown_worth_the_name():
    [found] = _verdicts("brisbane_cable", "Australia/Brisbane")
    assert found.verdict == "no_recurring_slowdown"
    assert found.evenings.usable == 509
    assert found.evenings.slow <= 6
    assert 1.02 < found.effect.ratio < 1.05


def test_a_slow_line_without_controls_is_recurring_and_no_more():
    [found] = _verdicts("fourmile_sep2018", "America/Denver")
    assert found.verdict == "recurring_slowdown"
    assert (found.evenings.slow, found.evenings.usable) == (20, 21)
    assert 1.5 < found.effect.ratio < 2.5


@pytest.mark.parametrize(
    ("timezone", "verdict"),
    [("Asia/Kolkata", "recurring_slowdown"), ("UTC", "no_recurring_slowdown")],
)
def test_a_congested_link_is_slow_in_the_evening_of_its_own_zone_only(
    timezone, verdict
):
    [found] = _verdicts("interdomain_link", timezone)
    assert found.verdict == verdict


def test_the_congested_link_is_five_times_slower_on_every_evening():
    [found] = _verdicts("interdomain_link", "Asia/Kolkata")
    assert found.evenings.slow == found.evenings.usable == 15
    assert 4.5 < found.effect.ratio < 6


def test_a_peering_dispute_is_selective_and_no_censorship():
    found = _verdicts("dallas_cogent_dispute", "America/Chicago")
    assert {v.verdict for v in found} == {"selective_slowdown"}
    assert len(found) == 5
    assert all(v.effect.ratio > 1.5 for v in found)
    assert all("1 live control" in " ".join(v.sentences()) for v in found)
