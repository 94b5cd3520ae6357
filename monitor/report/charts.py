"""Arrays to inline SVG, drawn by Matplotlib; readable in grey, in print and on a phone.

Nothing that a stranger wrote (names, notes) is ever drawn: such text stays in the page,
where it is escaped. Lines and letters take the colour of the text around the chart, so
that one picture serves a light and a dark page.
"""

import io
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Outline

from monitor.evening_rule import EveningState, Window
from monitor.model import EveningMark
from monitor.report.content import (
    DataUsed,
    HeatMap,
    LastNight,
)
from monitor.report.heat_steps import (
    DEAD,
    DEAD_COLOUR,
    GAP,
    HEAT_STEPS,
    QUICKER,
    step_class,
    step_label,
    step_numbers,
)
from monitor.report.states import state_label
from monitor.series.rows import Bools, Floats
from monitor.wording import Language

INK: Final = "#010203"
"""Stands for the colour of the page's text until the SVG is finished."""
SLOW_COLOUR: Final = "#d55e00"
CONTROL_COLOUR: Final = "#4d8fc4"
"""Vermilion and a lighter blue, after Okabe and Ito's palette for the colour-blind."""

WIDTH_IN: Final = 7.2
CEILING: Final = 10.0
"""Of an axis of how many times slower: what is beyond stands there, too."""
_TICKS: Final = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 1000.0)
# Matplotlib types the keys as literals, the values by key.
STYLE: Final[Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "monitor",
    "text.parse_math": False,
    "font.family": ["DejaVu Sans"],
    "font.size": 8.0,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.linewidth": 0.6,
    "hatch.linewidth": 0.5,
}


@dataclass(frozen=True, slots=True)
class Key:
    """One mark of a picture and what it means: stands beside it, and never moves."""

    svg: str
    label: str


def heat_map_svg(heat_map: HeatMap, window: Window, language: Language) -> str:
    """Hours down, days across, in the steps of the dashboard."""
    with mpl.rc_context(STYLE):
        figure, axes = new_figure(2.5)
        _hatch_gaps(axes, heat_map)
        _fill_steps(axes, heat_map)
        _dot_quicker_hours(axes, heat_map)
        _cross_dead_hours(axes, heat_map)
        axes.set_xlim(0, len(heat_map.days))
        _label_hours(axes, heat_map)
        _label_days(axes, heat_map.days, language)
        _frame_window(axes, heat_map, window)
        return _with_classes(finished_svg(figure))


def evenings_svg(evenings: Sequence[EveningMark], language: Language) -> str:
    """A calendar: a month in each row, a shape for each evening."""
    months = sorted({(mark.day.year, mark.day.month) for mark in evenings})
    with mpl.rc_context(STYLE):
        figure, axes = new_figure(0.4 + 0.24 * len(months))
        for state in EveningState:
            days = [mark.day for mark in evenings if mark.state is state]
            places = [(d.day, _ROW * months.index((d.year, d.month))) for d in days]
            axes.add_patch(_shapes(state, places))
        axes.set_aspect("equal", anchor="W")
        axes.set_xlim(0.4, 31.6)
        # A report may be asked for before the first evening: then the row is empty.
        axes.set_ylim(_ROW * (max(1, len(months)) - 0.5), -0.5 * _ROW)
        axes.set_xticks(range(1, 32), [str(n) for n in range(1, 32)], fontsize=7)
        rows = [_ROW * number for number in range(len(months))]
        axes.set_yticks(rows, [_month(m, language) for m in months])
        axes.xaxis.tick_top()
        # On both sides: a phone shows one end of the picture at a time.
        axes.tick_params(top=False, left=False, labelright=True)
        _no_spines(axes)
        return finished_svg(figure)


