"""What a picture must show, seen in its SVG."""

import re
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from selectolax.parser import HTMLParser

from monitor.evening_rule import EveningState, parse_window
from monitor.report.charts import (
    evenings_svg,
    heat_keys,
    heat_map_svg,
    last_night_keys,
    last_night_svg,
)
from monitor.report.content import EveningMark, HeatMap
from monitor.report.heat_steps import HEAT_STEPS, dark_rules, step_label
from monitor.wording import LANGUAGES, language

ENGLISH = language("en")
WINDOW = parse_window("20:00-22:00")
DAY = date(2026, 3, 10)


def heat_map(slowness: np.ndarray) -> HeatMap:
    days = tuple(DAY + timedelta(days=n) for n in range(len(slowness)))
    return HeatMap(days=days, first_hour=6, slowness=slowness)


def test_gaps_are_hatched() -> None:
    svg = heat_map_svg(heat_map(np.full((3, 24), np.nan)), WINDOW, ENGLISH)
    assert "<pattern" in svg
    assert "url(#" in svg.split("<pattern")[1] or "fill: url(#" in svg


def test_the_hours_begin_where_the_evening_s_day_begins() -> None:
    svg = heat_map_svg(heat_map(np.ones((8, 24))), WINDOW, ENGLISH)
    labels = [n.text() for n in HTMLParser(svg).css("text")]
    assert labels.index("06:00") < labels.index("21:00") < labels.index("03:00")


def test_time_before_the_first_measurement_is_no_gap() -> None:
    empty = np.full((3, 24), np.nan)
    whole = replace(heat_map(empty), n_before=3 * 24)
    assert "<pattern" not in heat_map_svg(whole, WINDOW, ENGLISH)
    part = replace(heat_map(empty), n_before=24)
    assert "<pattern" in heat_map_svg(part, WINDOW, ENGLISH)


def test_each_state_has_its_own_shape() -> None:
    marks = [
        EveningMark(day=DAY + timedelta(days=n), state=state)
        for n, state in enumerate(EveningState)
    ]
    svg = evenings_svg(marks, ENGLISH)
    outlines = re.findall(r'<path[^>]*d="([^"]*)"', svg)
    strokes = {"".join(re.findall("[MLCz]", outline)) for outline in outlines}
    octagon, square, cross, dash = "MLLLLLLLLz", "MLLLz", "M" + 11 * "L" + "z", "MLLz"
    assert {octagon, square, cross, dash} <= strokes


def test_a_year_of_evenings_is_a_shape_for_each_and_few_elements() -> None:
    marks = [
        EveningMark(day=DAY + timedelta(days=n), state=EveningState.SLOW)
        for n in range(365)
    ]
    svg = evenings_svg(marks, ENGLISH)
    outlines = re.findall(r'<path[^>]*d="([^"]*)"', svg)
    assert max(outline.count("M") for outline in outlines) == 365
    assert len(re.findall("<[a-z]", svg)) < 250


def test_before_the_first_evening_the_calendar_is_empty() -> None:
    texts = [n.text() for n in HTMLParser(evenings_svg([], ENGLISH)).css("text")]
    assert "31" in texts


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_year_of_evenings_is_a_row_per_month(code: str) -> None:
    marks = [
        EveningMark(day=DAY + timedelta(days=n), state=EveningState.SLOW)
        for n in range(365)
    ]
    tongue = language(code)
    svg = evenings_svg(marks, tongue)
    texts = [node.text() for node in HTMLParser(svg).css("text")]
    for mark in marks[::31]:
        assert tongue.month(mark.day) in texts


def lightness(colours: list[str]) -> np.ndarray:
    return np.array([to_rgb(c) for c in colours]) @ np.array([0.2126, 0.7152, 0.0722])


def test_from_the_usual_on_each_step_stands_out_more_from_its_paper() -> None:
    usual_on = HEAT_STEPS[1:]
    assert (np.diff(lightness([step.light for step in usual_on])) < -0.02).all()
    assert (np.diff(lightness([step.dark for step in usual_on])) > 0.02).all()


def test_the_steps_leave_no_ratio_out() -> None:
    assert [step.high for step in HEAT_STEPS[:-1]] == [s.low for s in HEAT_STEPS[1:]]
    assert (HEAT_STEPS[0].low, HEAT_STEPS[-1].high) == (0, np.inf)


def test_each_step_has_its_words_and_a_colour_for_each_paper() -> None:
    keys = heat_keys(heat_map(np.ones((3, 24))), ENGLISH)
    assert [key.label for key in keys] == [step_label(s, ENGLISH) for s in HEAT_STEPS]
    assert keys[0].label == "below 0.8"
    assert keys[2].label == "1.25\N{EN DASH}1.5"
    assert keys[-1].label == "30 and more"
    for number, (key, step) in enumerate(zip(keys, HEAT_STEPS, strict=True)):
        assert f'class="step-{number}" fill="{step.light}"' in key.svg
        assert f".step-{number} {{ fill: {step.dark} !important; }}" in dark_rules()


def test_what_is_no_step_is_told_where_it_occurs() -> None:
    slowness = np.ones((3, 24))
    slowness[0, :5] = np.nan
    told = replace(heat_map(slowness), n_before=5)
    assert len(heat_keys(told, ENGLISH)) == len(HEAT_STEPS)
    slowness[1, 2], slowness[1, 3] = np.inf, np.nan
    others = heat_keys(told, ENGLISH)[len(HEAT_STEPS) :]
    assert [key.label for key in others] == ["no answer", "not measured"]


def test_an_hour_is_drawn_in_the_colour_of_its_step() -> None:
    for number, step in enumerate(HEAT_STEPS):
        hours = heat_map(np.full((3, 24), (step.low + min(step.high, 99)) / 2))
        svg = heat_map_svg(hours, WINDOW, ENGLISH)
        assert re.findall('class="(step-[^"]*)"', svg) == [f"step-{number}"]
        assert f'class="step-{number}" style="fill: {step.light}"' in svg


@pytest.mark.long
def test_ink_takes_the_colour_of_the_page(one_service) -> None:
    service = one_service.hosts[0]
    for svg in (
        heat_map_svg(service.heat_map, WINDOW, ENGLISH),
        evenings_svg(service.evenings, ENGLISH),
        last_night_svg(service.last_night, WINDOW, ENGLISH),
    ):
        assert "currentColor" in svg
        assert "#010203" not in svg


def test_an_evening_without_any_answer_can_be_drawn(one_service) -> None:
    last = one_service.hosts[0].last_night
    nothing = np.full_like(last.target, np.nan)
    dead = replace(last, target=np.full_like(nothing, np.inf), controls_low=nothing)
    dead = replace(dead, controls_high=nothing)
    assert "<svg" in last_night_svg(dead, WINDOW, ENGLISH)
    assert "no answer" in {key.label for key in last_night_keys(dead, ENGLISH)}
    assert "no answer" not in {key.label for key in last_night_keys(last, ENGLISH)}


@pytest.mark.parametrize(("text", "hours"), [("20:00-22:00", 2), ("19:30-22:00", 2.5)])
def test_the_evening_is_as_wide_as_it_is_long(one_service, text, hours) -> None:
    svg = last_night_svg(one_service.hosts[0].last_night, parse_window(text), ENGLISH)
    outlines = re.findall(r'<path d="M ([\d.]+) [\d.]+ \nL ([\d.]+) ', svg)
    _, day, evening = ((float(end) - float(begin)) for begin, end in outlines[:3])
    assert 24 * evening / day == pytest.approx(hours, abs=0.01)
