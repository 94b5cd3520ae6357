"""The wheel, installed by pipx where nothing of ours is: `make test-install`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.install.debian_tree import run

pytestmark = pytest.mark.timeout(3600)

DIST = Path("dist")


@pytest.fixture(scope="module")
def monitor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The command that pipx put into place."""
    home = tmp_path_factory.mktemp("pipx")
    (wheel,) = DIST.glob("monitor-*.whl")
    places = {"PIPX_HOME": str(home / "home"), "PIPX_BIN_DIR": str(home / "bin")}
    run("pipx", "install", "--python", "/usr/bin/python3", wheel.resolve(), **places)
    yield str(home / "bin" / "monitor")
    run("pipx", "uninstall", "monitor", **places)
    assert not (home / "bin" / "monitor").exists()


def test_it_says_its_version(monitor: str) -> None:
    (wheel,) = DIST.glob("monitor-*.whl")
    assert run(monitor, "--version").split()[-1] == wheel.name.split("-")[1]


def test_it_looks_at_the_machine(monitor: str, tmp_path: Path) -> None:
    told = run("env", "-C", tmp_path, monitor, "doctor", allowed=(2,))
    assert "monitor init" in told
    run("env", "-C", tmp_path, monitor, "init", "--yes", "--timezone", "Europe/Riga")
    told = run("env", "-C", tmp_path, monitor, "doctor", allowed=(0, 1))
    assert "clock" in told
    assert "Traceback" not in told


def test_it_shows_the_demo(monitor: str, tmp_path: Path) -> None:
    run(monitor, "demo", "--once", "--dir", tmp_path / "demo")
    assert list((tmp_path / "demo").rglob("*.html"))
