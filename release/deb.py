"""The Debian package of this checkout, in dist/: `make deb`.

What git knows of is copied, as it lies here, and built by debhelper as
contrib/debian/rules says. Needs Debian and its debhelper, help2man and python3-venv.
"""

import os
import shutil
import subprocess
import tempfile
import tomllib
from email.utils import formatdate
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
NEEDED: Final = ("dh", "dpkg-buildpackage", "help2man")


def main() -> None:
    """Build it."""
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing:
        raise SystemExit(
            f"missing: {', '.join(missing)}; apt install debhelper help2man"
        )
    dist = ROOT / "dist"
    dist.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "monitor"
        copy_checkout(source)
        shutil.copytree(source / "contrib" / "debian", source / "debian")
        seconds = committed_s()
        (source / "debian" / "changelog").write_text(changelog(seconds), "utf-8")
        subprocess.run(
            ["dpkg-buildpackage", "-b", "-us", "-uc", "-d"],  # noqa: S607
            cwd=source,
            env={**os.environ, "SOURCE_DATE_EPOCH": str(seconds)},
            check=True,
        )
        for package in Path(folder).glob("monitor_*.deb"):
            print(shutil.copy(package, dist))


def copy_checkout(target: Path) -> None:
    """What git knows of, as it lies in the checkout."""
    listed = _git("ls-files", "-z").split("\0")
    for name in filter(None, listed):
        copy = target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, copy)


def committed_s() -> int:
    """When the last commit was made [s]."""
    return int(_git("log", "-1", "--format=%ct"))


def changelog(seconds: int) -> str:
    """What Debian's tools take name, version and date from."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return (
        f"monitor ({project['version']}-1) unstable; urgency=medium\n\n"
        "  * See /usr/share/doc/monitor/CHANGELOG.md.gz.\n\n"
        " -- The monitor maintainers <maintainers@monitor.invalid>"
        f"  {formatdate(seconds)}\n"
    )


def _git(*words: str) -> str:
    return subprocess.run(
        ["git", *words],  # noqa: S607
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout


if __name__ == "__main__":
    main()
