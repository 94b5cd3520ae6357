"""What homes of a physics that the method was not made with showed: each rule once."""

import numpy as np
import pandas as pd
import pytest

from monitor.analysis import analyze
from monitor.model import Verdict
from tests.analysis.homes import CONTROLS, TIMEZONE, Home, samples

CONNECTION = ("connect_s", "tls_handshake_s", "goodput_bps")
ACCUSING = {"targeted_throttling", "targeted_blocking", "selective_slowdown"}


def judged(frame: pd.DataFrame) -> dict[str, Verdict]:
    return {v.target: v for v in analyze(frame, timezone=TIMEZONE)}


def clock(frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Local hour and number of the day of each row."""
    local = frame.started_at_utc.dt.tz_convert(TIMEZONE).dt
    day = np.asarray(local.normalize().factorize(sort=True)[0])
    return np.asarray(local.hour + local.minute / 60), day


def held(frame: pd.DataFrame, site: str, rate_bps: float, rows: np.ndarray) -> None:
    """A site's transfers at one rate in some rows."""
    is_held = (frame.target == site).to_numpy() & rows
    scatter = np.exp(0.05 * np.random.default_rng(3).standard_normal(is_held.sum()))
    frame.loc[is_held, "goodput_bps"] = rate_bps * scatter


def test_many_times_slower_on_few_nights_is_found_beside_a_control_with_odd_ones():
    frame = samples(Home(days=21, metrics=CONNECTION))
    hour, day = clock(frame)
    inside = (hour >= 20) & (hour < 22)
    held(frame, "facebook", 256e3, inside & np.isin(day, [1, 4, 9, 11, 16, 18]))
    held(frame, "vk", 4e6, inside & np.isin(day, [2, 14]))
    verdicts = judged(frame)
    assert verdicts["facebook"].verdict in ACCUSING
    assert {v.verdict for n, v in verdicts.items() if n != "facebook"} == {
        "no_recurring_slowdown"
    }


def test_rounds_lost_at_the_edges_of_slow_nights_are_no_answer():
    frame = samples(Home(days=21, metrics=CONNECTION))
    hour, day = clock(frame)
    slow = np.isin(day, [1, 4, 9, 11, 16, 18])
    held(frame, "facebook", 256e3, (hour >= 20) & (hour < 22) & slow)
    is_edge = ((hour >= 20) & (hour < 20.5)) | ((hour >= 21.5) & (hour < 22))
    lost = is_edge & np.isin(day, [1, 4, 9, 11])
    assert judged(frame[~lost])["facebook"].verdict in ACCUSING


def full_way_abroad(controls: dict[str, float]) -> pd.DataFrame:
    """Two far targets and some controls on a way that is full from 18:45 to 22:45.

    Parameters
    ----------
    controls : how much of the targets' slowness each feels [log]
    """
    frame = samples(Home(days=21, metrics=CONNECTION))
    hour, day = clock(frame)
    is_full = (hour >= 18.75) & (hour < 22.75)
    depth = np.random.default_rng(4).uniform(0.2, 1.6, 22)[day]
    for site, share in {"facebook": 1.0, "twitter": 0.8, **controls}.items():
        rows = (frame.target == site).to_numpy() & is_full
        frame.loc[rows, "goodput_bps"] *= np.exp(-share * depth[rows])
    return frame


def test_who_grows_with_a_neighbour_on_a_full_way_is_not_accused():
    verdicts = judged(full_way_abroad({"wikipedia": 0.25}))
    assert not ACCUSING & {v.verdict for v in verdicts.values()}
    alone = judged(full_way_abroad({}))
    assert alone["facebook"].verdict in ACCUSING


def test_longer_round_trips_ask_for_edges_at_the_hours_asked_for():
    frame = full_way_abroad({})
    hour, _ = clock(frame)
    is_far = frame.target.isin(["facebook", "twitter"]).to_numpy()
    frame.loc[is_far & (hour >= 18.75) & (hour < 22.75), "connect_s"] *= 1.4
    verdicts = judged(frame)
    assert not ACCUSING & {v.verdict for v in verdicts.values()}


@pytest.mark.parametrize(
    ("rate_bps", "is_accused"), [(10e6, False), (2e6, True)], ids=["quickest", "slow"]
)
def test_who_is_as_quick_as_measured_as_the_quickest_is_held_by_nothing(
    rate_bps, is_accused
):
    """Objects that end in slow start say nothing of a stream beside them."""
    frame = samples(Home(days=14, metrics=CONNECTION))
    hour, _ = clock(frame)
    frame["encoded_body_bytes"] = np.where(frame.role == "control", 21e3, 480e3)
    every = np.ones(len(frame), np.bool_)
    for site in frame.target.unique():
        held(frame, site, 5e6 if site in CONTROLS else 33e6, every)
        frame.loc[frame.target == site, "connect_s"] = 0.024
        if site not in CONTROLS:
            held(frame, site, rate_bps, (hour >= 20) & (hour < 22))
    said = {v.verdict for v in judged(frame).values()}
    assert bool(said & ACCUSING) is is_accused


def test_a_list_is_found_by_rounds_fifteen_minutes_apart():
    frame = samples(Home(days=14, every_min=15, metrics=CONNECTION))
    hour, _ = clock(frame)
    for site in frame.target.unique():
        if site not in {"kaspi", "vk"}:
            held(frame, site, 512e3, (hour >= 20) & (hour < 22))
    assert {v.verdict for v in judged(frame).values()} <= ACCUSING


def test_a_service_that_refuses_transfers_alone_is_neither_cleared_nor_accused():
    pages = samples(Home(metrics=CONNECTION[:2])).assign(http_status=200.0)
    transfers = samples(Home(metrics=CONNECTION)).assign(
        probe="download", http_status=200.0
    )
    hour, _ = clock(transfers)
    is_refused = (transfers.target == "facebook") & (hour >= 20) & (hour < 22)
    transfers.loc[is_refused, "http_status"] = 429.0
    transfers.loc[is_refused, "goodput_bps"] = np.nan
    found = judged(pd.concat([pages, transfers], ignore_index=True))["facebook"]
    assert (found.verdict, found.rule) == ("inconclusive", "refused")
    assert found.effect.ratio is None


def test_a_wrong_certificate_at_an_address_of_nobody_by_day_is_the_resolvers():
    dead = {"facebook": ("tls_handshake", "ssl_invalid_hostname")}
    frame = samples(Home(metrics=CONNECTION, dead=dead))
    frame["remote_address"] = frame.target.map(
        {name: f"151.{i}.0.1" for i, name in enumerate(frame.target.unique())}
    )
    assert judged(frame)["facebook"].verdict == "targeted_blocking"
    frame.loc[frame.failure != "", "remote_address"] = "146.112.61.106"
    assert judged(frame)["facebook"].verdict == "resolver_blocking"
