"""Zone, window and provider of a vantage with their dates; hours in its own clock."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from monitor.evening_rule import parse_window
from monitor.model import OwnTerms, Sample
from monitor.store import open_store
from monitor.store.instants import from_us
from monitor.store.own_terms import own_terms
from monitor.store.question import ask
from monitor.store.vantage_terms import EVER, Statement, in_force

NOW = datetime(2026, 10, 20, 15, tzinfo=UTC)
EVENING = parse_window("20:00-22:00")
ALMATY = OwnTerms(timezone="Asia/Almaty", window=EVENING)
BERLIN = OwnTerms(timezone="Europe/Berlin", window=EVENING)


def statement(since: date, terms: OwnTerms, provider: str | None = None) -> Statement:
    return Statement(
        vantage="home", terms=terms, provider=provider, since=since, stated_at_utc=NOW
    )


def test_what_holds_is_stated_once_and_a_change_with_its_date(database: str):
    with open_store(database) as store:
        for day in (0, 1, 2):
            store.terms.state_if_new("home", ALMATY, "A", NOW + timedelta(days=day))
        store.terms.state_if_new("home", ALMATY, "B", NOW + timedelta(days=3))
        statements = store.terms.all()
    assert [(s.since, s.provider) for s in statements] == [
        (EVER, "A"),
        (date(2026, 10, 23), "B"),
    ]
    assert in_force(statements, "home", date(2026, 10, 22)).provider == "A"
    assert in_force(statements, "home").provider == "B"
    assert in_force(statements, "other") is None


def test_a_mistake_is_set_right_for_the_past_too(database: str):
    with open_store(database) as store:
        store.terms.state_if_new("home", BERLIN, None, NOW)
        store.terms.state(statement(EVER, ALMATY))
        assert own_terms(store, ["home", "x"], day=date(2026, 1, 1)) == {"home": ALMATY}


def hours(database: str, *moments: datetime) -> list[tuple]:
    """Local hour, weekday and evening of samples at these moments."""
    with open_store(database) as store:
        store.samples.append(
            [Sample(started_at_utc=m, target="a", connect_s=0.1) for m in moments]
        )
        store.rollups().refresh()
    columns = "local_hour, local_weekday, evening_date"
    question = f"SELECT {columns} FROM v_hours ORDER BY hour_us"
    rows = ask(database, question, max_rows=100).rows
    return [(hour, weekday, day and str(day)) for hour, weekday, day in rows]


def test_hours_are_told_in_the_vantage_s_own_clock(database: str):
    """Also over a change of the clock; an evening's day begins at six."""
    with open_store(database) as store:
        store.terms.state(statement(EVER, BERLIN))
    assert hours(
        database,
        datetime(2026, 10, 24, 18, tzinfo=UTC),
        datetime(2026, 10, 25, 0, tzinfo=UTC),
        datetime(2026, 10, 25, 1, tzinfo=UTC),
        datetime(2026, 10, 25, 19, tzinfo=UTC),
    ) == [
        (20, "sat", "2026-10-24"),
        (2, "sun", "2026-10-24"),
        (2, "sun", "2026-10-24"),
        (20, "sun", "2026-10-25"),
    ]


def test_hours_before_and_after_a_move_have_each_its_clock(database: str):
    with open_store(database) as store:
        store.terms.state(statement(EVER, ALMATY))
        store.terms.state(statement(date(2026, 10, 10), BERLIN))
    before, after = datetime(2026, 10, 9, 15, tzinfo=UTC), NOW
    assert [hour for hour, *_ in hours(database, before, after)] == [20, 17]


def test_hours_of_a_vantage_of_whom_nothing_is_said_are_there_without(database: str):
    assert hours(database, NOW) == [(None, None, None)]


@pytest.mark.parametrize("zone", ["Asia/Almaty", "America/New_York", "Asia/Kathmandu"])
def test_the_offsets_are_those_of_the_zone_without_a_gap(tmp_path, zone: str):
    terms = OwnTerms(timezone=zone, window=EVENING)
    with open_store(f"sqlite:///{tmp_path / 'm.db'}") as store:
        store.terms.state(statement(EVER, terms))
        spans = store.terms.offsets("home")
    assert all(a["until_us"] == b["from_us"] for a, b in pairwise(spans))
    assert all(a["offset_us"] != b["offset_us"] for a, b in pairwise(spans))
    middles = [(s["from_us"] + s["until_us"]) // 2 for s in spans]
    clocks = [from_us(us).astimezone(ZoneInfo(zone)) for us in middles]
    offsets = [clock.utcoffset() // timedelta(microseconds=1) for clock in clocks]
    assert offsets == [span["offset_us"] for span in spans]
