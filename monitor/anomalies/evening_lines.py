"""Readings and what analyses said in, one line per site and evening out; pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import exp, isfinite

from monitor.evening_reading import SiteCells, readings, without_outages
from monitor.evening_rule import (
    LAWS,
    RATES,
    EveningState,
    Judged,
    Reading,
    Window,
    dates_between,
    judged,
    ratio_of,
)
from monitor.model import EveningMark, Note, Role
from monitor.store.judged import JudgedTarget
from monitor.wallclock import WEEKDAYS, numbered_day

DIRECT = "direct"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One measured series: a target over a path at a vantage."""

    vantage: str
    target: str
    path: str
    role: Role

    @property
    def is_control(self) -> bool:
        """Whether others are held against it."""
        return self.role == Role.CONTROL and self.path == DIRECT


@dataclass(frozen=True, slots=True, kw_only=True)
class Evening:
    """One target on one local evening."""

    vantage: str
    target: str
    path: str
    role: str
    date: str
    """Local date on which the window begins."""
    weekday: str
    metric: str
    state: EveningState
    window_value: float | None
    rest_value: float | None
    ratio: float | None
    """How many times slower in the window than in the rest of the day."""
    beyond_controls: float | None
    """The same beyond what the controls did; None without controls."""
    n_probes: int
    """Probes in the window."""
    n_failed: int
    note: str | None = None


Told = Mapping[tuple[str, str], JudgedTarget]
"""(vantage, target) -> what analyses said of its evenings."""


def evenings(
    cells: Mapping[Site, SiteCells],
    *,
    window: Window,
    metric: str,
    told: Told,
    notes: Sequence[Note] = (),
) -> list[Evening]:
    """Every site on every evening that has a probe in its window.

    Parameters
    ----------
    told : on the same window and metric; its word stands for a directly measured
        target. For every other evening the same rule is asked about the cells.
    """
    lines = []
    for vantage in sorted({site.vantage for site in cells}):
        noted = _noted(notes, vantage)
        of_vantage = {site: of for site, of in cells.items() if site.vantage == vantage}
        for site, day, reading, mark in _judged_evenings(of_vantage, window, told):
            lines.append(_evening(site, day, reading, mark, metric, noted))
    return lines


def _judged_evenings(
    cells: Mapping[Site, SiteCells], window: Window, told: Told
) -> Iterator[tuple[Site, int, Reading, Judged]]:
    """The evenings of one vantage."""
    controls = [site for site in cells if site.is_control]
    kept = without_outages(cells, controls)
    read = {site: readings(of, window) for site, of in kept.items()}
    for site, by_day in read.items():
        target = told_of(site, told)
        law, left_out = LAWS[0], frozenset[str]()
        if target is not None:
            law, left_out = target.law, target.left_out
        others = [read[c] for c in controls if c != site and c.target not in left_out]
        for day, reading in by_day.items():
            mark = target and target.marks.get(numbered_day(day))
            if not reading.n:
                continue
            beside = [other.get(day, _NOTHING) for other in others if other]
            judgement = _said(mark) if mark else judged(reading, beside, law)
            if not others:
                judgement = Judged(state=judgement.state, ratio=None)
            yield site, day, reading, judgement


_NOTHING = Reading(window_log=None, rest_log=None, is_tried=False)


def told_of(site: Site, told: Told) -> JudgedTarget | None:
    """What analyses said of a site: only targets over the direct path are judged."""
    if site.path != DIRECT or site.role != Role.TARGET:
        return None
    return told.get((site.vantage, site.target))


def _said(mark: EveningMark) -> Judged:
    return Judged(state=mark.state, ratio=mark.ratio)


def _noted(notes: Sequence[Note], vantage: str) -> Mapping[str, str]:
    texts: dict[str, list[str]] = {}
    for note in notes:
        if note.vantage not in (None, vantage):
            continue
        for day in dates_between(note.first_date, note.last_date):
            texts.setdefault(day.isoformat(), []).append(note.text)
    return {day: "; ".join(of_day) for day, of_day in texts.items()}


def _evening(
    site: Site,
    number: int,
    reading: Reading,
    judgement: Judged,
    metric: str,
    noted: Mapping[str, str],
) -> Evening:
    day = numbered_day(number)
    return Evening(
        vantage=site.vantage,
        target=site.target,
        path=site.path,
        role=site.role.value,
        date=day.isoformat(),
        weekday=WEEKDAYS[day.weekday()],
        metric=metric,
        state=judgement.state,
        window_value=_value(reading.window_log, metric),
        rest_value=_value(reading.rest_log, metric),
        ratio=ratio_of(reading.rise_log),
        beyond_controls=judgement.ratio,
        n_probes=reading.n,
        n_failed=reading.n_failed,
        note=noted.get(day.isoformat()),
    )


def _value(slow_log: float | None, metric: str) -> float | None:
    if slow_log is None or not isfinite(slow_log):
        return None
    return exp(-slow_log if metric in RATES else slow_log)
