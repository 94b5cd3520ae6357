"""A pattern is called one where it is, and seldom where chance made it."""

import numpy as np
import pytest

from monitor.analysis.patterns import are_in_step, kept_weekdays
from study.patterns import in_runs, independent, inserted

DAYS = np.arange(35)
WEEKDAY = DAYS % 7


def test_slow_weekends_are_found_and_named() -> None:
    assert kept_weekdays(WEEKDAY, WEEKDAY >= 5) == (5, 6)


def test_some_quiet_ones_among_them_do_no_harm() -> None:
    slow = (WEEKDAY >= 5) & (DAYS != 12) & (DAYS != 34)
    assert kept_weekdays(WEEKDAY, slow) == (5, 6)


@pytest.mark.parametrize("slow", [DAYS >= 0, DAYS < 0, DAYS == 5, DAYS % 2 == 0])
def test_every_evening_none_one_and_every_other_keep_to_no_weekday(slow) -> None:
    assert kept_weekdays(WEEKDAY, slow) == ()


def test_two_weeks_are_too_few_to_tell() -> None:
    """Each of the days was slow twice, as chance has it in one of thirty."""
    weekday = WEEKDAY[:14]
    assert kept_weekdays(weekday, np.isin(weekday, [0, 2, 3, 5, 6])) == ()


def test_the_same_series_gives_the_same_answer() -> None:
    slow = (WEEKDAY >= 4) ^ (DAYS % 11 == 0)
    assert kept_weekdays(WEEKDAY, slow) == kept_weekdays(WEEKDAY, slow)


@pytest.mark.parametrize("series", [independent, in_runs])
@pytest.mark.parametrize("p", [0.3, 0.7, 0.9])
def test_random_series_seldom_have_a_pattern(series, p: float) -> None:
    rng = np.random.default_rng(3)
    first, second = ([series(35, p, rng) for _ in range(150)] for _ in range(2))
    assert sum(bool(kept_weekdays(WEEKDAY, slow)) for slow in first) <= 6
    both = zip(first, second, strict=True)
    assert sum(are_in_step(a, b) for a, b in both) <= 6


def test_the_same_evenings_are_in_step() -> None:
    slow = np.random.default_rng(1).random(30) < 0.5
    almost = slow ^ (np.arange(30) == 3)
    assert are_in_step(slow, almost)
    assert not are_in_step(slow, ~slow)


def test_two_that_are_slow_all_the_time_are_not_in_step_by_that() -> None:
    always = np.ones(30, np.bool_)
    mostly = np.arange(30) != 7
    assert not are_in_step(always, always)
    assert not are_in_step(always, mostly)
    assert not are_in_step(mostly, np.arange(30) != 8)


def test_two_long_runs_are_no_thirty_evenings() -> None:
    """Each evening resembles the one before: there is little to compare."""
    first, second = np.arange(30) >= 15, np.arange(30) >= 17
    assert not are_in_step(first, second)


def test_the_report_keeps_what_stands_before_the_patterns() -> None:
    part = "## Sentences that claim a pattern\n\nnew\n"
    for report in ("# Rates\n\nold\n", f"# Rates\n\nold\n\n{part}".replace("new", "x")):
        assert inserted(report, part) == f"# Rates\n\nold\n\n{part}"
