"""Homes of the second physics: what may be said there, one home a kind.

Error rates are the study's; here each kind of cause is judged once, so that a rule that
is lost is noticed.
"""

import json
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from monitor.analysis import METHOD_VERSION, analyze, services_of
from monitor.evening_rule import EveningState
from monitor.model import Verdict
from monitor.simulation.capacity import KINDS, CapacityHome, Group, capacity_home
from tests.analysis.table_agreement import agrees_with_its_table
from tests.costs import in_brief

ACCUSING = {
    "targeted_throttling",
    "targeted_blocking",
    "selective_slowdown",
    "sustained_slowdown",
}


def judged(kind: str) -> tuple[CapacityHome, dict]:
    home = capacity_home(kind, seed=2, days=16, every_s=600)
    found = analyze(home.samples, timezone=home.timezone)
    return home, {verdict.target: verdict for verdict in found}


def clears_and_accuses_rightly(verdict: Verdict) -> None:
    """What is printed is what was tested."""
    low, high = verdict.effect.ci95
    if verdict.verdict in ACCUSING and not verdict.evenings.dead:
        assert low is not None
        assert round(low, 2) > 1.0
    if verdict.verdict == "no_recurring_slowdown":
        assert high is not None
        assert round(high, 2) < 1.25


def of_a_refusal(verdict: Verdict) -> None:
    assert Counter(m.state for m in verdict.marks)[EveningState.REFUSED] >= 3
    assert verdict.evenings.slow == 0


def of_a_router(verdict: Verdict) -> None:
    """Words name who could do the same at home, and nothing is called certain."""
    assert verdict.strength in (None, "likely")
    assert any("router" in str(reason) for reason in verdict.reasons)


def of_a_lasting_slowdown(verdict: Verdict) -> None:
    assert verdict.onset_date in {"2026-10-09", "2026-10-10", "2026-10-11"}


HELD = {"targeted_throttling", "selective_slowdown"}
SAID: dict[Group, tuple[set[str], Callable[[Verdict], None] | None]] = {
    Group.SERVICE: ({"server_side", "selective_slowdown"}, None),
    Group.RESOLVER: ({"resolver_blocking"}, None),
    Group.ROUTER: ({"targeted_blocking", *HELD}, of_a_router),
    Group.LISTED: (HELD, None),
    Group.SUSTAINED: ({"sustained_slowdown"}, of_a_lasting_slowdown),
    Group.BLOCKED: ({"targeted_blocking"}, of_a_router),
    Group.REFUSED: ({"inconclusive", "server_side"}, of_a_refusal),
    Group.UNCOMPARED: ({"selective_slowdown", "recurring_slowdown"}, None),
}
"""What may be said of a site that is acted on, and what must be true of it then."""


KEPT = Path(__file__).parent / "kept_verdicts.json"
"""What the method says of these homes, each of one host per service: to be made anew
(`python -m tests.analysis.test_worlds`) with each version of the method, and only then.
"""


def in_short(verdict: Verdict) -> list:
    return [verdict.verdict, verdict.e_value, verdict.effect.ratio]


def nearly(number: float | None) -> object:
    """Another processor may add in another order."""
    return number and pytest.approx(number, rel=1e-2, abs=1e-9)


@cache
def kept() -> dict:
    return json.loads(KEPT.read_text())


def test_the_kept_verdicts_are_those_of_this_version() -> None:
    assert kept()["method"] == METHOD_VERSION


# Every third kind in every run: neighbours in the table are of one group.
@pytest.mark.parametrize("kind", in_brief(KINDS, *list(KINDS)[::3]))
def test_what_is_said_of_a_home(kind: str) -> None:
    home, verdicts = judged(kind)
    for name, (verdict, *numbers) in kept()["homes"][kind].items():
        assert in_short(verdicts[name]) == [verdict, *map(nearly, numbers)]
    for service in services_of([*verdicts.values()]):
        own = verdicts[service.service].to_dict()
        told = service.to_dict() | {"hosts": []}
        assert told == {name: own.get(name, []) for name in told}
    for name, verdict in verdicts.items():
        clears_and_accuses_rightly(verdict)
        agrees_with_its_table(verdict)
        if name not in home.acted.targets:
            assert verdict.verdict not in ACCUSING
        elif KINDS[kind].group in SAID:
            allowed, holds = SAID[KINDS[kind].group]
            assert verdict.verdict in allowed
            if holds:
                holds(verdict)


if __name__ == "__main__":
    homes = {kind: judged(kind)[1] for kind in KINDS}
    short = {k: {n: in_short(v) for n, v in own.items()} for k, own in homes.items()}
    lines = (f"{json.dumps(kind)}: {json.dumps(own)}" for kind, own in short.items())
    homes_text = ",\n".join(lines)
    KEPT.write_text(f'{{"method": "{METHOD_VERSION}", "homes": {{\n{homes_text}}}}}\n')
