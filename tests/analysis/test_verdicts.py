"""One situation after another, and what may be said of it."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from monitor.analysis import analysis_document, analyze
from monitor.simulation import simulate
from tests.analysis.homes import CONTROLS, TARGETS, TIMEZONE, Home, samples


def judged(home: Home, **options) -> dict:
    found = analyze(samples(home), timezone=home.timezone, **options)
    return {verdict.target: verdict for verdict in found}


def names(verdicts: dict) -> dict:
    return {target: verdict.verdict for target, verdict in verdicts.items()}


def test_a_quiet_fortnight_shows_no_slowdown():
    assert set(names(judged(Home())).values()) == {"no_recurring_slowdown"}


def test_one_site_slowed_is_named_and_no_other():
    found = names(judged(Home(days=7, factor={"facebook": 3.0})))
    assert found.pop("facebook") in ("targeted_throttling", "selective_slowdown")
    assert set(found.values()) == {"inconclusive"}


def test_the_ratio_and_its_interval_hold_the_truth():
    found = judged(Home(factor={"facebook": 2.0}))["facebook"]
    low, high = found.effect.ci95
    assert low < 2.0 < high
    assert high / low < 1.5


@pytest.mark.parametrize("metric", ["connect_s", "goodput_bps", "waiting_s"])
def test_one_metric_alone_is_enough(metric):
    found = judged(Home(days=7, metrics=[metric], factor={"twitter": 3.0}))
    assert found["twitter"].verdict in ("targeted_throttling", "selective_slowdown")
    assert found["twitter"].effect.metric == metric
    assert found["facebook"].verdict == "inconclusive"


@pytest.mark.parametrize("every_min", [1.5, 10, 15, 30])
def test_other_intervals_are_judged_too(every_min):
    found = names(judged(Home(every_min=every_min, factor={"youtube": 3.0})))
    assert found.pop("youtube") in ("targeted_throttling", "selective_slowdown")
    assert set(found.values()) == {"no_recurring_slowdown"}


def test_every_other_night_is_found():
    found = judged(Home(factor={"facebook": 2.5}, share=0.5))["facebook"]
    assert found.verdict in ("targeted_throttling", "selective_slowdown")
    assert found.evenings.slow == 7


def test_slow_together_is_congestion():
    found = names(judged(Home(busy=2.0)))
    assert set(found.values()) == {"general_congestion"}


def test_congestion_does_not_hide_a_site_slowed_on_top():
    found = names(judged(Home(busy=2.0, factor={"facebook": 2.0})))
    assert found.pop("facebook") in ("targeted_throttling", "selective_slowdown")
    assert set(found.values()) == {"general_congestion"}


@pytest.mark.parametrize(
    ("n_controls", "verdict"), [(0, "recurring_slowdown"), (1, "selective_slowdown")]
)
def test_few_controls_limit_what_is_said(n_controls, verdict):
    home = Home(controls=CONTROLS[:n_controls], factor={"facebook": 3.0})
    found = judged(home)["facebook"]
    assert found.verdict == verdict
    assert "control" in " ".join(found.sentences())


def test_a_lone_control_does_not_accuse_of_a_mild_slowdown():
    """Two innocent sites may well differ by as much as that."""
    found = judged(Home(controls=CONTROLS[:1], factor={"facebook": 1.3}))["facebook"]
    assert found.verdict == "inconclusive"


@pytest.mark.parametrize(
    "dead",
    [
        ("connect", "generic_timeout_error"),
        ("tls_handshake", "connection_reset"),
        ("http_round_trip", "connection_reset"),
        ("", "generic_timeout_error"),
    ],
)
def test_dead_evenings_are_blocking_with_their_stage(dead):
    found = judged(Home(days=7, dead={"telegram": dead}))
    assert found["telegram"].verdict == "targeted_blocking"
    assert found["telegram"].evenings.dead == 7
    assert (dead[0] or "not recorded") in found["telegram"].sentences()[0]
    assert found["facebook"].verdict == "inconclusive"


def test_names_that_do_not_resolve_are_the_resolver_s_own():
    dead = ("resolve", "dns_nxdomain_error")
    found = judged(Home(days=7, dead={"telegram": dead}))
    assert found["telegram"].verdict == "resolver_blocking"
    assert "filter of the home's own" in found["telegram"].sentences()[0]
    assert found["facebook"].verdict == "inconclusive"


def test_everything_dead_is_an_outage_and_accuses_nobody():
    dead = dict.fromkeys((*TARGETS, *CONTROLS), ("connect", "generic_timeout_error"))
    found = judged(Home(days=7, dead=dead))
    assert set(names(found).values()) == {"insufficient_data"}
    assert "outages" in " ".join(found["facebook"].sentences())


def test_all_targets_dead_and_controls_well_is_no_outage():
    dead = dict.fromkeys(TARGETS, ("connect", "generic_timeout_error"))
    found = names(judged(Home(days=7, controls=CONTROLS[:3], dead=dead)))
    assert set(found.values()) == {"targeted_blocking"}


def test_four_evenings_are_too_few_unless_overwhelming():
    found = names(judged(Home(days=4, factor={"facebook": 5.0})))
    assert found["facebook"] in ("targeted_throttling", "selective_slowdown")
    assert found["twitter"] == "insufficient_data"


def test_a_throttled_control_leaves_and_hides_nothing():
    home = Home(controls=CONTROLS[:3], factor={"facebook": 3.0, "kaspi": 3.0})
    found = judged(home)
    assert found["facebook"].verdict == "selective_slowdown"
    assert "kaspi" in " ".join(found["facebook"].sentences())
    assert found["twitter"].verdict == "no_recurring_slowdown"


def test_quicker_controls_do_not_make_a_slowdown():
    found = judged(Home(busy=0.5, factor={"facebook": 2.0}))["facebook"]
    assert found.verdict == "inconclusive"
    assert "quicker" in found.sentences()[0]


def test_a_site_dead_all_day_is_blocked_without_a_window():
    frame = samples(Home(days=7))
    rows = frame.target == "facebook"
    frame["failure"] = np.where(rows, "generic_timeout_error", "")
    frame["failed_operation"] = np.where(rows, "connect", "")
    frame.loc[rows, "tls_handshake_s"] = np.nan
    [found] = [v for v in analyze(frame, timezone=TIMEZONE) if v.target == "facebook"]
    assert (found.verdict, found.found_window) == ("targeted_blocking", None)
    assert "down for everybody" in " ".join(found.sentences())


def test_slow_saturdays_are_found_and_named():
    frame = samples(Home(days=60, every_min=10))
    local = frame.started_at_utc.dt.tz_convert(TIMEZONE).dt
    rows = (frame.target == "facebook") & local.hour.isin([20, 21])
    frame.loc[rows & (local.day_of_week == 5), "tls_handshake_s"] *= 3
    [found] = [v for v in analyze(frame, timezone=TIMEZONE) if v.target == "facebook"]
    assert found.verdict == "selective_slowdown"
    assert "Slow evenings keep to Saturday." in found.sentences()


def test_a_window_shorter_than_asked_is_not_called_quiet():
    found = judged(Home(days=20, factor={"facebook": 3.0}, window_h=(20.5, 21.2)))
    assert found["facebook"].verdict == "inconclusive"
    assert "from 20:30 to 21:1" in " ".join(found["facebook"].sentences())
    assert found["twitter"].verdict == "no_recurring_slowdown"


def test_the_window_is_found_in_the_data():
    home = Home(days=21, factor={"facebook": 3.0}, window_h=(20.5, 22.5))
    start, end = judged(home)["facebook"].found_window
    assert start in ("20:25", "20:30", "20:35")
    assert end in ("22:25", "22:30", "22:35")


def test_a_window_across_midnight_belongs_to_the_evening_before():
    frame = samples(Home(days=10, factor={"facebook": 3.0}, window_h=(23.0, 24.0)))
    found = analyze(frame, timezone=TIMEZONE, window="23:00-00:00")
    assert found[0].evenings.slow == 10
    assert found[0].marks[0].day == date(2026, 3, 1)


def test_onset_and_end_are_dated():
    quiet = samples(Home(days=12))
    slow = samples(Home(days=12, start="2026-03-13", factor={"facebook": 3.0}))
    after = samples(Home(days=12, start="2026-03-25"))
    [found] = [
        v
        for v in analyze(pd.concat([quiet, slow, after]), timezone=TIMEZONE)
        if v.target == "facebook"
    ]
    assert (found.onset_date, found.offset_date) == ("2026-03-13", "2026-03-24")


def test_since_and_until_are_inclusive_local_dates():
    frame = samples(Home(days=14, factor={"facebook": 3.0}))
    found = analyze(frame, timezone=TIMEZONE, since="2026-03-03", until="2026-03-09")
    assert {v.evenings.observed for v in found} == {7}


@pytest.mark.parametrize(
    ("timezone", "start"),
    [
        ("Europe/Berlin", "2026-03-22"),
        ("Europe/Berlin", "2026-10-18"),
        ("Asia/Almaty", "2024-02-23"),
    ],
)
def test_clock_changes_move_no_evening(timezone, start):
    home = Home(timezone=timezone, start=start, factor={"facebook": 3.0})
    found = judged(home)["facebook"]
    assert (found.evenings.slow, found.evenings.usable) == (14, 14)
    assert found.found_window == ("20:00", "22:00")


def test_each_vantage_is_judged_by_itself():
    slow = samples(Home(days=7, factor={"facebook": 3.0})).assign(vantage="b")
    well = samples(Home(days=14)).assign(vantage="a")
    found = analyze(pd.concat([slow, well]), timezone=TIMEZONE)
    assert [v.vantage for v in found] == ["a"] * 4 + ["b"] * 4
    assert found[0].verdict == "no_recurring_slowdown"
    assert found[4].verdict != "no_recurring_slowdown"


def test_rounds_that_the_machine_itself_spoiled_are_set_aside():
    frame = samples(Home(days=7, factor={"facebook": 3.0}))
    stamps = frame[frame.target == "vk"].started_at_utc
    spoiled = pd.DataFrame(
        {
            "started_at_utc": stamps,
            "target": "machine",
            "role": "control",
            "probe": "event_loop",
            "failure": "unknown_failure: late",
        }
    )
    found = analyze(pd.concat([frame, spoiled]), timezone=TIMEZONE)
    assert {v.verdict for v in found} == {"insufficient_data"}
    assert {v.target for v in found} == set(TARGETS)


def test_own_traffic_explains_slow_evenings():
    home = simulate("own_load", seed=4)
    found = analyze(home.samples, timezone=home.timezone)
    assert {v.verdict for v in found} == {"own_line"}


def test_one_home_is_never_both_blocked_and_slowed():
    home = simulate("block_timeout", seed=2)
    found = analyze(home.samples, timezone=home.timezone)
    hit = {t for t, truth in home.truth.items() if truth.kind == "blocking"}
    assert {v.target for v in found if v.verdict == "targeted_blocking"} == hit
    assert {v.verdict for v in found} <= {
        "targeted_blocking",
        "no_recurring_slowdown",
        "general_congestion",
        "inconclusive",
    }


def test_a_busy_server_is_not_called_interference():
    frame = samples(
        Home(metrics=["connect_s", "tls_handshake_s", "waiting_s", "goodput_bps"])
    )
    local = frame.started_at_utc.dt.tz_convert(TIMEZONE).dt.hour
    is_slow = (frame.target == "facebook") & local.isin([20, 21])
    frame.loc[is_slow, "waiting_s"] *= 4.0
    [found] = [v for v in analyze(frame, timezone=TIMEZONE) if v.target == "facebook"]
    assert found.verdict == "server_side"


@pytest.mark.parametrize(
    ("held", "said"),
    [
        (("facebook",), ("selective_slowdown", None)),
        (("facebook", "youtube"), ("targeted_throttling", "likely")),
    ],
)
def test_interference_takes_what_the_service_could_not_do_itself(held, said):
    """One site's own network may be full at sharp hours; two operators' not in step."""
    metrics = ["connect_s", "tls_handshake_s", "goodput_bps"]
    frame = samples(Home(metrics=metrics))
    local = frame.started_at_utc.dt.tz_convert(TIMEZONE).dt.hour
    is_slow = frame.target.isin(held) & local.isin([20, 21])
    rng = np.random.default_rng(1)
    rate = 128e3 * np.exp(0.05 * rng.standard_normal(int(is_slow.sum())))
    frame.loc[is_slow, "goodput_bps"] = rate
    found = {v.target: v for v in analyze(frame, timezone=TIMEZONE)}["facebook"]
    assert (found.verdict, found.strength) == said
    plus = {c.check for c in found.mechanism if c.score > 0}
    assert {"stage", "plateau", "edges", "round_trip"} <= plus


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("151.101.1.140", "selective_slowdown"),
        ("104.244.42.1", "targeted_throttling"),
    ],
)
def test_two_sites_on_one_content_network_are_one_voice(address, said):
    held = {"facebook": 3.0, "twitter": 3.0}
    frame = samples(Home(metrics=["connect_s", "tls_handshake_s"], factor=held))
    told = {"facebook": "151.101.65.140", "twitter": address}
    frame["remote_address"] = frame.target.map(told).fillna("192.0.2.1")
    found = {v.target: v for v in analyze(frame, timezone=TIMEZONE)}
    assert {found[name].verdict for name in held} == {said}


def with_a_busy_hour_of_its_own(
    extra: float, every_min: float = 5.0, sites: tuple[str, ...] = ("facebook",)
) -> dict:
    """Some sites slower along a hill of up to 1 + extra times, the others as by day."""
    metrics = ["connect_s", "tls_handshake_s"]
    frame = samples(Home(days=30, every_min=every_min, metrics=metrics))
    local = frame.started_at_utc.dt.tz_convert(TIMEZONE).dt
    hour = local.hour + local.minute / 60
    bell = 1 + extra * np.exp(-(((hour - 21) / 2) ** 2))
    is_held = frame.target.isin(sites)
    frame.loc[is_held, "tls_handshake_s"] *= bell[is_held]
    return {v.target: v for v in analyze(frame, timezone=TIMEZONE)}


def test_two_networks_that_are_full_at_the_busy_hour_are_no_witnesses():
    """Everybody's busy hour is the same: in step with another site counts at edges."""
    found = with_a_busy_hour_of_its_own(4.0, sites=("facebook", "twitter"))
    for name in ("facebook", "twitter"):
        plus = {c.check for c in found[name].mechanism if c.score > 0}
        assert {"synchrony", "stage"} <= plus
        assert found[name].verdict == "selective_slowdown"


