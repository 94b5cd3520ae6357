"""Import and export of other programs' formats from the command line."""

import json
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from monitor.cli import cli
from monitor.store import open_store
from tests.evidence.samples import some_samples
from tests.exchange.test_exchange import DATA, prometheus

CONFIG = """
timezone: Asia/Almaty
vantage: flat
targets: [{name: facebook, url: "https://www.facebook.com/"}]
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text(CONFIG)

    def call(*words: str, exit_code: int = 0) -> Result:
        result = CliRunner().invoke(cli, list(words))
        assert result.exit_code == exit_code, result.output
        return result

    return call


@pytest.mark.parametrize(
    ("form", "name", "n", "more"),
    [
        ("ooni", "web_connectivity.jsonl", 3, []),
        ("speedtest-tracker", "speedtest-tracker.csv", 3, ["--timezone", "UTC"]),
        ("ookla", "ookla.jsonl", 2, []),
        ("iperf3", "iperf3.json", 1, []),
        ("ndt7", "ndt7.jsonl", 1, ["--at", "2026-10-20T20:00"]),
        ("ripe-atlas", "atlas.json", 5, ["--vantage", "flat"]),
        ("fping", "fping.log", 7, []),
        ("smokeping", "youtube.txt", 19, []),
    ],
)
def test_importing_twice_stores_once(run, tmp_path, form, name, n, more):
    words = ["import", "--format", form, str(DATA / name), *more]
    assert f"{n} rows read, {n} new" in run(*words).stdout
    assert f"{n} rows read, 0 new" in run(*words).stdout
    with open_store(f"sqlite:///{tmp_path / 'monitor.db'}") as store:
        assert {s.vantage for s in store.samples.read()} == {"flat"}


def test_history_of_prometheus_is_imported(run):
    with prometheus((DATA / "prometheus.json").read_bytes()) as (url, _):
        words = ["--since", "2026-11-22", "--until", "2026-11-23"]
        result = run("import", "--prometheus", url, *words)
    assert "4 rows read, 4 new" in result.stdout


@pytest.mark.parametrize(
    "words",
    [
        ["import"],
        ["import", "--prometheus", "http://127.0.0.1:9"],
        ["import", "--format", "ooni", str(DATA / "fping.log")],
        ["import", "--format", "ooni", "--timezone", "UTC", str(DATA / "fping.log")],
        ["import", "--format", "ookla", "--at", "2026-10-20T20:00", "a.json"],
        ["import", "--timezone", "UTC", "a.csv"],
        ["export", "a.har", "--at", "noon"],
        ["export", "a.har", "--at", "2026-10-01T12:00"],
    ],
)
def test_bad_usage_is_told(run, words, tmp_path):
    assert run(*words, exit_code=2).stderr.startswith("monitor: ")
    assert not (tmp_path / "a.har").exists()


def test_three_ways_out(run, tmp_path):
    with open_store(f"sqlite:///{tmp_path / 'monitor.db'}") as store:
        store.samples.append(some_samples())
    assert "360 rows" in run("export", "a.ooni.jsonl").stdout
    assert "360 rows" in run("export", "parts", "--partitioned").stdout
    assert len(list((tmp_path / "parts").glob("date=*/samples.parquet"))) == 4
    run("export", "a.har", "--target", "facebook", "--at", "2026-10-02T20:00")
    document = json.loads((tmp_path / "a.har").read_text())
    (entry,) = document["log"]["entries"]
    at = datetime.fromisoformat(entry["startedDateTime"])
    wanted = datetime.fromisoformat("2026-10-02T20:00+05:00")
    assert abs((at - wanted).total_seconds()) <= 3600
