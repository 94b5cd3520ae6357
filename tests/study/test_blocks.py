"""The study of blocks: what is passed over would have shown nothing."""

from dataclasses import replace

import numpy as np

from monitor.simulation.blocks import BLOCK_WORLDS, BLOCKS, CALM_BLOCKS, drawn_days
from study import block_ends
from study.blocks import candidates, effect_at, lines


def test_looks_that_are_passed_over_show_nothing_and_others_may():
    rng = np.random.default_rng(5)
    world = replace(BLOCK_WORLDS["D1"], name=1.5, noise="heavy")
    days = drawn_days(world, rng, n_homes=8, n_days=5, n_quiet=2)
    asked = candidates(days)
    shown = np.zeros(asked.shape, np.bool_)
    for home, day in np.ndindex(asked.shape):
        effect = effect_at(days, home, day)
        shown[home, day] = effect is not None and effect.is_shown
    assert shown.any()
    assert not (shown & ~asked).any()
    assert not asked.all()


def test_drawn_days_are_what_their_world_says():
    rng = np.random.default_rng(2)
    of_name = drawn_days(BLOCK_WORLDS["D1"], rng, n_homes=20, n_days=6, n_quiet=3)
    costs = of_name.costs
    assert costs.shape == (20, 6, BLOCKS + CALM_BLOCKS)
    slow = np.exp(np.median(costs[:, 3:, :BLOCKS]))
    assert 1.85 < slow < 2.15
    for calm in (costs[:, :3, :BLOCKS], costs[:, 3:, BLOCKS:]):
        assert 0.9 < np.exp(np.median(calm)) < 1.1
    assert of_name.n_made[:, 3:].mean() > 2 * of_name.n_made[:, :3].mean()


def test_the_table_has_a_row_for_each_world_and_cost():
    table = lines(2, 2)
    for word in ("D2:", "D3:", "D4:", "D5:", "D6:", "2 times", "1.5 times", "90 %"):
        assert any(word in line for line in table)


def test_what_dies_or_is_forged_under_a_name_alone_is_found():
    """And what dies, or is renewed, under every name is not: else the table fails."""
    rows = [row.split(" | ") for row in block_ends.lines(6, 2) if "%" in row]
    assert len(rows) == 11
    for cells in rows:
        words, shown = cells[0], cells[2]
        if "100% of" in words:
            assert "6/6" in shown
        elif "under its name" not in words:
            assert "0/2" in shown
