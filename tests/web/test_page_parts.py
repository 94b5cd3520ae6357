"""The pure parts of the page's script, asked in the browser that runs them."""

from collections.abc import Iterator
from dataclasses import astuple
from datetime import date
from shutil import copy
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Route

from monitor.evening_rule import parse_window
from monitor.model import OwnTerms
from monitor.report.heat_steps import DEAD_COLOUR, HEAT_STEPS
from monitor.store import open_store
from monitor.store.instants import from_us
from monitor.store.vantage_terms import EVER, Statement
from tests.web import history
from tests.web.browser import chromium, served


@pytest.fixture(scope="module")
def page(
    tmp_path_factory: pytest.TempPathFactory, sqlite_history: str
) -> Iterator[Page]:
    folder = tmp_path_factory.mktemp("parts")
    with served(folder, sqlite_history) as address, chromium() as browser:
        page = browser.new_page(locale="en")
        page.goto(f"{address}health")
        yield page


def call(page: Page, module: str, name: str, *arguments: object) -> object:
    """What a function of a module answers."""
    return page.evaluate(
        "async ([module, name, values]) =>"
        " (await import(`/static/${module}.js`))[name](...values)",
        [module, name, list(arguments)],
    )


@pytest.mark.parametrize(
    ("ratio", "words"),
    [
        (1.0, "as fast"),
        (1.25, "as fast"),
        (0.8, "as fast"),
        (1.3, "1.3 times slower"),
        (0.5, "2 times quicker"),
        (12.4, "12 times slower"),
    ],
)
def test_nothing_is_one_time_slower(page: Page, ratio: float, words: str):
    assert call(page, "units", "slower", ratio) == words


def test_the_heat_map_has_the_steps_and_colours_of_the_report(page: Page):
    steps, dead = page.evaluate(
        "async () => { const part = await import('/static/parts/heatmap.js');"
        " return [part.STEPS, part.DEAD_COLOUR]; }"
    )
    assert [tuple(step) for step in steps] == [astuple(step) for step in HEAT_STEPS]
    assert dead == DEAD_COLOUR


def a_map(n: int, measured: dict[tuple[int, int], float | None]) -> dict:
    """A heat map of n days in which some hours were tried; None: nothing answered."""
    hours = range(24)
    return {
        "metric": "goodput_bps",
        "view": "beyond_controls",
        "window": {"start": "20:00", "end": "22:00"},
        "days": [f"2026-10-{day + 1:02d}" for day in range(n)],
        "values": [[measured.get((d, h)) for h in hours] for d in range(n)],
        "n": [[int((d, h) in measured) for h in hours] for d in range(n)],
        "dead": [[measured.get((d, h), 0) is None for h in hours] for d in range(n)],
    }


def test_nothing_is_drawn_before_the_installation(page: Page):
    """Nor of hours to come; an hour that was left out between is a gap."""
    cells = call(page, "parts/heatmap", "cells", a_map(3, {(0, 21): 1.0, (0, 23): 1.0}))
    assert [(x, y, kind) for x, y, _, kind, _ in cells] == [
        (0, 15, 0),
        (0, 16, 2),
        (0, 17, 0),
    ]


def test_the_hours_after_midnight_belong_to_the_evening_before(page: Page):
    map_ = a_map(2, {(1, 2): 1.0})
    assert call(page, "parts/heatmap", "place", map_, 1, 2) == [0, 20]
    assert call(page, "parts/heatmap", "cellAt", map_, [0, 20]) == [1, 2]


def test_hours_without_any_answer_are_marked_together(page: Page):
    """A row of them is one stretch with crosses, however narrow a day is."""
    dead = [[x, 14, None, 1, 3] for x in (3, 0, 1, 5)] + [[1, 15, None, 1, 3]]
    runs = call(page, "parts/heatmap", "deadRuns", [*dead, [2, 14, 1.0, 0, 3]])
    assert runs == [[0, 14, 2], [3, 14, 1], [5, 14, 1], [1, 15, 1]]


def test_time_before_the_installation_is_no_gap(page: Page):
    times, every_s = [7200, 7500, 10800], 300
    span = [7_200_000, 11_000_000]
    assert call(page, "parts/axes", "gapsIn", times, every_s, span) == [
        [7_500_000, 10_800_000]
    ]


def test_a_calendar_begins_on_monday(page: Page):
    evenings = [
        {"date": f"2026-10-{day}", "state": state, "ratio": None, "n": 1}
        for day, state in ((21, "slow"), (22, "fine"), (26, "dead"), (28, "unusable"))
    ]
    weeks = call(page, "parts/calendar", "weeksOf", evenings)
    assert [[cell and cell["state"] for cell in week] for week in weeks] == [
        [None, None, "slow", "fine", None, None, None],
        ["dead", None, "unusable", None, None, None, None],
    ]
    counts = call(page, "parts/calendar", "byWeekday", weeks)
    assert counts[0] == {"slow": 1, "usable": 1}
    assert counts[2] == {"slow": 1, "usable": 1}


EXPECTED = {
    "metric": "goodput_bps",
    "slow_factor": 2,
    "time_s": [0, 3600],
    "low": [8e6, None],
    "high": [10e6, None],
}


@pytest.mark.parametrize(
    ("second", "value", "is_slow"),
    [(10, 4e6, True), (10, 4.1e6, False), (3700, 1, False), (9000, 1, False)],
)
def test_a_sample_is_slow_by_the_factor_beyond_the_range(
    page: Page, second: int, value: float, is_slow: bool
):
    """And where nothing is to be expected nothing is slow."""
    sample = {
        "started_at_utc": f"1970-01-01T{second // 3600:02d}:{second % 3600 // 60:02d}"
        f":{second % 60:02d}Z",
        "goodput_bps": value,
    }
    assert call(page, "parts/band", "isSlow", EXPECTED, sample) == is_slow


