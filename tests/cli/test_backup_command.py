"""Backup, restore and wipe as their user meets them."""

import json
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from monitor.cli import cli
from monitor.store import open_store
from monitor.store.engine import make_engine
from tests import forks
from tests.evidence.samples import some_samples


@pytest.fixture
def database(empty_database: str) -> str:
    """Without tables: these tests are about that, or make their own."""
    return empty_database


@pytest.fixture
def home(tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory whose database holds samples."""
    document = {
        "timezone": "Asia/Almaty",
        "database": database,
        "targets": [{"name": "a", "url": "https://a.example/"}],
    }
    (tmp_path / "config.yaml").write_text(json.dumps(document))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MONITOR_DATABASE", raising=False)
    with open_store(database) as store:
        store.samples.append(s for s in some_samples() if s.vantage == "home")
    return tmp_path


def run(*words: str, status: int = 0) -> Result:
    result = CliRunner().invoke(cli, list(words))
    assert result.exit_code == status, result.output
    return result


def tables(url: str) -> set[str]:
    engine = make_engine(url)
    with engine.connect() as connection:
        found = set(sa.inspect(connection).get_table_names())
    engine.dispose()
    return found


def test_round_trip_through_a_wipe(home: Path, database: str) -> None:
    with open_store(database) as store:
        before = list(store.samples.read())
    assert f"{len(before)} samples, 0 rounds" in run("backup", "b.db").stdout
    run("wipe", "--yes")
    assert f"{len(before)} samples" in run("restore", "b.db").stdout
    with open_store(database) as store:
        assert list(store.samples.read()) == before


def test_backup_tells_what_waits_in_the_spool(home: Path, database: str) -> None:
    name = "monitor.db.spool" if database.startswith("sqlite") else "monitor.spool"
    (home / name).write_text("{}\n")
    assert "1 records wait in" in run("backup", "b.db").stderr


def test_wipe_removes_everything_and_says_what(home: Path, database: str) -> None:
    for night in ("2026-10-01", "2026-10-02"):
        (home / "reports" / night).mkdir(parents=True)
        (home / "reports" / night / "report.html").write_text("x")
    run("backup", "b.db")
    removed = run("wipe", "--yes").stdout
    assert "removed reports/2026-10-01" in removed
    assert {p.name for p in home.iterdir()} == {"config.yaml", "b.db"}
    if database.startswith("sqlite"):
        assert "monitor.db" in removed
    else:
        assert "removed table samples" in removed
        assert tables(database) == set()
    assert "nothing is stored" in run("wipe").stdout


def test_wiped_database_can_be_made_anew(home: Path, database: str) -> None:
    run("wipe", "--yes")
    run("db", "upgrade")
    assert "samples" in tables(database)


def test_wipe_leaves_what_is_not_ours(home: Path) -> None:
    (home / "reports" / "2026-10-01").mkdir(parents=True)
    (home / "reports" / "mine").mkdir()
    run("wipe", "--yes")
    assert [p.name for p in (home / "reports").iterdir()] == ["mine"]


def test_wipe_without_a_terminal_needs_to_be_told(home: Path, database: str) -> None:
    assert "--yes" in run("wipe", status=2).stderr
    with open_store(database) as store:
        assert list(store.samples.read())


def test_wipe_of_a_database_in_use_removes_nothing(
    home: Path, database: str, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'used.db'}"
    with open_store(url) as store:
        store.samples.append(some_samples())
        result = run("--database", url, "wipe", "--yes", status=3)
        assert "stop `monitor run`" in result.stderr
        assert list(store.samples.read())


def test_wipe_of_a_strange_file_removes_nothing(home: Path) -> None:
    connection = sqlite3.connect(home / "strange.db")
    connection.execute("CREATE TABLE a (b)")
    connection.close()
    result = run("--database", "sqlite:///strange.db", "wipe", "--yes", status=2)
    assert "not this program's" in result.stderr
    assert (home / "strange.db").exists()


def test_wipe_asks_on_a_terminal(home: Path, database: str) -> None:
    import os
    import pty

    for answer, is_left in ((b"n\n", True), (b"y\n", False)):
        ours, theirs = pty.openpty()
        os.write(ours, answer)
        done = forks.run(
            "wipe", check=False, stdin=theirs, capture_output=True, text=True
        )
        os.close(ours)
        os.close(theirs)
        assert "Remove it all?" in done.stderr
        assert done.returncode == is_left
        assert ("nothing is stored" in run("wipe", "--yes").stdout) is not is_left
        if is_left:
            run("db", "upgrade")
