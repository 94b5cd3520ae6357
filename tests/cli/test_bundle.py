"""From a database to a bundle, a preview, a time-stamp, and back through verify."""

import json
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from click.testing import CliRunner, Result

from monitor.cli import cli
from monitor.interchange import NAMES, samples_from
from monitor.simulation import demo_home
from monitor.store import Store, open_store
from tests.evidence.authority import make_authority, serving
from tests.ports import free_port

CONFIG = """
timezone: Asia/Almaty
vantage: simulated
report: {pdf: false}
targets: [{name: facebook, url: "https://www.facebook.com/"}]
"""
NIGHT = ["--date", "2018-03-20", "--since", "2018-03-14"]


@contextmanager
def listening() -> Iterator[tuple[int, list[dict]]]:
    """A webhook on loopback, and what it heard."""
    heard: list[dict] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.append(json.loads(body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port, heard
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with eight days of the simulated home, thinned out."""
    folder = tmp_path_factory.mktemp("filled")
    frame = demo_home().samples.reindex(columns=list(NAMES))
    frame = frame[frame["started_at_utc"] < datetime(2018, 3, 22, tzinfo=UTC)]
    frame = frame[frame["started_at_utc"].dt.minute < 5]
    (folder / "config.yaml").write_text(CONFIG)
    with open_store(f"sqlite:///{folder / 'monitor.db'}") as store:
        store.samples.append(samples_from(frame))
    return folder


@pytest.fixture
def run(tmp_path: Path, monkeypatch, filled: Path, no_pictures: None):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(filled, tmp_path, dirs_exist_ok=True)

    def call(*words: str, exit_code: int = 0) -> Result:
        result = CliRunner().invoke(cli, list(words))
        assert result.exit_code == exit_code, result.output
        return result

    return call


BUNDLE = ["report", *NIGHT, "--out", "out", "--bundle"]


def test_a_bundle_of_the_database_is_intact_with_its_verdicts(run):
    told = run(*BUNDLE).stdout
    digest = told.split("digest of this bundle: ")[1].split()[0]
    intact = run("verify", "out/evidence.zip", "--digest", digest)
    assert intact.stdout.startswith("intact:")
    assert "SIMULATED DATA: nothing here was measured." in intact.stdout
    assert f"confirmed: {digest} is the digest of this bundle" in intact.stdout
    assert intact.stderr == ""


def test_the_digest_in_the_report_confirms_the_rows_of_its_bundle(run, tmp_path):
    run(*BUNDLE)
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    digest = report["chain"]["digest"]
    assert digest in (tmp_path / "out" / "report.html").read_text()
    words = ("verify", "out/evidence.zip", "--digest", digest, "--scope")
    told = run(*words, "verdicts").stdout
    assert f"{digest} is the digest of the day 2018-03-21 of 'simulated'" in told
    assert "It binds 4664 rows of 9 days (2018-03-13 to 2018-03-21)" in told
    assert "Not bound by it: config.json, manifest.json" in told
    assert "computed again from these rows" in told
    told = run(*words, "all", exit_code=1).stdout
    assert "report/report.html: is neither bound" in told


def test_a_late_import_shows_as_second_link_and_passes_with_a_later_digest(
    run, tmp_path
):
    run(*BUNDLE)
    early = json.loads((tmp_path / "out" / "report.json").read_text())
    with open_store(f"sqlite:///{tmp_path / 'monitor.db'}") as store:
        first = next(iter(store.samples.read(since=datetime(2018, 3, 15, tzinfo=UTC))))
        store.samples.append([replace(first, target="late")])
    # Until the next closing it has grown, which is no alteration.
    run("verify", "--stored")
    run(*BUNDLE)
    run("verify", "--stored")
    words = ("verify", "out/evidence.zip", "--scope", "rows", "--digest")
    refused = run(*words, early["chain"]["digest"], exit_code=1)
    assert "second link" in refused.stdout
    assert "2018-03-15: a second link" in refused.stderr
    late_report = json.loads((tmp_path / "out" / "report.json").read_text())
    passed = run(*words, late_report["chain"]["digest"])
    assert "2018-03-15: a second link" in passed.stderr
    assert passed.stdout.startswith("intact:")


def test_a_bundle_shows_no_evening_whose_samples_were_removed(run, tmp_path):
    run(*BUNDLE)
    retention = Store(f"sqlite:///{tmp_path / 'monitor.db'}").retention("simulated")
    now = datetime(2018, 3, 22, tzinfo=UTC)
    retention.decide(date(2018, 3, 15), decided_at_utc=now)
    while retention.step():
        pass
    retention.database.close()
    refused = run(*BUNDLE, exit_code=2)
    assert "allowed with --bundle: 2018-03-17 and later" in refused.stderr
    told = run("report", "--date", "2018-03-20", "--out", "out", "--bundle").stdout
    digest = told.split("digest of this bundle: ")[1].split()[0]
    intact = run("verify", "out/evidence.zip", "--digest", digest)
    assert "days 2018-03-16 to 2018-03-21" in intact.stdout


@pytest.mark.parametrize("level", ["private", "trusted", "public"])
def test_the_report_is_in_the_bundle_at_each_level(run, tmp_path, level: str):
    run("note", "add", "2018-03-19", "my own note")
    run(*BUNDLE, "--level", level)
    name = "evidence.zip" if level == "private" else f"evidence-{level}.zip"
    assert run("verify", f"out/{name}").stdout.startswith("intact:")
    with zipfile.ZipFile(tmp_path / "out" / name) as bundle:
        texts = {
            member: bundle.read(member).decode()
            for member in bundle.namelist()
            if member.startswith("report/")
        }
    assert set(texts) == {f"report/report.{kind}" for kind in ("html", "csv", "json")}
    is_public = level == "public"
    assert ("my own note" not in texts["report/report.html"]) == is_public
    assert ("pseudonym" in texts["report/report.html"]) == is_public
    vantages = {row.split(",")[0] for row in texts["report/report.csv"].splitlines()}
    assert ("simulated" not in vantages) == is_public
    assert ('"vantage": "simulated"' not in texts["report/report.json"]) == is_public


def test_the_preview_tells_what_leaves_the_house_and_writes_nothing(run, tmp_path):
    told = run("report", *NIGHT, "--level", "public", "--preview").stdout
    assert "level public" in told
    assert "report/report.html" in told
    assert "started_at_utc: such as 2018-03-13T00:00:00.000000Z" in told
    assert "remote_address: not in it" in told
    assert "vantage: such as v-" in told
    assert "of simulated" not in told
    assert not list(tmp_path.rglob("*.zip"))
    assert not (tmp_path / "reports").exists()


def test_the_digest_is_sent_to_the_configured_services(run, tmp_path):
    with listening() as (port, heard):
        url = f"json://127.0.0.1:{port}/"
        (tmp_path / "config.yaml").write_text(CONFIG + f"notify: {{urls: ['{url}']}}\n")
        told = run("lodge", "--notify").stdout
    digest = told.split(":")[0]
    assert len(digest) == 64
    assert [digest in body["message"] for body in heard] == [True]


def test_a_digest_that_nobody_takes_is_told(run, tmp_path):
    url = f"json://127.0.0.1:{free_port()}/"
    (tmp_path / "config.yaml").write_text(CONFIG + f"notify: {{urls: ['{url}']}}\n")
    assert "0 of 1 digests" in run("lodge", "--notify", exit_code=3).stderr


@pytest.mark.parametrize("words", [[], ["--notify"], ["--notify", "--authority", "x"]])
def test_lodging_needs_one_place(run, words):
    assert run("lodge", *words, exit_code=2).stderr.startswith("monitor: ")


def test_a_lodged_digest_goes_into_later_bundles(run, tmp_path):
    make_authority(tmp_path)
    root = ["--authority-roots", "root.pem"]
    with serving(tmp_path) as url:
        told = run("lodge", "--authority", url, *root).stdout
    assert "time-stamped" in told
    run(*BUNDLE)
    checked = run("verify", "out/evidence.zip", *root)
    assert "was time-stamped at" in checked.stderr
    assert "signature not checked" not in checked.stderr
