"""From a database to a bundle, a preview, a time-stamp, and back through verify."""

import json
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from click.testing import CliRunner, Result

from monitor.cli import cli
from monitor.evidence import verify_bundle, write_bundle
from monitor.interchange import NAMES, samples_from
from monitor.simulation import demo_home
from monitor.store import Store, open_store
from tests.costs import in_brief
from tests.evidence.authority import make_authority, serving
from tests.evidence.samples import some_samples
from tests.ports import free_port

CONFIG = """
timezone: Asia/Almaty
vantage: simulated
report: {pdf: false}
home: {provider: Example Net, line: "fibre, 100 Mbit/s"}
targets: [{name: facebook, url: "https://www.facebook.com/"}]
"""
LEVELS = ("private", "trusted", "public")
THEIRS = b"%PDF of a regulator's test\x00"
DOCS = Path("docs").absolute()
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
    time = frame["started_at_utc"].dt
    frame = frame[(time.minute < 5) & ((time.hour % 4 == 0) | time.hour.isin((15, 16)))]
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


@pytest.mark.every_run
def test_the_digest_in_the_report_confirms_the_rows_of_its_bundle(run, tmp_path):
    run(*BUNDLE)
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    digest = report["chain"]["digest"]
    assert digest in (tmp_path / "out" / "report.html").read_text()
    words = ("verify", "out/evidence.zip", "--digest", digest, "--scope")
    told = run(*words, "verdicts").stdout
    assert f"{digest} is the digest of the day 2018-03-21 of 'simulated'" in told
    assert "It binds 1364 rows of 9 days (2018-03-13 to 2018-03-21)" in told
    assert "Not bound by it: about/custody.html, about/custody.json" in told
    assert "computed again from these rows" in told
    told = run(*words, "all", exit_code=1).stdout
    assert "report/report.html: is neither bound" in told


@pytest.mark.long
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


@pytest.mark.long
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


@pytest.mark.parametrize("level", in_brief(LEVELS, "private"))
def test_the_report_is_in_the_bundle_at_each_level(run, tmp_path, level: str):
    (tmp_path / "of <others>.pdf").write_bytes(THEIRS)
    words = ("--attach", str(tmp_path / "of <others>.pdf"))
    told = run("note", "add", "2018-03-19", "my own note", *words).stdout
    assert f"SHA-256 {sha256(THEIRS).hexdigest()}" in told
    run(*BUNDLE, "--level", level)
    name = "evidence.zip" if level == "private" else f"evidence-{level}.zip"
    assert run("verify", f"out/{name}").stdout.startswith("intact:")
    with zipfile.ZipFile(tmp_path / "out" / name) as bundle:
        texts = {
            member: bundle.read(member).decode()
            for member in bundle.namelist()
            if member.startswith("report/")
        }
        attached = {m: bundle.read(m) for m in bundle.namelist() if "attached/" in m}
    assert set(texts) == {f"report/report.{kind}" for kind in ("html", "csv", "json")}
    is_public = level == "public"
    member = f"attached/{sha256(THEIRS).hexdigest()}-of__others_.pdf"
    assert attached == ({} if is_public else {member: THEIRS})
    digest = sha256(THEIRS).hexdigest()
    assert (digest not in texts["report/report.html"]) == is_public
    assert (digest not in texts["report/report.json"]) == is_public
    assert ("my own note" not in texts["report/report.html"]) == is_public
    assert ("pseudonym" in texts["report/report.html"]) == is_public
    vantages = {row.split(",")[0] for row in texts["report/report.csv"].splitlines()}
    assert ("simulated" not in vantages) == is_public
    assert ('"vantage": "simulated"' not in texts["report/report.json"]) == is_public


def test_an_attached_file_under_the_name_of_another_is_told(run, tmp_path):
    (tmp_path / "theirs.txt").write_bytes(THEIRS)
    words = ("--attach", str(tmp_path / "theirs.txt"))
    run("note", "add", "2018-03-19", "a test", *words)
    (note,) = json.loads(run("note", "list", "--json").stdout)["notes"]
    assert note["attached"][0]["bytes"] == len(THEIRS)
    path = tmp_path / "made.zip"
    wrong = {f"attached/{'0' * 64}-theirs.txt": THEIRS}
    write_bundle(
        path,
        report_files={},
        samples=some_samples(),
        config_document={},
        verdict_document={},
        beside=wrong,
    )
    whats = [finding.what for finding in verify_bundle(path).findings]
    assert "is not the file whose SHA-256 its name tells" in whats


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"empty": b""}, "allowed: 1 to 5000000 bytes"),
        ({"large": bytes(5_000_001)}, "allowed: 1 to 5000000 bytes"),
        ({"a/same": b"1", "b/same": b"2"}, "each with a name of its own"),
    ],
)
def test_what_cannot_be_attached_is_named(run, tmp_path, files, words):
    paths = []
    for name, body in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(body)
        paths += ["--attach", str(path)]
    assert words in run("note", "add", "2018-03-19", "x", *paths, exit_code=2).stderr
    assert json.loads(run("note", "list", "--json").stdout)["notes"] == []


@pytest.mark.parametrize("level", in_brief(LEVELS, "public"))
def test_a_bundle_tells_of_itself_what_its_level_allows(run, tmp_path, level: str):
    run(*BUNDLE, "--level", level, "--language", "ru")
    name = "evidence.zip" if level == "private" else f"evidence-{level}.zip"
    with zipfile.ZipFile(tmp_path / "out" / name) as bundle:
        texts = {m: bundle.read(m).decode() for m in bundle.namelist()}
        bound = json.loads(texts["manifest.json"])["files"]
    about = {m.removeprefix("about/") for m in texts if m.startswith("about/")}
    pages = {"method.md", "error-rates.md", "glossary.md"}
    assert about == {"custody.html", "custody.json", *pages}
    assert {f"about/{member}" for member in about} <= set(bound)
    assert texts["about/method.md"] == Path(DOCS / "method.md").read_text()
    log, page = json.loads(texts["about/custody.json"]), texts["about/custody.html"]
    assert log["probe_versions"][0]["n"] == 1364
    assert "Журнал хранения" in page
    assert "СМОДЕЛИРОВАННЫЕ ДАННЫЕ" in page
    is_public = level == "public"
    for told in ("Example Net", "fibre, 100 Mbit/s"):
        assert (told in page) is not is_public
        assert (told in texts["report/report.html"]) is not is_public
        assert (told in texts["report/report.json"]) is not is_public
    assert ("left_out" in log) is is_public
    assert ("simulated" in str(log["vantage"])) is not is_public


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


@pytest.mark.long
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
