"""What counts as an answer: the site's own page and nothing else."""

import numpy as np
import pandas as pd
import pytest

from monitor.evening_rule import parse_window
from monitor.series import grids
from monitor.series.columns import METRICS

DAYS = 6
WINDOW = parse_window("20:00-22:00")
WAITING = METRICS.index("waiting_s")
CONNECT = METRICS.index("connect_s")
UNREACHED = {
    **dict.fromkeys(("connect_s", "tls_handshake_s", "waiting_s"), np.nan),
    "http_status": np.nan,
    "failure": "connection_refused",
    "failed_operation": "connect",
}


def rows(*, first_h=20, last_h=22, **evening) -> pd.DataFrame:
    """Six days of one site; what is given holds from 20:00 to 22:00, or so."""
    local = pd.date_range(
        "2026-10-01", periods=DAYS * 144, freq="10min", tz="Asia/Almaty"
    )
    inside = (local.hour >= first_h) & (local.hour < last_h)
    usual = {
        "connect_s": 0.05,
        "tls_handshake_s": 0.06,
        "waiting_s": 0.2,
        "http_status": 200.0,
        "encoded_body_bytes": 50_000.0,
        "certificate_issuer": "CN=Own",
        "remote_address": "203.0.113.5",
        "failure": "",
        "failed_operation": "",
    }
    frame = {
        name: np.where(inside, evening.get(name, value), value)
        if isinstance(value, float)
        else np.where(inside, evening.get(name, value), value).astype(object)
        for name, value in usual.items()
    }
    return pd.DataFrame(
        {"started_at_utc": local.tz_convert("UTC"), "target": "site", **frame}
    )


def grid(**evening):
    return next(grids(rows(**evening), timezone="Asia/Almaty", window=WINDOW))


def cells(of, metric):
    """The site's cells of one metric."""
    return of.values[0, metric]  # noqa: PD011


def in_window(cells, of):
    """The window's cells of whole evenings."""
    return cells[..., 1:, :][..., of.in_window()]


def test_the_sites_own_page_is_an_answer():
    of = grid()
    assert not of.n_dead.any()
    assert not of.refused.any()


@pytest.mark.parametrize("status", [300.0, 302.0, 403.0, 429.0, 451.0, 503.0])
def test_another_status_under_the_own_certificate_is_refused_and_measures_no_page(
    status,
):
    of = grid(http_status=status, encoded_body_bytes=700.0, waiting_s=0.02)
    assert (in_window(of.refused[0], of) == in_window(of.n_rows[0], of)).all()
    assert not of.n_dead.any()
    assert np.isnan(in_window(cells(of, WAITING), of)).all()
    assert np.isfinite(in_window(cells(of, CONNECT), of)).any()


def test_the_first_status_that_is_no_success_is_refused_whatever_its_size():
    of = grid(http_status=300.0)
    assert (in_window(of.refused[0], of) == in_window(of.n_rows[0], of)).all()
    assert not grid(http_status=299.0).refused.any()


def test_what_is_usual_is_told_by_the_rest_of_the_day_alone():
    """Of the rest one hour a day answers; the evening has more rows than that."""
    frame = rows(http_status=403.0)
    hour = frame["started_at_utc"].dt.tz_convert("Asia/Almaty").dt.hour
    frame.loc[~hour.isin([3, 20, 21]), "http_status"] = np.nan
    of = next(grids(frame, timezone="Asia/Almaty", window=WINDOW))
    assert (in_window(of.refused[0], of) == in_window(of.n_rows[0], of)).all()


@pytest.mark.parametrize("status", [200.0, 302.0, 403.0, 451.0])
def test_a_page_of_another_issuer_is_no_answer(status):
    of = grid(
        http_status=status,
        encoded_body_bytes=700.0,
        waiting_s=0.02,
        certificate_issuer="CN=Gateway",
    )
    assert (in_window(of.n_dead[0], of) == in_window(of.n_rows[0], of)).all()
    assert not of.refused.any()
    assert np.isinf(in_window(cells(of, WAITING), of)).any()


@pytest.mark.parametrize("size", [30_000.0, 80_000.0])
def test_a_page_of_another_issuer_is_told_by_any_other_size(size):
    of = grid(encoded_body_bytes=size, certificate_issuer="CN=Gateway")
    assert (in_window(of.n_dead[0], of) == in_window(of.n_rows[0], of)).all()


def test_a_page_of_another_issuer_is_no_transfer():
    frame = rows(encoded_body_bytes=700.0, certificate_issuer="CN=Gateway")
    frame = frame.assign(probe="download", goodput_bps=1e6)
    of = next(grids(frame, timezone="Asia/Almaty", window=WINDOW))
    dead, n = of.transfer.n_dead[0], of.transfer.n_rows[0]
    assert (in_window(dead, of) == in_window(n, of)).all()


