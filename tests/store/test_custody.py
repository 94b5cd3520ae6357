"""The custody log tells what is on record of one vantage and one span, and no more."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from monitor.errors import StoreError
from monitor.evidence.custody_document import custody_document, custody_for
from monitor.evidence.ledger import close_days
from monitor.machine import hardware
from monitor.store import Store
from monitor.store.clock_steps import ClockStep
from monitor.store.consents import Consent
from monitor.store.custody import Start
from monitor.store.tables import starts
from tests.evidence.samples import some_samples
from tests.store.analyses import an_analysis

SINCE, UNTIL = (datetime(2026, 10, day, tzinfo=UTC) for day in (1, 4))
NOW = datetime(2026, 10, 3, 12, tzinfo=UTC)
START = Start(
    started_at_utc=NOW,
    software="0.1.0",
    python="3.11.7",
    system="Linux",
    hardware="a small computer",
    tzdata="2026a",
    is_synchronised=None,
)
STATED = {"provider": "Example, key=http://u:secret@example.org/", "line": ""}


@pytest.fixture
def kept(store: Store) -> Store:
    """What happened at home in three days, something elsewhere and before."""
    store.samples.append(some_samples())
    store.custody.append("home", START)
    store.custody.append("home", replace(START, started_at_utc=SINCE - timedelta(1)))
    store.custody.append("office", replace(START, hardware="another"))
    store.clock_steps.append("home", ClockStep(before_utc=NOW, after_utc=SINCE))
    store.pauses.append("home", asked_at_utc=NOW, until_utc=UNTIL)
    store.analyses.append(an_analysis("a"), computed_at_utc=NOW)
    store.retention("home").decide(date(2026, 9, 1), decided_at_utc=NOW)
    store.consents.append(
        Consent(given_at_utc=NOW, version=1, level="plain", language="en", way="--yes")
    )
    close_days(store, now_utc=UNTIL + timedelta(1), vantage="home")
    return store


def test_starts_are_of_the_vantage_and_the_span_and_never_change(kept: Store):
    assert kept.custody.log("home", since=SINCE, until=UNTIL).starts == [START]
    with (
        pytest.raises(StoreError, match="only added"),
        kept.database.writing() as connection,
    ):
        connection.execute(starts.delete())


def test_the_document_has_all_that_is_on_record(kept: Store):
    log = custody_document(kept, "home", since=SINCE, until=UNTIL, stated=STATED)
    rows = [s for s in some_samples() if s.vantage == "home"]
    assert sum(span["n"] for span in log["probe_versions"]) == len(rows)
    assert log["n_without_round"] == sum(s.round_id is None for s in rows)
    assert [day["day"] for day in log["closings"]] == [
        "2026-10-01",
        "2026-10-02",
        "2026-10-03",
    ]
    assert log["starts"][0]["started_at_utc"] == "2026-10-03T12:00:00.000000Z"
    assert log["pauses"][0]["until_utc"].startswith("2026-10-04")
    assert log["clock_steps"][0]["after_utc"].startswith("2026-10-01")
    assert log["deletions"][0]["before_utc"].startswith("2026-09-01")
    assert log["consents"][0]["way"] == "--yes"
    assert log["removed"]["n_rows"] == 0
    # What the owner wrote is the owner's, but no secret of an address leaves the house.
    assert list(log["as_the_owner_wrote"]) == ["provider"]
    assert "secret" not in str(log)


def test_a_public_copy_tells_of_the_program_and_not_of_the_house(kept: Store):
    log = custody_document(kept, "home", since=SINCE, until=UNTIL, stated=STATED)
    assert custody_for("trusted", log) == log
    public = custody_for("public", log)
    assert {"starts", "consents", "as_the_owner_wrote"} <= set(public["left_out"])
    assert not set(public["left_out"]) & set(public)
    assert public["probe_versions"][0]["first_utc"] == "2026-10-01"


def test_this_machine_says_what_it_is():
    assert "processors" in hardware()
    assert "\0" not in hardware()
