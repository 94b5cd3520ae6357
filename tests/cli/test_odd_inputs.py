"""Whatever is asked for wrongly gets one message, its exit status, and no file."""

import os
import random
import resource
import subprocess
import sys
import zipfile
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from monitor.cli import cli
from monitor.simulation import simulate
from tests.ports import free_port

CONFIG = """
vantage: simulated
timezone: Asia/Almaty
report: {pdf: false}
targets: [{name: facebook, url: "https://www.facebook.com/"}]
"""
NIGHT = ["report", "--date", "2026-03-02", "--since", "2026-03-01"]
ANSWERS = [
    ["export", "out.csv"],
    ["export", "out.parquet"],
    ["export", "out.ooni.jsonl"],
    ["export", "out", "--partitioned"],
    ["export", "out.har", "--at", "2026-03-02T12:00"],
    ["report"],
    ["report", "--preview"],
    ["anomalies"],
    ["sql", "SELECT 1"],
    ["note", "list"],
    ["note", "remove", "1"],
    ["verify", "--stored"],
    ["analyze"],
]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with three measured days and the bundle of a night."""
    folder = tmp_path_factory.mktemp("filled")
    terms = {"start": date(2026, 3, 1), "timezone": "Asia/Almaty", "every_s": 3600}
    home = simulate("slow_3x", seed=1, days=3, noise="gaussian_ar", **terms)
    (folder / "config.yaml").write_text(CONFIG)
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        patched.delenv("MONITOR_DATABASE", raising=False)
        home.samples.to_parquet("home.parquet")
        (folder / "is_file").write_text("x")
        (folder / "is_folder.csv").mkdir()
        (folder / "night" / "report.csv").mkdir(parents=True)
        call("import", "home.parquet")
        call(*NIGHT, "--out", "kept", "--bundle")
    return folder


@pytest.fixture
def here(filled: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(filled)
    monkeypatch.delenv("MONITOR_DATABASE", raising=False)
    return filled


def call(*words: str, status: int = 0) -> Result:
    result = CliRunner().invoke(cli, words, prog_name="monitor")
    assert result.exit_code == status, (words, result.output, result.exception)
    return result


def files(folder: Path) -> dict[Path, bytes]:
    """Every file but the database's own, with what is in it."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return {p: p.read_bytes() for p in found if not p.name.startswith("monitor.db")}


def refused(folder: Path, *words: str, status: int = 2) -> str:
    """The one message of a command that leaves every file as it was."""
    before = files(folder)
    result = call(*words, status=status)
    assert result.stdout == ""
    assert files(folder) == before
    first, *more = result.stderr.rstrip("\n").split("\n")
    if first.startswith("Usage: "):
        assert more[0].startswith("Try ")
        first, *more = more[2:]
    assert first.startswith(("monitor: ", "Error: "))
    # A configuration tells each of its problems on a line.
    assert all(line.startswith("  ") for line in more)
    return result.stderr


