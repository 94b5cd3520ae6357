"""Bounds of what rows may hold, and of the slots they are poured into."""

import numpy as np
import pandas as pd
import pytest

from monitor.errors import InputError
from monitor.series import grid as grid_module
from monitor.series.grid import _compact, _slot_min
from monitor.series.rows import LARGEST, _is_impossible, rows


@pytest.mark.parametrize(
    ("interval_s", "slot_min"),
    [
        *((60, 5), (300, 5), (333, 5), (334, 10), (600, 10), (900, 15), (1000, 15)),
        *((1001, 20), (1800, 30), (3600, 60), (86_400, 60)),
    ],
)
def test_a_slot_is_the_first_that_holds_the_interval(interval_s, slot_min):
    assert _slot_min(interval_s) == slot_min


@pytest.mark.parametrize("apart", [1, 100])
def test_evenings_are_counted_up_to_a_limit(monkeypatch, apart):
    monkeypatch.setattr(grid_module, "_MAX_EVENINGS", 4)
    day = np.array([0, 0, 1, 2, 3]) * apart + 700_000
    evening, place = _compact(day)
    assert (evening - 700_000).tolist() == [n * apart for n in range(4)]
    assert place.tolist() == [0, 0, 1, 2, 3]
    with pytest.raises(InputError, match="found 5 evenings; allowed: 4"):
        _compact(np.append(day, 700_000 + 4 * apart))


def test_values_have_bounds():
    values = np.array([-1e-9, 0.0, 0.5, 1.0, 1e3, 1e4, np.nan])
    expected = [True, False, False, False, False, True, False]
    assert _is_impossible(values, "http_status").tolist() == expected
    assert LARGEST["http_status"] == 1e3
    seconds = np.array([-1.0, 0.0, 1e-9, 86_400.0, 86_401.0])
    expected = [True, True, False, False, True]
    assert _is_impossible(seconds, "connect_s").tolist() == expected


def test_of_rows_with_one_identity_one_is_read_whatever_their_order():
    moment = pd.Timestamp("2026-10-01T15:00Z")
    other = moment + pd.Timedelta(minutes=5)
    frame = pd.DataFrame(
        {
            "started_at_utc": [moment, other, moment, moment],
            "target": ["a", "a", "a", "b"],
            "connect_s": [0.2, 0.3, 0.1, 0.4],
        }
    )
    read = [rows(f).numbers("connect_s")[0] for f in (frame, frame[::-1])]
    first, *rest = read[0].tolist()
    assert read[1].tolist() == [first, *rest]
    assert first in (0.1, 0.2)
    assert rest == [0.3, 0.4]
