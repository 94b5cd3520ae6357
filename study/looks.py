"""One home, looked at after every evening: what was said of each target, and when."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pandas as pd

from monitor.analysis import Prepared, established, judge, prepare
from monitor.analysis.look import home_of
from monitor.evening_rule import parse_window
from monitor.model import Verdict
from monitor.series.evening_table import evening_table
from monitor.simulation import Home, Truth
from study.alarms import is_alarm
from study.direct import grid_of

WINDOW = "20:00-22:00"
DETAILED_LOOKS = (7, 14, 30)
"""Evenings after which the whole verdict is kept, not only its name; the last of them
only where nothing is imposed."""


@dataclass(slots=True, kw_only=True)
class TargetLooks:
    """What was said about one target over all looks."""

    truth: Truth
    first: dict[str, int] = field(default_factory=dict)
    """Evening of the first look with each accusing verdict, counted from 1."""
    detailed: dict[int, dict[str, Any]] = field(default_factory=dict)
    """The whole verdict after some looks."""

    @property
    def is_settled(self) -> bool:
        """Whether more looks would tell nothing new: rightly accused already."""
        return bool(self.first) and self.truth.window is not None

    def note(self, look: int, verdict: Verdict) -> None:
        """Keep what one look said."""
        if is_alarm(verdict.verdict):
            self.first.setdefault(verdict.verdict, look)
        if look in DETAILED_LOOKS:
            self.detailed[look] = _kept(verdict)

    def to_dict(self) -> dict[str, Any]:
        """A JSON object."""
        truth = self.truth
        return {
            "target": truth.target,
            "kind": str(truth.kind),
            "ratios": dict(truth.ratios),
            "window": truth.window,
            "allowed": sorted(truth.allowed),
            "onset": truth.onset.isoformat() if truth.onset else None,
            "offset": truth.offset.isoformat() if truth.offset else None,
            "first": self.first,
            "detailed": {str(look): kept for look, kept in self.detailed.items()},
        }


def _kept(verdict: Verdict) -> dict[str, Any]:
    whole = verdict.to_dict()
    names = ("verdict", "strength", "effect", "found_window", "p_value", "e_value")
    dates = ("onset_date", "offset_date", "evenings")
    checks = {check.check: check.score for check in verdict.mechanism}
    return {name: whole[name] for name in (*names, *dates)} | {"checks": checks}


def prepared(home: Home) -> Prepared:
    """A home ready to be judged."""
    grid = grid_of(home, parse_window(WINDOW))
    return Prepared((home_of(evening_table(grid)),))


def daily_looks(home: Home, looks: Sequence[int] | None = None) -> list[TargetLooks]:
    """What is said about each target after each evening.

    The whole judgement is made when somebody new might be accused, and at the detailed
    looks; on other evenings its first step already tells that nobody is.

    Parameters
    ----------
    looks : numbers of evenings after which to look; None: after every one
    """
    found = {name: TargetLooks(truth=truth) for name, truth in home.truth.items()}
    ready, first = prepared(home), home.slots.start
    is_null = home.family.is_null
    detailed = DETAILED_LOOKS[-1:] if is_null else DETAILED_LOOKS
    for look in looks or range(1, home.slots.days + 1):
        until = first + timedelta(days=look - 1)
        names = {name for _, name in established(ready, since=first, until=until)}
        if look not in detailed and all(found[n].is_settled for n in names):
            continue
        for verdict in judge(ready, since=first, until=until):
            found[verdict.target].note(look, verdict)
    return list(found.values())


def final_verdicts(samples: pd.DataFrame, timezone: str) -> dict[str, str]:
    """Name of the verdict on each target from all samples."""
    ready = prepare(samples, timezone=timezone, window=WINDOW)
    return {verdict.target: verdict.verdict for verdict in judge(ready)}
