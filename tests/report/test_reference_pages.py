"""What a small report says is what somebody read: kept beside this file as text.

After a change that is meant, `python -m tests.report.test_reference_pages` writes the
texts anew; read what changed before it is committed.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from selectolax.parser import HTMLParser

from monitor.report import (
    Addressee,
    NightReport,
    public_copy,
    render_csv,
    render_html,
    render_json,
    render_letter,
    render_text,
)
from monitor.report.custody_page import render_custody
from monitor.report.first_page import first_page, how_sure
from monitor.untyped import Json
from monitor.verdict_table import VERDICTS
from monitor.wording import language
from tests.conftest import without_pictures
from tests.report.small_report import small_report

FOLDER: Final = Path(__file__).parent / "reference"
ENGLISH: Final = language("en")


def page(report: NightReport) -> str:
    """All texts of the page, without the rates of the last study."""
    rates = " ".join(first_page(report, ENGLISH).rates)
    return texts_of(render_html(report, "en")).replace(rates, "[rates]")


def texts_of(html: str) -> str:
    """The texts of a page, each in a line of its own."""
    lines = HTMLParser(html).body.text(separator="\n").splitlines()
    return "\n".join(line.strip() for line in lines if line.strip())


def pictured(report: NightReport) -> str:
    """The page of one host with its pictures, their titles and their marks."""
    (host,) = (host for host in report.hosts if host.name == "chat")
    return texts_of(render_html(replace(report, hosts=(host,)), "en")).partition(
        "Evening by evening"
    )[2]


def sure(report: NightReport) -> str:
    """How sure each verdict is, with odds and bound and without."""
    verdict = report.hosts[0].verdict
    bare = replace(verdict.effect, ci95=(None, None))
    given = [
        {"strength": "strong"},
        {"strength": "likely", "e_value": 5e6},
        {"strength": None, "e_value": 12.34},
        {"strength": None, "e_value": None, "effect": bare},
    ]
    return "\n".join(
        f"{name}: {how_sure(replace(verdict, verdict=name, **more), ENGLISH)}"
        for name in (*VERDICTS, "of a newer program")
        for more in given
    )


def public(report: NightReport) -> str:
    """The same of the copy for anybody."""
    return page(public_copy(report, "v-1"))


def letters(report: NightReport) -> str:
    """To both addressees."""
    return "\n\n".join(render_letter(report, to, "en") for to in Addressee)


def document(report: NightReport) -> str:
    """What the report adds to the analysis, the hours of a week left out."""
    told = json.loads(render_json(report))
    for of_host in told["hours"].values():
        for name in ("target", "controls"):
            of_host[name] = of_host[name]["day"][8:12]
    return json.dumps(told | {"verdicts": len(told["verdicts"])}, indent=1)


MOMENT: Final = "2026-03-02T01:02:03.456789Z"


def custody_log() -> dict[str, Json]:
    """A custody log with one of everything."""
    start = {
        "started_at_utc": MOMENT, "software": "1", "python": "3.11", "tzdata": "2026a",
        "hardware": "a box", "system": "Linux",
    }  # fmt: skip
    spans = [{"version": "1", "first_utc": MOMENT, "last_utc": MOMENT, "n": 7}]
    return {
        "vantage": "home",
        "n_without_round": 2,
        "as_the_owner_wrote": {"provider": "Example Net"},
        "starts": [start | {"is_synchronised": is_it} for is_it in (None, True, False)],
        "probe_versions": spans,
        "method_versions": spans,
        "gaps": [
            {"start": MOMENT, "end": MOMENT, "reason": "stopped"},
            {"start": MOMENT, "end": MOMENT, "reason": None},
        ],
        "pauses": [{"asked_at_utc": MOMENT, "until_utc": MOMENT}],
        "clock_steps": [{"before_utc": MOMENT, "after_utc": "2026-03-02T09:00:00Z"}],
        "closings": [{"day": "2026-03-02", "closed_at_utc": MOMENT, "n_rows": 9}],
        "deletions": [],
        "removed": {"n_rows": 3, "first_day": "2026-01-01", "last_day": "2026-01-02"},
        "time_stamps": [{"lodged_at_utc": MOMENT, "authority": "a", "digest": "ab"}],
    }


def custody(_report: NightReport) -> str:
    """The page of a custody log."""
    return texts_of(render_custody(custody_log(), "en"))


TEXTS: Final[dict[str, Callable[[NightReport], str]]] = {
    "page.txt": page,
    "public.txt": public,
    "letters.txt": letters,
    "report.csv": render_csv,
    "report.json": document,
    "report.txt": lambda report: render_text(report, "en"),
    "custody.txt": custody,
    "sure.txt": sure,
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_is_as_it_was_read(name: str, small: NightReport, no_pictures) -> None:
    kept = (FOLDER / name).read_bytes().decode()
    assert TEXTS[name](small).splitlines() == kept.splitlines()


def test_a_page_with_pictures_is_as_it_was_read(small: NightReport) -> None:
    assert pictured(small) == (FOLDER / "pictured.txt").read_text()


def test_a_custody_page_holds_400_rows_of_a_kind_and_no_removal_of_nothing() -> None:
    log = custody_log()
    steps = log["clock_steps"] * 401
    page = render_custody(log | {"clock_steps": steps, "removed": {"n_rows": 0}}, "en")
    assert page.count("09:00:00") == 400
    assert custody_log()["removed"]["last_day"] not in page


if __name__ == "__main__":
    (FOLDER / "pictured.txt").write_text(pictured(small_report()))
    with pytest.MonkeyPatch.context() as patch:
        without_pictures(patch)
        for file_name, text in TEXTS.items():
            (FOLDER / file_name).write_bytes(text(small_report()).encode())
