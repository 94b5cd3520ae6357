"""What an evening is, and what it was like: one rule for everybody who asks.

The analysis counts evenings with it, the report and the dashboard show them, `monitor
anomalies` and notebooks list them. Standard library only: the measuring process asks,
too. Sizes are logarithms of how many times slower; more is slower, of rates as well.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from math import ceil, exp, expm1, inf, isfinite, log, log1p
from typing import Final, Protocol, Self, TypeVar

from monitor.errors import InputError
from monitor.wallclock import day_number

DEFAULT_WINDOW: Final = "20:00-22:00"
LEAD_MIN: Final = 14 * 60
"""Minutes of an evening's day that lie before its window."""
DAY_MIN: Final = 24 * 60
GUARD_MIN: Final = 30
"""Minutes beside the window that belong to neither side: edges move a little."""
SLOW_RATIO: Final = 1.25
"""Above this an evening is slow: a fifth of the rate is gone."""
SLOW_LOG: Final = log(SLOW_RATIO)
DEAD_SHARE: Final = 0.5
"""An evening is dead when at least this share of its attempts had no answer ..."""
WELL_SHARE: Final = 0.1
"""... while at most this share of the controls' attempts had none."""
OUTAGE_SHARE: Final = 0.8
"""Share of the sites that fail together when the line is down (BlameIt's tau)."""
MIN_COVERAGE: Final = 0.5
"""Share of a usual evening's probes that must have been made."""
USUAL_QUANTILE: Final = 0.75
"""Quantile of the evenings' counts that is called usual: gaps only lower them."""
CEILING: Final = log(10_000.0)
"""A slowdown counts up to ten-thousandfold, which is 128 kbit/s of a gigabit line; a
probe without an answer has this value."""
RATES: Final = frozenset({"goodput_bps"})
"""Metrics of which less is slower."""
LAWS: Final = ("factor", "delay")
"""What a busy line does to all sites: the same factor longer, or the same time."""

_WINDOW: Final = re.compile(r"(\d\d):(\d\d)\s*-\s*(\d\d):(\d\d)")
_SHORTEST_MIN: Final = 10
_LONGEST_MIN: Final = 10 * 60
_MOST_TAKEN_AWAY: Final = -0.5
"""A site cannot become quicker than half of its usual time by an emptier queue."""


class EveningState(StrEnum):
    """What one evening of one site was like."""

    SLOW = "slow"
    DEAD = "dead"
    """No answer, while the controls had theirs."""
    REFUSED = "refused"
    """Answered by something that is not the site's page; no rule says so yet."""
    FINE = "fine"
    UNUSABLE = "unusable"
    """Too little was measured, or it was set aside: it says nothing."""


@dataclass(frozen=True, slots=True)
class Window:
    """A span of the local clock; it may reach over midnight.

    An evening has the local date on which its window starts. The day around it begins
    14 hours before the window, so that a window across midnight needs no special case
    and the hours just after it still belong to the same evening.
    """

    start_min: int
    """Begin [minutes after local midnight]."""
    length_min: int

    @property
    def day_start_min(self) -> int:
        """Begin of the evening's day [minutes after the midnight before its window]."""
        return self.start_min - LEAD_MIN

    @property
    def day_end_min(self) -> int:
        """End of the evening's day [minutes after the midnight before its window]."""
        return self.day_start_min + DAY_MIN

    def clock(self, minute_of_day: float) -> str:
        """`HH:MM` of a minute counted from the begin of the evening's day."""
        minute = round(self.day_start_min + minute_of_day) % DAY_MIN
        return f"{minute // 60:02d}:{minute % 60:02d}"

    @property
    def text(self) -> tuple[str, str]:
        """Begin and end as `HH:MM`."""
        return self.clock(LEAD_MIN), self.clock(LEAD_MIN + self.length_min)

    def __str__(self) -> str:
        """`20:00-22:00`, as `parse_window` reads it."""
        return "-".join(self.text)

    def has_clock(self, minute: int) -> bool:
        """Whether the window is open at a minute after any local midnight."""
        return (minute - self.start_min) % DAY_MIN < self.length_min

    def evening(self, day: date, minute: int) -> tuple[int, int]:
        """The evening that a local time belongs to.

        Parameters
        ----------
        day : local date.
        minute : after midnight on the clock [min].

        Returns
        -------
        tuple
            day number of the evening, and the minute of that evening's day.
        """
        evening, second = divmod(minute - self.day_start_min, DAY_MIN)
        return day_number(day) + evening, second

    def is_inside(self, begin_min: "_Minutes[_F]", end_min: "_Minutes[_F]") -> "_F":
        """Whether a span of the evening's day lies in the window, ends included."""
        return (begin_min >= LEAD_MIN) & (end_min <= LEAD_MIN + self.length_min)

    def is_before(self, end_min: "_Minutes[_F]") -> "_F":
        """Whether what ends then belongs to the rest of the day, before the window."""
        return end_min <= LEAD_MIN - GUARD_MIN

    def is_after(self, begin_min: "_Minutes[_F]") -> "_F":
        """Whether what begins then belongs to the rest of the day, after the window."""
        return begin_min >= LEAD_MIN + self.length_min + GUARD_MIN


