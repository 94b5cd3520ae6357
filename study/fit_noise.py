"""Noise of published measurements, as the simulator's table has it.

`python -m study.fit_noise ../shared/data` prints what monitor/simulation/noise.py holds
in FITTED_NOISE. Everything in logarithms, more is slower.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from monitor.simulation.noise import PROBABILITIES, FittedNoise


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where one fitted series comes from."""

    file: str
    column: str
    timezone: str
    n_around: int
    """Samples whose median is the level: about two hours of them, at least nine."""


SOURCES: Mapping[str, Source] = {
    "cable_round_trip": Source(
        file="brisbane_cable.csv.gz",
        column="connect_s",
        timezone="Australia/Brisbane",
        n_around=9,
    ),
    "cable_rate": Source(
        file="brisbane_cable.csv.gz",
        column="goodput_bps",
        timezone="Australia/Brisbane",
        n_around=9,
    ),
    "shared_cable": Source(
        file="fourmile_sep2018.csv.gz",
        column="connect_s",
        timezone="America/Denver",
        n_around=25,
    ),
    "busy_link": Source(
        file="interdomain_link.csv.gz",
        column="connect_s",
        timezone="Asia/Kolkata",
        n_around=61,
    ),
}


def fitted_noise(name: str, folder: Path) -> FittedNoise:
    """What the simulator needs to know about one published series."""
    source = SOURCES[name]
    slowness, local = _series(source, folder)
    level = slowness.rolling(
        source.n_around, center=True, min_periods=source.n_around // 3
    ).median()
    residual = (slowness - level).dropna().to_numpy()
    shift = _night_shifts(slowness, local)
    spread = 1.4826 * float(np.median(np.abs(shift - np.median(shift))))
    return FittedNoise(
        source=source.file,
        quantiles=tuple(np.round(np.quantile(residual, PROBABILITIES), 3).tolist()),
        slow_share=round(_slow_share(slowness, local), 2),
        night_sd=round(spread, 3),
        night_ar=round(_lag1(shift), 2),
    )


def _series(source: Source, folder: Path) -> tuple[pd.Series, pd.DatetimeIndex]:
    frame = pd.read_csv(folder / source.file)
    stamps = pd.to_datetime(frame["started_at_utc"], utc=True, format="ISO8601")
    values = frame[source.column].where(frame[source.column] > 0)
    sign = -1.0 if source.column == "goodput_bps" else 1.0
    return sign * np.log(values), pd.DatetimeIndex(stamps).tz_convert(source.timezone)


def _night_shifts(slowness: pd.Series, local: pd.DatetimeIndex) -> np.ndarray:
    """Median of 20:00 to 22:00 less that of the rest of the day, by evening."""
    in_window = (local.hour >= 20) & (local.hour < 22)
    evening = slowness[in_window].groupby(local.date[in_window]).median()
    rest = slowness[~in_window].groupby(local.date[~in_window]).median()
    return (evening - rest).dropna().to_numpy()


def _slow_share(slowness: pd.Series, local: pd.DatetimeIndex) -> float:
    """Lag-1 correlation of what hour of day and day leave over, outliers clipped."""
    rest = slowness - slowness.groupby(local.hour).transform("median")
    rest = rest - rest.groupby(local.date).transform("median")
    values = rest.dropna().to_numpy()
    robust_sd = 1.4826 * np.median(np.abs(values))
    return _lag1(np.clip(values / robust_sd, -4.0, 4.0))


def _lag1(values: np.ndarray) -> float:
    centred = values - values.mean()
    return float((centred[1:] * centred[:-1]).sum() / (centred**2).sum())


if __name__ == "__main__":
    for series in SOURCES:
        print(series, fitted_noise(series, Path(sys.argv[1])))
