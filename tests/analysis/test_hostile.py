"""Frames that nobody should send: a clear error or an honest verdict, no traceback."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.analysis import analyze
from monitor.errors import InputError
from tests.analysis.homes import TIMEZONE, Home, samples

FRAME = samples(Home(days=6, every_min=30, targets=("a",), controls=("b", "c")))
AWARE = pd.Timestamp("2026-03-01T15:00:00Z")


@pytest.mark.parametrize(
    ("frame", "says"),
    [
        ("no frame", "DataFrame"),
        (FRAME.drop(columns="target"), "column target"),
        (FRAME.drop(columns="started_at_utc"), "column started_at_utc"),
        (FRAME.assign(tls_handshake_s="quick"), "tls_handshake_s"),
        (FRAME.assign(tls_handshake_s=-1.0), "tls_handshake_s: found -1.0"),
        (FRAME.assign(tls_handshake_s=np.inf), "tls_handshake_s: found inf"),
        (FRAME.assign(target=7), "target: found 7"),
        (FRAME.assign(target=None), "target: found nothing"),
        (FRAME.assign(role="boss"), "role: found 'boss'; allowed: target, control"),
        (FRAME.assign(failure=3.5), "failure: found 3.5"),
        (FRAME.assign(target=[["a"]] * len(FRAME)), "target"),
        (FRAME.assign(started_at_utc="yesterday"), "started_at_utc"),
        (FRAME.assign(started_at_utc="2026-03-01T15:00:00"), "with a zone"),
        (FRAME.assign(started_at_utc=1.7e9), "started_at_utc"),
        (FRAME.assign(started_at_utc=pd.NaT), "started_at_utc"),
        (FRAME.assign(started_at_utc="1066-10-14T09:00:00Z"), "started_at_utc"),
        (pd.concat([FRAME, FRAME.target], axis=1), "twice"),
    ],
)
def test_what_cannot_be_read_is_an_error_that_says_where(frame, says):
    with pytest.raises(InputError, match=says):
        analyze(frame, timezone=TIMEZONE)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"timezone": "Mars/Olympus"}, "timezone: found 'Mars/Olympus'"),
        ({"timezone": ""}, "timezone"),
        ({"window": "20-22"}, "window: found '20-22'"),
        ({"window": "20:00-20:05"}, "5 minutes long"),
        ({"window": "25:00-26:00"}, "hours 00-24"),
        ({"window": None}, "window"),
        ({"since": "last week"}, "since: found 'last week'"),
        ({"since": "2026-03-05", "until": "2026-03-01"}, "since"),
    ],
)
def test_impossible_options_are_errors(options, says):
    with pytest.raises(InputError, match=says):
        analyze(FRAME, **({"timezone": TIMEZONE} | options))


def test_an_empty_frame_has_no_verdicts():
    assert analyze(FRAME.iloc[:0], timezone=TIMEZONE) == []


def test_nothing_measured_is_too_little():
    empty = FRAME.assign(tls_handshake_s=np.nan)
    [found] = analyze(empty, timezone=TIMEZONE)
    assert found.verdict in ("insufficient_data", "inconclusive")


def test_single_impossible_values_are_set_aside_and_counted():
    spoilt = FRAME.copy()
    spoilt.loc[:2, "tls_handshake_s"] = [-1.0, np.inf, 1e9]
    [found] = analyze(spoilt, timezone=TIMEZONE)
    assert "3 impossible values" in " ".join(found.sentences())


def test_a_million_rows_in_one_second_are_no_evening():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "started_at_utc": AWARE + pd.to_timedelta(np.arange(1_000_000), "us"),
            "target": "a",
            "connect_s": rng.random(1_000_000),
        }
    )
    [found] = analyze(frame, timezone=TIMEZONE)
    assert found.verdict == "insufficient_data"


def test_clock_jumps_and_stray_dates_do_not_matter():
    stray = FRAME.iloc[:4].assign(
        started_at_utc=pd.to_datetime(
            ["1991-01-01T00:00Z", "2150-06-01T00:00Z"] * 2, format="ISO8601"
        )
    )
    before = analyze(FRAME, timezone=TIMEZONE)
    after = analyze(pd.concat([FRAME, stray]), timezone=TIMEZONE)
    assert [v.verdict for v in after] == [v.verdict for v in before]


def test_a_name_that_is_target_and_control_is_what_it_mostly_is():
    mixed = FRAME.copy()
    mixed.loc[mixed.index[:3], "role"] = "control"
    assert [v.target for v in analyze(mixed, timezone=TIMEZONE)] == ["a"]


def test_a_target_seen_only_through_a_tunnel_is_not_judged():
    tunnelled = FRAME.assign(path="tunnel")
    [found] = analyze(tunnelled, timezone=TIMEZONE)
    assert found.verdict == "insufficient_data"


def test_categories_and_naive_utc_times_are_read():
    as_read = FRAME.assign(
        target=FRAME.target.astype("category"),
        role=FRAME.role.astype("category"),
        started_at_utc=FRAME.started_at_utc.dt.tz_localize(None),
    )
    before, after = (analyze(x, timezone=TIMEZONE) for x in (FRAME, as_read))
    assert after == before


values = st.one_of(
    st.none(),
    st.floats(),
    st.integers(-(10**12), 10**12),
    st.text(max_size=8),
    st.sampled_from([AWARE, "2026-03-01T15:00:00Z", "facebook", "control", True]),
)
COLUMNS = (
    "connect_s",
    "goodput_bps",
    "role",
    "vantage",
    "path",
    "probe",
    "failure",
    "failed_operation",
    "http_status",
    "remote_address",
    "server_name",
    "x_y",
)
columns = st.sampled_from(COLUMNS)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.tuples(values, values), max_size=6),
    st.dictionaries(columns, values, max_size=5),
)
def test_any_small_frame_gives_verdicts_or_an_input_error(rows, fields):
    frame = pd.DataFrame(
        {
            "started_at_utc": pd.Series([row[0] for row in rows], dtype=object),
            "target": pd.Series([row[1] for row in rows], dtype=object),
        }
    ).assign(**fields)
    try:
        found = analyze(frame, timezone=TIMEZONE)
    except InputError:
        return
    assert {v.verdict for v in found} <= {"insufficient_data", "inconclusive"}
