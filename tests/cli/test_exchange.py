"""Import and export of other programs' formats from the command line."""

import json
from datetime import datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from monitor.cli import cli
from monitor.interchange.column_texts import MEANINGS
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


@pytest.fixture
def filled(run, tmp_path):
    with open_store(f"sqlite:///{tmp_path / 'monitor.db'}") as store:
        store.samples.append(some_samples())
    return run


def test_samples_go_to_standard_output_alone(filled, tmp_path):
    result = filled("export", "-", "--target", "facebook")
    assert "72 rows written" in result.stderr
    (tmp_path / "a.csv").write_text(result.stdout)
    filled("export", "b.csv", "--target", "facebook")
    assert (tmp_path / "a.csv").read_text() == (tmp_path / "b.csv").read_text()
    lines = filled("export", "-", "--format", "ndjson").stdout.splitlines()
    assert len(lines) == 360
    assert not (tmp_path / "-").exists()


@pytest.mark.parametrize("words", [["a.csv"], ["a.ooni.jsonl"], ["p", "--partitioned"]])
def test_nothing_is_written_over_unless_asked(filled, tmp_path, words):
    filled("export", *words)
    files = [path for path in tmp_path.rglob("*") if path.suffix in (".csv", ".jsonl")]
    for path in files:
        path.write_text("mine")
    assert (
        "allowed: a new one, or --force" in filled("export", *words, exit_code=2).stderr
    )
    assert {path.read_text() for path in files} <= {"mine"}
    filled("export", *words, "--force")
    assert "mine" not in {path.read_text() for path in files}


def test_parquet_says_what_its_columns_are(filled, tmp_path):
    filled("export", "a.parquet", "--licence", "CC-BY-4.0")
    schema = pq.read_schema(tmp_path / "a.parquet")
    assert schema.metadata[b"licence"] == b"CC-BY-4.0"
    about = {field.name: field.metadata for field in schema}
    assert about["goodput_bps"][b"unit"] == b"bit/s"
    assert about["connect_s"][b"description"] == b"TCP handshake only"
    assert all(b"description" in text for text in about.values())
    timed = [name for name in about if name.endswith(("_s", "_bytes", "_bps"))]
    assert all(b"unit" in about[name] for name in timed)


def test_the_descriptions_are_the_glossary_s():
    glossary = Path("docs/glossary.md").read_text().replace("`", "").replace("*", "")
    own = {"target", "role", "vantage", "path", "probe"}
    lines = glossary.splitlines()
    for name, text in MEANINGS.items():
        if name not in own:
            assert any(text in line and name in line for line in lines), name


@pytest.mark.parametrize(
    ("moment", "told"),
    [
        ("2026-10-25T02:30", "showed only once"),
        ("2026-03-29T02:30", "a time that clocks in Europe/Berlin showed"),
    ],
)
def test_a_time_that_clocks_showed_twice_or_never_is_asked_for(run, moment, told):
    words = ["import", "--format", "ndt7", "--timezone", "Europe/Berlin"]
    result = run(*words, "--at", moment, str(DATA / "ndt7.jsonl"), exit_code=2)
    assert told in result.output
    with_offset = run(*words, "--at", f"{moment}+01:00", str(DATA / "ndt7.jsonl"))
    assert "1 rows read, 1 new" in with_offset.stdout


def test_what_the_options_say_needs_no_configuration(run, tmp_path):
    (tmp_path / "config.yaml").unlink()
    words = ["--database", f"sqlite:///{tmp_path / 'monitor.db'}", "import"]
    ookla = [*words, "--format", "ookla", str(DATA / "ookla.jsonl")]
    assert "config.yaml" in run(*ookla, exit_code=2).output
    assert "2 new" in run(*ookla, "--vantage", "flat").stdout
    assert (
        "5 new"
        in run(*words, "--format", "ripe-atlas", str(DATA / "atlas.json")).stdout
    )


def test_a_test_of_iperf3_without_its_rate_is_refused(run, tmp_path):
    text = (DATA / "iperf3.json").read_text()
    (tmp_path / "no-rate.json").write_text(text.replace('"bits_per_second"', '"bits"'))
    result = run("import", "--format", "iperf3", "no-rate.json", exit_code=2)
    assert "bits_per_second" in result.output


def test_local_dates_of_an_export_are_those_of_where_it_was_measured(run, tmp_path):
    with open_store(f"sqlite:///{tmp_path / 'monitor.db'}") as store:
        store.samples.append(some_samples())
    (tmp_path / "config.yaml").unlink()
    words = ["--database", f"sqlite:///{tmp_path / 'monitor.db'}"]
    export = [*words, "export", "-", "--since", "2026-10-01"]
    assert "monitor vantage state" in run(*export, exit_code=2).output
    with open_store(f"sqlite:///{tmp_path / 'monitor.db'}") as store:
        names = {info.vantage for info in store.reader.series()}
    for name in names:
        run(*words, "vantage", "state", name, "--timezone", "Asia/Almaty")
    assert "rows written" in run(*export).output
    run(*words, "vantage", "state", "far", "--timezone", "Europe/Berlin")
    assert "rows written" in run(*export).output
