"""What a report tells, before it has a language or a form."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.model import Note, Verdict
from monitor.series.local import Window

Floats = NDArray[np.float64]


class EveningState(StrEnum):
    """What one evening of one target was like."""

    FINE = "fine"
    SLOW = "slow"
    DEAD = "dead"
    UNUSABLE = "unusable"
    """Measured too little, or set aside: it says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What is reported: one vantage, and the evenings up to one night."""

    vantage: str
    timezone: str
    window: Window
    since: date
    night: date
    made_at_utc: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EveningMark:
    """One evening of one target."""

    day: date
    state: EveningState
    ratio: float | None = None
    """How many times slower than the rest of the day and beyond the controls."""
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatMap:
    """How slow a target was, hour by hour.

    Attributes
    ----------
    days : the local dates, one per row of `slowness`.
    first_hour : local hour at which each day's row begins.
    slowness : shape (n_days, 24); times slower than usual, inf where nothing answered,
        NaN where nothing was measured.
    """

    days: tuple[date, ...]
    first_hour: int
    slowness: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class LastNight:
    """The last evening and the hours around it.

    Attributes
    ----------
    minutes : shape (n,), minutes after the local midnight before the evening.
    target : shape (n,), times slower than usual; inf: no answer; NaN: not measured.
    controls : shape (n,), the median of the controls, each against its own usual.
    controls_low, controls_high : shape (n,), the least and the most affected control.
    in_window, in_rest : median of the metric inside the window and in the rest of the
        day, in its own unit; None where nothing was measured.
    failed, made : probes of the target in the window: without an answer, and all.
    """

    minutes: Floats
    target: Floats
    controls: Floats
    controls_low: Floats
    controls_high: Floats
    in_window: float | None
    in_rest: float | None
    failed: int
    made: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One target: the verdict and everything that is shown beside it."""

    name: str
    verdict: Verdict
    metric: str
    """The metric that the pictures show."""
    evenings: tuple[EveningMark, ...]
    heat_map: HeatMap
    last_night: LastNight


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A span without any measurement."""

    start: datetime
    """In local time."""
    end: datetime
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoiled:
    """Rounds that said more about this machine and its line than about the net."""

    reason: str
    n_rounds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    """What the report was made with."""

    software: str
    method: str
    tzdata: str
    probes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """The last link of the chain of daily digests."""

    day: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NightReport:
    """Everything that one report of one vantage tells."""

    vantage: str
    night: date
    """The local date on which the reported evening began."""
    since: date
    timezone: str
    window: tuple[str, str]
    services: tuple[Service, ...]
    controls: tuple[str, ...]
    gaps: tuple[Gap, ...]
    spoiled: tuple[Spoiled, ...]
    notes: tuple[Note, ...]
    versions: Versions
    chain: Chain | None
    made_at: datetime
    """In local time."""
    document: Mapping[str, Any]
    """The analysis as contracts 5 has it, this vantage only."""
    is_simulated: bool = False
    is_public: bool = False
    """Whether it is the copy for anybody, without the house that measured."""
