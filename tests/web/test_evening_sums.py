"""What is kept of past evenings: answers are the same, only what changed is read."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from monitor.model import Sample
from monitor.store import open_store
from monitor.web.answers import evening_sums
from monitor.web.answers.evening_strip import evenings
from monitor.web.answers.facts import Facts
from monitor.web.answers.queries import DaysQuery
from tests.fakes import FakeClock
from tests.web import history

LAST = history.NOW.date()
ASKED = DaysQuery(since=str(LAST - timedelta(days=7)), until=str(LAST))


@pytest.fixture
def facts(tmp_path: Path) -> Iterator[Facts]:
    """Of the made-up week without its last two hours."""
    config = history.config(f"sqlite:///{tmp_path / 'm.db'}")
    with open_store(config.database) as store:
        until = history.NOW - timedelta(hours=2)
        store.samples.append(s for s in history.samples() if s.started_at_utc < until)
        while store.rollups().refresh():
            pass
        yield Facts(config, store, FakeClock(history.NOW))


@pytest.fixture
def n_hours_read(monkeypatch) -> Callable[[], int]:
    """How many hours' values were read since the last look."""
    read = []

    def counting(metric, values, n, n_failed):
        read.append(len(values))
        return slow_logs(metric, values, n, n_failed)

    slow_logs = evening_sums.slow_logs
    monkeypatch.setattr(evening_sums, "slow_logs", counting)

    def look() -> int:
        total = sum(read)
        read.clear()
        return total

    return look


def add(facts: Facts, *samples) -> None:
    facts.store.samples.append(samples)
    while facts.store.rollups().refresh():
        pass


def anew(facts: Facts) -> str:
    """The answer of a dashboard that keeps nothing yet."""
    fresh = Facts(facts.config, facts.store, facts.clock)
    return evenings(fresh, ASKED).model_dump_json()


def slow_page(name: str, moment: datetime) -> Sample:
    return replace(history.page(name, moment, 1), duration_s=9.0)


def told(facts: Facts) -> str:
    return evenings(facts, ASKED).model_dump_json()


def test_the_hours_of_days_that_are_over_are_read_once(facts, n_hours_read):
    first = told(facts)
    whole = n_hours_read()
    assert told(facts) == first
    assert n_hours_read() == 0
    end = history.NOW - timedelta(hours=2)
    add(facts, *(s for s in history.samples() if s.started_at_utc >= end))
    assert told(facts) != first
    assert 0 < n_hours_read() < 0.8 * whole
    assert told(facts) == anew(facts)


@pytest.mark.parametrize("days", [1, 3, 6])
def test_a_day_that_is_over_is_read_anew_when_somebody_imports(
    facts, n_hours_read, days: int
):
    first = told(facts)
    evening = history.NOW - timedelta(days=days, hours=2)
    add(
        facts,
        *(
            replace(
                history.page(name, evening + timedelta(minutes=k), k), duration_s=9.0
            )
            for name in ("facebook", "wikipedia")
            for k in range(1, 40)
        ),
    )
    n_hours_read()
    assert told(facts) == anew(facts) != first


def test_other_dates_and_other_controls_are_another_question(facts):
    told(facts)
    later = DaysQuery(since=str(LAST - timedelta(days=2)), until=str(LAST))
    fresh = Facts(facts.config, facts.store, facts.clock)
    assert evenings(facts, later) == evenings(fresh, later)
    sites = facts.config.controls[:1]
    facts.config = replace(facts.config, controls=sites)
    assert told(facts) == anew(facts)


def test_what_is_kept_serves_other_dates_too(facts, n_hours_read):
    told(facts)
    n_hours_read()
    later = DaysQuery(since=str(LAST - timedelta(days=6)), until=str(LAST))
    evenings(facts, later)
    n_later = n_hours_read()
    evenings(Facts(facts.config, facts.store, facts.clock), later)
    assert n_later < n_hours_read()


def test_not_more_is_kept_than_was_asked_for_lately():
    kept = evening_sums.KeptSums()
    record = evening_sums.EveningRecord(1, {})
    for key in range(evening_sums.MOST_KEPT + 1):
        kept.add(key, {1: record})
    kept.add(1, {2: record})
    kept.add("new", {1: record})
    assert [len(kept.get(key)) for key in (0, 1, 2, "new")] == [0, 2, 0, 1]
