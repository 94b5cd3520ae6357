"""TCP beside QUIC: what is told, what counts, and what must not."""

import numpy as np
import pandas as pd
import pytest

from monitor.analysis import analyze
from monitor.series.transports import _attempts, _is_usable, _nearest
from tests.analysis.homes import TIMEZONE, Home, samples

OBJECT_BYTES = 480_000


def home_with_quic(
    *,
    tcp: float = 1.0,
    quic: float = 1.0,
    controls: float | None = None,
    is_blocked: str = "",
    days: int = 7,
) -> pd.DataFrame:
    """A home whose facebook is so many times slower in the window, by each transport.

    Every third round is asked over QUIC, too; `controls`: theirs as well, as slow.
    """
    home = Home(
        days=days,
        targets=("facebook",),
        metrics=("goodput_bps",),
        factor={"facebook": tcp},
        every_min=10,
    )
    frame = samples(home).assign(transport="tcp", encoded_body_bytes=OBJECT_BYTES)
    frame["probe"] = "download"
    local = frame.started_at_utc.dt.tz_convert(TIMEZONE)
    is_evening = local.dt.hour.isin([20, 21])
    is_turn = frame.started_at_utc.dt.minute.mod(30) < 10
    own = home_of_quic(frame[is_turn & (frame.target == "facebook")], is_evening, quic)
    parts = [frame, own]
    if controls is not None:
        others = frame[is_turn & (frame.role == "control")]
        parts.append(home_of_quic(others, is_evening, controls))
    if is_blocked:
        wanted = parts[1] if is_blocked == "quic" else frame
        is_it = (wanted.target == "facebook") & is_evening.reindex(wanted.index)
        wanted.loc[is_it, ["goodput_bps", "encoded_body_bytes"]] = np.nan
        wanted.loc[is_it, "failure"] = "generic_timeout_error"
        wanted.loc[is_it, "failed_operation"] = "tls_handshake"
    return pd.concat(parts, ignore_index=True)


def home_of_quic(
    rows: pd.DataFrame, is_evening: pd.Series, factor: float
) -> pd.DataFrame:
    """Rows by TCP as if asked over QUIC some seconds later, at a rate of its own."""
    rng = np.random.default_rng(7)
    slower = np.where(is_evening.reindex(rows.index), factor, 1.0)
    usual = rows.groupby("target").goodput_bps.transform("median")
    return rows.assign(
        transport="quic",
        started_at_utc=rows.started_at_utc + pd.Timedelta(seconds=20),
        goodput_bps=0.6 * usual * np.exp(rng.normal(0, 0.1, len(rows))) / slower,
    )


def never_answered() -> pd.DataFrame:
    """A home where QUIC is dropped at every hour."""
    frame = home_with_quic()
    is_quic = frame.transport == "quic"
    frame.loc[is_quic, ["goodput_bps", "encoded_body_bytes"]] = np.nan
    frame.loc[is_quic, "failure"] = "generic_timeout_error"
    return frame


def calm_only() -> pd.DataFrame:
    """A slowed home that was asked over QUIC out of the window alone."""
    frame = home_with_quic(tcp=4.0, days=14)
    hour = frame.started_at_utc.dt.tz_convert(TIMEZONE).dt.hour
    return frame[(frame.transport == "tcp") | ~hour.isin([19, 20, 21, 22])]


def told(frame: pd.DataFrame):
    """The verdict on facebook, its text, and its check of the transports."""
    verdict = next(
        v for v in analyze(frame, timezone=TIMEZONE) if v.target == "facebook"
    )
    checks = {c.check: c for c in verdict.mechanism}
    return verdict, " ".join(verdict.sentences()), checks.get("transport")


def test_alike_says_nothing():
    verdict, text, _ = told(home_with_quic())
    assert "QUIC" not in text
    assert verdict.verdict in ("no_recurring_slowdown", "inconclusive")


