"""The hours of the local day as a small picture: a site beside the control sites."""

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
    new_figure,
)
from monitor.wording import Language


def hours_svg(
    site: HourProfile, controls: HourProfile, window: Window, language: Language
) -> str:
    """Two bands from 10 to 90 % with the medians in them, over 24 hours."""
    with mpl.rc_context(STYLE):
        figure, axes = new_figure(1.6)
        start = window.start_min / 60
        for shift in (0, -HOURS_OF_DAY):
            end = start + window.length_min / 60
            axes.axvspan(start + shift, end + shift, color=INK, alpha=0.09, lw=0)
        _band(axes, controls.day, CONTROL_COLOUR, "--")
        _band(axes, site.day, SLOW_COLOUR, "-")
        axes.set_xlim(0, HOURS_OF_DAY)
        axes.set_xticks(range(0, 25, 3), [f"{h % 24:02d}:00" for h in range(0, 25, 3)])
        axes.set_yscale("log")
        axes.set_ylim(0.4, CEILING * 1.1)
        ticks = [0.5, 1, 2, 5, 10]
        axes.set_yticks(
            ticks,
            [f"{language.number(t, 1)}\N{MULTIPLICATION SIGN}" for t in ticks],
        )
        axes.minorticks_off()
        axes.set_ylabel(language.gettext("times slower than usual"))
        for name in ("top", "right"):
            axes.spines[name].set_visible(False)
        return finished_svg(figure)


def _band(axes: Axes, day: Sequence[Spread], colour: str, line: str) -> None:
    hours = np.arange(HOURS_OF_DAY + 1)
    low, middle, high = (
        np.array([_shown(getattr(spread, name)) for spread in (*day, day[-1])])
        for name in ("low", "middle", "high")
    )
    axes.fill_between(hours, low, high, step="post", color=colour, alpha=0.25, lw=0)
    axes.step(hours, middle, where="post", color=colour, lw=1.4, ls=line)


def _shown(value: float | None) -> float:
    """As in the heat map: an hour without an answer stands at the ceiling, too."""
    if value is None:
        return float("nan")
    return min(value, CEILING) if isfinite(value) else CEILING
