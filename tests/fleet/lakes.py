"""Homes with databases of their own, and lakes that they push to."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from monitor.config import Config, parse
from monitor.evidence.ledger import close_days
from monitor.fleet.home_cards import CONSENT, card, enroll
from monitor.fleet.lake import Lake
from monitor.fleet.pushing import due_days, fleet_secret, push
from monitor.interchange import read_batches, samples_from
from monitor.store import Store, open_store
from tests.fleet.homes import write_home

NOW = datetime(2026, 10, 20, tzinfo=UTC)
TODAY = date(2026, 10, 20)


@dataclass
class PushingHome:
    """One home with two weeks of closed days."""

    store: Store
    config: Config

    def pushed(self, lake: Lake) -> int:
        days = list(due_days(self.store, self.config, lake, now_utc=NOW))
        for day in days:
            push(lake, day)
        return len(days)

    def card(self, lake: Lake) -> dict[str, object]:
        secret = fleet_secret(self.store, self.config, lake)
        return card(self.config, secret, lake.lake_id)

    def enrolled(self, lake: Lake, group: str | None = None) -> str:
        return enroll(lake, self.card(lake), now_utc=NOW, group=group).vantage


def home(
    folder: Path, name: str, family: str = "quiet", **fleet: object
) -> PushingHome:
    folder.mkdir(parents=True, exist_ok=True)
    store = open_store(f"sqlite:///{folder}/{name}.db")
    for batch in read_batches(write_home(folder, name, family)):
        store.samples.append(list(samples_from(batch)))
    close_days(store, now_utc=NOW)
    document = {
        "vantage": name,
        "timezone": "Asia/Almaty",
        "database": f"sqlite:///{folder}/{name}.db",
        "targets": [{"name": "facebook", "url": "https://facebook.test/"}],
        "fleet": {"consent": CONSENT, "isp": "Provider A", **fleet},
    }
    return PushingHome(store, parse(document, source="test"))
