"""Where each part of a picture stands: read from the drawing, before it is an SVG."""

import re
from datetime import date, timedelta

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure

from monitor.evening_rule import parse_window
from monitor.hour_profile import HourProfile, Spread
from monitor.report.charts import (
    _boxes,
    _bridged,
    _cross_dead_hours,
    _dot_quicker_hours,
    _draw_target,
    _fill_steps,
    _frame_window,
    _hatch_gaps,
    _highest,
    _label_clock,
    _label_days,
    _label_hours,
    _label_slowness,
    _no_spines,
)
from monitor.report.content import HeatMap, LastNight
from monitor.report.heat_steps import DEAD, GAP, step_numbers
from monitor.report.hour_chart import _band, _shade_evenings, hours_svg
from monitor.wording import language

ENGLISH = language("en")
DAY = date(2026, 3, 10)
nan, inf = np.nan, np.inf


@pytest.fixture
def axes() -> Axes:
    return Figure().subplots()


def heat_map(slowness: np.ndarray, **more: int) -> HeatMap:
    days = tuple(DAY + timedelta(days=n) for n in range(len(slowness)))
    return HeatMap(days=days, first_hour=6, slowness=slowness, **more)


def last_night(target: list[float], high: list[float] | None = None) -> LastNight:
    n = len(target)
    band = {
        "controls_low": np.full(n, 0.9),
        "controls_high": np.array(high or [1.1] * n),
    }
    blank = dict.fromkeys(("in_window", "in_rest", "failed", "made"))
    return LastNight(
        minutes=360.0 + 15 * np.arange(n),
        target=np.array(target),
        controls=np.ones(n),
        **band,
        **blank,
    )


def test_the_window_is_framed_by_its_hours_from_the_first_of_the_day(axes) -> None:
    _frame_window(axes, heat_map(np.ones((3, 24))), parse_window("20:00-22:30"))
    edges = [line.get_ydata()[0] for line in axes.lines]
    assert edges == [14, 16.5]
    assert {line.get_linestyle() for line in axes.lines} == {"--"}


def test_a_window_before_the_first_hour_of_the_day_stands_at_its_end(axes) -> None:
    _frame_window(axes, heat_map(np.ones((3, 24))), parse_window("02:00-04:00"))
    assert [line.get_ydata()[0] for line in axes.lines] == [20, 22]


@pytest.mark.parametrize(("days", "size"), [(3, 24), (90, 10), (900, 2)])
def test_an_hour_without_answers_has_its_cross_in_its_middle(axes, days, size) -> None:
    slowness = np.ones((days, 24))
    slowness[2, 14] = inf
    _cross_dead_hours(axes, heat_map(slowness))
    (crosses,) = axes.collections
    assert isinstance(crosses, PathCollection)
    assert crosses.get_offsets().tolist() == [[2.5, 14.5]]
    assert crosses.get_sizes().tolist() == [size]


def test_no_days_have_no_crosses(axes) -> None:
    _cross_dead_hours(axes, heat_map(np.ones((0, 24))))
    assert axes.collections[0].get_offsets().size == 0


def test_a_gap_is_hatched_from_edge_to_edge_of_its_hour(axes) -> None:
    slowness = np.ones((3, 24))
    slowness[1, 5] = nan
    _hatch_gaps(axes, heat_map(slowness))
    (patch,) = axes.patches
    assert patch.get_path().vertices[:4].tolist() == [[1, 5], [2, 5], [2, 6], [1, 6]]
    assert patch.get_hatch()


def test_without_gaps_or_before_the_first_hour_nothing_is_hatched(axes) -> None:
    _hatch_gaps(axes, heat_map(np.ones((3, 24))))
    slowness = np.ones((3, 24))
    slowness[0, :5] = nan
    _hatch_gaps(axes, heat_map(slowness, n_before=5))
    assert not axes.patches


@pytest.mark.parametrize(
    ("days", "places"),
    [
        (3, [2.5, 1.5, 0.5]),
        (10, [n + 0.5 for n in range(9, -1, -1)]),
        (11, [10.5, 3.5]),
        (50, [n + 0.5 for n in range(49, -1, -7)]),
        (51, [50.5, 36.5, 22.5, 8.5]),
    ],
)
def test_days_are_named_back_from_the_last(axes, days: int, places) -> None:
    _label_days(axes, heat_map(np.ones((days, 24))).days, ENGLISH)
    assert axes.get_xticks().tolist() == places
    last = DAY + timedelta(days=days - 1)
    assert axes.get_xticklabels()[0].get_text() == ENGLISH.short_date(last)


def test_every_third_hour_is_named_and_the_day_ends_as_it_began(axes) -> None:
    _label_hours(axes, heat_map(np.ones((3, 24))))
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names[:3] == ["06:00", "09:00", "12:00"]
    assert names[-2:] == ["03:00", "06:00"]
    assert axes.get_ylim() == (24, 0)


def test_a_step_begins_with_its_lower_edge() -> None:
    told = step_numbers(np.array([0.0, 0.79, 0.8, 1.25, 3.0, 29.9, 30, 1e4, inf, nan]))
    assert told.tolist() == [0, 0, 1, 2, 4, 6, 7, 7, DEAD, GAP]


def test_hours_that_follow_each_other_are_one_box() -> None:
    is_meant = np.zeros((3, 24), bool)
    is_meant[0, 22:] = is_meant[1, :2] = is_meant[1, 4] = True
    spans = [(*box[0], *box[2]) for box in _boxes(is_meant)]
    assert spans == [(0, 22, 1, 24), (1, 0, 2, 2), (1, 4, 2, 5)]


