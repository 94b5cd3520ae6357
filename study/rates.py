"""Records to the rates of the issue's table."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median
from typing import Any

import numpy as np

from study.alarms import BLOCKING, SLOWDOWN, is_alarm
from study.intervals import Share
from study.plan import EDGES, NULLS

Record = Mapping[str, Any]
_FIRST_DAY = {"onset_and_end": 10}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One target of one home."""

    family: str
    seed: int
    kind: str
    noise: str
    first_alarm: int | None
    """Evening of the first alarm, counted from the first affected one, from 1."""
    data: Record


def seen_targets(records: Iterable[Record]) -> list[Seen]:
    """One entry per target of every home."""
    return [
        Seen(
            family=record["family"],
            seed=record["seed"],
            kind=target["kind"],
            noise=record["noise"],
            first_alarm=_first_alarm(target, _FIRST_DAY.get(record["family"], 0)),
            data=target,
        )
        for record in records
        for target in record["targets"]
    ]


def _first_alarm(target: Record, first_day: int) -> int | None:
    evenings = [day for name, day in target["first"].items() if is_alarm(name)]
    return min(evenings) - first_day if evenings else None


def false_alarms(seen: Iterable[Seen], families: Sequence[str] = NULLS) -> Share:
    """Unaffected targets of null homes that were ever accused, over all looks."""
    mine = [s for s in seen if s.family in families and s.kind == "none"]
    return Share(sum(s.first_alarm is not None for s in mine), len(mine))


def service_accused(seen: Iterable[Seen], prefix: str) -> Share:
    """Targets slow by their own service, ever called by a verdict of that prefix."""
    mine = [s for s in seen if s.kind == "service"]
    return Share(
        sum(any(v.startswith(prefix) for v in s.data["first"]) for s in mine), len(mine)
    )


def accused_homes(records: Iterable[Record], families: Sequence[str]) -> Share:
    """Homes of which any target was ever accused."""
    mine = [r for r in records if r["family"] in families]
    return Share(sum(_is_accused(r) for r in mine), len(mine))


def _is_accused(record: Record) -> bool:
    return any(is_alarm(v) for target in record["targets"] for v in target["first"])


def found(seen: Iterable[Seen], families: Sequence[str], evenings: int) -> Share:
    """Affected targets with an alarm within so many evenings."""
    mine = affected(seen, families)
    hits = [s.first_alarm is not None and s.first_alarm <= evenings for s in mine]
    return Share(sum(hits), len(mine))


def affected(seen: Iterable[Seen], families: Sequence[str]) -> list[Seen]:
    """Targets of those families on which something was imposed."""
    return [
        s for s in seen if s.family in families and s.kind not in {"none", "service"}
    ]


def evenings_to_alarm(seen: Iterable[Seen], families: Sequence[str]) -> float:
    """Median evenings to the first alarm; never is infinitely late."""
    waits = [
        float("inf") if s.first_alarm is None else s.first_alarm
        for s in affected(seen, families)
    ]
    return median(waits) if waits else float("nan")


def covered(seen: Iterable[Seen], families: Sequence[str], look: int) -> Share:
    """Intervals that hold the true ratio of the metric they speak of."""
    inside = []
    for s in affected(seen, families):
        effect = s.data["detailed"].get(str(look), {}).get("effect", {})
        low, high = effect.get("ci95", (None, None))
        true_ratio = s.data["ratios"].get(effect.get("metric"))
        if low is not None and high is not None and true_ratio is not None:
            inside.append(low <= true_ratio <= high)
    return Share(sum(inside), len(inside))


@dataclass(frozen=True, slots=True, kw_only=True)
class Edges:
    """Errors of the edges found, against the edges on average over nights [min]."""

    n: int
    n_without: int
    """Alarms without a window."""
    median_min: float
    p90_min: float
    larger_median_min: float
    """Median of the larger of the two errors of each window."""


def edges(seen: Iterable[Seen], looks: Sequence[int] = (7, 14, 30)) -> Edges:
    """Edge errors of all windows found from seven evenings on."""
    errors: list[tuple[float, float]] = []
    n_without = 0
    for s in affected(seen, EDGES):
        for look in looks:
            kept = s.data["detailed"].get(str(look))
            if kept is None or not is_alarm(kept["verdict"]):
                continue
            if kept["found_window"] is None:
                n_without += 1
                continue
            errors.append(_edge_errors(kept["found_window"], s.data["window"]))
    both = np.array(errors, dtype=np.float64).reshape(-1, 2)
    return Edges(
        n=len(errors),
        n_without=n_without,
        median_min=_quantile(both.ravel(), 0.5),
        p90_min=_quantile(both.ravel(), 0.9),
        larger_median_min=_quantile(both.max(axis=1) if len(both) else both[:, 0], 0.5),
    )