def test_tcp_slow_where_quic_is_well_counts():
    verdict, text, check = told(home_with_quic(tcp=4.0, days=14))
    assert check is not None
    assert check.score == 1
    assert "TCP is" in text
    assert "slower beside QUIC" in text
    # By itself it accuses nobody: a service can fail one of its two doors.
    alone = [c for c in verdict.mechanism if c.score == 1]
    assert verdict.strength != "strong" or len(alone) > 1


def test_both_slow_alike_is_no_sign():
    _, text, check = told(home_with_quic(tcp=4.0, quic=4.0, days=14))
    assert check is not None
    assert check.score == 0
    assert "slower beside" not in text


def test_quic_blocked_in_the_evening_is_told_and_accuses_nobody():
    verdict, text, _ = told(home_with_quic(is_blocked="quic", controls=1.0))
    assert "QUIC got no answer in" in text
    assert "of the window while TCP did; out of it in 0 of" in text
    assert "for this site alone cannot be said" not in text
    assert verdict.verdict in ("no_recurring_slowdown", "inconclusive")


def test_quic_slow_for_everybody_is_not_this_sites():
    _, text, _ = told(home_with_quic(quic=5.0, controls=5.0))
    assert "QUIC is" in text
    assert "slower beside TCP" in text
    assert "for this site alone cannot be said" in text


def test_quic_slow_without_controls_over_quic_is_told_with_that():
    assert "cannot be said" in told(home_with_quic(quic=5.0))[1]


def test_tcp_blocked_where_quic_answers():
    _, text, check = told(home_with_quic(is_blocked="tcp", days=14))
    assert check is None or check.score == 1
    assert "TCP got no answer in" in text


def test_without_pairs_in_the_window_nothing_is_made_of_it():
    _, text, check = told(calm_only())
    assert check is not None
    assert not check.is_made
    assert "QUIC" not in text


def test_quic_that_never_answers_is_told_as_that():
    _, text, _ = told(never_answered())
    assert "QUIC gets no answer at any hour" in text


@pytest.mark.parametrize(
    "spoil",
    [
        {"failed_operation": "resolve", "failure": "dns_nxdomain_error"},
        {"failure": "unknown_failure: probe_process_ended"},
        {"http_status": 403.0},
    ],
)
def test_what_says_nothing_of_the_way_makes_no_pair(spoil: dict[str, object]):
    frame = home_with_quic()
    is_quic = frame.transport == "quic"
    frame.loc[is_quic, ["goodput_bps", "encoded_body_bytes"]] = np.nan
    for name, value in spoil.items():
        frame.loc[is_quic, name] = value
    assert "QUIC" not in told(frame)[1]


def test_the_nearest_is_taken_and_of_two_the_earlier():
    times, moments = np.array([10, 20]), np.array([5, 14, 15, 16, 30])
    assert _nearest(times, moments).tolist() == [0, 0, 0, 1, 1]


def test_a_pair_needs_a_rate_or_a_failure():
    frame = pd.DataFrame(
        {
            "probe": "download",
            "goodput_bps": [1e6, np.nan, np.nan, np.nan],
            "encoded_body_bytes": [np.nan, 100.0, 0.0, 0.0],
            "failure": ["", "", "", "generic_timeout_error"],
        }
    )
    assert _is_usable(frame).tolist() == [True, True, False, True]


def test_attempts_stand_by_time_whatever_the_order_of_the_rows():
    start = pd.Timestamp("2026-10-01T12:00Z")
    minutes = [5, 1, 3]
    frame = pd.DataFrame(
        {
            "started_at_utc": [start + pd.Timedelta(minutes=m) for m in minutes],
            "target": "a",
            "probe": "download",
            "goodput_bps": [5e6, 1e6, 3e6],
        }
    )
    (attempts,) = _attempts(frame).values()
    assert [a.time_us for a in attempts] == sorted(a.time_us for a in attempts)
    assert len(attempts) == 3
