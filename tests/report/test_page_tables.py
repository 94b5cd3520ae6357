"""The tables beside the report's pictures say what the pictures show."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from monitor.evening_rule import EveningState
from monitor.model import EveningMark
from monitor.report.html import _by_hours, _dates, _last_state
from monitor.report.pictures import _N_BINS, _band
from monitor.wording import language
from tests.report.conftest import NIGHT

ENGLISH = language("en")
TIMES = "\N{MULTIPLICATION SIGN}"


@pytest.fixture(scope="module")
def report(small):
    """Of the night on which the evenings below end."""
    return replace(small, night=NIGHT)


@pytest.fixture(scope="module")
def host(report):
    return report.hosts[0]


def with_evenings(host, *states: EveningState, ratio: float | None = None):
    marks = tuple(
        EveningMark(day=NIGHT - timedelta(days=n), state=state, ratio=ratio)
        for n, state in enumerate(states)
    )
    return replace(host, evenings=marks[::-1])


def test_evenings_are_listed_under_their_own_state(host) -> None:
    slow, dead, fine = EveningState.SLOW, EveningState.DEAD, EveningState.FINE
    lists = _dates(with_evenings(host, slow, fine, dead, slow), ENGLISH)
    days = [[n for n in ("15", "14", "13", "12") if n in text] for _, text in lists]
    assert sorted(days) == [["13"], ["15", "12"]]


def test_hours_are_named_from_the_first_of_the_evening_s_day(host) -> None:
    slowness = np.full((3, 24), 1.0)
    slowness[:, 14:16] = [[2.0, 4.0], [np.nan, 3.0], [np.inf, 9.0]]
    slowness[:, 2:4] = np.nan
    slowness[:, 20:22] = np.inf
    told = replace(host, heat_map=replace(host.heat_map, slowness=slowness))
    cells = dict(_by_hours(told, ENGLISH))
    assert next(iter(cells)).startswith("06")
    assert (len(cells), [*cells][-1]) == (12, "04\N{EN DASH}06")
    assert cells["20\N{EN DASH}22"] == f"4{TIMES}"
    assert cells["08\N{EN DASH}10"] == "\N{EN DASH}"
    assert cells["02\N{EN DASH}04"] == "\N{MULTIPLICATION X}"
    assert cells["06\N{EN DASH}08"] == f"1{TIMES}"


@pytest.mark.parametrize(
    ("state", "ratio", "words"),
    [
        (EveningState.SLOW, 3.0, "3 times slower"),
        (EveningState.SLOW, None, "slow"),
        (EveningState.DEAD, 3.0, "did not answer"),
    ],
)
def test_the_last_evening_is_told_by_its_size_or_state(
    report, host, state, ratio, words
) -> None:
    told = _last_state(with_evenings(host, state, ratio=ratio), report, ENGLISH)
    assert words in told.lower()
    without = with_evenings(host, state, ratio=ratio).evenings[:0]
    assert _last_state(replace(host, evenings=without), report, ENGLISH) == (
        _last_state(with_evenings(host, EveningState.UNUSABLE), report, ENGLISH)
    )


def test_a_band_is_the_least_the_middle_and_the_most_of_the_controls() -> None:
    curves = np.full((3, _N_BINS), np.nan)
    curves[:, 5] = [3.0, 1.0, 2.0]
    curves[:, 6] = [np.inf, 4.0, np.nan]
    low, middle, high = _band(curves)
    assert (low[5], middle[5], high[5]) == (1.0, 2.0, 3.0)
    assert (low[6], middle[6], high[6]) == (4.0, 4.0, 4.0)
    assert np.isnan(low[7])
    assert np.isnan(_band(np.empty((0, _N_BINS)))).all()