def test_only_steps_that_occur_are_drawn_and_a_dead_hour_is_framed(axes) -> None:
    slowness = np.ones((3, 24))
    slowness[2, 14] = inf
    _fill_steps(axes, heat_map(slowness))
    usual, dead = axes.patches
    assert usual.get_linewidth() == 0
    assert dead.get_linewidth() > 0
    assert dead.get_path().vertices[0].tolist() == [2, 14]


def test_a_quicker_hour_has_its_dot_in_its_middle(axes) -> None:
    slowness = np.ones((3, 24))
    _dot_quicker_hours(axes, heat_map(slowness))
    assert not axes.patches
    slowness[1, 5] = 0.5
    _dot_quicker_hours(axes, heat_map(slowness))
    corners = axes.patches[0].get_path().vertices[:4]
    assert corners.mean(axis=0).tolist() == pytest.approx([1.5, 5.5])


def test_one_missing_moment_is_bridged_and_two_are_a_gap() -> None:
    told = _bridged(np.array([1.0, nan, 4.0, nan, nan, 2.0, inf, 8.0]))
    np.testing.assert_array_equal(told, [1, 2, 4, nan, nan, 2, nan, 8])


@pytest.mark.parametrize(
    ("target", "high", "top"),
    [([1.0, 2.0], None, 3.0), ([1.0, 5.0], None, 6.0), ([1.0, inf], [1, 10], 12.0)],
)
def test_the_picture_is_a_fifth_higher_than_its_highest(target, high, top) -> None:
    assert _highest(last_night(target, high)) == pytest.approx(top)
    assert _highest(last_night([nan, nan], [nan, nan])) == 3.0


def test_dead_moments_are_crosses_at_the_top(axes) -> None:
    night = last_night([1.0, inf, 5.0])
    _draw_target(axes, night.minutes / 60, night)
    line, crosses = axes.lines
    assert crosses.get_xydata().tolist() == [[6.25, pytest.approx(6.0)]]
    assert line.get_markevery() == [0, 2]


@pytest.mark.parametrize(
    ("target", "low", "names"),
    [
        ([1.0, 5.0], 0.6, ["1", "2", "5"]),
        ([0.3, 1.0], 0.3, ["0.5", "1", "2"]),
    ],
)
def test_slowness_is_named_in_times(axes, target, low: float, names) -> None:
    night = last_night(target)
    _label_slowness(axes, night, ENGLISH)
    assert axes.get_ylim() == pytest.approx((low, _highest(night) * 1.15))
    # On both sides of the picture.
    told = [*dict.fromkeys(label.get_text() for label in axes.get_yticklabels())]
    assert told == [f"{name}\N{MULTIPLICATION SIGN}" for name in names]
    assert axes.get_yscale() == "log"


def test_a_day_is_named_every_three_hours(axes) -> None:
    _label_clock(axes, np.array([6.0, 29.75]))
    assert axes.get_xlim() == (6, 30)
    names = [label.get_text() for label in axes.get_xticklabels()]
    assert names == [f"{h % 24:02d}:00" for h in range(6, 31, 3)]


def test_a_picture_has_a_line_below_and_no_frame(axes) -> None:
    _no_spines(axes)
    assert [name for name, line in axes.spines.items() if line.get_visible()] == [
        "bottom"
    ]


def spread(low: float | None, middle: float | None, high: float | None) -> Spread:
    return Spread(low, middle, high, 30)


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("20:00-22:30", [(-4, -1.5), (20, 22.5), (44, 46.5)]),
        ("23:00-01:00", [(-1, 1), (23, 25), (47, 49)]),
    ],
)
def test_each_evening_is_shaded_over_its_hours(axes, text: str, spans) -> None:
    _shade_evenings(axes, parse_window(text), 48)
    told = [(p.get_x(), p.get_x() + p.get_width()) for p in axes.patches]
    assert told == [pytest.approx(span) for span in spans]


def test_an_hour_is_drawn_to_its_end_and_one_without_answers_at_the_top(axes) -> None:
    spreads = [spread(1.0, 2.0, 3.0), spread(None, None, None), spread(4.0, inf, 40.0)]
    _band(axes, spreads, "red", "-")
    (line,) = axes.lines
    np.testing.assert_array_equal(line.get_xdata(), [0, 1, 2, 3])
    np.testing.assert_array_equal(line.get_ydata(), [2, nan, 10, 10])
    assert line.get_drawstyle() == "steps-post"
    assert axes.collections


def test_the_hours_of_a_day_have_their_times_and_sizes_named() -> None:
    day = [spread(0.9, 1.0, 1.1)] * 24
    profile = HourProfile(day=day, week=day * 7)
    svg = hours_svg(profile, profile, parse_window("20:00-22:00"), ENGLISH)
    names = re.findall(r">([^<>\n]+)</text>", svg)
    times = [
        f"{n}\N{MULTIPLICATION SIGN}"
        for n in ("0.5", "1", "2", "5", "\N{GREATER-THAN OR EQUAL TO}10")
    ]
    assert [name for name in names if name.endswith("\N{MULTIPLICATION SIGN}")] == times


def test_a_russian_axis_has_decimal_commas_and_its_words_in_the_picture() -> None:
    """Beside the axis they were longer than it, and cut off."""
    profile = HourProfile(day=[spread(0.9, 1.0, 1.1)] * 24, week=[])
    russian = language("ru")
    svg = hours_svg(profile, profile, parse_window("20:00-22:00"), russian)
    words = russian.gettext("times slower than usual")
    (place,) = re.findall(rf'<text[^>]*transform="([^"]*)"[^>]*>{words}<', svg)
    assert "rotate(-90" not in place
    assert ">0,5\N{MULTIPLICATION SIGN}<" in svg