@pytest.mark.parametrize("words", ANSWERS, ids=" ".join)
def test_a_database_that_is_not_there_is_not_made_to_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    """A misspelled name would otherwise look like a quiet home, or an intact chain."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MONITOR_DATABASE", raising=False)
    (tmp_path / "config.yaml").write_text(CONFIG)
    told = refused(tmp_path, *words)
    assert told.startswith("monitor: database: found no file 'monitor.db'; allowed: ")
    assert told.count("\n") == 1
    assert not (tmp_path / "monitor.db").exists()


@pytest.mark.parametrize("words", ANSWERS, ids=" ".join)
def test_a_server_out_of_reach_is_a_service(here: Path, words: list[str]) -> None:
    url = f"postgresql+psycopg://me:geheim@127.0.0.1:{free_port()}/home"
    line = refused(here, "--database", url, *words, status=3)
    assert "connection" in line
    assert "geheim" not in line


@pytest.mark.parametrize(
    ("name", "status", "told"),
    [
        ("sqlite:///is_file", 2, "no SQLite database"),
        ("sqlite:///is_folder.csv", 2, "is a folder"),
        ("sqlite:///missing/a.db", 2, "there is no folder 'missing'"),
        ("mysql://a/b", 2, "allowed: sqlite:///FILE"),
        ("nonsense", 2, "found 'nonsense'; allowed: sqlite:///FILE"),
    ],
)
def test_a_database_that_cannot_be_one_is_told(here, name, status, told) -> None:
    assert told in refused(here, "--database", name, "anomalies", status=status)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["report", "--date", "2150-01-01"], "--date: found 2150-01-01; allowed: a da"),
        (["report", "--date", "9999-12-31"], "a date between 1970 and 2199"),
        (["report", "--date", "2026-02-30"], "a date that exists"),
        (["report", "--date", "2020-01-01"], "before, nothing was measured"),
        ([*NIGHT, "--out", "is_file"], "is a file"),
        ([*NIGHT, "--out", "is_file/x"], "is_file/x: cannot be written: "),
        (
            [*NIGHT, "--out", "night"],
            "night: cannot be written: report.csv is a folder",
        ),
        ([*NIGHT, "--out", "/proc/x"], "/proc/x: cannot be written: "),
        ([*NIGHT, "--bundle", "--level", "secret"], "'private', 'trusted', 'public'"),
        (
            ["export", "is_folder.csv"],
            "is_folder.csv: cannot be written: Is a directory",
        ),
        (["export", "missing/a.csv"], "missing/a.csv: cannot be written: No such file"),
        (["export", "missing/a.parquet"], "a.parquet: cannot be written: No such file"),
        (["export", "is_file/a.csv"], "is_file/a.csv: cannot be written: Not a direc"),
        (["export", "is_file/a.ooni.jsonl"], "cannot be written: Not a directory"),
        (
            ["export", "is_file", "--partitioned"],
            "cannot be made: a file is in the way",
        ),
        (["export", "a.csv", "--at", "2026-03-02T12:00"], "a .har file needs --at"),
        (["export", "a.har"], "a .har file needs --at"),
        (["export", "a.har", "--at", "9999-12-31T23:59"], "allowed: a local time"),
        (["export", "a.har", "--at", "0001-01-01T00:00"], "allowed: a local time"),
        (["export", "missing/a.har", "--at", "2026-03-02T12:00"], "cannot be written"),
        (["export", "a.xls"], "unknown ending; allowed: .csv"),
        (
            ["export", "a.csv", "--target", "facebok"],
            "--target: found 'facebok'; allow",
        ),
        (
            ["export", "a.csv", "--since", "2026-03-03", "--until", "2026-03-01"],
            "--since: found 2026-03-03; allowed: a date up to 2026-03-01",
        ),
        (["import", "is_file"], "is_file: unknown ending; allowed: .csv"),
        (["import", "missing.csv"], "missing.csv: there is no such file"),
        (
            ["import", "home.parquet", "missing.csv"],
            "missing.csv: there is no such file",
        ),
        (["import", "is_folder.csv"], "is a directory"),
        (["import", "--format", "ooni", "missing"], "missing: cannot be read as text"),
        (
            ["import", "--format", "ooni", "home.parquet"],
            "home.parquet: cannot be read",
        ),
        (
            ["import", "--format", "fping", "is_file"],
            "is_file: line 1: found 'no reply",
        ),
        (["import", "--format", "smokeping", "is_file"], "allowed: the output of `rrd"),
        (["import", "--format", "speedtest-tracker", "is_file"], "allowed: a header"),
        (["analyze", "--from", "missing.csv"], "missing.csv: there is no such file"),
        (["analyze", "--from", "kept/evidence.zip"], "unknown ending"),
        (["analyze", "--vantage", "hom"], "--vantage: found 'hom'; allowed: simulated"),
        (["analyze", "--window", "25:00-26:00"], "window: found '25:00-26:00'"),
        (["analyze", "--timezone", "Mars/Base"], "allowed: an IANA time zone"),
        (
            ["anomalies", "--min-ratio", "nan"],
            "--min-ratio: found nan; allowed: a numb",
        ),
        (["anomalies", "--min-ratio", "-3"], "--min-ratio: found -3.0; allowed"),
        (["anomalies", "--verdict", "slow"], "'targeted_throttling'"),
        (["anomalies", "--episodes", "--by", "month"], "--episodes: found beside --by"),
        (["anomalies", "--compare", "9999-12-31"], "--compare: found '9999-12-31'"),
        (["note", "list", "--since", "2027-01-01", "--until", "2026-01-01"], "up to"),
        (["note", "remove", "99999999999999999999"], "there is no number 9999999999"),
        (["sql", "SELECT 1; SELECT 2"], "one statement at a time"),
        (
            ["verify", "/dev/zero"],
            "/dev/zero: found no regular file; allowed: a bundle",
        ),
        (["verify", "is_file"], "is_file: no evidence bundle"),
        (["verify", "missing"], "missing: cannot be read: No such file"),
        (["verify", "kept/report.html"], "kept/report.html: no evidence bundle"),
        (["verify", "kept/evidence.zip", "--authority-roots", "is_file"], "is_file: "),
        (["verify", "kept/evidence.zip", "--authority-roots", "none"], "none: "),
    ],
    ids=lambda part: " ".join(part) if isinstance(part, list) else "",
)
def test_odd_input_is_refused_with_one_message(here: Path, words, told: str) -> None:
    assert told in refused(here, *words)


def altered_zip(path: Path, name: str) -> Path:
    """The bundle, spoiled in a way that this program would never write."""
    body = path.read_bytes()
    new = path.with_name(f"{name}.zip")
    kept = {"half": body[: len(body) // 2], "head": body[:100], "doubled": body * 2}
    new.write_bytes(kept.get(name, body))
    if name not in kept:
        with zipfile.ZipFile(new, "a", zipfile.ZIP_DEFLATED) as bundle:
            info = zipfile.ZipInfo("../evil" if name == "path" else "extra")
            info.compress_type = zipfile.ZIP_DEFLATED
            if name == "link":
                info.external_attr = 0o120777 << 16
            bundle.writestr(
                info, bytes(50_000_000) if name == "bomb" else b"/etc/passwd"
            )
    return new


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("half", "not a readable zip archive"),
        ("head", "not a readable zip archive"),
        ("doubled", "not byte for byte"),
        ("path", "'../evil' is no plain relative name"),
        ("link", "extra: was added: the manifest does not know it"),
        ("bomb", "a zip bomb"),
    ],
)
def test_a_spoiled_bundle_is_altered_and_nothing_is_unpacked(
    here: Path, name: str, told: str
) -> None:
    path = altered_zip(here / "kept" / "evidence.zip", name)
    before = files(here)
    found = call("verify", str(path), status=1)
    assert found.stdout.startswith("ALTERED:")
    assert told in found.stdout
    assert files(here) == before
    path.unlink()


@pytest.mark.parametrize(
    "words",
    [
        ["export", "big.csv"],
        pytest.param(["export", "big.csv.gz"], marks=pytest.mark.long),
        pytest.param(["export", "big.parquet"], marks=pytest.mark.long),
        pytest.param(["export", "big.ooni.jsonl"], marks=pytest.mark.long),
        [*NIGHT, "--out", "big"],
    ],
    ids=lambda words: " ".join(words[-1:]),
)
def test_a_full_disk_leaves_nothing_half_written(here: Path, words: list[str]) -> None:
    """No file may grow beyond 20 kB; the older file of that name stays."""
    target = here / words[1]
    if words[0] == "export":
        target.write_text("older")
    before = files(here)

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    done = subprocess.run(
        [sys.executable, "-B", "-m", "monitor", *words],
        check=False,
        capture_output=True,
        text=True,
        preexec_fn=limited,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert done.returncode in (2, 3), done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("monitor: ")
    assert len(done.stderr.rstrip("\n").split("\n")) == 1
    assert files(here) == before


def test_random_bytes_are_never_a_bundle(here: Path) -> None:
    for seed in range(20):
        (here / "noise").write_bytes(random.Random(seed).randbytes(500))
        assert "no evidence bundle" in refused(here, "verify", "noise")
    (here / "noise").unlink()
