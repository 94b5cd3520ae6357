"""Small homes for the judge's tests, drawn directly: no simulator, few knobs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

TIMEZONE = "Asia/Almaty"
TARGETS = ("facebook", "telegram", "twitter", "youtube")
CONTROLS = ("debian", "kaspi", "python", "vk", "wikipedia")


@dataclass(frozen=True, kw_only=True)
class Home:
    """What the evenings from 20:00 to 22:00 are like."""

    days: int = 14
    every_min: float = 5.0
    targets: Sequence[str] = TARGETS
    controls: Sequence[str] = CONTROLS
    metrics: Sequence[str] = ("tls_handshake_s",)
    factor: Mapping[str, float] = field(default_factory=dict)
    """How many times slower a site is in the window."""
    share: float = 1.0
    """Share of the nights on which it is."""
    busy: float = 1.0
    """How many times slower everything is in the window."""
    dead: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """(failed operation, failure) in the window."""
    noise: float = 0.15
    seed: int = 1
    start: str = "2026-03-01"
    window_h: tuple[float, float] = (20.0, 22.0)
    timezone: str = TIMEZONE


def samples(home: Home) -> pd.DataFrame:
    """Every sample of the home."""
    rng = np.random.default_rng(home.seed)
    local = pd.date_range(
        home.start,
        periods=int(home.days * 1440 / home.every_min),
        freq=f"{home.every_min * 60:.0f}s",
        tz=home.timezone,
    )
    hour = local.hour + local.minute / 60
    inside = np.asarray((hour >= home.window_h[0]) & (hour < home.window_h[1]))
    day = np.asarray(local.normalize().factorize()[0])
    chosen = rng.permutation(np.arange(home.days) < round(home.share * home.days))
    is_slow = inside & chosen[np.minimum(day, home.days - 1)]
    parts = [
        _site(home, name, role, local, inside, is_slow, rng)
        for role, names in (("target", home.targets), ("control", home.controls))
        for name in names
    ]
    return pd.concat(parts, ignore_index=True)


def _site(home, name, role, local, inside, is_slow, rng) -> pd.DataFrame:
    n = len(local)
    started = local.tz_convert("UTC") + pd.to_timedelta(rng.uniform(0, 50, n), "s")
    frame = pd.DataFrame({"started_at_utc": started, "target": name, "role": role})
    slow = np.where(is_slow, home.factor.get(name, 1.0), 1.0)
    for metric in home.metrics:
        scatter = np.exp(home.noise * rng.standard_normal(n))
        value = rng.uniform(0.03, 0.1) * scatter * np.where(inside, home.busy, 1.0)
        is_stage = metric != "connect_s" or len(home.metrics) == 1
        value = value * (slow if is_stage else 1.0)
        frame[metric] = 1e6 / value if metric == "goodput_bps" else value
    if name in home.dead:
        operation, failure = home.dead[name]
        frame["failed_operation"] = np.where(is_slow, operation, "")
        frame["failure"] = np.where(is_slow, failure, "")
        frame.loc[is_slow, list(home.metrics)] = np.nan
    return frame