def parse_window(text: object) -> Window:
    """Window of a text like ``20:00-22:00``; ``23:00-01:00`` reaches over midnight.

    What is a window already stays it.

    Raises
    ------
    InputError
        when the text is no window between 10 minutes and 10 hours long.
    """
    if isinstance(text, Window):
        return text
    match = _WINDOW.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise InputError(f"window: found {text!r}; allowed: HH:MM-HH:MM")
    start_h, start_m, end_h, end_m = (int(part) for part in match.groups())
    if max(start_h, end_h) > 24 or max(start_m, end_m) > 59:
        raise InputError(f"window: found {text!r}; allowed: hours 00-24, minutes 00-59")
    start, end = start_h * 60 + start_m, end_h * 60 + end_m
    length = (end - start) % DAY_MIN
    if not _SHORTEST_MIN <= length <= _LONGEST_MIN:
        raise InputError(
            f"window: found {text!r}, {length} minutes long; allowed: 10 minutes to 10 "
            "hours"
        )
    return Window(start % DAY_MIN, length)


_F = TypeVar("_F", bound="_Flags", covariant=True)


class _Flags(Protocol):
    """A truth, or an array of truths."""

    def __and__(self, other: Self, /) -> Self: ...


class _Order(Protocol[_F]):
    """A number, or an array of numbers; NaN is neither above nor below anything."""

    def __le__(self, other: float, /) -> _F: ...
    def __ge__(self, other: float, /) -> _F: ...
    def __gt__(self, other: float, /) -> _F: ...


class _Minutes(Protocol[_F]):
    """A minute, or an array of minutes."""

    def __le__(self, other: int, /) -> _F: ...
    def __ge__(self, other: int, /) -> _F: ...


def mostly_failed(failed_share: _Order[_F]) -> _F:
    """Whether so many attempts had no answer that a span counts as dead."""
    return failed_share >= DEAD_SHARE


def is_dead(failed_share: _Order[_F], others_failed_share: _Order[_F]) -> _F:
    """Whether an evening is dead: no answer, while the controls had theirs.

    Where no control was measured, ask `mostly_failed` of window and rest instead:
    nobody can tell a day without any answer from a line that was down.
    """
    return mostly_failed(failed_share) & (others_failed_share <= WELL_SHARE)


def is_slow(excess_log: _Order[_F]) -> _F:
    """Whether an evening is slow by its excess over the controls."""
    return excess_log > SLOW_LOG


def state_of(
    *,
    is_usable: bool,
    is_dead: bool,
    excess_log: float | None,
    is_refused: bool = False,
) -> EveningState:
    """The state of an evening of which it is known whether it is dead or refused."""
    if not is_usable:
        return EveningState.UNUSABLE
    if is_dead:
        return EveningState.DEAD
    if is_refused:
        return EveningState.REFUSED
    has_excess = excess_log is not None and is_slow(excess_log)
    return EveningState.SLOW if has_excess else EveningState.FINE


