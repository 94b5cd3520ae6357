"""A host that moves, as one's own cache does, is one series under the target's name."""

import numpy as np
import pandas as pd

from monitor.evening_rule import parse_window
from monitor.series.columns import METRICS
from monitor.series.grid import grids
from tests.analysis.homes import CONTROLS, TIMEZONE, Home, samples

TLS = METRICS.index("tls_handshake_s")
WINDOW = parse_window("20:00-22:00")


def the_grid(frame: pd.DataFrame):
    [grid] = grids(frame, timezone=TIMEZONE, window=WINDOW)
    return grid


def moving(frame: pd.DataFrame, names: int) -> pd.DataFrame:
    """The same rows; one target's host has another name from day to day."""
    days = frame.started_at_utc.dt.day_of_year % names
    is_moved = frame.target.eq("youtube")
    server = np.where(is_moved, "r" + days.astype(str) + "---sn-a.test", frame.target)
    return frame.assign(server_name=server, probe=np.where(is_moved, "tls", "https"))


def test_another_host_each_day_is_the_same_series():
    frame = samples(Home(days=6, factor={"youtube": 3.0}))
    still, moved = the_grid(moving(frame, 1)), the_grid(moving(frame, 5))
    assert [key.target for key in moved.keys] == [key.target for key in still.keys]
    assert len(moved.keys) == 4 + len(CONTROLS)
    of_tls = [grid.values[:, TLS] for grid in (still, moved)]  # noqa: PD011
    assert np.array_equal(*of_tls, equal_nan=True)
    assert np.array_equal(still.n_rows, moved.n_rows)
