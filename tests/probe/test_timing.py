from itertools import pairwise

import pytest

from monitor.probe.timing import CURVE_POINTS, Curve, Mark, goodput_bps, phases

MARKS = {mark: float(2**i) for i, mark in enumerate(Mark)}


def test_phases_are_differences_of_their_own_marks():
    found = phases(MARKS)
    assert found.domain_lookup_s == 4 - 2
    assert found.connect_s == 16 - 8
    assert found.tls_handshake_s == 64 - 32
    assert found.waiting_s == 256 - 128
    assert found.response_s == 512 - 256
    assert found.duration_s == 1024 - 1


@pytest.mark.parametrize("missing", [Mark.CONNECT_START, Mark.CONNECT_END])
def test_phase_without_both_marks_is_not_measured(missing):
    found = phases({mark: at for mark, at in MARKS.items() if mark is not missing})
    assert found.connect_s is None
    assert found.waiting_s is not None


def test_goodput_is_bits_over_first_to_last_byte():
    assert goodput_bps(1_000_000, 4.0) == 2_000_000


@pytest.mark.parametrize(("n_bytes", "response_s"), [(0, 1.0), (10, 0.0), (10, None)])
def test_goodput_of_no_transfer_is_not_measured(n_bytes, response_s):
    assert goodput_bps(n_bytes, response_s) is None


def curve_of(n_points: int, step_s: float = 0.01) -> Curve:
    curve = Curve()
    for i in range(n_points):
        curve.add(i * step_s, (i + 1) * 1000)
    return curve


@pytest.mark.parametrize("n_points", [0, 1, 2, 63, 64, 65, 66, 1000, 65_537])
def test_curve_is_bounded_and_keeps_first_and_last(n_points):
    points = curve_of(n_points).points()
    assert len(points) == min(n_points, len(points)) <= CURVE_POINTS
    if n_points:
        assert points[0] == (0.0, 1000)
        assert points[-1] == (round((n_points - 1) * 0.01, 6), n_points * 1000)


def test_short_curve_is_kept_whole():
    assert len(curve_of(CURVE_POINTS).points()) == CURVE_POINTS


def test_long_curve_stays_in_order_and_even():
    points = curve_of(10_000).points()
    gaps_s = [b[0] - a[0] for a, b in pairwise(points[:-1])]
    assert len(points) > CURVE_POINTS / 4
    assert min(gaps_s) > 0
    assert max(gaps_s) < 100 / len(points) * 3


def test_freeze_shows_in_a_thinned_curve():
    curve = curve_of(5_000)
    curve.add(60.0, 5_000_001)
    before, after = curve.points()[-2:]
    assert after[0] - before[0] > 9
