"""What the data budget asks of the store."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from monitor.model import Probe, Sample
from monitor.store import Store
from monitor.store.usage import Received

NOW = datetime(2026, 10, 5, 12, tzinfo=UTC)


def test_only_probes_of_sites_of_the_vantage_and_span_are_counted(store: Store) -> None:
    sample = Sample(started_at_utc=NOW, target="a", encoded_body_bytes=1000)
    failed = replace(
        sample, started_at_utc=NOW + timedelta(seconds=1), encoded_body_bytes=None
    )
    store.append(
        [
            sample,
            failed,
            replace(sample, started_at_utc=NOW + timedelta(hours=1)),
            replace(sample, started_at_utc=NOW - timedelta(microseconds=1)),
            replace(sample, vantage="office"),
            replace(sample, target="_interface", probe=Probe.INTERFACE),
        ]
    )
    found = store.received("home", since=NOW, until=NOW + timedelta(hours=1))
    assert found == Received(n_probes=2, body_bytes=1000)
    assert store.received("x", since=NOW, until=NOW) == Received(
        n_probes=0, body_bytes=0
    )
