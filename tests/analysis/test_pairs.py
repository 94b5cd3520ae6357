"""Blocks: what they show of a name, and what they must never be taken for."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from monitor.analysis import analyze
from monitor.analysis.dead_legs import dead_legs
from monitor.analysis.odd_certificates import odd_certificates
from monitor.analysis.onset_bets import (
    ENOUGH,
    onset_weights,
    share_bound,
    stake_e_values,
)
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


@pytest.mark.parametrize("world", ["D1", "D2"])
def test_a_name_that_costs_nothing_needs_no_calm_to_be_told_so(world):
    home = Home(days=14, metrics=("connect_s", "goodput_bps"), factor={"facebook": 3.0})
    legs = blocks(BLOCK_WORLDS[world])
    hour = legs.started_at_utc.dt.tz_convert(TIMEZONE).dt.hour
    is_of_name = legs.probe.isin(["pair_own", "sni_swap"])
    legs = legs[~is_of_name | hour.isin([20, 21])]
    words = " ".join(verdict_of(pd.concat([samples(home), legs])).sentences())
    assert "Too few pairs out of the window to hold this against: 0" in words
    assert ("not shown to be done by name" in words) is (world == "D2")


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
    assert effect.n == effect.n_above == 14
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
        costs_log=(0.0,),
        n_legs=2,
    )
    values = []
    for evening in range(n_evenings):
        height = np.log(cost) if evening >= n_quiet else 0.0
        for phase, level in ((Phase.EVENING, height), (Phase.CALM, 0.0)):
            values += [
                replace(value, evening=evening, phase=phase, costs_log=(level + x,))
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
    stakes = np.repeat([1.0, -1.0], [effect.n_above, 24 - effect.n_above])
    (alone,) = stake_e_values(stakes, np.array([0]))
    paid = onset_weights(15)[14] * alone
    assert effect.e_value == pytest.approx(paid, rel=0.1)


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
                replace(
                    calm[0], evening=e, phase=Phase.EVENING, costs_log=(4.0 * c - 2.0,)
                )
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


def test_a_site_that_answers_nobody_at_the_end_of_a_way_is_not_slow_by_it():
    """But for once in thirty; the controls are well by it."""
    legs = ways(3.0)
    is_dead = (legs.path == "tunnel") & (legs.target == "facebook")
    is_dead &= np.arange(len(legs)) % 30 > 0
    legs["failure"] = np.where(is_dead, "connection_reset", "")
    legs["failed_operation"] = np.where(is_dead, "tls_handshake", "")
    legs.loc[is_dead, "goodput_bps"] = np.nan
    verdict = verdict_of(pd.concat([samples(SLOWED), legs]))
    assert {c.check: c.score for c in verdict.mechanism}["bypass"] == 0
    assert verdict.verdict != "server_side"


def dying(
    legs: pd.DataFrame,
    *probes: str,
    share: float = 1.0,
    hours: tuple[int, ...] = (20, 21),
    failure: str = "connection_reset",
) -> pd.DataFrame:
    """Some kinds of legs end without an answer, in some hours of the day."""
    rng = np.random.default_rng(3)
    hour = legs.started_at_utc.dt.tz_convert(TIMEZONE).dt.hour
    is_dead = legs.probe.isin(probes) & hour.isin(hours)
    is_dead &= rng.random(len(legs)) < share
    legs = legs.assign(
        failure=np.where(is_dead, failure, ""),
        failed_operation=np.where(is_dead, "tls_handshake", ""),
    )
    legs.loc[is_dead, ["goodput_bps", "encoded_body_bytes", "http_status"]] = np.nan
    return legs


def away_of(legs: pd.DataFrame) -> list[PairValue]:
    _, legs = legs_apart(legs)
    found = pairs_of(legs, vantage="home", timezone=TIMEZONE, window=WINDOW)
    return of_target(found, "facebook", Pair.NAME_AWAY)


@pytest.mark.parametrize(
    "failure", ["connection_reset", "generic_timeout_error", "ssl_failed_handshake"]
)
def test_a_name_that_nobody_answers_to_is_blocked_and_not_so_many_times_slower(failure):
    legs = dying(blocks(BLOCK_WORLDS["D2"]), "pair_own", "sni_away", failure=failure)
    verdict = verdict_of(pd.concat([samples(HOME), legs]))
    assert (verdict.verdict, verdict.strength) == ("targeted_blocking", "strong")
    assert verdict.rule == "dead_by_name"
    assert verdict.effect.ratio is None
    scores = {c.check: c.score for c in verdict.mechanism}
    assert scores["name_away"] == scores["name_swap"] == 1
    text = " ".join(verdict.sentences())
    assert "196 of 196 transfers under its name got no answer" in text
    assert "0 of 196 under that server's own" in text
    assert "times slower" not in text
    assert "name cost" not in text


def test_dead_legs_enter_no_size():
    """Half of them die, the others are as quick as ever."""
    values = away_of(dying(blocks(BLOCK_WORLDS["D2"]), "sni_away", share=0.5))
    effect, dead = pair_effect(values), dead_legs(values)
    assert np.exp(effect.cost.centre) == pytest.approx(1.0, abs=0.2)
    assert not effect.is_shown
    assert dead.is_enough
    assert 0.4 < dead.n_dead / dead.n < 0.6


@pytest.mark.parametrize(
    ("probes", "share", "hours"),
    [
        (("pair_base", "sni_away"), 0.4, (20, 21)),
        (("pair_base",), 1.0, (20, 21)),
        (("sni_away",), 1.0, tuple(range(24))),
        (("sni_away",), 0.3, tuple(range(24))),
    ],
)
def test_a_bad_line_or_server_is_no_blocked_name(probes, share, hours):
    legs = dying(blocks(BLOCK_WORLDS["D2"]), *probes, share=share, hours=hours)
    dead = dead_legs(away_of(legs))
    assert dead.e_value < ENOUGH
    assert not dead.is_shown
    verdict = verdict_of(pd.concat([samples(HOME), legs]))
    assert verdict.strength is None
    is_told = "of 483 such transfers died, too" in " ".join(verdict.sentences())
    assert is_told is (len(hours) == 24)


def test_without_a_calm_nothing_is_said_of_dead_legs():
    legs = dying(blocks(BLOCK_WORLDS["D2"]), "sni_away")
    hour = legs.started_at_utc.dt.tz_convert(TIMEZONE).dt.hour
    assert not dead_legs(away_of(legs[hour.isin([20, 21])])).is_shown


def test_a_leg_that_is_broken_off_is_dead_and_one_that_freezes_is_slow():
    for failure, is_dead in (
        ("connection_reset", True),
        ("generic_timeout_error", False),
    ):
        legs = dying(blocks(BLOCK_WORLDS["D2"]), "sni_away", failure=failure)
        is_failed = legs.failure != ""
        legs.loc[is_failed, "encoded_body_bytes"] = 16_000
        legs.loc[is_failed, ["duration_s", "goodput_bps"]] = 6.0, 20e6
        values = [v for v in away_of(legs) if v.phase is Phase.EVENING]
        assert {v.n_suspected_dead > 0 for v in values} == {is_dead}


def certified(
    legs: pd.DataFrame, *probes: str, hours: tuple[int, ...] = (20, 21)
) -> pd.DataFrame:
    """Some kinds of legs are shown another issuer, in some hours of the day."""
    hour = legs.started_at_utc.dt.tz_convert(TIMEZONE).dt.hour
    is_odd = legs.probe.isin(probes) & hour.isin(hours)
    return legs.assign(certificate_issuer=np.where(is_odd, "CN=box", "CN=R3"))


@pytest.mark.parametrize("is_trusted", [True, False])
def test_an_authority_that_only_the_name_is_shown_is_somebody_in_between(is_trusted):
    legs = certified(blocks(BLOCK_WORLDS["D2"]), "pair_own", "sni_away")
    if not is_trusted:
        is_odd = legs.certificate_issuer == "CN=box"
        legs["failure"] = np.where(is_odd, "ssl_unknown_authority", "")
        legs.loc[is_odd, ["goodput_bps", "encoded_body_bytes"]] = np.nan
    odd = odd_certificates(away_of(legs))
    assert odd.is_enough
    assert (odd.n_odd, odd.n_other_odd) == (196, 0)
    assert not dead_legs(away_of(legs)).is_shown
    verdict = verdict_of(pd.concat([samples(SLOWED), legs]))
    assert {c.check: c.score for c in verdict.mechanism}["certificate"] == 1
    assert "Somebody in between answered" in " ".join(verdict.sentences())


@pytest.mark.parametrize(
    ("probes", "hours"),
    [
        # renewed, or served by another machine in the evening: under every name
        (("pair_base", "sni_away"), (20, 21)),
        # a server that shows another one to names that it does not know
        (("sni_away",), tuple(range(24))),
    ],
)
def test_a_certificate_of_the_server_itself_is_nobody_in_between(probes, hours):
    legs = certified(blocks(BLOCK_WORLDS["D2"]), *probes, hours=hours)
    odd = odd_certificates(away_of(legs))
    assert odd is None or not odd.is_shown


def test_an_address_that_stays_slow_after_the_name_hides_it_but_from_first_legs():
    """As in Turkey: the name is slow, and so is all that comes after it."""
    world = BlockWorld(name=4.0, residue=4.0, fires=True)
    effect = effect_of(world, Pair.NAME_AWAY)
    assert effect.is_by_first
    assert effect.is_enough
    assert np.exp(effect.cost.centre) == pytest.approx(4.0, rel=0.3)
    effect = effect_of(replace(world, name=1.0), Pair.NAME_AWAY)
    assert effect.is_by_first
    assert not effect.is_shown


@pytest.mark.parametrize(("n", "odds"), [(6, 27), (12, 1080)])
def test_whole_stakes_multiply_as_the_method_says(n, odds):
    (e_value,) = stake_e_values(np.ones(n), np.array([0]))
    assert e_value == pytest.approx(odds, rel=0.02)


def test_stakes_that_a_coin_turns_gain_nothing_on_average():
    """All signs of five stakes of any size: the mean is what was bet."""
    sizes = np.array([1.0, 0.5, 1.0, 0.0, 0.5])
    signs = np.array(np.meshgrid(*[(-1, 1)] * 5)).reshape(5, -1).T
    gains = [stake_e_values(s * sizes, np.array([0, 2])) for s in signs]
    assert np.mean(gains, axis=0) == pytest.approx([1.0, 1.0])


def test_the_bet_is_spread_over_all_evenings_to_come_and_never_more():
    weights = onset_weights(20_000)
    assert weights.sum() == pytest.approx(1.0, abs=1e-3)
    assert weights.sum() < 1.0
    assert list(onset_weights(7)) == list(weights[:7])
    assert onset_weights(0).size == 0


def test_a_share_has_a_bound():
    assert share_bound(0, 60) == pytest.approx(1 - 0.05 ** (1 / 60), rel=1e-3)
    assert share_bound(5, 5) == 1.0
