"""The folders of the nightly reports, named by their dates: `reports/2026-03-01`."""

from pathlib import Path

from monitor.wallclock import is_date


def night_folders(reports: Path) -> list[Path]:
    """By date; whatever else lies there, a link included, is not ours."""
    if not reports.is_dir():
        return []
    return [
        path
        for path in sorted(reports.iterdir())
        if is_date(path.name) and path.is_dir() and not path.is_symlink()
    ]
