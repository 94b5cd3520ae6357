"""The few rates that a report tells, read from docs/error-rates.md into a JSON file.

The page is the record; the file is what the program reads. `python -m study rates`
writes it, and a test fails while the two differ.
"""

import json
import re
from pathlib import Path
from typing import Final

FILE: Final = Path("monitor/wording/error_rates.json")

MEASURES: Final = {
    "false_accusation": "false accusation per unaffected target, 30 daily looks, all"
    " null families",
    "false_accusation_of_capacity": "innocent accused, daily looks from the eighth",
    "strong_by_service": "service or CDN: strong",
    "strong_by_router": "household's router: strong",
    "false_all_clear": "all-clear where something acted visibly",
}
"""Name in the file -> first cell of the row."""

_TERMS: Final = re.compile(
    r"^Method version (\S+); (\d+) simulated homes of (\d+) evenings", re.MULTILINE
)
_SHARE: Final = re.compile(r"([\d.]+) % \(([\d.]+) % to ([\d.]+) %; (\d+)/(\d+)\)")


def rates_file(page: str) -> str:
    """The text of the file for the text of the page.

    Raises
    ------
    ValueError : the page has no such row, or it was not measured.
    """
    terms = _TERMS.search(page)
    if terms is None:
        raise ValueError("the page does not say which method it is of")
    document = {
        "method_version": terms[1],
        "homes": int(terms[2]),
        "evenings": int(terms[3]),
        "rates": {name: _rate(page, row) for name, row in MEASURES.items()},
    }
    return json.dumps(document, indent=1) + "\n"


def _rate(page: str, measure: str) -> dict[str, float | int]:
    row = re.search(rf"^\| {re.escape(measure)} \|(.*)$", page, re.MULTILINE)
    share = row and _SHARE.search(row[1])
    if not share:
        raise ValueError(f"the page has no measured row {measure!r}")
    percent, low, high = map(float, share.groups()[:3])
    errors, cases = map(int, share.groups()[3:])
    return {
        "errors": errors,
        "cases": cases,
        "percent": percent,
        "low_percent": low,
        "high_percent": high,
    }
