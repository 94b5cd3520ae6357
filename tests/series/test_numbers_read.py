"""How single numbers are read, and shares of them made."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from monitor.errors import InputError
from monitor.model import Probe
from monitor.series.pairs import pairs_of
from monitor.series.rows import _numbers
from monitor.series.sent_again import _SEGMENTS
from monitor.series.setaside import dead_share
from tests.series.test_stretches import WINDOW, grid

nan = np.nan


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (["1.5", "", "2"], [1.5, nan, 2.0]),
        ([0.0, 0.25, None], [nan, 0.25, nan]),
        (pd.array([0, 3, None], "Int64"), [nan, 3.0, nan]),
    ],
)
def test_a_time_is_a_number_or_not_measured(values, told) -> None:
    """A time of nothing at all was not measured."""
    read = _numbers(pd.Series(values), "connect_s")
    np.testing.assert_array_equal(read, told)


def test_nothing_received_is_a_number() -> None:
    read = _numbers(pd.Series([0.0, 5.0]), "encoded_body_bytes")
    assert read.tolist() == [0.0, 5.0]


def test_what_is_no_number_is_refused_by_its_column() -> None:
    with pytest.raises(InputError, match=r"connect_s: .*; allowed: a number"):
        _numbers(pd.Series(["soon"]), "connect_s")


def test_a_share_of_dead_attempts_is_of_those_that_were_made() -> None:
    n_rows = np.zeros_like(grid().n_rows)
    n_dead = n_rows.copy()
    n_rows[0, 0, :3], n_dead[0, 0, :3] = [4, 1, 2], [1, 1, 0]
    share = dead_share(replace(grid(), n_rows=n_rows, n_dead=n_dead))
    assert share[0, 0, :3].tolist() == [0.25, 1.0, 0.0]
    assert np.isfinite(share).sum() == 3


def test_rows_without_blocks_are_no_pairs() -> None:
    terms = {
        "vantage": "home",
        "timezone": "UTC",
        "window": WINDOW,
    }
    assert pairs_of(pd.DataFrame({"probe": [Probe.PAIR_OWN]}), **terms) == ()
    assert pairs_of(None, **terms) == ()


def test_who_asks_for_more_sends_more_segments() -> None:
    """SYN, hello and end of a handshake; a page's request and FIN beside them."""
    asked = [Probe.TCP, Probe.TLS, Probe.HTTPS, Probe.DOWNLOAD]
    assert [_SEGMENTS[probe] for probe in asked] == [1, 3, 5, 5]