@pytest.mark.parametrize("has_tls", [True, False])
def test_who_blocks_for_longer_than_the_window_stays_somebody_else(has_tls):
    of = grid(
        first_h=18,
        last_h=24,
        http_status=403.0,
        encoded_body_bytes=700.0,
        certificate_issuer="CN=Gateway" if has_tls else "",
        tls_handshake_s=0.06 if has_tls else np.nan,
    )
    assert (in_window(of.n_dead[0], of) == in_window(of.n_rows[0], of)).all()
    assert not of.refused.any()


def test_a_page_far_below_all_others_is_refused_where_sizes_vary():
    samples = rows()
    local = samples["started_at_utc"].dt.tz_convert("Asia/Almaty")
    scatter = np.exp(np.random.default_rng(1).normal(0, 0.3, len(samples)))
    is_inside = local.dt.hour.isin([20, 21])
    samples["encoded_body_bytes"] = np.where(is_inside, 1_500.0, 50_000.0 * scatter)
    of = next(grids(samples, timezone="Asia/Almaty", window=WINDOW))
    assert (in_window(of.refused[0], of) == in_window(of.n_rows[0], of)).all()
    assert of.refused.sum() == is_inside.sum()


def test_another_issuer_with_the_same_page_is_no_refusal():
    of = grid(certificate_issuer="CN=The CDN's other authority")
    assert not of.n_dead.any()
    assert not of.refused.any()


def test_a_page_without_tls_is_no_answer_of_a_site_that_has_it():
    of = grid(
        http_status=302.0, tls_handshake_s=np.nan, certificate_issuer="", waiting_s=0.02
    )
    assert (in_window(of.n_dead[0], of) == in_window(of.n_rows[0], of)).all()


def test_a_refusal_whose_certificate_was_not_recorded_teaches_nothing():
    of = grid(http_status=403.0, certificate_issuer="")
    assert not of.n_dead.any()
    assert in_window(of.refused[0], of).any()


def test_a_page_that_broke_off_is_a_failure_and_no_refusal():
    of = grid(
        encoded_body_bytes=15_000.0,
        failure="connection_reset",
        failed_operation="read",
    )
    assert not of.refused.any()
    assert (in_window(of.n_dead[0], of) == in_window(of.n_rows[0], of)).all()


@pytest.mark.parametrize("address", ["0.0.0.0", "127.0.0.1", "10.0.0.1", "::1"])
def test_no_answer_from_an_address_that_nobody_owns_is_the_resolvers(address):
    of = grid(remote_address=address, **UNREACHED)
    stages = in_window(of.stage[0], of)
    assert set(stages[stages >= 0].tolist()) == {0}


@pytest.mark.parametrize(("every", "stage"), [(30, 0), (3, 1)])
def test_an_address_that_nobody_owns_is_the_sites_where_it_often_answers(
    every: int, stage: int
):
    """Of the rest of the day one answer in thirty is from there, or one in three."""
    frame = rows(remote_address="10.0.0.1", **UNREACHED)
    frame.loc[frame.index % every == 0, "remote_address"] = "10.0.0.1"
    of = next(grids(frame, timezone="Asia/Almaty", window=WINDOW))
    stages = in_window(of.stage[0], of)
    assert set(stages[stages >= 0].tolist()) == {stage}


def test_answers_without_a_body_are_no_measure_of_a_page():
    frame = rows(encoded_body_bytes=700.0)
    hour = frame["started_at_utc"].dt.tz_convert("Asia/Almaty").dt.hour
    frame.loc[hour.isin([1, 2, 3]), "encoded_body_bytes"] = 0.0
    of = next(grids(frame, timezone="Asia/Almaty", window=WINDOW))
    assert (in_window(of.refused[0], of) == in_window(of.n_rows[0], of)).all()


def test_an_invented_address_that_serves_the_own_certificate_is_no_lie():
    of = grid(remote_address="198.18.0.7")
    assert not of.n_dead.any()


def test_a_kind_of_probe_that_is_not_known_is_no_evidence():
    known = rows()
    odd = rows(waiting_s=9.0).assign(probe="from_another_program")
    both = pd.concat([known, odd, odd.assign(server_name="x")], ignore_index=True)
    of = next(grids(both, timezone="Asia/Almaty", window=WINDOW))
    alone = next(grids(known, timezone="Asia/Almaty", window=WINDOW))
    assert np.array_equal(of.values, alone.values, equal_nan=True)


@pytest.mark.parametrize(
    ("failure", "arrived"), [("connection_reset", 16e3), ("", 5e4)]
)
def test_what_arrived_before_a_transfer_broke_off_is_kept(failure, arrived):
    of = grid(failure=failure, failed_operation="read", encoded_body_bytes=arrived)
    told = of.cut_bytes[0][..., 1:, :][..., of.in_window()]
    expected = arrived if failure else np.nan
    np.testing.assert_array_equal(told, np.full(told.shape, expected, np.float32))
    assert np.isfinite(of.cut_bytes).sum() == np.isfinite(told).sum()
