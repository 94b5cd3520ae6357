"""Which folders are reports of nights."""

from pathlib import Path

from monitor.night_folders import night_folders


def test_only_folders_with_the_date_of_a_night_are_reports(tmp_path: Path):
    assert night_folders(tmp_path / "reports") == []
    for name in ("2026-03-02", "2026-03-01", "2026-02-30", "2026-3-1", ".2026-03-01-x"):
        (tmp_path / name).mkdir()
    (tmp_path / "2026-03-03").write_text("a file")
    (tmp_path / "2026-03-04").symlink_to(tmp_path / "2026-03-01")
    assert [path.name for path in night_folders(tmp_path)] == [
        "2026-03-01",
        "2026-03-02",
    ]
