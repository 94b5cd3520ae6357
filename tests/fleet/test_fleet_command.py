"""`monitor fleet` from an empty lake to a published report, as people type it."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from monitor.cli import cli
from monitor.clock import SystemClock
from monitor.evidence.ledger import close_days
from monitor.interchange import read_batches, samples_from
from monitor.store import open_store
from tests.fleet.homes import home_rows


def monitor(*arguments: str, status: int = 0) -> str:
    done = CliRunner().invoke(cli, arguments)
    assert done.exit_code == status, done.output
    return done.stdout


OF_A_HOME = {
    "timezone": "Asia/Almaty",
    "targets": [{"name": "facebook", "url": "https://facebook.test/"}],
    "fleet": {"to": "lake", "isp": "Provider A"},
}


@pytest.fixture
def yesterday(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A home whose two weeks of closed days ended two days ago."""
    monkeypatch.chdir(tmp_path)
    now = SystemClock().now_utc()
    rows = home_rows("slow_3x", 1).assign(vantage="home")
    late = (now - timedelta(days=2)).date() - rows["started_at_utc"].max().date()
    rows["started_at_utc"] += late
    rows.to_parquet("rows.parquet", index=False)
    Path("config.yaml").write_text(yaml.safe_dump(OF_A_HOME))
    with open_store("sqlite:///monitor.db") as store:
        for batch in read_batches(Path("rows.parquet")):
            store.samples.append(list(samples_from(batch)))
        close_days(store, now_utc=now)
    return (now - timedelta(days=3)).date().isoformat()


@pytest.mark.every_run
def test_from_an_empty_lake_to_a_report(yesterday: str) -> None:
    monitor("fleet", "init", "lake", "--buckets", "2")
    Path("card.json").write_text(monitor("fleet", "card"))
    assert (
        "consent"
        in CliRunner().invoke(cli, ["fleet", "enroll", "lake", "card.json"]).stderr
    )
    monitor("fleet", "push", status=2)
    agreed = Path("config.yaml").read_text().replace("isp:", "consent: 1\n  isp:")
    Path("config.yaml").write_text(agreed)
    Path("card.json").write_text(monitor("fleet", "card"))
    monitor("fleet", "enroll", "lake", "card.json")
    assert "days, " in monitor("fleet", "push", "--preview", "shown")
    assert list(Path("shown/inbox").rglob("*.parquet"))
    assert not Path("lake/inbox").exists()
    assert "15 days, " in monitor("fleet", "push")
    assert "0 days, 0 rows pushed" in monitor("fleet", "push")
    assert "15 days, " in monitor("fleet", "compact", "lake")
    told = monitor("fleet", "analyze", "lake", "--workers", "1", "--json")
    document = json.loads(told)
    accused = {v["target"] for v in document["verdicts"] if v["e_value"] > 1000}
    assert accused
    assert {g["label"] for g in document["groups"]} == {"too few homes"}
    assert "0 differences" in monitor("fleet", "verify", "lake")
    monitor("fleet", "report", "lake", "--out", "told")
    published = json.loads(Path("told/fleet.json").read_text())
    assert (published["groups"], published["evenings"]) == ([], [])
    assert published["n_too_few"] == 4


def test_dask_settings_are_a_file_of_its_own() -> None:
    document = yaml.safe_load(monitor("fleet", "dask-config"))
    assert document["distributed"]["scheduler"]["http"]["routes"] == []
    assert document["distributed"]["worker"]["profile"]["enabled"] is False


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["push", "--to", "nowhere"], "found no lake.json"),
        (["compact", "nowhere"], "found no lake.json"),
        (["report", "nowhere", "--night", "2026-10-30"], "judged are: none"),
        (["analyze", "lake", "--tls-key", "k"], "give all"),
    ],
)
def test_bad_use_is_told(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("config.yaml").write_text(yaml.safe_dump(OF_A_HOME))
    done = CliRunner().invoke(cli, ["fleet", *arguments])
    assert done.exit_code == 2
    assert said in done.stderr