def last_night_svg(last_night: LastNight, window: Window, language: Language) -> str:
    """The target's line over the band of the controls, times slower than usual."""
    with mpl.rc_context(STYLE):
        figure, axes = new_figure(2.2)
        hours = last_night.minutes / 60
        start = window.start_min / 60
        axes.axvspan(start, start + window.length_min / 60, color=INK, alpha=0.09, lw=0)
        axes.fill_between(
            hours,
            _bridged(last_night.controls_low),
            _bridged(last_night.controls_high),
            color=CONTROL_COLOUR,
            alpha=0.3,
            lw=0,
        )
        middle = _bridged(last_night.controls)
        axes.plot(hours, middle, color=CONTROL_COLOUR, lw=1.2, ls="--")
        _draw_target(axes, hours, last_night)
        _label_slowness(axes, last_night, language)
        _label_clock(axes, hours)
        name_slowness(axes, language)
        _no_spines(axes)
        return finished_svg(figure)


def data_svg(used: DataUsed, language: Language) -> str:
    """A bar for each day, in megabytes, and the budget of a day as a dashed line."""
    with mpl.rc_context(STYLE):
        figure, axes = new_figure(1.5)
        places = np.arange(len(used.days)) + 0.5
        axes.bar(places, used.by_day / _MEGABYTE, width=0.8, color=CONTROL_COLOUR)
        if used.per_day is not None:
            axes.axhline(used.per_day / _MEGABYTE, color=INK, lw=1.0, ls=(0, (4, 2)))
        axes.set_xlim(0, len(used.days))
        axes.set_ylim(bottom=0)
        axes.locator_params(axis="y", nbins=4)
        axes.tick_params(axis="y", labelright=True)
        _label_days(axes, used.days, language)
        axes.set_ylabel(language.gettext("MB"))
        _no_spines(axes)
        return finished_svg(figure)


_MEGABYTE: Final = 1e6
_ROW: Final = 1.15
"""Height of a month in the calendar, in widths of a day."""


def _polygon(n: int, radius: float) -> list[tuple[float, float]]:
    angles = (np.arange(n) + 0.5) * 2 * np.pi / n
    return [(radius * np.cos(a), radius * np.sin(a)) for a in angles]


_CROSS: Final = [
    *[(-0.28, -0.14), (-0.14, -0.28), (0, -0.14), (0.14, -0.28), (0.28, -0.14)],
    *[(0.14, 0), (0.28, 0.14), (0.14, 0.28), (0, 0.14), (-0.14, 0.28)],
    *[(-0.28, 0.14), (-0.14, 0)],
]
_OUTLINES: Final = {
    EveningState.FINE: _polygon(8, 0.18),
    EveningState.SLOW: _polygon(4, 0.34),
    EveningState.DEAD: _CROSS,
    EveningState.REFUSED: _polygon(3, 0.3),
    EveningState.UNUSABLE: [(-0.17, 0.0), (0.17, 0.0)],
}
"""The shape of each state, in widths of a day."""
# Arguments of Matplotlib, each of a type of its own.
_FILLS: Final[dict[EveningState, dict[str, Any]]] = {
    EveningState.FINE: {"facecolor": "none", "linewidth": 0.8},
    EveningState.SLOW: {"facecolor": SLOW_COLOUR, "linewidth": 0.8},
    EveningState.DEAD: {"facecolor": INK, "linewidth": 0.4},
    EveningState.REFUSED: {"facecolor": "none", "linewidth": 1.2},
    EveningState.UNUSABLE: {"facecolor": "none", "linewidth": 0.8},
}


def _shapes(state: EveningState, places: Sequence[tuple[float, float]]) -> PathPatch:
    # One path for a year of evenings: printing hundreds of elements takes seconds.
    outline = np.array(_OUTLINES[state])
    paths = [Outline([*(outline + place), (0, 0)], closed=True) for place in places]
    whole = Outline.make_compound_path(*paths)
    return PathPatch(whole, edgecolor=INK, **_FILLS[state])


def evening_keys(
    states: Collection[EveningState], language: Language
) -> tuple[Key, ...]:
    """What each shape of the calendar means; a rare one only where it occurs."""
    return tuple(
        Key(_mark_of(state), state_label(state, language))
        for state in _OUTLINES
        if state is not EveningState.REFUSED or state in states
    )