def _quantile(values: np.ndarray, share: float) -> float:
    return float(np.quantile(values, share)) if values.size else float("nan")


def _edge_errors(
    found_window: Record, true_window: Sequence[str]
) -> tuple[float, float]:
    pairs = zip((found_window["start"], found_window["end"]), true_window, strict=True)
    start, end = (_apart_min(one, other) for one, other in pairs)
    return start, end


def _apart_min(one: str, other: str) -> float:
    apart = abs(_minutes(one) - _minutes(other))
    return min(apart, 1440.0 - apart)


def _minutes(clock: str) -> float:
    hours, minutes = clock.split(":")
    return 60.0 * int(hours) + int(minutes)


def onset_errors_days(seen: Iterable[Seen]) -> list[float]:
    """Distance of the onset date found from the true one, at the last look [days]."""
    errors = []
    for s in affected(seen, ("onset_and_end",)):
        kept = s.data["detailed"].get("30", {})
        if kept.get("onset_date"):
            away = date.fromisoformat(kept["onset_date"]) - date.fromisoformat(
                s.data["onset"]
            )
            errors.append(float(abs(away.days)))
    return errors


def confused(seen: Iterable[Seen]) -> Share:
    """Blocking called slowing or slowing called blocking, at the last look."""
    mine = [s for s in seen if s.kind in {"blocking", "slowdown"}]
    wrong = {"blocking": SLOWDOWN, "slowdown": BLOCKING}
    last = [_last_verdict(s) for s in mine]
    return Share(
        sum(v in wrong[s.kind] for s, v in zip(mine, last, strict=True)), len(mine)
    )


def _last_verdict(s: Seen) -> str:
    detailed = s.data["detailed"]
    return str(detailed[max(detailed, key=int)]["verdict"]) if detailed else ""


def right_at_the_end(seen: Iterable[Seen], families: Sequence[str]) -> Share:
    """Targets whose last verdict is one of those that are true."""
    mine = [s for s in seen if s.family in families]
    return Share(sum(_last_verdict(s) in s.data["allowed"] for s in mine), len(mine))


def unchanged(records: Iterable[Record], change: str) -> Share:
    """Verdicts that stay the same when something is taken away."""
    pairs = [
        (verdict, r["robustness"][change].get(target))
        for r in records
        if "robustness" in r
        for target, verdict in r["robustness"]["whole"].items()
    ]
    return Share(sum(one == other for one, other in pairs), len(pairs))


def baseline_alarms(
    records: Iterable[Record], families: Sequence[str], *, hit: bool
) -> dict[str, Share]:
    """Share of targets each baseline accuses after 30 evenings, by rule."""
    votes: dict[str, list[bool]] = {}
    for record in records:
        if record["family"] in families and "baselines" in record:
            names = {t["target"] for t in record["targets"] if _is_hit(t) is hit}
            for rule, accused in record["baselines"].items():
                votes.setdefault(rule, []).extend(accused[n] for n in sorted(names))
    return {rule: Share(sum(v), len(v)) for rule, v in votes.items()}


def _is_hit(target: Record) -> bool:
    return target["kind"] not in {"none", "service"}


def own_alarms(
    records: Iterable[Record], families: Sequence[str], *, hit: bool
) -> Share:
    """The same for this program on the same homes, over all daily looks."""
    targets = [
        target
        for record in records
        if record["family"] in families and "baselines" in record
        for target in record["targets"]
        if _is_hit(target) is hit
    ]
    alarms = [any(is_alarm(v) for v in target["first"]) for target in targets]
    return Share(sum(alarms), len(alarms))


def by_family(
    seen: Sequence[Seen], measure: Callable[[Sequence[Seen], Sequence[str]], Share]
) -> dict[str, Share]:
    """A measure for each family that was studied."""
    names = dict.fromkeys(s.family for s in seen)
    return {name: measure(seen, (name,)) for name in names}
