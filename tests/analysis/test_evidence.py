"""E-values, their false alarms under daily looking, and the e-BH rule."""

import math

import numpy as np
import pytest

from monitor.analysis.evalue import LEVELS, e_bh, flag_e_value


def integral(k: int, n: int, p0: float) -> float:
    """The mixture by brute force, trapezes over a fine grid."""
    p = np.linspace(p0, 1.0, 200_001)
    ratio = (p / p0) ** k * ((1 - p) / (1 - p0)) ** (n - k)
    return float(np.trapezoid(ratio, p) / (1 - p0))


@pytest.mark.parametrize("p0", [0.02, 0.1, 0.5])
@pytest.mark.parametrize(("k", "n"), [(0, 5), (3, 3), (4, 14), (14, 14), (2, 30)])
def test_the_closed_form_is_the_integral(k, n, p0):
    assert flag_e_value(k, n, p0) == pytest.approx(integral(k, n, p0), rel=1e-4)


def test_an_e_value_has_mean_one_when_nothing_recurs():
    p0, n = 0.1, 12
    k = np.arange(n + 1)
    chance = np.array(
        [float(np.prod([(n - j) / (j + 1) for j in range(i)])) for i in k]
    ) * (p0**k * (1 - p0) ** (n - k))
    values = np.array([flag_e_value(int(i), n, p0) for i in k])
    assert float((chance * values).sum()) == pytest.approx(1.0)


def test_daily_looks_keep_the_promise():
    """P(e >= 20 at any of 60 looks) <= 1/20 when evenings are flagged at rate p0."""
    rng = np.random.default_rng(7)
    flags = rng.random((2000, 60)) < LEVELS[1].p0
    counts = np.cumsum(flags, axis=1)
    ever = [
        max(flag_e_value(int(k), n + 1, LEVELS[1].p0) for n, k in enumerate(row)) >= 20
        for row in counts
    ]
    assert np.mean(ever) <= 1 / 20


def test_thousands_of_evenings_do_not_overflow():
    assert np.isfinite(flag_e_value(3650, 3650, 0.02))
    assert flag_e_value(0, 3650, 0.02) < 1


def test_e_bh_needs_less_of_each_when_more_agree():
    alone, together = np.array([79.0, 1, 1, 1]), np.array([41.0, 41.0, 1, 1])
    assert (alone >= e_bh(alone, 0.05)).tolist() == [False] * 4
    assert (together >= e_bh(together, 0.05)).tolist() == [True, True, False, False]
    assert e_bh(np.zeros(0), 0.05) == math.inf