def _mark_of(state: EveningState) -> str:
    look = _FILLS[state]
    fill = str(look["facecolor"]).replace(INK, "currentColor")
    corners = " ".join(f"{x:.2f},{y:.2f}" for x, y in _OUTLINES[state])
    shape = f'<polygon points="{corners}" fill="{fill}"/>'
    return _mark(shape, stroke=0.08 * look["linewidth"])


def heat_keys(heat_map: HeatMap, language: Language) -> tuple[Key, ...]:
    """The steps of the heat map, and what else occurs in it."""
    kinds, t = step_numbers(heat_map.slowness), language.gettext
    steps = tuple(
        Key(_mark(_step_square(number), stroke=0), step_label(step, language))
        for number, step in enumerate(HEAT_STEPS)
    )
    others = ((DEAD, _DEAD_MARK, t("no answer")), (GAP, _GAP_MARK, t("not measured")))
    return steps + tuple(
        Key(_mark(shape, stroke=0.08), label)
        for kind, shape, label in others
        if kind in kinds.flat[heat_map.n_before :]
    )


_SQUARE: Final = 'x="-0.45" y="-0.35" width="0.9" height="0.7"'
_DEAD_MARK: Final = (
    f'<rect {_SQUARE} fill="{DEAD_COLOUR}"/>'
    '<path d="M-0.2 -0.2L0.2 0.2M-0.2 0.2L0.2 -0.2" stroke="#ffffff"/>'
)
_GAP_MARK: Final = '<path d="M-0.45 0.1L0 -0.35M-0.3 0.35L0.4 -0.35M0.1 0.35L0.45 0"/>'


def _step_square(number: int) -> str:
    look = f'class="{step_class(number)}" fill="{HEAT_STEPS[number].light}"'
    dot = '<circle r="0.12" fill="currentColor"/>' if number == QUICKER else ""
    return f"<rect {_SQUARE} {look}/>{dot}"


def last_night_keys(last_night: LastNight, language: Language) -> tuple[Key, ...]:
    """What line, band and crosses of the last evening mean."""
    t, line = language.gettext, "M-0.45 0H0.45"
    band = f'<rect x="-0.45" y="-0.3" width="0.9" height="0.6" fill="{CONTROL_COLOUR}"'
    slow = f'<path d="{line}" stroke="{SLOW_COLOUR}"/>'
    keys = (
        Key(_mark(slow, stroke=0.14), t("this service")),
        Key(
            _mark(f'{band} fill-opacity="0.3" stroke="none"/>', stroke=0),
            t("control sites: from the fastest to the slowest"),
        ),
    )
    if not np.isinf(last_night.target).any():
        return keys
    cross = '<path d="M-0.25 -0.25L0.25 0.25M-0.25 0.25L0.25 -0.25"/>'
    return (*keys, Key(_mark(cross, stroke=0.12), t("no answer")))


def _mark(shape: str, *, stroke: float) -> str:
    return (
        '<svg class="mark" width="16" height="16" viewBox="-0.5 -0.5 1 1"'
        f' aria-hidden="true" fill="none" stroke="currentColor"'
        f' stroke-width="{stroke:.2f}">{shape}</svg>'
    )


def new_figure(height_in: float) -> tuple[Figure, Axes]:
    """An empty picture as wide as the report's text."""
    figure = Figure(figsize=(WIDTH_IN, height_in), dpi=144, layout="constrained")
    FigureCanvasSVG(figure)
    figure.patch.set_alpha(0)
    axes = figure.subplots()
    axes.patch.set_alpha(0)
    return figure, axes


def name_slowness(axes: Axes, language: Language) -> None:
    """What an axis counts, above it: beside it long words would be cut off."""
    text = language.gettext("times slower than usual")
    axes.set_title(text, loc="left", fontsize=8.0, pad=4.0)


def times_mark(times: float, language: Language) -> str:
    """How many times, with the language's own decimal mark."""
    return f"{language.number(times, 1)}\N{MULTIPLICATION SIGN}"


