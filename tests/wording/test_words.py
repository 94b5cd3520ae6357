"""Numbers, units and rounds in words: what each value is told as."""

from dataclasses import replace

import pytest

from monitor.model import Effect, Evenings, Verdict
from monitor.probe.next_resolver import FIRST_SILENT
from monitor.wording import language
from monitor.wording.cards import facts, lead
from monitor.wording.metric_words import metric_value
from monitor.wording.numbers import evidence_lines
from monitor.wording.round_words import told_gap, told_spoiled

ENGLISH, RUSSIAN = language("en"), language("ru")


@pytest.mark.parametrize(
    ("value", "metric", "told"),
    [
        (None, "connect_s", "\N{EN DASH}"),
        (0.0123, "connect_s", "12.3 ms"),
        (0.00123, "connect_s", "1.23 ms"),
        (0.9994, "waiting_s", "999 ms"),
        (1.0, "duration_s", "1 s"),
        (10.25, "duration_s", "10.2 s"),
        (123.4, "duration_s", "123 s"),
        (100.4, "duration_s", "100 s"),
        (5.25e6, "goodput_bps", "5.25 Mbit/s"),
        (0.5, "goodput_bps", "0 Mbit/s"),
    ],
)
def test_a_value_has_three_digits_and_its_unit(value, metric, told):
    assert metric_value(value, metric, ENGLISH) == told


@pytest.mark.parametrize(
    ("stored", "told"),
    [
        ("stopped; 3 slot(s)", "stopped; 3 slot(s)"),
        ("not done: a, b", "not done: a, b"),
        ("3", "3"),
        ("x slot(s)", "x slot(s)"),
    ],
)
def test_a_gap_is_told_part_by_part(stored, told):
    assert told_gap(stored, ENGLISH) == told


def test_a_gap_is_told_in_the_reader_s_language():
    told = told_gap("stopped; 3 slot(s); not done: a; 3; x slot(s)", RUSSIAN)
    stopped, slots, not_done, *unknown = told.split("; ")
    assert "3" in slots
    assert "a" in not_done
    for part in (stopped, slots, not_done):
        assert any("а" <= letter <= "я" for letter in part)  # noqa: RUF001
    assert unknown == ["3", "x slot(s)"]
    assert told_spoiled("clock: clock_stepped", RUSSIAN) != "clock: clock_stepped"
    silent = f"resolver: {FIRST_SILENT}"
    assert "DNS" in told_spoiled(silent, RUSSIAN) != silent
    assert told_spoiled("something else", RUSSIAN) == "something else"


def test_each_kind_of_number_has_an_example():
    assert ENGLISH.plurals == {"one": 1, "other": 2}
    assert RUSSIAN.plurals == {"one": 1, "few": 2, "many": 5, "other": 2}


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (0.09, "less than 0.1"),
        (0.1, "0.1"),
        (12.34, "12.3"),
        (999_999.0, "999,999"),
        (1e6, "more than 1,000,000"),
    ],
)
def test_an_amount_is_told_between_a_tenth_and_a_million(value, told):
    assert ENGLISH.amount(value) == told


VERDICT = Verdict(
    vantage="home",
    target="site",
    verdict="selective_slowdown",
    strength=None,
    evenings=Evenings(observed=14, usable=12, slow=9, dead=2),
    effect=Effect(metric="goodput_bps", ratio=3.14, ci95=(2.56, 3.84)),
    p_value=0.001,
    e_value=1000.0,
    found_window=None,
    onset_date=None,
    offset_date=None,
    mechanism=(),
    reasons=(),
)


def test_a_card_tells_evenings_and_size_with_one_decimal():
    told = [fact.text for fact in facts(VERDICT, ENGLISH)]
    assert "9 of 12 usable evenings" in told
    assert "3.1 times (95 %: 2.6 to 3.8)" in told
    fine = replace(VERDICT, verdict="no_recurring_slowdown")
    assert "at most 3.8 times" in [fact.text for fact in facts(fine, ENGLISH)]


def test_before_the_first_night_the_window_is_told():
    told = lead([], since=None, until=None, window=("20:00", "22:00"), language=ENGLISH)
    assert "(20:00–22:00)" in told  # noqa: RUF001


def test_the_bounds_of_a_size_have_two_decimals():
    lines = evidence_lines(
        replace(
            VERDICT, effect=Effect(metric="connect_s", ratio=1.5, ci95=(1.25, 1.75))
        ),
        ENGLISH,
    )
    assert "1.5 times as slow" in lines[1]
    assert "95% interval 1.25 to 1.75" in lines[1]
