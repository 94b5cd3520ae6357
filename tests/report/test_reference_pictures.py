"""The pictures are the ones that somebody looked at: kept beside this file as SVG.

After a change that is meant, `python -m tests.report.test_reference_pictures` draws
them anew; look at them before they are committed.
"""

import base64
import io
import re
from collections.abc import Callable
from datetime import date, timedelta
from math import inf, nan
from pathlib import Path
from typing import Final

import matplotlib.image
import numpy as np
import pytest

from monitor.evening_rule import EveningState, parse_window
from monitor.hour_profile import HourProfile, Spread
from monitor.model import EveningMark
from monitor.report.charts import (
    data_svg,
    evening_keys,
    evenings_svg,
    heat_map_svg,
    last_night_keys,
    last_night_svg,
)
from monitor.report.content import DataUsed, HeatMap, LastNight
from monitor.report.hour_chart import hours_svg, week_svg
from monitor.wording import language

FOLDER: Final = Path(__file__).parent / "reference"
ENGLISH: Final = language("en")
WINDOW: Final = parse_window("20:00-22:30")
DAYS: Final = tuple(date(2026, 2, 20) + timedelta(days=n) for n in range(12))
_IMAGE: Final = re.compile(r"data:image/png;base64,([^\"]+)")
_NAME: Final = re.compile(r"[0-9a-f]{10,}")
"""Shapes are named by their content, which is compared anyway."""
_NUMBER: Final = re.compile(r"-?\d+\.\d+|-?\d+")


def heat() -> str:
    """Slower towards the last day's end; some gaps, and hours without an answer."""
    slowness = np.geomspace(0.5, 20, len(DAYS) * 24).reshape(-1, 24)
    slowness[0, :5] = slowness[4, 7:9] = nan
    slowness[7, 14:16] = inf
    told = HeatMap(days=DAYS, first_hour=6, slowness=slowness, n_before=3)
    return heat_map_svg(told, WINDOW, ENGLISH)


def evenings() -> str:
    """Every state in turn, over the end of a month."""
    states = [*EveningState] * 3
    days = zip(DAYS, states, strict=False)
    return evenings_svg([EveningMark(day=d, state=s) for d, s in days], ENGLISH)


def no_evenings() -> str:
    """Before the first one."""
    return evenings_svg([], ENGLISH)


def _last_night() -> LastNight:
    target = np.geomspace(0.8, 6, 96)
    target[10] = target[30:33] = nan
    target[60:62] = inf
    low = np.linspace(0.8, 1.2, 96)
    low[40] = nan
    return LastNight(
        minutes=360 + 15 * (np.arange(96) + 0.5),
        target=target,
        controls=low * 1.1,
        controls_low=low,
        controls_high=low * 1.3,
        in_window=None,
        in_rest=None,
        failed=2,
        made=10,
    )


def last_night() -> str:
    """A line over a band, with gaps and crosses."""
    return last_night_svg(_last_night(), WINDOW, ENGLISH)


def data() -> str:
    """A bar for each day under a budget."""
    by_day = np.linspace(0, 9e6, len(DAYS))
    used = DataUsed(
        days=DAYS, by_day=by_day, by_site=(), per_day=5_000_000, per_month=None
    )
    return data_svg(used, ENGLISH)


def _profile(slowest: float) -> HourProfile:
    day = [Spread(0.9, 1.0, 1.1, 30)] * 20 + [Spread(1.5, slowest, slowest * 2, 30)] * 4
    day[3] = Spread(None, None, None, 0)
    return HourProfile(day=day, week=day * 7)


def hours() -> str:
    """A day with a slow evening, and an hour without a measurement."""
    return hours_svg(_profile(4.0), _profile(1.3), WINDOW, ENGLISH)


def week() -> str:
    """Seven of them, up to the ceiling."""
    return week_svg(_profile(inf), _profile(1.3), WINDOW, ENGLISH)


def keys() -> str:
    """The marks beside the pictures with their words."""
    every = (
        *evening_keys(set(EveningState), ENGLISH),
        *last_night_keys(_last_night(), ENGLISH),
    )
    return "\n".join(f"{key.svg} {key.label}" for key in every)


PICTURES: Final[dict[str, Callable[[], str]]] = {
    f"{draw.__name__}.svg": draw
    for draw in (heat, evenings, no_evenings, last_night, data, hours, week)
} | {"keys.txt": keys}


def without_numbers(svg: str) -> tuple[str, list[float]]:
    """What is drawn, and where: the numbers may differ in their last digits."""
    told = _NAME.sub("", _IMAGE.sub("", svg))
    return _NUMBER.sub("#", told), [float(n) for n in _NUMBER.findall(told)]


def images(svg: str) -> list[np.ndarray]:
    """What is drawn in dots."""
    return [
        matplotlib.image.imread(io.BytesIO(base64.b64decode(text)))
        for text in _IMAGE.findall(svg)
    ]


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_as_it_was_looked_at(name: str) -> None:
    drawn, kept = PICTURES[name](), (FOLDER / name).read_text()
    (what, where), (what_kept, where_kept) = map(without_numbers, (drawn, kept))
    assert what == what_kept
    assert where == pytest.approx(where_kept, abs=0.05)
    for image, image_kept in zip(images(drawn), images(kept), strict=True):
        assert image.shape == image_kept.shape
        assert (abs(image - image_kept).max(axis=-1) > 0.1).sum() < 20


if __name__ == "__main__":
    for file_name, draw in PICTURES.items():
        (FOLDER / file_name).write_text(draw())
