"""What analyses say of the evenings in question: stored, or made for the question.

An evening that no stored analysis has judged is judged as `monitor analyze` would on
the dates of the question, from the samples; where those are gone, nothing is said here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Final

from monitor.anomalies.evening_lines import Told
from monitor.evening_rule import Window
from monitor.model import EveningMark, OwnTerms
from monitor.store import Store
from monitor.store.judged import JudgedTarget, judged_by

MAX_EVENINGS: Final = 400
"""Judged at once: more of them would not fit into a small machine."""
_DAY: Final = timedelta(days=1)


def judged_now(
    store: Store,
    since: date,
    until: date,
    *,
    timezone: str,
    window: Window,
    vantage: str | None = None,
) -> Told:
    """(vantage, target) -> what the samples of these evenings say.

    Parameters
    ----------
    vantage : only of this one.

    Raises
    ------
    StoreError : the database is out of reach.
    """
    told: dict[tuple[str, str], JudgedTarget] = {}
    for first, last in reversed([*_pieces(since, until)]):
        for name, target in _piece(
            store, first, last, OwnTerms(timezone=timezone, window=window), vantage
        ).items():
            told[name] = _joined(told.get(name, target), target.marks)
    return told


def _pieces(since: date, until: date) -> Iterator[tuple[date, date]]:
    while since <= until:
        last = min(until, since + (MAX_EVENINGS - 1) * _DAY)
        yield since, last
        since = last + _DAY


def _piece(
    store: Store, first: date, last: date, terms: OwnTerms, vantage: str | None
) -> Told:
    # Loaded when it is needed: most questions are about evenings that were judged.
    from monitor.analysis import COLUMNS, analyze
    from monitor.store.frames import load_frame
    from monitor.wallclock import clock_named, local_instant

    zone = clock_named(terms.timezone)
    samples = load_frame(
        store,
        since=local_instant(first - _DAY, zone),
        until=local_instant(last + 2 * _DAY, zone),
        vantage=vantage,
        columns=COLUMNS,
    )
    verdicts = analyze(
        samples,
        timezone=terms.timezone,
        window=terms.window,
        since=first,
        until=last,
    )
    return {(v.vantage, v.target): judged_by(v) for v in verdicts}


def with_the_rest(stored: Told, made: Told) -> Told:
    """What was stored, and of the other evenings what was made now."""
    told = dict(made)
    for name, target in stored.items():
        others = made[name].marks if name in made else {}
        told[name] = _joined(target, others)
    return told


def _joined(target: JudgedTarget, others: Mapping[date, EveningMark]) -> JudgedTarget:
    return replace(target, marks={**others, **target.marks})
