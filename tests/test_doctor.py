"""What `monitor doctor` tells of samples that were removed."""

from datetime import UTC, datetime, timedelta

from monitor.config import Config, Way, parse
from monitor.doctor import State, retention_findings, way_findings
from monitor.model import Sample
from monitor.store import Store, open_store
from monitor.store.clock_steps import ClockStep
from tests.door import ask_store, ask_store_as_it_is
from tests.store.test_retention import measured_round

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def config_of(database: str, **more: object) -> Config:
    document = {
        "timezone": "Asia/Almaty",
        "database": database,
        "targets": [{"name": "a", "url": "https://a.example/"}],
        **more,
    }
    return parse(document, source="test")


def told(config: Config) -> tuple[State, str]:
    (finding,) = ask_store(config.database, retention_findings, config, NOW)
    return finding.state, finding.result


def test_what_went_and_what_is_kept_is_told(empty_database: str) -> None:
    database = empty_database
    config = config_of(database, retention={"samples_days": 62})
    assert ask_store_as_it_is(database, retention_findings, config, NOW) == []
    days = [(NOW - timedelta(days=n)) for n in range(1, 71)]
    with open_store(database) as store:
        state, found = told(config)
        assert (state, "0 of 62 measured days" in found) == (State.OK, True)
        for day in days:
            store.samples.append(
                [Sample(started_at_utc=day, target="a", connect_s=0.1)]
            )
            store.rounds.append(measured_round(day.date()))
        retention = Store(database).retention("home")
        retention.decide(days[61].date(), decided_at_utc=NOW)
        while retention.step():
            pass
        retention.database.close()
        state, found = told(config)
        assert found.startswith("8 samples of 8 days removed so far; 62 of 62")
        assert found.endswith(f"from {days[61].date()}")
        step = ClockStep(before_utc=NOW - timedelta(days=700), after_utc=NOW)
        store.clock_steps.append("home", step)
    state, found = told(config)
    assert state is State.WARNING
    assert "from 2024-07-01 12:00 to 2026-06-01 12:00 UTC" in found


def test_without_retention_everything_is_kept(database: str) -> None:
    with open_store(database):
        _, found = told(config_of(database))
    assert found == "0 samples of 0 days removed so far; the others are kept"


def test_an_interface_that_is_not_there_is_a_warning() -> None:
    ways = (
        Way(name="tunnel", interface="wg0"),
        Way(name="line", interface="eth0"),
        Way(name="proxy", url="socks5://127.0.0.1:1080"),
    )
    (finding,) = way_findings(ways, {"lo", "eth0"})
    assert (finding.state, finding.check) == (State.WARNING, "way")
    assert "tunnel: no interface wg0" in finding.result
