"""What the data budget asks of the store."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from monitor.model import Probe, Sample
from monitor.store import Store
from monitor.store.usage import Received

NOW = datetime(2026, 10, 5, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


def test_only_probes_of_sites_of_the_vantage_and_span_are_counted(store: Store) -> None:
    sample = Sample(started_at_utc=NOW, target="a", encoded_body_bytes=1000)
    failed = replace(
        sample, started_at_utc=NOW + timedelta(seconds=1), encoded_body_bytes=None
    )
    store.samples.append(
        [
            sample,
            failed,
            replace(sample, started_at_utc=NOW + timedelta(hours=1)),
            replace(sample, started_at_utc=NOW - timedelta(microseconds=1)),
            replace(sample, vantage="office"),
            replace(sample, target="_interface", probe=Probe.INTERFACE),
        ]
    )
    found = store.samples.received("home", since=NOW, until=NOW + timedelta(hours=1))
    assert found == Received(n_probes=2, body_bytes=1000)
    assert store.samples.received("x", since=NOW, until=NOW) == Received(
        n_probes=0, body_bytes=0
    )


def test_rounds_that_counted_are_taken_at_their_word(store: Store) -> None:
    """And rounds that were killed before they could, by what their probes had."""
    page = Sample(
        started_at_utc=NOW, target="a", encoded_body_bytes=1000, round_id="r1"
    )
    count = replace(
        page,
        target="_own_traffic",
        probe=Probe.OWN_TRAFFIC,
        encoded_body_bytes=70_000,
        started_at_utc=NOW - timedelta(seconds=1),
    )
    killed = replace(page, started_at_utc=NOW + timedelta(minutes=5), round_id="r2")
    single = replace(page, started_at_utc=NOW + timedelta(minutes=6), round_id=None)
    store.samples.append(
        [page, count, killed, single, replace(count, vantage="office")]
    )
    found = store.samples.received("home", since=NOW - timedelta(hours=1), until=LATER)
    assert found == Received(counted_bytes=70_000, n_probes=2, body_bytes=2000)


def test_round_that_began_before_midnight_is_counted_once(store: Store) -> None:
    page = Sample(
        started_at_utc=NOW, target="a", encoded_body_bytes=1000, round_id="r1"
    )
    began = NOW - timedelta(seconds=1)
    count = replace(page, target="_own", probe=Probe.OWN_TRAFFIC, started_at_utc=began)
    store.samples.append([page, count])
    before = store.samples.received("home", since=NOW - timedelta(hours=1), until=NOW)
    after = store.samples.received("home", since=NOW, until=LATER)
    assert (before.counted_bytes, before.n_probes) == (1000, 0)
    assert (after.counted_bytes, after.n_probes) == (0, 0)
