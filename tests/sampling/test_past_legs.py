"""What a starting daemon asks of the legs at the neutral server."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.config import Config, parse
from monitor.daemon.startup import past_legs
from monitor.model import Probe, Sample
from monitor.store import Store, open_store
from tests.servers.tcp import closed_port

NOW = datetime(2026, 3, 8, 15, tzinfo=UTC)


def configured(**more: object) -> Config:
    target = {"name": "a", "url": "https://a.test/"}
    document = {"timezone": "UTC", "targets": [target], **more}
    return parse(document, source="x")


def test_the_legs_at_the_neutral_server_of_this_vantage_are_read(tmp_path: Path):
    url = f"sqlite:///{tmp_path / 'monitor.db'}"
    leg = Sample(started_at_utc=NOW, target="a", probe=Probe.SNI_AWAY, block="s1")
    rows = [
        leg,
        Sample(started_at_utc=NOW, target="a", probe=Probe.PAIR_BASE, block="s1"),
        Sample(started_at_utc=NOW, target="a", probe=Probe.PAIR_OWN, block="b1"),
        Sample(started_at_utc=NOW, target="a"),
        Sample(
            started_at_utc=NOW, target="a", probe=Probe.SNI_AWAY, vantage="elsewhere"
        ),
        Sample(
            started_at_utc=NOW - timedelta(days=8), target="a", probe=Probe.SNI_AWAY
        ),
    ]
    with open_store(url) as store:
        store.samples.append(rows)
        legs = past_legs(store, configured(), NOW - timedelta(days=7))
    assert legs is not None
    assert [(x.probe, x.block) for x in legs] == [
        (Probe.PAIR_BASE, "s1"),
        (Probe.SNI_AWAY, "s1"),
    ]


def test_a_database_that_is_away_has_no_answer(caplog: pytest.LogCaptureFixture):
    url = f"postgresql+psycopg://u:p@127.0.0.1:{closed_port()}/x"
    with closing(Store(url)) as store:
        assert past_legs(store, configured(), NOW) is None
    assert "event=not_begun" in caplog.text
