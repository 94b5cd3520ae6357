"""The night's work: verdicts are stored once; a missed night is owed."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from monitor.analysis import METHOD_VERSION
from monitor.cli import cli
from monitor.interchange import read_batches, samples_from
from monitor.nightly import Night, analyse, owed
from monitor.simulation import Home, simulate
from monitor.store import open_store

ZONE = "Asia/Almaty"
START = date(2026, 3, 1)
DAYS = 12
LAST = START + timedelta(days=DAYS - 2)
NOW = datetime(2026, 3, 13, tzinfo=UTC)


def fill(database: str, home: Home, folder: Path) -> None:
    path = folder / "simulated.parquet"
    home.samples.to_parquet(path)
    with open_store(database) as store:
        for batch in read_batches(path):
            store.append(samples_from(batch))


@pytest.fixture
def filled(database: str, tmp_path: Path) -> str:
    """A database with twelve simulated days, a site three times slower each evening."""
    home = simulate(
        "slow_3x", seed=2, days=DAYS, start=START, timezone=ZONE, every_s=900
    )
    fill(database, home, tmp_path)
    return database


def night(database: str) -> Night:
    with open_store(database) as store:
        vantage = next(iter(store.samples())).vantage
    return Night(
        database=database,
        vantage=vantage,
        timezone=ZONE,
        window="20:00-22:00",
        last_evening=LAST,
    )


def test_verdicts_are_stored_with_method_and_evidence(filled: str) -> None:
    document = analyse(night(filled), computed_at_utc=NOW)
    with open_store(filled) as store:
        assert store.latest_verdicts() == document
    assert document is not None
    assert document["method_version"] == METHOD_VERSION
    assert document["until"] == LAST.isoformat()
    assert {v["verdict"] for v in document["verdicts"]} & {
        "targeted_throttling",
        "selective_slowdown",
    }


def test_same_samples_give_the_same_verdicts(filled: str) -> None:
    first = analyse(night(filled), computed_at_utc=NOW)
    second = analyse(night(filled), computed_at_utc=NOW + timedelta(hours=1))
    assert first == second


def test_night_without_samples_stores_nothing(database: str) -> None:
    with open_store(database) as store:
        empty = Night(
            database=database,
            vantage="home",
            timezone=ZONE,
            window="20:00-22:00",
            last_evening=LAST,
        )
        assert analyse(empty, computed_at_utc=NOW) is None
        assert store.latest_verdicts() is None


def test_what_is_owed_follows_local_midnight() -> None:
    # 20:00 UTC is 01:00 of the next day in Almaty
    late = datetime(2026, 3, 10, 20, tzinfo=UTC)
    assert owed(None, now_utc=late, timezone=ZONE) == date(2026, 3, 10)
    assert owed({"until": "2026-03-09"}, now_utc=late, timezone=ZONE) == date(
        2026, 3, 10
    )
    assert owed({"until": "2026-03-10"}, now_utc=late, timezone=ZONE) is None


def test_command_does_a_night_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("os.nice", lambda _: 0)  # the tests' own process stays quick
    today = datetime.now(UTC).date()
    home = simulate(
        "quiet",
        seed=2,
        days=DAYS,
        start=today - timedelta(days=DAYS),
        timezone=ZONE,
        every_s=900,
    )
    (tmp_path / "config.yaml").write_text(
        json.dumps(
            {
                "timezone": ZONE,
                "vantage": home.samples["vantage"].iloc[0],
                "targets": [{"name": "a", "url": "https://a.example/"}],
            }
        )
    )
    fill("sqlite:///monitor.db", home, tmp_path)
    first = CliRunner().invoke(cli, ["nightly"])
    assert first.exit_code == 0, first.output
    assert "no_recurring_slowdown" in first.stderr
    second = CliRunner().invoke(cli, ["nightly"])
    assert "nothing is owed" in second.stderr