def mostly_dead(n_dead: int, n_usable: int) -> bool:
    """Whether a stretch of evenings is told by its dead ones: at least half of it."""
    return n_usable > 0 and 2 * n_dead >= n_usable


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One site on one evening, as it was measured."""

    window_log: float | None
    """Median in the window [log], `inf` when most attempts had no answer; None: not
    measured."""
    rest_log: float | None
    """The same in the rest of the day."""
    n: int = 0
    """Attempts in the window."""
    n_failed: int = 0
    n_rest: int = 0
    n_failed_rest: int = 0
    is_tried: bool = True
    """Whether window and rest were tried as often as an evening needs."""

    @property
    def failed_share(self) -> float | None:
        """Share of the window's attempts without an answer."""
        return self.n_failed / self.n if self.n else None

    @property
    def rise_log(self) -> float | None:
        """Window minus rest, bounded; a day without any answer has no rise."""
        if self.window_log is None or self.rest_log is None or self.rest_log == inf:
            return None
        return _bounded(self.window_log - self.rest_log)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What the rule says of one evening."""

    state: EveningState
    ratio: float | None
    """How many times slower than the rest of the day and beyond the controls; None:
    not known, or nothing answered."""


def judged(
    reading: Reading, controls: Sequence[Reading], law: str = "factor"
) -> Judged:
    """An evening of one site by what was measured on it, the controls asked first.

    Parameters
    ----------
    controls : of the same evening, without the site itself; none where none is
        measured on this line.
    law : of `LAWS`, what the common movement does to a site.
    """
    excess_log = _excess_log(reading, controls, law)
    dead = _is_dead_tried(reading, controls)
    state = state_of(
        is_usable=excess_log is not None or dead is not None,
        is_dead=dead is True,
        excess_log=excess_log,
    )
    return Judged(state=state, ratio=ratio_of(excess_log))


def _is_dead_tried(reading: Reading, controls: Sequence[Reading]) -> bool | None:
    """Whether it is dead; None where it was tried too little to tell."""
    share = reading.failed_share
    if not reading.is_tried or share is None:
        return None
    if controls:
        others = middle(control.failed_share for control in controls)
        return None if others is None else is_dead(share, others)
    if not mostly_failed(share):
        return False
    is_dead_by_day = mostly_failed(reading.n_failed_rest / max(reading.n_rest, 1))
    return None if is_dead_by_day else True


def _excess_log(
    reading: Reading, controls: Sequence[Reading], law: str
) -> float | None:
    """Rise beyond what the controls' movement lets expect."""
    rise, rest = reading.rise_log, reading.rest_log
    if rise is None or rest is None:
        return None
    if not controls:
        return rise
    # A control that did not answer tells nothing about how busy the line is.
    moved = [
        (usual, added)
        for usual, added in ((c.rest_log, c.rise_log) for c in controls)
        if usual is not None and added is not None and added < CEILING
    ]
    expected = _expected_log(rest, moved, law)
    return None if expected is None else _bounded(rise - expected)


def _expected_log(
    rest_log: float, moved: Sequence[tuple[float, float]], law: str
) -> float | None:
    """Rise that the controls' usual values and rises let expect of a site."""
    if law == LAWS[0]:
        return middle(rise for _, rise in moved)
    added = middle(exp(rest) * expm1(rise) for rest, rise in moved)
    if added is None:
        return None
    return log1p(max(added / exp(rest_log), _MOST_TAKEN_AWAY))


def _bounded(value: float) -> float:
    return max(-CEILING, min(value, CEILING))


def ratio_of(log_ratio: float | None) -> float | None:
    """Times slower; None of what is not known, or was without an answer."""
    if log_ratio is None or not isfinite(log_ratio) or abs(log_ratio) >= CEILING:
        return None
    return exp(log_ratio)


def needed(counts: Iterable[int]) -> int:
    """How many probes an evening needs in its window, and as many in the rest.

    Parameters
    ----------
    counts : probes in the window of each evening of a site.
    """
    tried = sorted(count for count in counts if count)
    usual = tried[max(ceil(USUAL_QUANTILE * len(tried)) - 1, 0)] if tried else 0
    return max(ceil(MIN_COVERAGE * usual), 1)


def is_outage(failed: Sequence[bool], controls_failed: Sequence[bool]) -> bool:
    """Whether nearly everything fails at one time, the controls too: no line.

    Without controls nobody can tell it from a site that fails.
    """
    return all(
        some and sum(some) >= OUTAGE_SHARE * len(some)
        for some in (failed, controls_failed)
    )


def slowness_log(metric: str, value: float) -> float:
    """A value's logarithm, more is slower."""
    return -log(value) if metric in RATES else log(value)


def times_slower(metric: str, value: float | None, usual: float | None) -> float | None:
    """How many times slower a value is than the usual one; None: one is missing."""
    slow, quick = (usual, value) if metric in RATES else (value, usual)
    return slow / quick if slow and quick and quick > 0 else None


def middle(values: Iterable[float | None]) -> float | None:
    """Median of what was measured; None of nothing."""
    # Called for every hour of a year: half the time of `statistics.median`.
    ordered = sorted([value for value in values if value is not None])
    if not ordered:
        return None
    half = len(ordered) // 2
    return (
        ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2
    )


def dates_between(since: date, until: date) -> list[date]:
    """Every local date from `since` to `until`, both included."""
    return [since + timedelta(days=n) for n in range((until - since).days + 1)]