def test_an_overloaded_site_with_a_busy_hour_of_its_own_is_not_called_targeted():
    """Its connect is quick and its round trip flat, but nothing is switched."""
    found = with_a_busy_hour_of_its_own(2.0)["facebook"]
    assert found.verdict == "selective_slowdown"


def test_a_gentle_hill_of_its_own_accuses_nobody():
    """Innocent sites may feel a busy line twice as much as flat controls do."""
    found = with_a_busy_hour_of_its_own(1.0)["facebook"]
    assert found.verdict == "inconclusive"
    assert "gently" in " ".join(found.sentences())


def test_edges_are_not_asked_of_rounds_too_far_apart_to_show_them():
    found = with_a_busy_hour_of_its_own(1.0, every_min=30)["facebook"]
    assert found.verdict == "selective_slowdown"


@pytest.mark.parametrize(
    ("own", "is_accused"), [(1.3, False), (1.6, False), (3.0, True), (6.0, True)]
)
def test_where_the_whole_line_is_switched_a_little_more_accuses_nobody(own, is_accused):
    found = names(judged(Home(days=21, busy=3.0, factor={"facebook": own})))
    accusing = found["facebook"] in ("targeted_throttling", "selective_slowdown")
    assert accusing is is_accused
    assert found["facebook"] == "general_congestion" or is_accused


