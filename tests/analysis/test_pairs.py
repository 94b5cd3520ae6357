"""Blocks: what they show of a name, and what they must never be taken for."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from monitor.analysis import analyze
from monitor.analysis.paired import (
    has_residue,
    pair_effect,
    sign_e_value,
    upper_bound,
)
from monitor.evening_rule import parse_window
from monitor.pair_rule import LEAST_BPS
from monitor.series.pairs import (
    Pair,
    PairValue,
    Phase,
    legs_apart,
    of_target,
    pairs_of,
    rates_log,
)
from monitor.simulation.blocks import BLOCK_WORLDS, BlockWorld, simulated_blocks
from tests.analysis.homes import TIMEZONE, Home, samples

HOME = Home(days=7)
WINDOW = parse_window("20:00-22:00")


def blocks(world: BlockWorld, *, n_evenings: int = 7, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = simulated_blocks(world, rng, target="facebook", n_evenings=n_evenings)
    return frame.assign(vantage="home")


def verdict_of(frame: pd.DataFrame, target: str = "facebook"):
    return next(v for v in analyze(frame, timezone=TIMEZONE) if v.target == target)


def with_blocks(home: Home, world: BlockWorld) -> pd.DataFrame:
    return pd.concat([samples(home), blocks(world)], ignore_index=True)


def effect_of(world: BlockWorld, pair: Pair, **how: int):
    _, legs = legs_apart(blocks(world, **how))
    found = pairs_of(legs, vantage="home", timezone=TIMEZONE, window=WINDOW)
    return pair_effect(of_target(found, "facebook", pair))


@pytest.mark.parametrize(
    ("n_above", "n", "odds"), [(6, 6, 18), (7, 7, 32), (8, 8, 57), (12, 12, 630)]
)
def test_odds_are_those_of_the_published_table(n_above, n, odds):
    assert sign_e_value(n_above, n) == pytest.approx(odds, rel=0.02)


def test_blocks_of_a_coin_are_no_evidence():
    """The expectation under a fair coin is at most 1 at any number of blocks."""
    rng = np.random.default_rng(3)
    for n in (1, 5, 24):
        values = [sign_e_value(int(k), n) for k in rng.binomial(n, 0.5, 4000)]
        assert np.mean(values) <= 1.1


def test_a_median_of_few_values_has_no_bound():
    assert upper_bound(np.arange(4.0)) == np.inf
    assert upper_bound(np.arange(5.0)) == 4.0
    assert upper_bound(np.arange(100.0)) == pytest.approx(58, abs=1)


def test_a_quiet_site_whose_name_is_slow_elsewhere_is_throttled_strong():
    verdict = verdict_of(with_blocks(HOME, replace(BLOCK_WORLDS["D1"], name=4.0)))
    assert (verdict.verdict, verdict.strength) == ("targeted_throttling", "strong")
    assert verdict.rule == "by_name"
    assert verdict.effect.metric == "goodput_bps"
    assert verdict.effect.ratio == pytest.approx(4.0, rel=0.25)
    scores = {c.check: c.score for c in verdict.mechanism}
    assert scores["name_away"] == scores["name_swap"] == 1
    text = " ".join(verdict.sentences())
    assert "goes with this name, at both servers" in text
    assert "own router" in text
    assert "odds against chance" in text


@pytest.mark.parametrize("world", ["D2", "D3", "D4", "D5", "D6"])
def test_nothing_else_is_taken_for_the_name(world):
    verdict = verdict_of(with_blocks(HOME, BLOCK_WORLDS[world]))
    assert verdict.verdict == "no_recurring_slowdown" or (
        verdict.verdict in ("insufficient_data", "inconclusive")
    )
    assert verdict.strength is None


def test_a_slow_site_is_not_cleared_by_a_name_that_costs_nothing():
    """By address: the name is no evidence against interference."""
    home = Home(days=14, metrics=("connect_s", "goodput_bps"), factor={"facebook": 3.0})
    alone = verdict_of(samples(home))
    beside = verdict_of(with_blocks(home, BLOCK_WORLDS["D2"]))
    assert beside.verdict == alone.verdict != "server_side"
    assert {c.check: c.score for c in beside.mechanism}["name_away"] == 0
    assert "not shown to be done by name" in " ".join(beside.sentences())


def test_a_server_that_is_slow_to_unknown_names_is_told_as_that():
    verdict = verdict_of(
        with_blocks(HOME, replace(BLOCK_WORLDS["D4"], unknown_names=4))
    )
    assert "the server itself treats it so" in " ".join(verdict.sentences())


def test_residue_is_seen_in_the_order_of_the_legs():
    _, legs = legs_apart(blocks(BLOCK_WORLDS["D5"]))
    found = pairs_of(legs, vantage="home", timezone=TIMEZONE, window=WINDOW)
    assert has_residue(of_target(found, "facebook", Pair.NAME_AWAY))
    _, legs = legs_apart(blocks(replace(BLOCK_WORLDS["D5"], residue=1.0)))
    found = pairs_of(legs, vantage="home", timezone=TIMEZONE, window=WINDOW)
    assert not has_residue(of_target(found, "facebook", Pair.NAME_AWAY))


def test_legs_leave_the_ordinary_series_as_they_are():
    frame = samples(HOME)
    quiet = blocks(BLOCK_WORLDS["D6"])
    both = pd.concat([frame, quiet], ignore_index=True)
    for target in ("telegram", "youtube"):
        one, other = (verdict_of(f, target).to_dict() for f in (frame, both))
        assert one == other
    mine = verdict_of(both)
    assert mine.effect == verdict_of(frame).effect


def test_a_refused_leg_makes_its_pair_unusable():
    frame = blocks(replace(BLOCK_WORLDS["D1"], name=4.0))
    frame.loc[frame.probe == "sni_away", "http_status"] = 421
    _, legs = legs_apart(frame)
    found = pairs_of(legs, vantage="home", timezone=TIMEZONE, window=WINDOW)
    assert of_target(found, "facebook", Pair.NAME_AWAY) == []
    assert of_target(found, "facebook", Pair.NAME_SWAP)


def test_a_pair_has_as_many_legs_on_either_side():
    frame = blocks(replace(BLOCK_WORLDS["D1"], name=4.0))
    is_torn = (frame.probe == "sni_away") & (frame.block == frame.block.iloc[0])
    is_torn &= is_torn.cumsum() == 1
    assert is_torn.sum() == 1
    told = []
    for kept in (frame, frame[~is_torn]):
        _, legs = legs_apart(kept)
        found = pairs_of(legs, vantage="home", timezone=TIMEZONE, window=WINDOW)
        told.append({v.block for v in of_target(found, "facebook", Pair.NAME_AWAY)})
    assert told[0] - told[1] == {frame.block.iloc[0]}


def test_a_rate_without_a_body_is_that_of_all_bytes_over_all_the_time():
    frame = pd.DataFrame(
        {
            "goodput_bps": [np.nan, 8e6, np.nan],
            "encoded_body_bytes": [1e6, 1e6, 1e6],
            "duration_s": [2.0, 2.0, 0.0],
        }
    )
    expected = [4e6, 8e6, LEAST_BPS]
    assert np.exp(rates_log(frame)) == pytest.approx(expected)


def test_a_frozen_leg_is_slow_by_what_arrived():
    frame = blocks(replace(BLOCK_WORLDS["D1"], name=4.0))
    is_away = frame.probe == "sni_away"
    frame.loc[is_away, ["goodput_bps", "encoded_body_bytes"]] = np.nan, 12_000
    frame.loc[is_away, "duration_s"] = 6.0
    frame["failure"] = np.where(is_away, "generic_timeout_error", "")
    frame["failed_operation"] = np.where(is_away, "read", "")
    _, legs = legs_apart(frame)
    found = pairs_of(legs, vantage="home", timezone=TIMEZONE, window=WINDOW)
    costs = [v.cost_log for v in of_target(found, "facebook", Pair.NAME_AWAY)]
    assert np.exp(np.median(costs)) == pytest.approx(20e6 / 16e3, rel=0.3)


def test_calm_pairs_are_needed():
    frame = blocks(replace(BLOCK_WORLDS["D1"], name=4.0))
    hour = frame.started_at_utc.dt.tz_convert(TIMEZONE).dt.hour
    verdict = verdict_of(pd.concat([samples(HOME), frame[hour.isin([20, 21])]]))
    assert verdict.strength is None
    assert "Too few pairs out of the window" in " ".join(verdict.sentences())


def test_one_evening_of_a_large_cost_is_shown_and_no_verdict():
    effect = effect_of(
        replace(BLOCK_WORLDS["D1"], name=6.0, fires=True), Pair.NAME_AWAY, n_evenings=1
    )
    assert effect is not None
    assert effect.n == effect.n_above == 12
    assert effect.is_shown
    assert not effect.is_enough


def quiet_and_slow(
    cost: float, *, n_quiet: int = 14, n_slow: int = 3
) -> list[PairValue]:
    """Evenings of eight blocks each on which nobody slows the name, then some."""
    rng = np.random.default_rng(8)
    n_evenings = n_quiet + n_slow
    value = PairValue(
        target="a",
        pair=Pair.NAME_AWAY,
        block="",
        evening=0,
        phase=Phase.EVENING,
        cost_log=0.0,
        n_legs=2,
    )
    values = []
    for evening in range(n_evenings):
        height = np.log(cost) if evening >= n_quiet else 0.0
        for phase, level in ((Phase.EVENING, height), (Phase.CALM, 0.0)):
            values += [
                replace(value, evening=evening, phase=phase, cost_log=level + x)
                for x in 0.3 * rng.standard_normal(8)
            ]
    return values


def test_a_slowdown_after_quiet_weeks_is_told_from_where_it_began():
    effect = pair_effect(quiet_and_slow(2.5))
    assert effect.is_enough
    assert effect.since == 14
    assert (effect.n, effect.n_before) == (24, 14 * 8)
    assert list(effect.by_evening) == [14, 15, 16]
    assert np.exp(effect.cost.centre) == pytest.approx(2.5, rel=0.2)
    # the bet on each evening as the first one is paid for
    assert effect.e_value == pytest.approx(
        sign_e_value(effect.n_above, 24) / 118, rel=0.1
    )


def test_quiet_weeks_alone_are_told_whole():
    effect = pair_effect(quiet_and_slow(1.0))
    assert not effect.is_shown
    assert (effect.since, effect.n_before, effect.n) == (0, 0, 17 * 8)


@pytest.mark.parametrize("share", [0.5, 0.3])
def test_bets_that_begin_on_any_evening_expect_no_gain(share):
    """Whenever one looks, and stops at the best of all looks: seldom 20."""
    rng = np.random.default_rng(6)
    calm = quiet_and_slow(1.0, n_quiet=40, n_slow=0)
    calm = [v for v in calm if v.phase is Phase.CALM]
    high = 0
    for _ in range(60):
        coins = rng.random((12, 6)) < share
        best = 0.0
        for day in range(1, 13):
            values = [
                replace(calm[0], evening=e, phase=Phase.EVENING, cost_log=4.0 * c - 2.0)
                for e in range(day)
                for c in coins[e]
            ]
            best = max(best, pair_effect([*calm, *values]).e_value)
        high += best >= 20
    assert high <= 60 / 20 + 4


def ways(direct: float, *, control: float = 1.0) -> pd.DataFrame:
    """Pairs directly and by a tunnel, every 20 minutes, for a target and a control."""
    rng = np.random.default_rng(4)
    stamps = pd.date_range("2026-03-01", periods=7 * 72, freq="20min", tz=TIMEZONE)
    inside = np.isin(stamps.hour, (20, 21))
    parts = []
    for target, role, cost in (("facebook", "target", direct), ("vk", "control", 1.0)):
        for path in ("direct", "tunnel"):
            slow = cost if path == "direct" else (control if role == "control" else 1.0)
            rate = 2e7 * np.exp(0.2 * rng.standard_normal(stamps.size))
            parts.append(
                pd.DataFrame(
                    {
                        "started_at_utc": stamps.tz_convert("UTC"),
                        "target": target,
                        "role": role,
                        "path": path,
                        "probe": "pair_own",
                        "block": [f"w{n}" for n in range(stamps.size)],
                        "goodput_bps": rate / np.where(inside, slow, 1.0),
                    }
                )
            )
    return pd.concat(parts, ignore_index=True)


SLOWED = Home(days=7, metrics=("connect_s", "goodput_bps"), factor={"facebook": 3.0})


@pytest.mark.parametrize(
    ("direct", "control", "score"), [(3.0, 1.0, 1), (1.0, 1.0, -1), (1.0, 3.0, 0)]
)
def test_a_way_in_pairs_tells_the_route_from_the_service(direct, control, score):
    """A way that slows the controls, too, says nothing of the site."""
    verdict = verdict_of(pd.concat([samples(SLOWED), ways(direct, control=control)]))
    assert {c.check: c.score for c in verdict.mechanism}["bypass"] == score
    assert (verdict.verdict == "server_side") is (score < 0)
