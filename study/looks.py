"""One home, looked at after every evening: what was said of each target, and when."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pandas as pd

from monitor.analysis import judge, prepare
from monitor.model import Verdict
from monitor.simulation import Home, Truth

WINDOW = "20:00-22:00"
DETAILED_LOOKS = (7, 14, 30)
"""Evenings after which the whole verdict is kept, not only its name."""


@dataclass(slots=True, kw_only=True)
class TargetLooks:
    """What was said about one target over all looks."""

    target: str
    kind: str
    truth: Truth
    first: dict[str, int] = field(default_factory=dict)
    """Evening of the first look with each verdict, counted from 1."""
    counts: dict[str, int] = field(default_factory=dict)
    """Number of looks with each verdict."""
    detailed: dict[int, dict[str, Any]] = field(default_factory=dict)
    """The whole verdict after some looks."""

    def note(self, look: int, verdict: Verdict) -> None:
        """Keep what one look said."""
        name = verdict.verdict
        self.first.setdefault(name, look)
        self.counts[name] = self.counts.get(name, 0) + 1
        if look in DETAILED_LOOKS:
            self.detailed[look] = _kept(verdict)

    def to_dict(self) -> dict[str, Any]:
        """A JSON object."""
        truth = self.truth
        return {
            "target": self.target,
            "kind": self.kind,
            "ratios": dict(truth.ratios),
            "window": truth.window,
            "allowed": sorted(truth.allowed),
            "onset": truth.onset.isoformat() if truth.onset else None,
            "offset": truth.offset.isoformat() if truth.offset else None,
            "first": self.first,
            "counts": self.counts,
            "detailed": {str(look): kept for look, kept in self.detailed.items()},
        }


def _kept(verdict: Verdict) -> dict[str, Any]:
    whole = verdict.to_dict()
    names = ("verdict", "strength", "effect", "found_window", "p_value", "e_value")
    dates = ("onset_date", "offset_date", "evenings")
    return {name: whole[name] for name in (*names, *dates)}


def daily_looks(home: Home, looks: Sequence[int] | None = None) -> list[TargetLooks]:
    """What is said about each target after each evening.

    Parameters
    ----------
    looks : numbers of evenings after which to look; None: after every one
    """
    table = prepare(home.samples, timezone=home.timezone, window=WINDOW)
    first = home.slots.start
    found = {
        name: TargetLooks(target=name, kind=str(truth.kind), truth=truth)
        for name, truth in home.truth.items()
    }
    for look in looks or range(1, home.slots.days + 1):
        for verdict in judge(table, since=first, until=_until(first, look)):
            if verdict.target in found:
                found[verdict.target].note(look, verdict)
    return list(found.values())


def _until(first: date, look: int) -> date:
    return first + timedelta(days=look - 1)


def final_verdicts(samples: pd.DataFrame, timezone: str) -> dict[str, str]:
    """Name of the verdict on each target from all samples."""
    table = prepare(samples, timezone=timezone, window=WINDOW)
    verdicts = judge(table, since=None, until=None)
    return {verdict.target: verdict.verdict for verdict in verdicts}
