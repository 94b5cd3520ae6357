"""Records of homes become the rates that the report states."""

from typing import Any

import pytest

from study import rates
from study.plan import families, seeds, tasks
from study.report import markdown, target_rows


def target(
    name: str, kind: str, first: dict[str, int], **detail: Any
) -> dict[str, Any]:
    return {
        "target": name,
        "kind": kind,
        "ratios": {"goodput_bps": 2.0},
        "window": ["20:00", "22:00"],
        "allowed": ["selective_slowdown"],
        "onset": None,
        "offset": None,
        "first": first,
        "counts": {},
        "detailed": {"30": detail} if detail else {},
    }


def record(family: str, *targets: dict[str, Any]) -> dict[str, Any]:
    return {
        "family": family,
        "seed": 1,
        "noise": "fitted",
        "method": "1",
        "targets": list(targets),
    }


QUIET = record(
    "quiet",
    target("a", "none", {"insufficient_data": 1, "no_recurring_slowdown": 10}),
    target("b", "none", {"insufficient_data": 1, "selective_slowdown": 4}),
)
SLOW = record(
    "slow_2x",
    target(
        "a",
        "slowdown",
        {"inconclusive": 1, "selective_slowdown": 3, "targeted_throttling": 9},
        verdict="targeted_blocking",
        effect={"metric": "goodput_bps", "ratio": 2.1, "ci95": [1.9, 2.3]},
        found_window={"start": "20:05", "end": "21:50"},
        onset_date=None,
    ),
    target("b", "none", {"inconclusive": 1}),
)


def test_false_alarm_is_an_unaffected_target_ever_accused_in_a_null_home() -> None:
    share = rates.false_alarms(rates.seen_targets([QUIET, SLOW]))
    assert (share.k, share.n) == (1, 2)


def test_found_counts_affected_targets_within_the_evenings() -> None:
    seen = rates.seen_targets([SLOW])
    assert rates.found(seen, ("slow_2x",), 3).value == 1.0
    assert rates.found(seen, ("slow_2x",), 2).value == 0.0
    assert rates.evenings_to_alarm(seen, ("slow_2x",)) == 3


def test_evenings_count_from_the_first_affected_one() -> None:
    late = record("onset_and_end", target("a", "slowdown", {"selective_slowdown": 13}))
    assert rates.seen_targets([late])[0].first_alarm == 3


def test_interval_is_held_against_the_true_ratio_of_its_metric() -> None:
    assert rates.covered(rates.seen_targets([SLOW]), ("slow_2x",), 30).value == 1.0


def test_edges_are_apart_by_minutes_on_the_clock() -> None:
    found = rates.edges(rates.seen_targets([SLOW]))
    assert (found.n, found.median_min, found.larger_median_min) == (1, 7.5, 10.0)


def test_slowing_called_blocking_is_confusion() -> None:
    assert rates.confused(rates.seen_targets([SLOW])).k == 1


def test_changed_verdicts_are_counted() -> None:
    verdicts = {"a": "inconclusive", "b": "selective_slowdown"}
    changed = verdicts | {"b": "inconclusive"}
    robust = {**QUIET, "robustness": {"whole": verdicts, "without_control": changed}}
    share = rates.unchanged([robust], "without_control")
    assert (share.k, share.n) == (1, 2)


def test_baselines_are_counted_apart_for_hit_and_unhit_targets() -> None:
    voted = {**SLOW, "baselines": {"rule": {"a": True, "b": False}}}
    hit = rates.baseline_alarms([voted], ("slow_2x",), hit=True)["rule"]
    unhit = rates.baseline_alarms([voted], ("slow_2x",), hit=False)["rule"]
    assert (hit.value, unhit.value) == (1.0, 0.0)


def test_seeds_for_tuning_and_scoring_never_meet() -> None:
    assert not set(seeds("tune", 500)) & set(seeds("score", 500))


def test_plan_brings_every_family_early() -> None:
    first = tasks(families("nulls"), n_homes=2, use="score")[: len(families("nulls"))]
    assert len({task.family for task in first}) == len(first)


def test_unknown_family_is_an_error() -> None:
    with pytest.raises(KeyError):
        families("nonsense")


def test_report_tells_every_row_of_the_targets_and_what_is_not_measured() -> None:
    rows = target_rows([QUIET, SLOW])
    text = markdown([QUIET, SLOW])
    assert len(rows) == 21
    assert all(row.measure in text for row in rows)
    assert any(row.is_met is None for row in rows)
