"""A small study from end to end: homes, daily looks, baselines, report."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from study import rates
from study.plan import Task, seeds
from study.report import markdown
from study.runner import records, run

pytestmark = pytest.mark.long

NULLS = ("quiet", "drifting_nights", "own_load")
POSITIVES = ("slow_3x", "block_reset")


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of some families, studied once."""
    path = tmp_path_factory.mktemp("study") / "study.jsonl"
    tasks = [
        Task(family=name, seed=seed, with_baselines=True, with_robustness=seed == 0)
        for name in (*NULLS, *POSITIVES)
        for seed in seeds("tune", 1)
    ]
    assert list(run(tasks, path, jobs=1)) == list(range(1, len(tasks) + 1))
    return path


@pytest.fixture(scope="module")
def found(out: Path) -> Sequence[Mapping[str, Any]]:
    return list(records(out))


def test_fewer_false_alarms_than_every_pooled_test(found) -> None:
    ours = rates.own_alarms(found, NULLS, hit=False)
    theirs = rates.baseline_alarms(found, NULLS, hit=False)
    assert ours.k < theirs["pooled Mann-Whitney against controls"].k
    assert ours.k < theirs["pooled Mann-Whitney"].k


def test_strong_interference_is_found_within_a_week(found) -> None:
    assert rates.found(rates.seen_targets(found), POSITIVES, 7).value == 1.0


def test_blocking_is_not_taken_for_slowing(found) -> None:
    assert rates.confused(rates.seen_targets(found)).k == 0


def test_studied_homes_are_not_studied_again(out: Path) -> None:
    assert list(run([Task(family="quiet", seed=0)], out, jobs=1)) == []


def test_report_shows_every_family_studied(found) -> None:
    text = markdown(found)
    assert all(f"| {name} |" in text for name in (*NULLS, *POSITIVES))