def up_to_ceiling(ticks: Sequence[float], language: Language) -> list[str]:
    """The marks of an axis at whose end all that is slower stands, too."""
    marks = [times_mark(tick, language) for tick in ticks]
    return [*marks[:-1], f"\N{GREATER-THAN OR EQUAL TO}{marks[-1]}"]


def _hatch_gaps(axes: Axes, heat_map: HeatMap) -> None:
    """Hours without measurements, from the first one that has any."""
    is_gap = np.isnan(heat_map.slowness)
    is_gap.flat[: heat_map.n_before] = False
    look = {"facecolor": "none", "edgecolor": INK, "linewidth": 0}
    _add_outline(axes, _boxes(is_gap), hatch="/////", **look)


def _fill_steps(axes: Axes, heat_map: HeatMap) -> None:
    kinds = step_numbers(heat_map.slowness)
    for number, step in enumerate(HEAT_STEPS):
        look = {"facecolor": step.light, "linewidth": 0}
        _add_outline(axes, _boxes(kinds == number), **look)
    # Framed in ink: on a dark page black alone would not be seen.
    look = {"facecolor": DEAD_COLOUR, "edgecolor": INK, "linewidth": 0.5}
    _add_outline(axes, _boxes(kinds == DEAD), **look)


def _dot_quicker_hours(axes: Axes, heat_map: HeatMap) -> None:
    """A grey printer would take their colour for that of slower ones."""
    is_quicker = step_numbers(heat_map.slowness) == QUICKER
    places = zip(*np.nonzero(is_quicker), strict=True)
    dots = [_box(d + 0.44, d + 0.56, h + 0.35, h + 0.65) for d, h in places]
    _add_outline(axes, dots, facecolor=INK, linewidth=0)


_Box = list[tuple[float, float]]
# Arguments of Matplotlib, each of a type of its own.
_Look = Any


def _box(left: float, right: float, top: float, bottom: float) -> _Box:
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    return [*corners, corners[0]]


def _boxes(is_meant: Bools) -> list[_Box]:
    """Around the hours, those of a day that follow each other in one."""
    turns = np.diff(np.pad(is_meant.astype(int), ((0, 0), (1, 1))))
    days, tops = np.nonzero(turns == 1)
    bottoms = np.nonzero(turns == -1)[1]
    places = (numbers.tolist() for numbers in (days, tops, bottoms))
    return [
        _box(day, day + 1, top, bottom)
        for day, top, bottom in zip(*places, strict=True)
    ]


def _add_outline(axes: Axes, boxes: Sequence[_Box], **look: _Look) -> None:
    if boxes:
        outlines = [Outline(box, closed=True) for box in boxes]
        whole = Outline.make_compound_path(*outlines)
        axes.add_patch(PathPatch(whole, **look))


def _with_classes(svg: str) -> str:
    """What is drawn in a step's colour has its class: on dark paper it has another."""
    for number, step in enumerate(HEAT_STEPS):
        style = f'style="fill: {step.light}'
        svg = svg.replace(style, f'class="{step_class(number)}" {style}')
    return svg


def _cross_dead_hours(axes: Axes, heat_map: HeatMap) -> None:
    day, hour = np.nonzero(np.isinf(heat_map.slowness))
    size = max(2.0, min(24.0, 900 / max(1, len(heat_map.days))))
    axes.scatter(
        day + 0.5,
        hour + 0.5,
        marker="x",
        s=size,
        color="white",
        linewidths=0.8,
        rasterized=True,
    )


def _label_hours(axes: Axes, heat_map: HeatMap) -> None:
    places = range(0, 25, 3)
    axes.set_ylim(24, 0)
    axes.set_yticks(
        list(places),
        [f"{(heat_map.first_hour + place) % 24:02d}:00" for place in places],
    )
    axes.tick_params(length=2)


