"""Bounds of single rules, asked just below and just above them."""

from types import SimpleNamespace

import numpy as np
import pytest

from monitor.analysis import look as looks
from monitor.analysis.timing_checks import synchrony
from monitor.analysis.transfer_checks import plateau
from monitor.series.columns import METRICS

EVENINGS = 8
MBIT = np.log(1e6)


def look_after(n_tried: int, e_value: float) -> SimpleNamespace:
    """A look at one target that is accused now."""
    tried = np.arange(EVENINGS) < n_tried
    target = SimpleNamespace(is_tried=tried, e_value=e_value)
    return SimpleNamespace(evenings=tried, targets=[target])


@pytest.mark.parametrize(
    ("n_tried", "e_now", "e_before", "stands"),
    [
        (8, 100.0, 6.0, True),
        (8, 100.0, 5.9, False),
        (5, 100.0, 6.0, True),
        (4, 1999.0, 1999.0, False),
        (4, 2000.0, 0.0, True),
    ],
)
def test_evidence_stands_without_its_newest_evening_or_is_overwhelming(
    monkeypatch, n_tried, e_now, e_before, stands
):
    before = SimpleNamespace(
        targets=[SimpleNamespace(e_value=e_before)], is_hill=np.array([False])
    )
    monkeypatch.setattr(looks, "_until", lambda _now, _day: before)
    assert looks._stands(look_after(n_tried, e_now)).tolist() == [stands]


@pytest.mark.parametrize(
    ("n_hills", "is_newest", "stands"),
    [(0, False, True), (1, False, True), (1, True, False), (2, False, False)],
)
def test_what_looked_like_the_busy_hour_waits(monkeypatch, n_hills, is_newest, stands):
    hills = [True] * n_hills + [False] * (3 - n_hills)
    if is_newest:
        hills = hills[::-1]
    answers = iter(hills)

    def before(_now, _day):
        return SimpleNamespace(
            targets=[SimpleNamespace(e_value=100.0)], is_hill=np.array([next(answers)])
        )

    monkeypatch.setattr(looks, "_until", before)
    assert looks._stands(look_after(8, 100.0)).tolist() == [stands]


def transfers(rates_mbit: list[float], *, day_mbit: float = 10.0) -> SimpleNamespace:
    """A case with one slow evening of these transfers."""
    rate = METRICS.index("goodput_bps")
    values = np.full((1, len(METRICS), 1, len(rates_mbit)), np.nan)
    values[0, rate, 0] = -(np.log(rates_mbit) + MBIT)
    rest = np.full((1, len(METRICS), 1), np.nan)
    rest[0, rate] = -(np.log(day_mbit) + MBIT)
    table = SimpleNamespace(
        grid=SimpleNamespace(values=values),
        rest=rest,
        in_window=np.ones(len(rates_mbit), np.bool_),
    )
    return SimpleNamespace(
        look=SimpleNamespace(home=SimpleNamespace(table=table)),
        suspicion=SimpleNamespace(series=0),
        slow=np.array([True]),
    )


def held(n_held: int, others: list[float]) -> list[float]:
    """So many transfers at one rate, and others."""
    return [1.0] * n_held + others


@pytest.mark.parametrize(
    ("rates", "score"),
    [
        (held(20, []), 1),
        (held(12, [1.3] * 8), 1),
        (held(11, [1.3] * 9), 0),
        (held(12, [0.5] * 4 + [2.2] * 4), 0),
        (held(11, []), 0),
        ([1.5**k for k in range(20)], -1),
        ([1.15**k for k in range(20)], -1),
        ([1.1**k for k in range(16)], 0),
    ],
)
def test_a_plateau_is_most_transfers_at_one_low_rate(rates, score):
    assert plateau(transfers(rates, day_mbit=50_000.0)).score == score


@pytest.mark.parametrize(("day_mbit", "score"), [(1.51, 1), (1.49, 0)])
def test_a_plateau_is_well_below_the_day_s_rate(day_mbit, score):
    assert plateau(transfers(held(20, []), day_mbit=day_mbit)).score == score


def case(name: str, start: int, end: int, slow: str) -> SimpleNamespace:
    """An established case; slots of five minutes, addresses not recorded."""
    address = np.full((1, len(slow), 288), -1)
    grid = SimpleNamespace(slot_min=5, address=address, addresses=("",))
    table = SimpleNamespace(grid=grid, in_window=np.arange(288) >= 168)
    return SimpleNamespace(
        name=name,
        is_established=True,
        window=SimpleNamespace(start_slot=start, end_slot=end),
        slow=np.array([c == "s" for c in slow]),
        usable=np.array([c != " " for c in slow]),
        in_season=np.ones(len(slow), dtype=bool),
        look=SimpleNamespace(home=SimpleNamespace(table=table)),
        suspicion=SimpleNamespace(series=0),
        metric=METRICS.index("tls_handshake_s"),
    )


@pytest.mark.parametrize(
    ("start", "end", "slow", "score"),
    [
        (168, 192, "ssssssssss", 1),
        (171, 189, "ssssssssff", 1),
        (172, 192, "ssssssssss", 0),
        (168, 188, "ssssssssss", 0),
        (168, 192, "sssssssfff", 0),
        (168, 192, "sssss     ", 1),
    ],
)
def test_in_step_is_the_same_window_on_the_same_evenings(start, end, slow, score):
    one, other = case("a", 168, 192, "ssssssssss"), case("b", start, end, slow)
    assert synchrony(one, [one, other]).score == score
