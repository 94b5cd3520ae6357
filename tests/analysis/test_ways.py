"""Evenings on another way are not mixed with the rest, and said."""

import numpy as np
import pandas as pd
import pytest

from monitor.analysis import analyze
from tests.analysis.homes import TIMEZONE, Home, samples

LINE, OTHER_LINE = "line/ethernet/3f2a", "line/ethernet/b001"


def home() -> Home:
    return Home(
        days=8, every_min=10, targets=("facebook",), controls=("debian", "vk", "ok")
    )


def with_ways(frame: pd.DataFrame, ways: dict[int, str], usual: str) -> pd.DataFrame:
    """The rows with one of each round's way; `ways`: those of some days (0 the first).

    On another way everything takes five times as long.
    """
    days = frame.started_at_utc.dt.tz_convert(TIMEZONE).dt.normalize()
    number = days.factorize()[0]
    way = pd.Series([ways.get(n, usual) for n in number], frame.index)
    hour = frame.started_at_utc.dt.tz_convert(TIMEZONE).dt.hour
    is_slow = (way != usual) & hour.isin([20, 21]) & (frame.target == "facebook")
    frame["tls_handshake_s"] *= np.where(is_slow, 5.0, 1.0)
    rounds = frame.assign(way=way, slot=frame.started_at_utc.dt.floor("10min"))
    first = rounds.drop_duplicates("slot")
    rows = pd.DataFrame(
        {
            "started_at_utc": first.slot,
            "target": "_way",
            "role": "control",
            "probe": "way",
            "server_name": first.way,
            "duration_s": 30.0,
        }
    )
    return pd.concat([frame.assign(probe="https"), rows], ignore_index=True)


def told(frame: pd.DataFrame) -> tuple[int, str]:
    """Slow evenings of facebook, and what is said."""
    verdict = next(
        v for v in analyze(frame, timezone=TIMEZONE) if v.target == "facebook"
    )
    return verdict.evenings.slow, " ".join(verdict.sentences())


@pytest.mark.parametrize(
    ("way", "words"),
    [
        ("tunnel/wireguard", "by a tunnel (VPN)"),
        ("phone/usb/0001", "by a mobile phone or modem"),
        (OTHER_LINE, "by another gateway"),
    ],
)
def test_evenings_on_another_way_are_set_aside_and_said(way: str, words: str):
    frame = with_ways(samples(home()), dict.fromkeys((2, 4, 5), way), LINE)
    n_slow, text = told(frame)
    assert n_slow == 0
    assert f"On 3 evenings this home was connected {words}" in text
    mixed = frame[frame.probe != "way"]
    assert told(mixed)[0] == 3, "without the fact they would be slow"


def test_a_home_that_is_always_behind_a_tunnel_is_judged_as_it_is():
    n_slow, text = told(with_ways(samples(home()), {}, "tunnel/wireguard"))
    assert n_slow == 0
    assert "connected by" not in text
    frame = with_ways(samples(home()), {3: "line/ethernet"}, "tunnel/wireguard")
    assert "connected by another line" in told(frame)[1]


def test_a_router_that_was_replaced_is_the_same_home():
    days = dict.fromkeys((0, 1, 2), OTHER_LINE)
    n_slow, text = told(with_ways(samples(home()), days, LINE))
    assert n_slow == 3
    assert "another gateway" not in text