def a_site(target: str, role: str, state: str) -> dict:
    return {"target": target, "role": role, "state": state}


SERVICES = [{"service": name, "sites": [{"name": name}]} for name in ("facebook", "vk")]


@pytest.mark.parametrize(
    ("line", "state", "sentence", "services"),
    [
        ("up", "well", [["head.well", []]], "fine"),
        ("up", "slow", [["head.up", []], ["head.slow", ["facebook"]]], "warn"),
        ("up", "failed", [["head.up", []], ["head.failed", ["facebook"]]], "alarm"),
        # To the right of a break nothing is claimed.
        ("down", "failed", [], "open"),
        ("unknown", "unmeasured", [], "open"),
    ],
)
def test_the_first_sentence_claims_no_more_than_is_known(
    page: Page, line: str, state: str, sentence: list, services: str
):
    sites = [a_site("facebook", "target", state), a_site("debian", "control", "well")]
    now = {"line": line, "sites": sites}
    assert call(page, "parts/services", "headline", now, SERVICES) == sentence
    rail = call(page, "parts/services", "railOf", now)
    assert rail[2]["tone"] == services


def test_the_largest_are_shown_and_the_rest_together(page: Page):
    days = [
        {"date": "2026-10-02", "site": f"s{n}", "probe": "https", "bytes": n}
        for n in range(1, 9)
    ]
    used = {"since": "2026-10-01", "until": "2026-10-02", "days": days}
    found = call(page, "parts/used", "stacked", used, "site")
    assert found["days"] == ["2026-10-01", "2026-10-02"]
    assert [g["name"] for g in found["groups"]] == ["s8", "s7", "s6", "s5", "s4", None]
    assert found["groups"][-1]["values"] == [0, 6]


@pytest.mark.parametrize(
    ("start", "end", "spans"),
    [("20:00", "22:00", [[20, 21]]), ("22:30", "01:00", [[22, 23], [0, 0]])],
)
def test_the_evening_of_a_profile(page: Page, start: str, end: str, spans: list):
    window = {"start": start, "end": end}
    assert call(page, "parts/profile", "eveningSlots", window, "day") == spans


def test_a_line_that_breaks_is_drawn_as_two(page: Page):
    path = call(page, "parts/sparks", "sparkPaths", [1, 1, None, 4, 4], 100, 20)
    assert path.count("M") == 2
    assert call(page, "parts/sparks", "sparkPaths", [None, 3], 100, 20) == ""


def test_times_before_a_move_are_told_in_the_zone_of_then(
    page: Page, tmp_path, sqlite_history
):
    """A browser knows zones only, not the clock of a home that moved."""
    copied = copy(sqlite_history.removeprefix("sqlite:///"), tmp_path / "moved.db")
    database = f"sqlite:///{copied}"
    with open_store(database) as store:
        for since, zone in ((EVER, "Europe/Berlin"), (MOVED, history.ZONE)):
            store.terms.state(statement(since, zone))
    with served(tmp_path, database) as address:
        moved = page.context.browser.new_page(locale="en")
        moved.goto(f"{address}health")
        moments = ["2026-10-14T18:00:00Z", "2026-10-18T18:00:00Z"]
        told = [call(moved, "text", "clockTime", moment) for moment in moments]
        dates = ("2026-10-14T20:00", "2026-10-18T20:00")
        back = [call(moved, "text", "fromLocal", date) for date in dates]
        moved.close()
    assert told == ["20:00", "23:00"]
    assert [from_us(int(ms) * 1000).hour for ms in back] == [18, 15]


MOVED = date(2026, 10, 16)


def statement(since: date, zone: str) -> Statement:
    return Statement(
        vantage="home",
        terms=OwnTerms(timezone=zone, window=parse_window("20:00-22:00")),
        provider=None,
        since=since,
        stated_at_utc=history.NOW,
    )


@pytest.mark.parametrize("name", ["now", "evenings", "day", "compare", "health"])
def test_a_page_names_all_of_its_modules_and_no_others(page: Page, name: str):
    loaded = set()
    other = page.context.browser.new_page(locale="en")
    other.on("request", lambda asked: loaded.add(urlsplit(asked.url).path))
    other.goto(f"{page.url.rsplit('/', 1)[0]}/{'' if name == 'now' else name}")
    other.wait_for_selector("html[data-ready]")
    named = other.locator("link[rel=modulepreload]").evaluate_all(
        "links => links.map(link => link.getAttribute('href'))"
    )
    other.close()
    scripts = {p for p in loaded if p.endswith(".js") and "/vendor/" not in p}
    assert {*named} == scripts - {"/static/theme.js"}
    assert len({*named}) == len(named)


@pytest.mark.parametrize(
    ("name", "shown"), [("evenings", "#calendar table"), ("day", "figure figcaption p")]
)
def test_a_page_does_not_wait_for_the_health_of_the_monitor(
    page: Page, name: str, shown: str
):
    held = []

    def hold(route: Route) -> None:
        held.append(route)

    other = page.context.browser.new_page(locale="en")
    other.route("**/api/v1/health", hold)
    other.goto(f"{page.url.rsplit('/', 1)[0]}/{name}")
    other.wait_for_selector(shown)
    assert other.locator("#health").inner_text() == ""
    held[0].continue_()
    other.wait_for_selector("html[data-ready]")
    assert other.locator("#health").inner_text() != ""
    other.close()
