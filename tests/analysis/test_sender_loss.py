"""What this home sends and loses on the way: who is found by it, and who is not."""

from dataclasses import replace
from typing import Final

import numpy as np
import pandas as pd
import pytest

from monitor.analysis import analyze, services_of
from monitor.analysis.sender_loss import _Count, _is_lossy
from tests.analysis.homes import TIMEZONE, Home, samples

SENDS: Final = {"tls": 3, "https": 5, "mtproto": 21}
HOME = Home(days=3, metrics=("connect_s", "tls_handshake_s", "duration_s"))


def with_loss(
    home: Home,
    lost: dict[str, float],
    *,
    by_day: float = 0.002,
    for_all: float = 0.002,
    hosts: tuple[str, ...] = (),
) -> pd.DataFrame:
    """Samples of connections that lose segments; a lost one takes a second more.

    Parameters
    ----------
    lost : share of what is sent in the window, by site; of the others `for_all`.
    hosts : that exchange messages; the others have pages.
    """
    frame = samples(home)
    rng = np.random.default_rng(5)
    local = frame.started_at_utc.dt.tz_convert(TIMEZONE)
    is_inside = local.dt.hour.isin([20, 21]).to_numpy()
    in_window = frame.target.map(lost).fillna(for_all).to_numpy()
    frame["probe"] = np.where(frame.target.isin(hosts), "mtproto", "https")
    n_sent = frame.probe.map(SENDS).to_numpy()
    again = rng.binomial(n_sent, np.where(is_inside, in_window, by_day))
    # The first segment is the SYN: that is what `connect_s` waits for.
    is_syn = rng.random(again.size) * n_sent < again
    frame["connect_s"] += is_syn
    if "duration_s" in frame:
        frame["duration_s"] += again
    return frame.assign(tcp_retransmits=again.astype(float))


def judged(frame: pd.DataFrame) -> dict:
    return {v.target: v for v in analyze(frame, timezone=TIMEZONE)}


@pytest.mark.parametrize("days", [3, 7])
def test_a_third_of_the_client_s_packets_dropped_is_found_where_medians_are_blind(days):
    home = replace(HOME, days=days)
    verdicts = judged(with_loss(home, {"telegram": 0.15}))
    telegram = verdicts["telegram"]
    assert (telegram.verdict, telegram.strength) == ("selective_slowdown", None)
    assert telegram.reasons[0].rule == "lost_on_the_way"
    assert telegram.evenings.slow == days
    assert {c.check: c.score for c in telegram.mechanism}["sender_loss"] == 1
    assert telegram.effect.ratio is not None
    assert telegram.effect.ratio > 1.25
    rest = {v.verdict for name, v in verdicts.items() if name != "telegram"}
    assert rest <= {"insufficient_data", "inconclusive"}


@pytest.mark.parametrize(
    "more",
    [
        {"lost": {}, "for_all": 0.15},
        {"lost": {"telegram": 0.15}, "by_day": 0.15},
        {"lost": {"telegram": 0.02}},
        {"lost": {}, "for_all": 0.04, "hosts": ("telegram",)},
        {"lost": {}, "for_all": 0.08, "hosts": ("telegram", "twitter")},
    ],
    ids=["for-all", "all-day", "little", "longer-talk", "longer-talk-full-line"],
)
def test_loss_that_others_or_other_hours_have_too_is_no_evidence(more):
    home = replace(HOME, days=7)
    for verdict in judged(with_loss(home, **more)).values():
        assert verdict.reasons[0].rule != "lost_on_the_way"
        checks = {c.check: c.score for c in verdict.mechanism}
        assert checks.get("sender_loss", 0) == 0


def test_two_evenings_are_not_enough():
    frame = with_loss(HOME, {"telegram": 0.3})
    first = frame.started_at_utc.dt.tz_convert(TIMEZONE).dt.day == 1
    frame.loc[first & (frame.target == "telegram"), "tcp_retransmits"] = 0.0
    assert judged(frame)["telegram"].verdict == "insufficient_data"


def test_nobody_is_asked_where_it_was_not_counted():
    frame = with_loss(HOME, {"telegram": 0.3})
    plain = judged(frame.drop(columns="tcp_retransmits"))
    assert plain == judged(frame.assign(tcp_retransmits=np.nan))
    assert plain["telegram"].verdict == "insufficient_data"


def test_a_host_that_is_slow_too_has_the_check_and_keeps_its_verdict():
    home = replace(HOME, days=8, factor={"telegram": 4.0})
    telegram = judged(with_loss(home, {"telegram": 0.2}))["telegram"]
    assert telegram.reasons[0].rule != "lost_on_the_way"
    (check,) = (c for c in telegram.mechanism if c.check == "sender_loss")
    assert (check.score, check.is_made) == (1, True)


def test_a_server_that_waits_for_lost_requests_is_not_slow_itself():
    """Found in the lab: at 30 % loss the answers waited more than the handshakes."""
    metrics = ("connect_s", "tls_handshake_s", "waiting_s")
    home = Home(days=8, metrics=metrics)
    frame = with_loss(home, {"telegram": 0.3})
    local = frame.started_at_utc.dt.tz_convert(TIMEZONE)
    is_slow = local.dt.hour.isin([20, 21]) & (frame.target == "telegram")
    frame.loc[is_slow, "waiting_s"] *= 6
    telegram = judged(frame)["telegram"]
    checks = {c.check: c.score for c in telegram.mechanism}
    assert (checks["server"], checks["sender_loss"]) == (-1, 1)
    assert telegram.verdict == "selective_slowdown"
    quiet = judged(frame.drop(columns="tcp_retransmits"))["telegram"]
    assert quiet.verdict == "server_side"


def test_innocent_evenings_are_lossy_by_chance_as_seldom_as_the_bet_allows():
    """Also where a line loses much, in the window more, and some talk longer."""
    rng = np.random.default_rng(2)
    n_lossy, n = 0, 4000
    for _ in range(n):
        loss, n_sent = rng.choice([0.001, 0.02, 0.1]), rng.choice([3, 5, 21])
        own, day, others = (
            _Count(rows, rng.binomial(rows, 1 - (1 - q) ** sends), rows * sends)
            for rows, sends, q in (
                (24, n_sent, loss),
                (240, n_sent, loss / 2),
                (120, 5, loss),
            )
        )
        n_lossy += _is_lossy(own, day, others)
    assert n_lossy <= 0.02 * n


def test_of_a_service_it_is_told_which_hosts_have_no_transfer():
    frame = with_loss(HOME, {}).assign(service="")
    is_host = frame.target.isin(["telegram", "twitter"])
    frame.loc[is_host, "service"] = "telegram"
    frame.loc[~is_host, "goodput_bps"] = 1e7
    services = {s.service: s for s in services_of([*judged(frame).values()])}
    (told,) = (r for r in services["telegram"].reasons if r.rule == "no_transfer")
    assert "from telegram, twitter:" in str(told)
    assert "not measurable at level plain" in str(told)
    assert all(r.rule != "no_transfer" for r in services["facebook"].reasons)
