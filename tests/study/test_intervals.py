"""Shares and Wilson's interval."""

import pytest

from study.intervals import Share


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [
        (0, 1000, 0.0, 0.00383),
        (5, 1000, 0.00214, 0.01165),
        (81, 263, 0.25530, 0.36620),
    ],
)
def test_interval_agrees_with_published_figures(
    k: int, n: int, low: float, high: float
) -> None:
    """The last row is Newcombe's example (1998, doi:10.1002/sim.4780170802)."""
    assert Share(k, n).interval == pytest.approx((low, high), abs=2e-5)


def test_nothing_counted_says_so() -> None:
    assert str(Share(0, 0)) == "not measured"


def test_share_is_told_with_its_interval_and_counts() -> None:
    assert str(Share(5, 1000)) == "0.50 % (0.21 % to 1.17 %; 5/1000)"
