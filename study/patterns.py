"""How often a sentence claims a pattern where there is none: a part of the report."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from monitor.analysis import analyze
from monitor.analysis.patterns import are_in_step, kept_weekdays
from monitor.model import Verdict
from monitor.simulation import FAMILIES, simulate
from study.intervals import Share
from study.plan import NULLS, POSITIVES, seeds

HEADING = "## Sentences that claim a pattern"
_INTRODUCTION = f"""{HEADING}

Written by `python -m study patterns`. Random series are evenings that are slow with one
chance each (*independent*), or in runs of three on average (*runs*), 14, 30 and 60 of
them, slow on 20 to 90 %; of series in runs each evening resembles the one before, which
no test of weekdays may take for a week. Simulated homes are looked at once, after 30
evenings. In brackets: Wilson's 95 % interval and the counts.

"""
_LENGTHS = (14, 30, 60)
_SHARES = (0.2, 0.3, 0.5, 0.7, 0.9)
_MEAN_RUN = 3.0
_WEEKLY = ("weekend_peaks",)
_DATED = ("onset_and_end",)


def independent(n: int, p: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Evenings of which each is slow with the same chance."""
    return rng.random(n) < p


def in_runs(n: int, p: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Evenings that are slow in runs, on as large a share of them."""
    end = 1 / _MEAN_RUN
    begin = min(1.0, end * p / (1 - p))
    slow = np.empty(n, np.bool_)
    is_slow = rng.random() < p
    for place, chance in enumerate(rng.random(n)):
        slow[place] = is_slow
        is_slow = chance >= end if is_slow else chance < begin
    return slow


_Series = Callable[[int, float, np.random.Generator], NDArray[np.bool_]]
_SERIES: Mapping[str, _Series] = {"independent": independent, "runs": in_runs}


def markdown(n_series: int, n_homes: int) -> str:
    """The part of the report.

    Parameters
    ----------
    n_series : random series of each length and share
    n_homes : homes of each family
    """
    rows = [*_random_rows(n_series), *_home_rows(n_homes)]
    head = (
        "| sentence | where nothing of the kind is true | said |\n| --- | --- | --- |"
    )
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return f"{_INTRODUCTION}{head}\n{table}\n"


def _random_rows(n_series: int) -> Iterator[tuple[str, str, str]]:
    for name, series in _SERIES.items():
        said = [
            bool(kept_weekdays((np.arange(n) + rng.integers(7)) % 7, series(n, p, rng)))
            for n, p, rng in _cases(n_series)
        ]
        what = f"random series, {name}"
        yield "Slow evenings keep to certain weekdays", what, _share(said)
    for name, series in _SERIES.items():
        said = [
            are_in_step(series(n, p, rng), series(n, p, rng))
            for n, p, rng in _cases(n_series)
        ]
        yield "In step with another target", f"two random series, {name}", _share(said)


def _cases(n_series: int) -> Iterator[tuple[int, float, np.random.Generator]]:
    rng = np.random.default_rng(60_001)
    for n in _LENGTHS:
        for p in _SHARES:
            for _ in range(n_series):
                yield n, p, rng


def _home_rows(n_homes: int) -> Iterator[tuple[str, str, str]]:
    every = [name for name in FAMILIES if name not in _WEEKLY]
    throughout = [name for name in POSITIVES if name not in _DATED]
    found = {name: list(_verdicts(name, n_homes)) for name in FAMILIES}

    def said(rule: str, names: Sequence[str]) -> str:
        return _share([v for name in names for v in _told(rule, found[name])])

    yield (
        "Slow evenings keep to certain weekdays",
        "simulated homes of every family but busy weekends",
        said("weekdays", every),
    )
    yield (
        "It began on, it ended after",
        "simulated homes slowed all the time",
        said("season", throughout),
    )
    yield (
        "Worth a look with another window",
        "simulated homes in which nothing is slowed",
        said("another_window", NULLS),
    )


def _verdicts(family: str, n_homes: int) -> Iterator[Verdict]:
    for seed in seeds("score", n_homes, 30_000):
        home = simulate(family, seed=seed)
        yield from analyze(home.samples, timezone=home.timezone)


def _told(rule: str, verdicts: Sequence[Verdict]) -> Iterator[bool]:
    for verdict in verdicts:
        yield any(reason.rule == rule for reason in verdict.reasons)


def _share(said: Sequence[bool]) -> str:
    return str(Share(sum(said), len(said)))


def inserted(report: str, part: str) -> str:
    """A report with its part about patterns written anew, at its end."""
    kept, _, _ = report.partition(HEADING)
    return f"{kept.rstrip()}\n\n{part}"


def before(report: str, heading: str, part: str) -> str:
    """A report with a part under another heading written anew, before this one."""
    above, _, below = report.partition(HEADING)
    kept, _, _ = above.partition(heading)
    return f"{kept.rstrip()}\n\n{heading}\n\n{part.strip()}\n\n{HEADING}{below}"
