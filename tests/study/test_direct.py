"""The quick way to a grid gives what the rows give."""

import numpy as np
import pytest

from monitor.evening_rule import parse_window
from monitor.series import grids
from monitor.simulation import simulate
from study.direct import grid_of

WINDOW = parse_window("20:00-22:00")


@pytest.mark.parametrize(
    "family",
    [
        "quiet",
        "one_row",
        "steering",
        "gaps",
        "cut_16kb",
        "policer_128k",
        "block_reset",
        "slow_2x_tunnel",
        "every_15_min",
        "own_load",
        "clock_back",
        "stale_zone",
    ],
)
def test_grid_from_arrays_is_the_grid_from_rows(family: str) -> None:
    home = simulate(family, seed=3, days=18)
    quick = grid_of(home, WINDOW)
    rows = next(grids(home.samples, timezone=home.timezone, window=WINDOW))
    assert (quick.keys, quick.slot_min) == (rows.keys, rows.slot_min)
    assert np.array_equal(quick.evening, rows.evening)
    np.testing.assert_allclose(quick.values, rows.values, rtol=1e-4, atol=1e-5)
    for name in ("n_rows", "n_dead", "stage", "cut_bytes", "refused"):
        np.testing.assert_array_equal(getattr(quick, name), getattr(rows, name), name)
    moved = [len(np.unique(g.address[0][g.address[0] >= 0])) for g in (quick, rows)]
    assert moved[0] == moved[1]
