"""What the samples tell about the cause, check by check."""

import numpy as np
import pandas as pd
import pytest

from monitor.analysis import analyze, explain
from tests.analysis.homes import TIMEZONE, Home, samples

METRICS = ("connect_s", "tls_handshake_s", "waiting_s", "goodput_bps")
SLOWED = Home(metrics=METRICS, factor={"facebook": 3.0})


def in_evening(frame: pd.DataFrame) -> pd.Series:
    hour = frame.started_at_utc.dt.tz_convert(TIMEZONE).dt.hour
    return hour.isin([20, 21]) & (frame.target == "facebook")


def facebook(frame: pd.DataFrame):
    return next(v for v in analyze(frame, timezone=TIMEZONE) if v.target == "facebook")


def score(frame: pd.DataFrame, check: str) -> int:
    return {c.check: c.score for c in facebook(frame).mechanism}[check]


def test_a_quiet_site_has_no_checks():
    assert facebook(samples(Home(metrics=METRICS))).mechanism == ()


def test_stage_and_round_trips_flat_point_to_interference():
    frame = samples(SLOWED)
    assert score(frame, "stage") == score(frame, "round_trip") == 1


def test_a_slow_connect_too_points_away():
    frame = samples(SLOWED)
    frame.loc[in_evening(frame), "connect_s"] *= 3
    assert score(frame, "stage") == score(frame, "round_trip") == -1


def test_switched_windows_have_edges():
    assert score(samples(SLOWED), "edges") == 1


@pytest.mark.parametrize(("spread", "expected"), [(0.03, 1), (1.5, -1)])
def test_one_rate_is_a_plateau_and_a_wide_spread_is_none(spread, expected):
    frame = samples(SLOWED)
    rows = in_evening(frame)
    noise = np.random.default_rng(2).standard_normal(int(rows.sum()))
    frame.loc[rows, "goodput_bps"] = 1e6 * np.exp(spread * noise)
    assert score(frame, "plateau") == expected


def test_transfers_that_break_off_at_one_size_are_a_cut_off():
    frame = samples(SLOWED).assign(encoded_body_bytes=500_000.0, failure="")
    rows = in_evening(frame)
    frame["failed_operation"] = np.where(rows, "read", "")
    frame.loc[rows, "failure"] = "generic_timeout_error"
    frame.loc[rows, "encoded_body_bytes"] = np.linspace(15e3, 18e3, int(rows.sum()))
    frame.loc[rows, "goodput_bps"] = 13e3
    assert score(frame, "cut_off") == 1


def test_other_addresses_in_the_evening_point_to_the_service():
    frame = samples(SLOWED)
    moved = np.where(in_evening(frame), "198.51.100.7", "192.0.2.1")
    frame = frame.assign(remote_address=moved)
    assert score(frame, "destination") == -1
    assert facebook(frame).verdict == "server_side"


def test_the_same_address_is_no_evidence_either_way():
    assert score(samples(SLOWED).assign(remote_address="192.0.2.1"), "destination") == 0


def test_another_issuer_in_the_evening_is_interception():
    frame = samples(SLOWED)
    issuer = np.where(in_evening(frame), "CN=National", "CN=Usual")
    assert score(frame.assign(certificate_issuer=issuer), "certificate") == 1


def test_error_statuses_in_the_evening_point_to_the_service():
    frame = samples(SLOWED)
    frame = frame.assign(http_status=np.where(in_evening(frame), 429, 200))
    assert score(frame, "refusals") == -1


@pytest.mark.parametrize(("factor", "expected"), [(1.0, 1), (3.0, -1)])
def test_a_tunnel_shows_whether_the_way_is_to_blame(factor, expected):
    tunnel = samples(
        Home(
            metrics=METRICS,
            targets=("facebook",),
            controls=(),
            factor={"facebook": factor},
            seed=9,
        )
    ).assign(path="tunnel")
    assert score(pd.concat([samples(SLOWED), tunnel]), "bypass") == expected


@pytest.mark.parametrize(("factor", "expected"), [(1.0, 1), (3.0, 0)])
def test_another_name_shows_whether_the_name_is_to_blame(factor, expected):
    swap = samples(SLOWED)
    swap = swap[swap.target == "facebook"].assign(
        probe="sni_swap", server_name="example.org"
    )
    swap.loc[in_evening(swap), "tls_handshake_s"] *= factor / 3.0
    swap = swap[["started_at_utc", "target", "role", "probe", "server_name"]].assign(
        tls_handshake_s=swap.tls_handshake_s
    )
    assert score(pd.concat([samples(SLOWED), swap]), "name_swap") == expected


def test_targets_in_step_are_synchronous():
    both = Home(metrics=METRICS, factor={"facebook": 3.0, "youtube": 3.0}, share=0.5)
    assert score(samples(both), "synchrony") == 1
    assert score(samples(SLOWED), "synchrony") == 0


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0.5, "in step with youtube"),
        (1.0, "at the same hours as youtube; the evenings"),
    ],
)
def test_in_step_is_said_only_where_the_evenings_tell(share: float, words: str):
    """Two sites that are slow every evening agree by that alone."""
    both = Home(metrics=METRICS, factor={"facebook": 3.0, "youtube": 3.0}, share=share)
    checks = {c.check: c for c in facebook(samples(both)).mechanism}
    assert str(checks["synchrony"]).startswith(words)
    assert checks["synchrony"].score == 1


def test_the_explanation_names_every_check_and_evening():
    found = facebook(samples(SLOWED))
    text = explain(found)
    assert all(check.check in text for check in found.mechanism)
    assert text.count("2026-03-") >= found.evenings.usable
