"""What must not change a verdict, and what must not make it milder."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.analysis import analysis_document, analyze, established, judge, prepare
from monitor.model import Verdict
from tests.analysis.homes import CONTROLS, TIMEZONE, Home, samples

HARMLESS = {"insufficient_data", "no_recurring_slowdown", "general_congestion"}
ESTABLISHED = {
    "recurring_slowdown",
    "server_side",
    "selective_slowdown",
    "targeted_throttling",
    "targeted_blocking",
}

homes = st.builds(
    Home,
    days=st.integers(5, 12),
    every_min=st.sampled_from([10.0, 15.0, 30.0]),
    targets=st.just(("facebook", "twitter")),
    controls=st.integers(0, 4).map(lambda n: CONTROLS[:n]),
    metrics=st.sampled_from([("tls_handshake_s",), ("goodput_bps",)]),
    factor=st.sampled_from([{}, {"facebook": 1.6}, {"facebook": 4.0}]),
    share=st.sampled_from([0.5, 1.0]),
    busy=st.sampled_from([1.0, 1.8]),
    seed=st.integers(0, 1000),
)
few = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


def judged(frame: pd.DataFrame) -> list[dict]:
    return [v.to_dict() for v in analyze(frame, timezone=TIMEZONE)]


def gravity(verdict: Verdict) -> int:
    """Harmless, open, or established; the cause is another question."""
    if verdict.verdict in HARMLESS:
        return 0
    return 2 if verdict.verdict in ESTABLISHED else 1


@few
@given(homes, st.integers(0, 2**32 - 1))
def test_order_and_repetition_of_rows_do_not_matter(home, seed):
    frame = samples(home)
    again = pd.concat([frame, frame.sample(frac=0.3, random_state=seed)])
    shuffled = again.sample(frac=1.0, random_state=seed)
    assert judged(shuffled) == judged(frame)


@few
@given(homes, st.integers(1, 5))
def test_a_shift_by_whole_weeks_changes_no_verdict(home, weeks):
    frame = samples(home)
    later = frame.started_at_utc + pd.Timedelta(weeks=weeks)
    moved = judged(frame.assign(started_at_utc=later))
    for before, after in zip(judged(frame), moved, strict=True):
        for date in ("onset_date", "offset_date"):
            assert (before.pop(date) is None) == (after.pop(date) is None)
        # Reasons may name dates: the rules are the same.
        rules = [
            [record["rule"] for record in told.pop("reason_records")]
            for told in (before, after)
        ]
        assert rules[0] == rules[1]
        before.pop("reasons"), after.pop("reasons")
        assert after == before


@few
@given(homes, st.sampled_from([0.25, 8.0]))
def test_scaling_every_value_changes_no_verdict(home, scale):
    frame = samples(home)
    [metric] = home.metrics
    scaled = analyze(frame.assign(**{metric: frame[metric] * scale}), timezone=TIMEZONE)
    for before, after in zip(analyze(frame, timezone=TIMEZONE), scaled, strict=True):
        assert after.verdict == before.verdict
        assert after.evenings == before.evenings
        np.testing.assert_allclose(after.effect.ratio, before.effect.ratio, rtol=2e-3)


@pytest.mark.every_run
@few
@given(homes, st.sampled_from([1.5, 3.0, 10.0]))
def test_slower_evenings_never_give_a_milder_verdict(home, factor):
    frame = samples(home)
    slower = frame.copy()
    hour = frame.started_at_utc.dt.tz_convert(TIMEZONE).dt.hour
    rows = (frame.target == "facebook") & hour.isin([20, 21])
    [metric] = home.metrics
    slower.loc[rows, metric] *= 1 / factor if metric == "goodput_bps" else factor
    before, after = (analyze(x, timezone=TIMEZONE)[0] for x in (frame, slower))
    assert after.evenings.slow >= before.evenings.slow
    assert gravity(after) >= gravity(before)


@few
@given(homes)
def test_verdicts_are_plain_json_and_say_why(home):
    frame = samples(home)
    found = analyze(frame, timezone=TIMEZONE)
    document = analysis_document(found, timezone=TIMEZONE)
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert all(v.reasons for v in found)
    assert all(
        (v.strength is None) == (v.verdict != "targeted_throttling") for v in found
    )


@few
@given(homes)
def test_nobody_is_accused_who_is_not_established(home):
    prepared = prepare(samples(home), timezone=TIMEZONE)
    suspects = {target for _, target in established(prepared)}
    accused = {v.target for v in judge(prepared) if v.verdict in ESTABLISHED}
    assert accused == suspects


@few
@given(homes)
def test_too_few_controls_never_name_interference(home):
    found = analyze(samples(home), timezone=TIMEZONE)
    if len(home.controls) < 3:
        assert not any(v.verdict.startswith("targeted") for v in found)
    if not home.controls:
        assert not any(v.verdict == "selective_slowdown" for v in found)


def test_an_extra_column_changes_nothing():
    frame = samples(Home(days=7, factor={"facebook": 3.0}))
    assert judged(frame.assign(x_note="b", weather=1)) == judged(frame)
