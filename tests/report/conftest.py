"""One simulated home, judged once, for all tests of the report."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from monitor.analysis import analysis, analyze
from monitor.evening_rule import parse_window
from monitor.model import Note
from monitor.report import (
    Beside,
    Chain,
    NightReport,
    Scope,
    night_report,
    render_html,
)
from monitor.simulation import Home, demo_home
from tests.report.small_report import small_report

SINCE, NIGHT = date(2018, 3, 20), date(2018, 4, 15)
SCOPE = Scope(
    vantage="simulated",
    timezone="Asia/Almaty",
    window=parse_window("20:00-22:00"),
    since=SINCE,
    night=NIGHT,
    made_at_utc=datetime(2018, 4, 16, 2, tzinfo=UTC),
)
CHAIN = Chain(day="2018-04-15", digest="ab" * 32)


@pytest.fixture(scope="session")
def home() -> Home:
    return demo_home()


@pytest.fixture(scope="session")
def report(home: Home) -> NightReport:
    terms = {"timezone": "Asia/Almaty", "since": SINCE, "until": NIGHT}
    verdicts = analyze(home.samples, **terms)
    judged = analysis(verdicts, **terms)
    match = Note(number=1, first_date=NIGHT, last_date=NIGHT, text="a match")
    beside = Beside(notes=[match], chain=CHAIN)
    return night_report(home.samples, judged, SCOPE, beside)


@pytest.fixture(scope="session")
def one_service(report: NightReport) -> NightReport:
    """The same with one service only: quicker to draw."""
    return replace(report, hosts=report.hosts[:1])


@pytest.fixture(scope="session")
def small() -> NightReport:
    """Put together by hand; no home is judged for it."""
    return small_report()


Draw = Callable[[NightReport, str], str]


@pytest.fixture(scope="session")
def draw() -> Draw:
    """The page of a report in a language; each is drawn once."""
    drawn: dict[tuple[int, str], tuple[NightReport, str]] = {}

    def page(report: NightReport, code: str) -> str:
        key = (id(report), code)
        if key not in drawn:
            drawn[key] = (report, render_html(report, code))
        return drawn[key][1]

    return page
