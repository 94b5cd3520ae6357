"""What stored analyses said of each evening: the newest that judged it has the word."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from monitor.evening_rule import LAWS, Window
from monitor.model import Analysis, EveningMark, Verdict
from monitor.store.reader import Reader
from monitor.stored_analysis import UnreadableAnalysisError
from monitor.wallclock import clock_between

_log = logging.getLogger(__name__)

_COMPUTED_WITHIN: Final = timedelta(days=2)
"""An evening is judged in the night after it; zones differ by a day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedTarget:
    """A target's evenings, and on which terms the newest analysis read them."""

    metric: str
    law: str
    left_out: frozenset[str]
    """Controls that were slow or dead themselves."""
    marks: Mapping[date, EveningMark]


def judged_targets(
    reader: Reader,
    vantage: str,
    *,
    timezone: str,
    window: Window,
    since: date,
    before: datetime | None = None,
) -> dict[str, JudgedTarget]:
    """Target -> what was said of its evenings from a date on.

    Parameters
    ----------
    before : only what was computed before now: a wrong clock may have left the rest.
    timezone, window : analyses on other terms are about other evenings.
    """
    newest: dict[str, Verdict] = {}
    marks: dict[str, dict[date, EveningMark]] = {}
    for analysis in _back_to(reader, vantage, since, before):
        if analysis.window != window or not _is_same_clock(analysis, timezone):
            continue
        for verdict in analysis.verdicts:
            if verdict.vantage == vantage:
                newest.setdefault(verdict.target, verdict)
                of_target = marks.setdefault(verdict.target, {})
                for mark in verdict.marks:
                    of_target.setdefault(mark.day, mark)
    return {
        target: replace(judged_by(verdict), marks=marks[target])
        for target, verdict in newest.items()
    }


def _is_same_clock(analysis: Analysis, timezone: str) -> bool:
    """Whether it read its evenings on this clock: moves before and after are none."""
    names = {
        clock_between(name, analysis.since, analysis.until)
        for name in (analysis.timezone, timezone)
    }
    return len(names) == 1


def readable(
    reader: Reader, limit: int, vantage: str, *, before: datetime | None = None
) -> Iterator[tuple[datetime, Analysis]]:
    """The last analyses of a vantage, newest first, without the unreadable."""
    for stored in reader.analyses(limit, vantage=vantage, before=before):
        try:
            yield stored.computed_at_utc, stored.read()
        except UnreadableAnalysisError as error:
            _log.warning("analysis event=unreadable reason=%s", error)


def _back_to(
    reader: Reader, vantage: str, since: date, before: datetime | None
) -> Iterator[Analysis]:
    """The newest analysis, then that of the evenings before it, and so on."""
    while stored := reader.analyses(1, vantage=vantage, before=before):
        before = stored[0].computed_at_utc
        try:
            analysis = stored[0].read()
        except UnreadableAnalysisError as error:
            _log.warning("analysis event=unreadable reason=%s", error)
            continue
        yield analysis
        if analysis.since is None:
            continue
        if analysis.since <= since:
            return
        first = datetime.combine(analysis.since, time(), UTC) + _COMPUTED_WITHIN
        before = min(before, first)


def judged_by(verdict: Verdict) -> JudgedTarget:
    """What one verdict says of its evenings."""
    details, metric = verdict.details, verdict.effect.metric
    laws = {} if details is None else {m.metric: m.law for m in details.metrics}
    return JudgedTarget(
        metric=metric,
        law=laws.get(metric, LAWS[0]),
        left_out=frozenset(details.controls_left_out if details else ()),
        marks={mark.day: mark for mark in verdict.marks},
    )