def test_a_window_that_begins_late_is_found_by_its_own_edges():
    home = Home(days=8, factor={"facebook": 2.0}, window_h=(20.5, 22.5))
    found = judged(home)["facebook"]
    assert found.verdict in ("targeted_throttling", "selective_slowdown")
    assert found.found_window == ("20:30", "22:30")


def test_edges_without_slow_evenings_accuse_nobody():
    """Quicker just before and after the window is a step, and nothing was slow."""
    frame = samples(Home(days=21))
    local = frame.started_at_utc.dt.tz_convert(TIMEZONE).dt
    hour = local.hour + local.minute / 60
    beside = ((hour >= 19.4) & (hour < 20)) | ((hour >= 22) & (hour < 22.6))
    frame.loc[(frame.target == "facebook") & beside, "tls_handshake_s"] *= 0.7
    found = {v.target: v for v in analyze(frame, timezone=TIMEZONE)}["facebook"]
    assert found.e_value > 1000
    assert found.evenings.slow < 3
    assert found.verdict == "no_recurring_slowdown"


def test_three_evenings_are_never_strong_evidence():
    frame = samples(Home(days=3, metrics=["connect_s", "goodput_bps"]))
    local = frame.started_at_utc.dt.tz_convert(TIMEZONE).dt.hour
    is_held = frame.target.isin(["facebook", "youtube"]) & local.isin([20, 21])
    frame.loc[is_held, "goodput_bps"] = 2e5
    found = {v.target: v for v in analyze(frame, timezone=TIMEZONE)}["facebook"]
    assert (found.verdict, found.strength) == ("targeted_throttling", "likely")


