"""The hours of the local day and week as pictures: a site beside the control sites."""

from collections.abc import Sequence
from math import isfinite

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes

from monitor.evening_rule import Window
from monitor.hour_profile import HOURS_OF_DAY, HourProfile, Spread
from monitor.report.charts import (
    CEILING,
    CONTROL_COLOUR,
    INK,
    SLOW_COLOUR,
    STYLE,
    finished_svg,
    name_slowness,
    new_figure,
    up_to_ceiling,
)
from monitor.wording import Language


def hours_svg(
    site: HourProfile, controls: HourProfile, window: Window, language: Language
) -> str:
    """Two bands from 10 to 90 % with the medians in them, over the hours of a day."""
    hours = range(0, HOURS_OF_DAY + 1, 3)
    marks = [(hour, f"{hour % HOURS_OF_DAY:02d}:00") for hour in hours]
    return _cycle_svg(site.day, controls.day, window, marks, language)


def week_svg(
    site: HourProfile, controls: HourProfile, window: Window, language: Language
) -> str:
    """The same over the 168 hours of a week, from Monday 00:00 on."""
    names = [language.calendar()[f"weekday.{(day + 1) % 7}"] for day in range(7)]
    marks = [(day * HOURS_OF_DAY, name) for day, name in enumerate(names)]
    return _cycle_svg(site.week, controls.week, window, marks, language)


def _cycle_svg(
    site: Sequence[Spread],
    controls: Sequence[Spread],
    window: Window,
    marks: Sequence[tuple[int, str]],
    language: Language,
) -> str:
    with mpl.rc_context(STYLE):
        figure, axes = new_figure(1.75)
        _shade_evenings(axes, window, len(site))
        _band(axes, controls, CONTROL_COLOUR, "--")
        _band(axes, site, SLOW_COLOUR, "-")
        axes.set_xlim(0, len(site))
        axes.set_xticks(
            [hour for hour, _ in marks],
            [name for _, name in marks],
        )
        axes.set_yscale("log")
        axes.set_ylim(0.4, CEILING * 1.1)
        ticks = [0.5, 1, 2, 5, CEILING]
        axes.set_yticks(ticks, up_to_ceiling(ticks, language))
        axes.minorticks_off()
        name_slowness(axes, language)
        for name in ("top", "right"):
            axes.spines[name].set_visible(False)
        return finished_svg(figure)


def _shade_evenings(axes: Axes, window: Window, n_hours: int) -> None:
    """Of each day, and of the one before: its evening may end after midnight."""
    for day in range(-HOURS_OF_DAY, n_hours, HOURS_OF_DAY):
        start = day + window.start_min / 60
        end = start + window.length_min / 60
        axes.axvspan(start, end, color=INK, alpha=0.09, lw=0)


def _band(axes: Axes, spreads: Sequence[Spread], colour: str, line: str) -> None:
    hours = np.arange(len(spreads) + 1)
    low, middle, high = (
        np.array([_shown(getattr(spread, name)) for spread in (*spreads, spreads[-1])])
        for name in ("low", "middle", "high")
    )
    axes.fill_between(hours, low, high, step="post", color=colour, alpha=0.25, lw=0)
    axes.step(hours, middle, where="post", color=colour, lw=1.4, ls=line)


def _shown(value: float | None) -> float:
    """An hour without an answer stands at the ceiling, too."""
    if value is None:
        return float("nan")
    return min(value, CEILING) if isfinite(value) else CEILING
