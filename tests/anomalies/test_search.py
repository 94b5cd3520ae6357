"""What a question chooses: spans, cells with a value, evenings."""

from dataclasses import replace
from datetime import date
from math import inf

import pytest

from monitor.anomalies import Question
from monitor.anomalies.evening_lines import Evening
from monitor.anomalies.search import _has_value, _is_wanted, _merged
from monitor.evening_reading import Cell
from monitor.evening_rule import EveningState
from tests.cells import site_cells

DAY = date(2026, 10, 20)
ANY = tuple(EveningState)
SLOW = Evening(
    vantage="home",
    target="site",
    path="direct",
    role="target",
    date=DAY.isoformat(),
    weekday="tue",
    metric="connect_s",
    state=EveningState.SLOW,
    window_value=0.3,
    rest_value=0.1,
    ratio=3.0,
    beyond_controls=2.0,
    n_probes=24,
    n_failed=0,
)
DEAD = replace(SLOW, state=EveningState.DEAD, ratio=None, beyond_controls=None)
UNUSABLE = replace(DEAD, state=EveningState.UNUSABLE)


def is_wanted(evening: Evening, **asked: object) -> bool:
    terms = {"states": ANY, **asked}
    question = Question(timezone="UTC", since=DAY, until=DAY, **terms)
    return _is_wanted(evening, question, frozenset({"site"}))


@pytest.mark.parametrize(
    ("evening", "min_ratio", "expected"),
    [
        (SLOW, None, True),
        (SLOW, 2.0, True),
        (SLOW, 2.1, False),
        (replace(SLOW, beyond_controls=None), 2.1, True),
        # What answered nothing has no size, and is no smaller for that.
        (DEAD, 2.1, True),
        (UNUSABLE, 2.1, False),
        (UNUSABLE, None, True),
    ],
)
def test_an_evening_is_chosen_by_its_size(evening, min_ratio, expected):
    assert is_wanted(evening, min_ratio=min_ratio) is expected


def test_an_evening_is_chosen_by_state_weekday_and_role():
    assert is_wanted(SLOW, weekdays=("tue", "fri"))
    assert not is_wanted(SLOW, weekdays=("fri",))
    assert not is_wanted(SLOW, states=(EveningState.DEAD,))
    control = replace(SLOW, role="control")
    assert not is_wanted(control)
    assert is_wanted(control, with_controls=True)
    assert not is_wanted(replace(SLOW, target="another"))
    assert not is_wanted(replace(SLOW, date="2026-10-21"))


def test_spans_that_touch_are_read_once():
    assert _merged([(10, 12), (0, 5), (3, 4), (11, 15), (15, 16), (20, 21)]) == [
        (0, 5),
        (10, 16),
        (20, 21),
    ]


def test_what_had_no_answer_has_no_value():
    lost, nothing = Cell(0, 0, 60, inf, 3, 3), Cell(0, 60, 120, None, 0, 0)
    assert not _has_value(site_cells([lost, nothing], []))
    assert _has_value(site_cells([lost, Cell(0, 0, 60, 0.0, 3, 0)], []))
