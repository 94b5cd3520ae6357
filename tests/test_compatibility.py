"""What was made at commit df32d66 opens, upgrades and verifies with this program."""

import gzip
import os
import subprocess
from pathlib import Path

import pytest

from tests import forks

OLD = Path(__file__).parent / "data" / "df32d66"
DIGESTS = {
    "private": "266a4995f571d977db0a5c85df90dd5c8dcd6448287e78808fc8e6a9dbd564fd",
    "trusted": "bc6818f9f58c2790245b064791ecfb33343648f8b364f858bdebfe3b3c295748",
    "public": "155d15bdda24acdaf1d578e437ae362fceaa1db01dc01cf293a4eb611f34ffde",
}


@pytest.fixture
def old_home(tmp_path: Path) -> Path:
    """A folder as it was left: database and configuration."""
    packed = (OLD / "monitor.db.gz").read_bytes()
    (tmp_path / "monitor.db").write_bytes(gzip.decompress(packed))
    (tmp_path / "config.yaml").write_text((OLD / "config.yaml").read_text())
    return tmp_path


def monitor(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k != "MONITOR_DATABASE"}
    return forks.run(
        *words,
        cwd=folder,
        env=environment | {"PYTHONPATH": str(Path(__file__).parent.parent)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_an_old_configuration_is_right(old_home):
    outcome = monitor(old_home, "config", "check")
    assert outcome.returncode == 0, outcome.stderr


def test_an_old_database_upgrades_and_its_chain_verifies(old_home):
    assert monitor(old_home, "db", "upgrade").returncode == 0
    outcome = monitor(old_home, "verify", "--stored")
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


@pytest.mark.every_run
def test_an_old_database_is_judged_and_reported(old_home):
    monitor(old_home, "db", "upgrade")
    words = ("report", "--date", "2026-11-20", "--out", "night", "--bundle")
    outcome = monitor(old_home, *words)
    assert outcome.returncode == 0, outcome.stderr
    assert "Facebook" in outcome.stdout
    assert (old_home / "night" / "report.html").is_file()
    intact = monitor(old_home, "verify", "night/evidence.zip")
    assert intact.returncode == 0, intact.stdout + intact.stderr


@pytest.mark.parametrize("level", ["private", "trusted", "public"])
def test_an_old_bundle_is_intact_under_its_old_digest(level, tmp_path):
    bundle = OLD / f"evidence-{level}.zip"
    outcome = monitor(tmp_path, "verify", str(bundle), "--digest", DIGESTS[level])
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