def test_rows_without_any_value_are_no_evenings():
    frame = samples(Home(days=14)).drop(columns="tls_handshake_s")
    found = analyze(frame, timezone=TIMEZONE)
    assert {v.verdict for v in found} == {"insufficient_data"}
    assert {v.evenings.usable for v in found} == {0}


def test_controls_are_not_called_dead_for_want_of_evenings():
    frame = samples(Home(days=14))
    hour = frame.started_at_utc.dt.tz_convert(TIMEZONE).dt.hour
    found = analyze(frame[~hour.isin([20, 21])], timezone=TIMEZONE)[0]
    assert found.verdict == "insufficient_data"
    assert "no live control" not in " ".join(found.sentences())


def test_slow_hours_elsewhere_in_the_day_are_named_with_their_size():
    frame = samples(Home(days=20))
    hour = frame.started_at_utc.dt.tz_convert(TIMEZONE).dt.hour
    frame.loc[(frame.target == "facebook") & hour.isin([8, 9]), "tls_handshake_s"] *= 3
    [found] = [v for v in analyze(frame, timezone=TIMEZONE) if v.target == "facebook"]
    assert "from 08:00 to 10:00 it typically takes 3." in " ".join(found.sentences())


def test_the_window_that_was_asked_for_is_no_other_window():
    found = judged(Home(days=2, factor={"facebook": 30.0}))["facebook"]
    assert found.verdict == "insufficient_data"
    assert "another window" not in " ".join(found.sentences())