def _label_days(axes: Axes, days: Sequence[date], language: Language) -> None:
    step = max(1, -(-len(days) // 50)) * 7 if len(days) > 10 else 1
    # Counted back from the last day: that is the one that the report is about.
    places = list(range(len(days) - 1, -1, -step))
    axes.set_xticks(
        [place + 0.5 for place in places],
        [language.short_date(days[place]) for place in places],
    )


def _frame_window(axes: Axes, heat_map: HeatMap, window: Window) -> None:
    top = (window.start_min / 60 - heat_map.first_hour) % 24
    for edge in (top, top + window.length_min / 60):
        axes.axhline(edge, color=INK, lw=1.0, ls=(0, (4, 2)))


def _draw_target(axes: Axes, hours: np.ndarray, last_night: LastNight) -> None:
    finite = np.where(np.isinf(last_night.target), np.nan, last_night.target)
    measured = np.isfinite(finite).nonzero()[0].tolist()
    axes.plot(
        hours,
        _bridged(last_night.target),
        color=SLOW_COLOUR,
        lw=1.6,
        marker="o",
        ms=2.4,
        markevery=measured,
    )
    dead = np.isinf(last_night.target)
    if dead.any():
        top = _highest(last_night)
        axes.plot(hours[dead], np.full(dead.sum(), top), "x", color=INK)


def _bridged(values: Floats) -> Floats:
    """The values with a line over single moments without one, and no longer gaps.

    Rounds come at random instants: now and then none falls into a quarter of an hour.
    """
    finite = np.where(np.isinf(values), np.nan, values)
    inner = np.isnan(values[1:-1])
    between = np.sqrt(finite[:-2] * finite[2:])
    return np.concatenate(
        [finite[:1], np.where(inner, between, finite[1:-1]), finite[-1:]]
    )


def _highest(last_night: LastNight) -> float:
    values = np.concatenate([last_night.target, last_night.controls_high])
    values = values[np.isfinite(values)]
    return max(3.0, float(values.max()) * 1.2 if values.size else 3.0)


def _label_slowness(axes: Axes, last_night: LastNight, language: Language) -> None:
    values = np.concatenate([last_night.target, last_night.controls_low])
    values = values[np.isfinite(values)]
    low = min(0.6, float(values.min()) if values.size else 0.6)
    high = _highest(last_night) * 1.15
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    ticks = [tick for tick in _TICKS if low <= tick <= high]
    axes.set_yticks(ticks, [times_mark(tick, language) for tick in ticks])
    axes.tick_params(axis="y", labelright=True)
    axes.yaxis.set_minor_locator(mpl.ticker.NullLocator())
    axes.grid(axis="y", color=INK, alpha=0.15, lw=0.5)


def _label_clock(axes: Axes, hours: np.ndarray) -> None:
    first = int(np.floor(hours[0]))
    places = [place for place in range(first, first + 25) if place % 3 == 0]
    axes.set_xlim(first, first + 24)
    axes.set_xticks(places, [f"{place % 24:02d}:00" for place in places])
    axes.tick_params(length=2)


def _month(month: tuple[int, int], language: Language) -> str:
    return language.month(date(month[0], month[1], 1))


def _no_spines(axes: Axes) -> None:
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)


_FONT = re.compile(r"font: (?:(\w+) )?([\d.]+)px [^;\"]*")
_NUMBERED_ID = re.compile(r' id="[A-Za-z0-9.]+_\d+"')
"""Of groups and collections; shapes that are used again are named by their content."""


_NO_METADATA: Final = dict.fromkeys(("Creator", "Date", "Format", "Type"))


def finished_svg(figure: Figure) -> str:
    """The figure as an element for a page, without identifiers that would collide."""
    buffer = io.StringIO()
    # Not `savefig`: that draws every figure twice.
    canvas = FigureCanvasSVG(figure)
    canvas.print_svg(buffer, metadata=_NO_METADATA)  # type: ignore[no-untyped-call]
    text = buffer.getvalue()
    text = text[text.index("<svg") :].replace(INK, "currentColor")
    # WeasyPrint does not know the shorthand; the page chooses the family.
    text = _FONT.sub(r"font-size: \2px", text)
    return _NUMBERED_ID.sub("", text)
