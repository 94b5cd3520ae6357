"""Evenings in a row, and evenings by a common mark; pure."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Final

from monitor.anomalies.evening_lines import Evening
from monitor.evening_rule import EveningState, middle
from monitor.wallclock import WEEKDAYS

GAP_EVENINGS: Final = 2
"""An episode goes on over as many evenings that are not bad."""
MIN_BAD: Final = 2

_BAD: Final = (EveningState.SLOW, EveningState.DEAD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """Bad evenings of one target that follow each other."""

    vantage: str
    target: str
    path: str
    first_date: str
    last_date: str
    n_evenings: int
    """Evenings measured from the first to the last."""
    n_slow: int
    n_dead: int
    median_beyond_controls: float | None
    """Over the slow evenings; beyond the rest of the day where there is no control."""
    notes: str | None


def episodes(evenings: Iterable[Evening]) -> list[Episode]:
    """The episodes in evenings of any state, by target and date."""
    ordered = sorted(evenings, key=lambda e: (e.vantage, e.target, e.path, e.date))
    result = []
    for _, of_site in groupby(ordered, lambda e: (e.vantage, e.target, e.path)):
        result += [_episode(run) for run in _runs(list(of_site))]
    return result


def _runs(evenings: Sequence[Evening]) -> list[list[Evening]]:
    runs: list[list[Evening]] = []
    last_bad = None
    for evening in evenings:
        if evening.state not in _BAD:
            continue
        if last_bad is None or _days(last_bad, evening) > GAP_EVENINGS + 1:
            runs.append([])
        runs[-1].append(evening)
        last_bad = evening
    kept = [run for run in runs if len(run) >= MIN_BAD]
    return [
        [e for e in evenings if run[0].date <= e.date <= run[-1].date] for run in kept
    ]


def _days(evening: Evening, other: Evening) -> int:
    return (date.fromisoformat(other.date) - date.fromisoformat(evening.date)).days


def size(evening: Evening) -> float | None:
    """Beyond the controls where there are any, else beyond the rest of the day."""
    if evening.beyond_controls is None:
        return evening.ratio
    return evening.beyond_controls


def _episode(run: Sequence[Evening]) -> Episode:
    slow = [e for e in run if e.state is EveningState.SLOW]
    notes = dict.fromkeys(e.note for e in run if e.note)
    return Episode(
        vantage=run[0].vantage,
        target=run[0].target,
        path=run[0].path,
        first_date=run[0].date,
        last_date=run[-1].date,
        n_evenings=len(run),
        n_slow=len(slow),
        n_dead=sum(e.state is EveningState.DEAD for e in run),
        median_beyond_controls=middle(map(size, slow)),
        notes="; ".join(notes) or None,
    )


GROUPS: Final[dict[str, Callable[[Evening], str]]] = {
    "target": lambda e: e.target,
    "vantage": lambda e: e.vantage,
    "weekday": lambda e: e.weekday,
    "month": lambda e: e.date[:7],
    "note": lambda e: e.note or "",
}


def grouped(evenings: Iterable[Evening], by: str) -> list[dict[str, object]]:
    """Counts of evenings and the median size by a mark and target, in order."""

    def mark(evening: Evening) -> tuple[str, str]:
        return GROUPS[by](evening), evening.target

    def place(evening: Evening) -> tuple[int, tuple[str, str]]:
        name = GROUPS[by](evening)
        return WEEKDAYS.index(name) if by == "weekday" else 0, mark(evening)

    rows: list[dict[str, object]] = []
    for (name, target), members in groupby(sorted(evenings, key=place), mark):
        group = list(members)
        rows.append(
            {
                by: name,
                "target": target,
                "n_evenings": len(group),
                **{f"n_{s}": sum(e.state is s for e in group) for s in EveningState},
                "median_size": middle(map(size, group)),
            }
        )
    return rows
