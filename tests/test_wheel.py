"""The wheel is whole: installed elsewhere, it makes and migrates its own database."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from monitor.report.shipped_pages import NAMES


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the unpacked wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = folder.glob("monitor-*.whl")
    site = folder / "site"
    unpack = [sys.executable, "-m", "zipfile", "-e", wheel, site]
    subprocess.run(unpack, check=True)
    return site


@pytest.mark.every_run
def test_installed_program_makes_its_database(installed: Path, tmp_path: Path) -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(installed)!r}); import monitor; "
        f"assert monitor.__file__.startswith({str(installed)!r}), monitor.__file__; "
        "from monitor.store import open_store; open_store('sqlite:///new.db').close()"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "new.db").exists()


def test_everything_in_the_package_is_in_the_wheel(installed: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "monitor"], check=True, capture_output=True, text=True
    ).stdout.split()
    missing = [name for name in listed if not (installed / name).exists()]
    assert missing == []
    # A bundle carries these, also where there is no checkout.
    for name in NAMES:
        page = Path("docs") / name
        assert (
            installed / "monitor" / "_docs" / name
        ).read_bytes() == page.read_bytes()


def built_from_a_copy(folder: Path, mtime: int) -> bytes:
    """The wheel of a copy of this checkout whose files have another age."""
    files = (
        "monitor",
        "migrations",
        "pyproject.toml",
        "README.md",
        "config.yaml",
        "docs",
    )
    listed = subprocess.run(
        ["git", "ls-files", *files],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    for name in listed:
        copy = folder / "copy" / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(Path(name).read_bytes())
        os.utime(copy, (mtime, mtime))
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
        cwd=folder / "copy",
        env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000"},
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("monitor-*.whl")
    return wheel.read_bytes()


def test_the_same_files_make_the_same_wheel(tmp_path: Path) -> None:
    wheels = [
        built_from_a_copy(tmp_path / str(mtime), mtime)
        for mtime in (1_500_000_000, 1_600_000_000)
    ]
    assert wheels[0] == wheels[1]
