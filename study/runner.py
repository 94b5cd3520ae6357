"""Homes to records: simulate, look daily, write one JSON line per home when done."""

import json
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from monitor.analysis import METHOD_VERSION
from monitor.simulation import Home, simulate
from study.baselines import BASELINES, view
from study.looks import daily_looks, final_verdicts
from study.plan import Task

LOST_SHARE = 0.2


def study_home(task: Task) -> dict[str, Any]:
    """Everything the report needs to know about one home."""
    home = simulate(task.family, seed=task.seed)
    record = {
        "family": task.family,
        "seed": task.seed,
        "noise": home.noise,
        "method": METHOD_VERSION,
        "targets": [looks.to_dict() for looks in daily_looks(home)],
    }
    if task.with_baselines:
        record["baselines"] = _baselines(home)
    if task.with_robustness:
        record["robustness"] = _robustness(home)
    return record


def _baselines(home: Home) -> dict[str, dict[str, bool]]:
    names = home.sites.names[: len(home.truth)]
    views = {name: view(home, series) for series, name in enumerate(names)}
    return {
        rule: {name: decide(seen) for name, seen in views.items()}
        for rule, decide in BASELINES.items()
    }


def _robustness(home: Home) -> dict[str, dict[str, str]]:
    """Verdicts on the whole, without one control, and without a fifth of the rounds."""
    rng = np.random.default_rng([home.seed, 20])
    samples = home.samples
    controls = [
        name
        for name, role in zip(home.sites.names, home.sites.roles, strict=True)
        if role == "control"
    ]
    without = samples[samples["target"] != controls[int(rng.integers(len(controls)))]]
    return {
        "whole": final_verdicts(samples, home.timezone),
        "without_control": final_verdicts(without, home.timezone),
        "without_rounds": final_verdicts(_thinned(samples, rng), home.timezone),
    }


def _thinned(samples: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    slot = samples["started_at_utc"].dt.floor("5min")
    codes, distinct = pd.factorize(slot)
    kept = rng.random(len(distinct)) >= LOST_SHARE
    return samples[kept[codes]]


def run(tasks: Sequence[Task], out: Path, jobs: int) -> Iterator[int]:
    """Study every task not yet in `out`; yields the number of homes done so far."""
    done = {(r["family"], r["seed"]) for r in records(out)}
    todo = [task for task in tasks if (task.family, task.seed) not in done]
    with out.open("a", encoding="utf-8") as file:
        for n, record in enumerate(_studied(todo, jobs), start=1):
            file.write(json.dumps(record, separators=(",", ":")) + "\n")
            file.flush()
            yield n


def _studied(tasks: Sequence[Task], jobs: int) -> Iterator[dict[str, Any]]:
    if jobs == 1:
        yield from map(study_home, tasks)
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(study_home, tasks, chunksize=4)


def records(path: Path) -> Iterable[dict[str, Any]]:
    """The records written so far; none when there is no file."""
    if not path.exists():
        return
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)
