"""A simulated home does to its samples what its truth says, and nothing else."""

import numpy as np
import pandas as pd
import pytest

from monitor.analysis import analyze
from monitor.model import LOCAL_PROBES
from monitor.simulation import FAMILIES, Home, Kind, Truth, demo_home, simulate
from monitor.simulation.outcomes import LIMIT_S

COLUMNS = {
    "started_at_utc",
    "target",
    "role",
    "vantage",
    "path",
    "probe",
    "domain_lookup_s",
    "connect_s",
    "tls_handshake_s",
    "waiting_s",
    "response_s",
    "duration_s",
    "encoded_body_bytes",
    "goodput_bps",
    "http_status",
    "failed_operation",
    "failure",
    "remote_address",
    "probe_version",
}
IDENTITY = ["vantage", "target", "path", "probe", "started_at_utc"]


def affected(home: Home) -> Truth:
    return next(truth for truth in home.truth.values() if truth.window)


def unaffected(home: Home) -> Truth:
    return next(truth for truth in home.truth.values() if not truth.window)


def evening_rows(home: Home, target: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows well inside and well outside 20:00-22:00."""
    rows = home.samples[home.samples["target"] == target]
    local = rows["started_at_utc"].dt.tz_convert(home.timezone)
    minute = local.dt.hour * 60 + local.dt.minute
    return rows[minute.between(1210, 1310)], rows[minute.between(600, 1080)]


def slowdown(home: Home, target: str, column: str) -> float:
    """Median of the evening over that of the day; more is slower."""
    inside, outside = evening_rows(home, target)
    ratio = float(inside[column].median() / outside[column].median())
    return 1 / ratio if column == "goodput_bps" else ratio


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_every_family_gives_samples_and_truth(family: str) -> None:
    home = simulate(family, seed=1, days=3)
    assert set(home.samples.columns) == COLUMNS
    assert not home.samples.duplicated(IDENTITY).any()
    assert all(bool(t.window) is (t.kind not in {Kind.NONE, Kind.SERVICE}) for t in
               home.truth.values())  # fmt: skip
    assert any(t.window for t in home.truth.values()) is not FAMILIES[family].is_null


def test_same_seed_gives_the_same_home() -> None:
    first, second = (simulate("half_nights", seed=5, days=4) for _ in range(2))
    pd.testing.assert_frame_equal(first.samples, second.samples)
    assert first.truth == second.truth


def test_another_seed_gives_another_home() -> None:
    first, second = (simulate("quiet", seed=seed, days=2) for seed in (1, 2))
    assert not first.samples["connect_s"].equals(second.samples["connect_s"])


@pytest.mark.parametrize("family", ["slow_2x", "slow_3x", "slow_2x_on_congestion"])
def test_slowdown_can_be_measured_beyond_the_controls(family: str) -> None:
    home = simulate(family, seed=2, days=14, noise="gaussian_ar")
    truth = affected(home)
    controls = ["wikipedia", "vk", "debian", "python", "kaspi"]
    common = np.median([slowdown(home, name, "goodput_bps") for name in controls])
    measured = slowdown(home, truth.target, "goodput_bps") / common
    assert measured == pytest.approx(truth.ratios["goodput_bps"], rel=0.3)


def test_connect_stays_flat_under_a_slowdown() -> None:
    home = simulate("slow_10x", seed=4, days=6)
    assert affected(home).ratios["connect_s"] == 1.0


def test_unaffected_target_is_not_slower_than_the_controls() -> None:
    home = simulate("one_target", seed=2, days=14, noise="gaussian_ar")
    ratio = slowdown(home, unaffected(home).target, "goodput_bps")
    assert ratio / slowdown(home, "wikipedia", "goodput_bps") < 1.3


def test_policed_rate_is_the_policer_s() -> None:
    home = simulate("policer_128k", seed=2, days=4)
    inside, _ = evening_rows(home, affected(home).target)
    assert inside["goodput_bps"].median() == pytest.approx(128e3, rel=0.05)


def test_transfer_cut_by_the_time_limit_is_slow_not_failed() -> None:
    home = simulate("policer_128k", seed=2, days=4)
    inside, _ = evening_rows(home, affected(home).target)
    cut = inside[inside["probe"] == "download"]
    assert cut["failure"].isna().all()
    assert cut["response_s"].max() == LIMIT_S
    assert cut["encoded_body_bytes"].max() < 200_000


@pytest.mark.parametrize(
    ("family", "operation", "last_stage"),
    [
        ("block_dns", "resolve", None),
        ("block_connect", "connect", "domain_lookup_s"),
        ("block_reset", "tls_handshake", "connect_s"),
        ("block_http", "http_round_trip", "tls_handshake_s"),
    ],
)
def test_blocked_stage_fails_and_later_ones_are_not_measured(
    family: str, operation: str, last_stage: str | None
) -> None:
    home = simulate(family, seed=2, days=4)
    inside, outside = evening_rows(home, affected(home).target)
    assert set(inside["failed_operation"]) == {operation}
    assert outside["failure"].isna().mean() > 0.99
    assert inside["waiting_s"].isna().all()
    assert last_stage is None or inside[last_stage].notna().all()


def test_cut_transfer_keeps_its_bytes() -> None:
    home = simulate("cut_16kb", seed=2, days=4)
    inside, _ = evening_rows(home, affected(home).target)
    cut = inside[inside["failed_operation"] == "read"]
    assert cut["encoded_body_bytes"].between(14_000, 20_000).all()
    assert len(cut) > 0.4 * len(inside)


def test_slow_nights_are_as_many_as_stated() -> None:
    home = simulate("half_nights", seed=2, days=28)
    assert len(affected(home).evenings) == 14


def test_onset_and_end_are_in_the_truth() -> None:
    truth = affected(simulate("onset_and_end", seed=2))
    assert truth.onset is not None
    assert truth.offset is not None
    assert (truth.offset - truth.onset).days == len(truth.evenings) == 12


def test_outage_takes_everything_down_at_once() -> None:
    home = simulate("outages", seed=3)
    pages = home.samples[home.samples["probe"] == "https"]
    failed = pages["failure"].notna().groupby(pages["started_at_utc"].dt.floor("5min"))
    shares = failed.mean()
    assert shares.max() == 1.0
    assert ((shares > 0) & (shares < 1)).mean() < 0.02


def test_local_rows_tell_the_household_s_own_load() -> None:
    samples = simulate("own_load", seed=3, days=5).samples
    local = samples[samples["probe"].isin(LOCAL_PROBES)]
    assert set(local["role"]) == {"control"}
    other = local[local["probe"] == "interface"]["goodput_bps"]
    assert other.quantile(0.95) > 10 * other.median()


def test_tunnel_is_well_while_the_direct_path_is_slow() -> None:
    home = simulate("slow_2x_tunnel", seed=2, days=6)
    inside, outside = evening_rows(home, affected(home).target)
    medians = [
        rows[rows["path"] == "tunnel"]["goodput_bps"].median()
        for rows in (inside, outside)
    ]
    assert medians[0] / medians[1] > 0.7


def test_few_controls_forbid_a_targeted_verdict() -> None:
    with_three = affected(simulate("slow_2x_three_controls", seed=2, days=2))
    assert "targeted_throttling" in with_three.allowed
    assert simulate("one_control", seed=2, days=2).sites.roles.count("control") == 1


def test_demo_slows_facebook_and_twitter_on_most_evenings() -> None:
    home = demo_home()
    hit = {name for name, truth in home.truth.items() if truth.window}
    assert hit == {"facebook", "twitter"}
    assert 25 <= len(home.truth["facebook"].evenings) < 35
    assert set(home.samples["vantage"]) == {"simulated"}


def test_demo_gets_the_verdicts_that_are_true() -> None:
    home = demo_home()
    verdicts = analyze(home.samples, timezone=home.timezone)
    assert {v.target for v in verdicts} == set(home.truth)
    assert all(v.verdict in home.truth[v.target].allowed for v in verdicts)
