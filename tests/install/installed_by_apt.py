"""The Debian package on a clean Debian: `make test-install`."""

from pathlib import Path

import pytest

from tests.install.debian_tree import inside, make_tree, run

pytestmark = pytest.mark.timeout(3600)

DIST = Path("dist")
UNITS = ("monitor.service", "monitor-backup.timer", "monitor-silence.timer")


@pytest.fixture(scope="module")
def package() -> Path:
    (found,) = DIST.glob("monitor_*.deb")
    return found


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory, package: Path) -> Path:
    """Debian with what the package depends on and nothing else, and the package."""
    target = tmp_path_factory.mktemp("debian") / "tree"
    depends = run("dpkg-deb", "-f", package, "Depends").strip().split(", ")
    names = {depend.split()[0] for depend in depends}
    make_tree(target, "man-db", *sorted(names))
    (target / "tmp" / "monitor.deb").write_bytes(package.read_bytes())
    inside(target, "dpkg", "-i", "/tmp/monitor.deb")
    return target


def test_the_program_answers(tree: Path, package: Path) -> None:
    version = run("dpkg-deb", "-f", package, "Version").strip().rpartition("-")[0]
    assert inside(tree, "monitor", "--version").split()[-1] == version
    told = inside(tree, "monitor", "doctor", allowed=(0, 1))
    assert "clock" in told
    assert "Traceback" not in told


def test_nothing_is_measured_before_somebody_says_so(tree: Path) -> None:
    wanted = tree / "etc" / "systemd" / "system"
    assert not list(wanted.rglob("monitor*"))


def test_its_units_are_right(tree: Path) -> None:
    told = inside(tree, "systemd-analyze", "verify", *UNITS)
    assert "monitor" not in told, told


def test_its_files_are_the_services(tree: Path) -> None:
    listed = inside(tree, "stat", "-c", "%n %U %G %a", "/etc/monitor/config.yaml")
    assert listed.split()[1:] == ["root", "monitor", "660"]
    inside(tree, "monitor", "db", "upgrade")
    listed = inside(tree, "stat", "-c", "%U %a", "/var/lib/monitor/monitor.db")
    assert listed.split() == ["monitor", "600"]


def test_the_shipped_configuration_is_known_as_such(tree: Path) -> None:
    inside(tree, "monitor", "init", "--yes", "--timezone", "Europe/Riga")
    written = (tree / "etc" / "monitor" / "config.yaml").read_text()
    assert "timezone: Europe/Riga" in written
    assert "sqlite:////var/lib/monitor/monitor.db" in written


def test_man_page_and_completion_are_there(tree: Path) -> None:
    assert "systemctl enable" in inside(tree, "man", "-P", "cat", "monitor")
    completions = tree / "usr" / "share" / "bash-completion" / "completions"
    script = (completions / "monitor").read_text()
    ask = "COMP_WORDS='monitor ano' COMP_CWORD=1 _MONITOR_COMPLETE=bash_complete"
    assert "_MONITOR_COMPLETE=bash_complete" in script
    assert inside(tree, "sh", "-c", f"{ask} monitor").split() == ["plain,anomalies"]


def test_purge_leaves_nothing(tree: Path) -> None:
    inside(tree, "dpkg", "--purge", "monitor")
    left = [
        path
        for place in ("usr", "etc/monitor", "var/lib/monitor", "var/cache/monitor")
        for path in (tree / place).rglob("*monitor*")
        if path.name.startswith("monitor") and path.name != "monitor.h"
    ]
    assert left == []