def test_a_slowdown_of_hundreds_has_its_true_size():
    found = judged(Home(days=8, factor={"facebook": 800.0}))["facebook"]
    low, high = found.effect.ci95
    assert low < 800 < high
    assert found.effect.ratio == pytest.approx(800, rel=0.2)


def test_a_small_page_that_comes_at_once_spoils_nothing():
    frame = samples(Home(days=8, metrics=["connect_s", "tls_handshake_s"]))
    frame["response_s"] = 0.0
    for found in analyze(frame, timezone=TIMEZONE):
        assert "impossible" not in " ".join(found.sentences())


def test_the_document_begins_with_the_first_evening():
    """The samples begin at midnight, in the day of the evening before."""
    found = analyze(samples(Home(days=7)), timezone=TIMEZONE)
    document = analysis_document(found, timezone=TIMEZONE)
    assert (document["since"], document["until"]) == ("2026-03-01", "2026-03-07")


def test_another_transport_is_no_evidence():
    frame = samples(Home(days=14))
    by_quic = frame.assign(transport="quic")
    by_quic.loc[by_quic.target == "facebook", "tls_handshake_s"] *= 5.0
    both = pd.concat([frame.assign(transport="tcp"), by_quic], ignore_index=True)
    assert analyze(both, timezone=TIMEZONE) == analyze(frame, timezone=TIMEZONE)


def beside_a_gateway(home: Home, by_day_s: float, in_window_s: float) -> pd.DataFrame:
    """A home's rows, with round trips to its own gateway."""
    frame = samples(home)
    local = frame.started_at_utc.dt.tz_convert(TIMEZONE).dt.hour
    times = frame[["started_at_utc"]].assign(
        target="_gateway",
        role="control",
        probe="gateway",
        connect_s=np.where(local.isin([20, 21]), in_window_s, by_day_s),
    )
    every_round = times.drop_duplicates("started_at_utc")
    return pd.concat([frame, every_round], ignore_index=True)


def test_a_gateway_that_is_slow_in_the_window_is_the_own_line():
    home = Home(metrics=["connect_s", "tls_handshake_s"], busy=1.6)
    found = analyze(beside_a_gateway(home, 0.002, 0.02), timezone=TIMEZONE)
    assert {v.verdict for v in found} == {"own_line"}
    assert {v.reasons[0].rule for v in found} == {"own_gateway"}
    still = analyze(beside_a_gateway(home, 0.002, 0.002), timezone=TIMEZONE)
    assert "own_line" not in {v.verdict for v in still}


@pytest.mark.parametrize(("gateway_s", "is_near"), [(0.002, False), (0.2, True)])
def test_an_answer_from_nearer_than_the_gateway_is_told(gateway_s, is_near):
    home = Home(metrics=["connect_s", "tls_handshake_s"])
    frame = beside_a_gateway(home, gateway_s, gateway_s)
    for verdict in analyze(frame, timezone=TIMEZONE):
        assert ("near" in {reason.rule for reason in verdict.reasons}) == is_near
