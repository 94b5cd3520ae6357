"""What has no type stays rare: each place is a door to somebody else's data."""

import re
from pathlib import Path

MONITOR = Path(__file__).parent.parent / "monitor"
MOST = 100
REASONS = {
    "children.py": "options of `Popen`, each of a type of its own",
    "circle/circle_files.py": "a friend's document, read but not yet checked",
    "circle/digest_source.py": "a document before its model checks it",
    "circle/home_digest.py": "a document before and after its model",
    "cli/analyze.py": "any part of a verdict",
    "config/sections.py": "arguments of a model, which checks them",
    "interchange/batch_frames.py": "pandas names no type of a column's values",
    "interchange/cell_checks.py": "pyarrow has no types",
    "interchange/writing.py": "pyarrow has no types",
    "notebook.py": "the filters of `Question`, which checks them",
    "probe/http3.py": "what another process tells; converted field by field",
    "report/charts.py": "arguments of Matplotlib, each of a type of its own",
    "series/cells.py": "arguments of `Grid`, each of a type of its own",
    "simulation/families.py": "arguments of `Conditions`, each of its own type",
    "store/frames.py": "a cursor of either driver",
    "store/growing.py": "pandas and numpy name no type of the values",
    "store/households.py": "a stored analysis, cut before it is read",
    "store/leases.py": "SQLAlchemy's row",
    "store/postgres_server.py": "arguments of the driver, each of its own type",
    "store/rounds.py": "SQLAlchemy's expressions, whose columns are not typed",
    "store/samples.py": "SQLAlchemy's column",
    "store/sql_types.py": "SQLAlchemy and psycopg, named once",
    "store/trouble.py": "an error of either driver",
    "untyped.py": "JSON of others, and what is only handed on: named once",
    "web/endpoints.py": "a query, of which each function takes its own",
    "web/openapi.py": "a JSON schema",
}
"""Where it stands, and why."""


def test_any_is_rare():
    counts = {
        path: len(re.findall(r"\bAny\b", path.read_text()))
        for path in MONITOR.rglob("*.py")
    }
    assert sum(counts.values()) < MOST


def test_each_place_has_its_reason():
    places = {
        str(path.relative_to(MONITOR))
        for path in MONITOR.rglob("*.py")
        if re.search(r"^from typing import .*\bAny\b", path.read_text(), re.MULTILINE)
    }
    assert places == REASONS.keys()


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
