"""The window that the slow evenings show, and its edges."""

import numpy as np
import pytest

from monitor.analysis.profile import edges_of, find_window, profile

SLOTS = np.arange(288)
RNG = np.random.default_rng(5)


def box(start: int, end: int, height: float = 0.7) -> np.ndarray:
    return np.where((start <= SLOTS) & (end > SLOTS), height, 0.0)


@pytest.mark.parametrize(("start", "end"), [(168, 192), (170, 178), (150, 200)])
def test_a_switched_window_is_found_to_the_slot(start, end):
    found = find_window(box(start, end) + RNG.normal(0, 0.05, 288), 5)
    assert (found.start_slot, found.end_slot) == (start, end)
    assert edges_of(box(start, end), found, 5).score == 1


def test_a_hill_has_no_edges():
    hill = 0.7 * np.exp(-0.5 * ((SLOTS - 180) / 18) ** 2)
    found = find_window(hill, 5)
    assert edges_of(hill, found, 5).score <= 0


def test_slots_never_measured_are_bridged():
    shape = box(168, 192)
    shape[1::2] = np.nan
    found = find_window(shape, 5)
    assert (found.start_slot, found.end_slot) == (168, 191)


def test_a_day_that_is_nowhere_slow_has_no_window():
    assert find_window(np.full(288, -0.1), 5) is None


def test_one_wild_probe_makes_no_window():
    cells = np.zeros((1, 10, 288))
    cells[0, 3, 40] = 4.6
    cells[0, :, 168:192] = 0.5
    shape = profile(cells, np.ones(10, np.bool_), 0.75)
    assert find_window(shape, 5).start_slot == 168
