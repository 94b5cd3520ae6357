"""Whatever the program makes is its owner's alone, whatever the umask."""

import ast
import os
import re
import signal
import sqlite3
import stat
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import monitor
from monitor import private
from monitor.config import Config, parse
from monitor.doctor import State, private_findings
from monitor.evidence import write_bundle
from monitor.exchange import partitions
from monitor.fleet.lake import Files
from monitor.interchange import write_samples
from monitor.model import Sample
from monitor.nightly import write_files
from monitor.nights import run_due_nights
from monitor.store import open_store
from monitor.store.backup import backup
from monitor.store.spool_file import SpoolFile
from tests import forks
from tests.door import ask_store, ask_store_as_it_is
from tests.servers.tcp import serve
from tests.servers.web import says
from tests.test_daemon import PAGE, configuration, stopped, wait_for

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SAMPLES = [
    Sample(started_at_utc=NOON + timedelta(minutes=n), target="a", connect_s=0.1)
    for n in range(3)
]


@pytest.fixture(params=[0o000, 0o022], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    """A umask that a person or a service may have."""
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def wide(folder: Path, *, but: frozenset[str] = frozenset()) -> dict[str, str]:
    """What others may use below a folder, or what its owner may not."""
    found = {}
    for path in folder.rglob("*"):
        mode = stat.S_IMODE(path.lstat().st_mode)
        needed = 0o700 if path.is_dir() else 0o600
        if path.name not in but and (mode & 0o077 or mode & needed != needed):
            found[str(path.relative_to(folder))] = oct(mode)
    return found


def run(folder: Path, *words: str, umask: int = 0) -> None:
    forks.run(*words, cwd=folder, umask=umask, stdout=subprocess.DEVNULL)


@pytest.mark.every_run
@pytest.mark.timeout(900)
def test_what_commands_make_is_private(tmp_path: Path) -> None:
    configuration(tmp_path, 1)
    with open_store(f"sqlite:///{tmp_path / 'monitor.db'}") as store:
        store.samples.append(SAMPLES)
    (tmp_path / "old").mkdir()
    run(tmp_path, "nightly")
    run(tmp_path, "report", "--date", "2026-03-01", "--out", "a/b", "--bundle")
    run(tmp_path, "backup", "copy.db")
    run(tmp_path, "--database", "sqlite:///other.db", "restore", "copy.db")
    run(tmp_path, "export", "--partitioned", "parts/deep")
    run(tmp_path, "export", "a.ooni.jsonl")
    assert wide(tmp_path, but=frozenset({"config.yaml", "old"})) == {}
    assert (tmp_path / "a" / "b" / "evidence.zip").exists()


async def test_what_the_daemon_makes_is_private(tmp_path: Path) -> None:
    """Its log and index of SQLite are there while it runs only."""
    async with serve(says(PAGE)) as served:
        configuration(tmp_path, served.port)
        process = forks.Command(
            "run",
            cwd=tmp_path,
            umask=0,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            (tmp_path / "log").touch()
            await wait_for(tmp_path, "SELECT * FROM rounds")
            found = wide(tmp_path, but=frozenset({"config.yaml", "log"}))
            assert (tmp_path / "monitor.db-wal").exists()
            await stopped(process, signal.SIGTERM)
        finally:
            process.kill()
            process.wait()
    assert found == {}


def config_of(folder: Path) -> Config:
    document = {
        "timezone": "Asia/Almaty",
        "database": f"sqlite:///{folder / 'monitor.db'}",
        "targets": [{"name": "a", "url": "https://a.example/"}],
        "report": {"folder": str(folder / "deep" / "reports"), "pdf": False},
    }
    return parse(document, source="test")


def test_what_the_library_makes_is_private(tmp_path: Path, umask: int) -> None:
    """Without the command line, which sets a umask of its own."""
    config = config_of(tmp_path)
    with open_store(config.database) as store:
        store.samples.append(SAMPLES)
        assert (tmp_path / "monitor.db-wal").exists()
        assert wide(tmp_path) == {}
    list(
        ask_store(
            config.database, run_due_nights, config, now_utc=NOON + timedelta(days=1)
        )
    )
    for name in ("a.csv", "a.ndjson.gz", "a.parquet"):
        write_samples(tmp_path / name, SAMPLES)
    partitions.write(tmp_path / "parts" / "deep", SAMPLES, timezone="Asia/Almaty")
    list(ask_store_as_it_is(config.database, backup, tmp_path / "copy.db"))
    write_files(tmp_path / "c" / "d", {"report.html": b"x"})
    write_bundle(
        tmp_path / "evidence.zip",
        report_files={"report.html": b"x"},
        samples=SAMPLES,
        config_document={},
        verdict_document={"verdicts": []},
    )
    spool = SpoolFile(tmp_path / "x.spool")
    spool.append(SAMPLES[0])
    with spool.path.open("ab") as file:
        file.write(b"torn\n")
    spool.drain(lambda _: True)
    spool.append(SAMPLES[1])
    assert spool.path.exists()
    assert (tmp_path / "x.spool.unreadable").exists()
    Files(str(tmp_path / "lake")).write("samples/v1/part.parquet", b"x")
    assert wide(tmp_path) == {}


def test_older_files_are_taken_from_others(tmp_path: Path) -> None:
    config = config_of(tmp_path)
    night = tmp_path / "deep" / "reports" / "2026-02-20"
    night.mkdir(parents=True)
    with closing(sqlite3.connect(tmp_path / "monitor.db")) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    (tmp_path / "monitor.db").chmod(0o644)
    night.chmod(0o755)
    list(ask_store(config.database, run_due_nights, config, now_utc=NOON))
    assert wide(tmp_path / "deep" / "reports") == {}
    assert not private.is_open_to_others(tmp_path / "monitor.db")


def test_a_doctor_tells_of_files_that_others_may_read(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("")
    path.chmod(0o644)
    config = config_of(tmp_path)
    (tmp_path / "monitor.db").touch(0o644)
    (tmp_path / "monitor.db").chmod(0o664)
    first, *rest = private_findings(config, path)
    assert (first.state, rest) == (State.OK, [])
    assert "set right just now: 1" in first.result
    assert not private.is_open_to_others(tmp_path / "monitor.db")
    (first,) = private_findings(config, path)
    assert "set right" not in first.result
    notify = replace(config.notify, urls=("json://a/b",))
    secret = replace(config, notify=notify)
    (_, second) = private_findings(secret, path)
    assert second.state is State.WARNING
    assert "holds secrets" in second.result


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_files_of_others_are_told_of_and_left(tmp_path: Path) -> None:
    config = config_of(tmp_path)
    file = tmp_path / "monitor.db"
    file.touch()
    file.chmod(0o644)
    os.chown(file, 65534, 65534)
    (first,) = private_findings(config, tmp_path / "config.yaml")
    assert first.state is State.WARNING
    assert "monitor.db" in first.result
    assert private.is_open_to_others(file)


def test_a_link_gives_no_other_file_new_rights(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("x")
    other.chmod(0o644)
    (tmp_path / "link").symlink_to(other)
    assert not private.take_from_others(tmp_path / "link")
    assert private.is_open_to_others(other)


def test_no_umask_takes_a_file_from_its_owner(tmp_path: Path) -> None:
    before = os.umask(0o777)
    try:
        private.write(tmp_path / "a", b"x")
        private.make_folder(tmp_path / "b" / "c")
        private.ensure_file(tmp_path / "b" / "c" / "d")
    finally:
        os.umask(before)
    assert wide(tmp_path) == {}


def test_a_file_that_is_there_is_not_taken_for_a_new_one(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    with pytest.raises(FileExistsError):
        private.new_file(tmp_path / "a")
    (tmp_path / "c").touch()
    with pytest.raises(NotADirectoryError):
        private.make_folder(tmp_path / "c" / "d")


WRITERS = {
    *("mkdir", "makedirs", "write_text", "write_bytes", "touch", "ParquetWriter"),
    *("open_output_stream", "create_dir"),
}
KEPT = r"private\.|replacing\(|BufferOutputStream\("
"""What is written was made by `private`, or stays in memory."""


def writes(path: Path) -> list[int]:
    """The lines of a module that make or fill a file or folder."""
    lines = []
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        modes = [a.value for a in node.args if isinstance(a, ast.Constant)]
        opens = name in ("open", "ZipFile") and any(
            isinstance(mode, str) and len(mode) < 4 and set(mode) & set("wxa")
            for mode in modes
        )
        if name in WRITERS or opens:
            lines.append(node.lineno)
    return lines


@pytest.mark.every_run
def test_no_module_makes_files_past_the_one_that_keeps_them_private() -> None:
    """What is written was made by `private`, or by `replacing`, which asks it."""
    root = Path(monitor.__file__).parent
    strangers = {
        f"{path.relative_to(root)}:{line}"
        for path in root.rglob("*.py")
        if path.name != "private.py" and not re.search(KEPT, path.read_text())
        for line in writes(path)
    }
    # `archive` seals the file that `bundle` has made; a probe touches no file.
    assert {
        s for s in strangers if not s.startswith(("evidence/archive", "probe"))
    } == (set())
