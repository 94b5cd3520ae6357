"""The steps of the heat map: the same for every site, here and on the dashboard.

The page's script has its own table of them, `STEPS` of `web/static/parts/heatmap.js`;
a test holds both equal (`tests/web/test_page_parts.py`).
"""

from dataclasses import dataclass
from math import inf
from typing import Final

import numpy as np

from monitor.series.rows import Floats
from monitor.wording import Language


@dataclass(frozen=True, slots=True)
class HeatStep:
    """So many times slower than usual, and its colour on light and on dark paper."""

    low: float
    high: float
    light: str
    dark: str


HEAT_STEPS: Final = (
    HeatStep(0, 0.8, "#b9d6ee", "#274d6d"),
    HeatStep(0.8, 1.25, "#ecebe4", "#2a313a"),
    HeatStep(1.25, 1.5, "#fbe2b4", "#4a3a1f"),
    HeatStep(1.5, 2, "#f3b873", "#6e4a1c"),
    HeatStep(2, 4, "#dd7f35", "#a8601a"),
    HeatStep(4, 10, "#b0480f", "#dc8a3c"),
    HeatStep(10, 30, "#7a260c", "#f5b877"),
    HeatStep(30, inf, "#451021", "#ffe8c8"),
)
DEAD_COLOUR: Final = "#111111"
"""Of an hour without any answer, under its cross."""
QUICKER, DEAD, GAP = 0, len(HEAT_STEPS), -1
"""Numbers of the first step and of what is none."""


def step_numbers(slowness: Floats) -> np.ndarray:
    """Which step each hour stands on."""
    lows = [step.low for step in HEAT_STEPS]
    numbers = np.searchsorted(lows, slowness, side="right") - 1
    return np.select([np.isnan(slowness), np.isinf(slowness)], [GAP, DEAD], numbers)


def step_label(step: HeatStep, language: Language) -> str:
    """From when to when, in the dashboard's words."""
    low, high = (language.number(edge, 2) for edge in (step.low, step.high))
    if step.low == 0:
        return language.gettext("below {n}").format(n=high)
    if step.high == inf:
        return language.gettext("{n} and more").format(n=low)
    return f"{low}\N{EN DASH}{high}"


def step_class(number: int) -> str:
    """By which the page's style finds what is drawn in a step's colour."""
    return f"step-{number}"


def dark_rules() -> str:
    """The style of a dark page: the pictures have the light colours themselves."""
    return " ".join(
        f".{step_class(n)} {{ fill: {step.dark} !important; }}"
        for n, step in enumerate(HEAT_STEPS)
    )
