"""What has no type stays rare: each place is a door to somebody else's data."""

import re
from pathlib import Path

MONITOR = Path(__file__).parent.parent / "monitor"
MOST = 100


def test_any_is_rare():
    counts = {
        path: len(re.findall(r"\bAny\b", path.read_text()))
        for path in MONITOR.rglob("*.py")
    }
    assert sum(counts.values()) < MOST


def test_none_between_analysis_store_report_and_web():
    """What passes between them is a record: `model.Verdict`, `Details`, `Analysis`."""
    rooms = (
        "model.py",
        "evening_rule.py",
        "evening_reading.py",
        "stored_analysis.py",
        "verdict_table.py",
        "nightly.py",
        "notify.py",
        "analysis/judge.py",
        "analysis/verdict_document.py",
        "store/judged.py",
        "store/verdicts.py",
        "report/assembly.py",
        "report/content.py",
        "wording/sentences.py",
        "wording/sofar.py",
        "report/data_files.py",
        "web/answers/evening_strip.py",
        "web/answers/overview.py",
        "web/answers/telling.py",
        "web/answers/metric_families.py",
    )
    for room in rooms:
        assert not re.search(r"\bAny\b", (MONITOR / room).read_text()), room
