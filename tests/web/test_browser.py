"""The dashboard in a real Chromium: what a person does, and what must never happen."""

import csv
import io
import os
import shutil
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import available_timezones

import pytest
from playwright.sync_api import Browser, Page, expect

from monitor.config import load
from monitor.config.proposal import shipped_text
from monitor.store import open_store
from monitor.stored_analysis import read_document
from monitor.wallclock import zone_named
from monitor.wording import LANGUAGES
from monitor.wording.error_rates import error_rates
from tests.costs import in_brief
from tests.harm import MARKS, steering
from tests.test_consent import consents
from tests.web import history
from tests.web.browser import Watched, chromium, served, served_without_file
from tests.web.conftest import PASSWORD
from tests.web.test_now import fill_dead_line

WIDE, NARROW = {"width": 1400, "height": 900}, {"width": 390, "height": 844}

PAGES = {
    "now": "",
    "evenings": "evenings/facebook",
    "day": "day/2026-10-19/facebook",
    "compare": "compare",
    "reports": "reports",
    "notes": "notes",
    "health": "health",
    "settings": "settings",
}
"""Address of each page, as somebody who looks at the made-up week has it."""

Look = Callable[..., Watched]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def address(
    tmp_path_factory: pytest.TempPathFactory, sqlite_history: str
) -> Iterator[str]:
    with served(tmp_path_factory.mktemp("served"), sqlite_history) as found:
        yield found


@pytest.fixture
def look(browser: Browser, address: str) -> Iterator[Look]:
    """Opens watched pages; at the end nothing may have complained."""
    opened: list[Watched] = []

    def start(to: str = address, viewport: dict = WIDE, **more: object) -> Watched:
        context = browser.new_context(viewport=viewport, locale="en", **more)
        watched = Watched(context.new_page(), to)
        opened.append(watched)
        return watched

    yield start
    for one in opened:
        one.page.context.close()
    assert [one.complaints for one in opened] == [[] for _ in opened]
    assert [one.foreign for one in opened] == [[] for _ in opened]


def caption(page: Page, figure: str) -> str:
    return page.locator(f"[data-figure={figure}] figcaption").inner_text()


def saved(page: Page, figure: str, kind: str) -> bytes:
    with page.expect_download() as download:
        page.click(f"[data-figure={figure}] [data-export={kind}]")
    return Path(download.value.path()).read_bytes()


@pytest.mark.every_run
def test_the_first_look_answers_the_question(look: Look):
    page = look().open()
    card = page.locator(".card[data-target=facebook]")
    expect(card).to_have_attribute("data-verdict", "targeted_throttling")
    expect(card).to_contain_text("8 of 8 usable evenings")
    expect(card).to_contain_text("10 times (95 %: 9 to 11)")
    expect(card.locator(".strip .slow")).to_have_count(8)
    expect(page.locator("#answer-lead")).to_contain_text("facebook")
    expect(page.locator("#place")).to_contain_text("Asia/Almaty")
    # Nothing was measured of late: no moment is told.
    expect(page.locator("#rail [data-place=services]")).to_have_text(
        "Servicescannot be told"
    )


@pytest.mark.every_run
def test_a_card_leads_to_its_evenings_and_an_evening_to_its_day(look: Look):
    page = look().open()
    page.click(".card[data-target=facebook] a")
    page.wait_for_selector("html[data-ready] #calendar table")
    expect(page.locator("#verdict-title")).to_contain_text("slow on 8 of 8 evenings")
    expect(page.locator("#verdict-facts")).to_contain_text("10 times")
    expect(page.locator("#sure")).to_contain_text("Likely: chance hardly explains it")
    # Where somebody is accused, the rate of false accusations is in sight.
    accused = error_rates().rates["false_accusation"]
    expect(page.locator("#sure .rate")).to_contain_text(
        f"of {accused.cases} sites that nobody slowed, {accused.errors} were accused"
    )
    expect(page.locator("#sure-rates")).to_contain_text("real lines is not known")
    expect(page.locator(".calendar td.slow")).to_have_count(8)
    page.click(".calendar [data-date='2026-10-19']")
    page.wait_for_url("**/day/2026-10-19/facebook*")
    expect(page.locator("#day-title")).to_have_text(
        "facebook, Mon, Oct 19, 2026: slow · 10 times slower"
    )


def test_charts_are_drawn_with_unit_zone_and_coverage(look: Look):
    watched = look()
    shown = {"evenings/facebook?view=absolute": ("heatmap", "evenings")}
    shown["day/2026-10-19/facebook"] = ("band",)
    for path, figures in shown.items():
        page = watched.open(path)
        for figure in figures:
            assert page.locator(f"[data-figure={figure}] canvas").count() == 1
            assert "Asia/Almaty" in caption(page, figure)
            assert "%" in caption(page, figure)
        if "heatmap" in figures:
            assert "Mbit/s" in caption(page, "heatmap")
            assert "20:00\u201322:00" in caption(page, "heatmap")


def test_the_hours_of_the_day_and_of_the_week(look: Look):
    page = look().open("evenings/facebook")
    words = caption(page, "profile")
    assert "10 to 90 %" in words
    assert "wikipedia" in words
    page.click("[data-cycle=week]")
    page.click("[data-figure=profile] summary")
    expect(page.locator("[data-figure=profile] tbody tr")).to_have_count(168)
    assert "cycle=week" in page.url


def test_data_used_is_a_picture(look: Look):
    page = look().open("health")
    expect(page.locator("[data-figure=used] canvas")).to_have_count(1)
    page.click("[data-by=site]")
    expect(page.locator("[data-by=site]")).to_have_attribute("aria-pressed", "true")


@pytest.mark.long
def test_metric_and_view_can_be_switched(look: Look):
    """And the address follows, so that a link shows the same."""
    page = look().open("evenings/twitter")
    page.select_option("select[name=metric]", "connect_s")
    page.select_option("select[name=view]", "absolute")
    expect(page.locator("[data-figure=heatmap] figcaption")).to_contain_text("twitter")
    expect(page.locator("[data-figure=heatmap] figcaption")).to_contain_text("TCP")
    assert "/evenings/twitter?" in page.url
    page.reload()
    page.wait_for_selector("html[data-ready]")
    expect(page.locator("select[name=metric]")).to_have_value("connect_s")


@pytest.mark.long
def test_a_link_of_the_one_page_dashboard_still_leads_to_its_day(look: Look):
    page = look().open("?target=facebook&metric=goodput_bps&day=2026-10-19")
    assert page.url.endswith("/day/2026-10-19/facebook")


def test_what_does_not_exist_is_said(look: Look):
    watched = look()
    page = watched.open("evenings/nobody")
    expect(page.locator("#failure")).to_contain_text("no service nobody")
    page = watched.open("day/2026-10-19/nobody")
    expect(page.locator("#failure")).to_contain_text("no site nobody")


@pytest.mark.long
def test_a_cell_of_the_heat_map_opens_its_day(look: Look):
    page = look().open("evenings/facebook")
    plot = page.locator("[data-figure=heatmap] .plot")
    box = plot.bounding_box()
    plot.click(position={"x": box["width"] * 0.3, "y": box["height"] * 0.5})
    page.wait_for_url("**/day/2026-10-1*/facebook*")


@pytest.mark.long
def test_the_heat_map_works_by_keyboard(look: Look):
    page = look().open("evenings/facebook")
    page.focus("[data-figure=heatmap] .plot")
    for key in ("ArrowLeft", "ArrowLeft", "ArrowDown"):
        page.keyboard.press(key)
    words = page.locator("[data-figure=heatmap] .cell")
    expect(words).to_contain_text("21:00")
    expect(words).to_contain_text("10 times slower")
    page.keyboard.press("Enter")
    page.wait_for_url("**/day/2026-10-19/facebook*")


@pytest.mark.long
def test_every_page_is_reached_by_keyboard_past_the_skip_link(look: Look):
    page = look().open()
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    names = page.locator("header .places li:visible").all_inner_texts()
    places = "Now Evenings Day Reports Compare Notes Health Settings"
    assert " ".join(names) == places
    page.focus("header .places a >> nth=5")
    page.keyboard.press("Enter")
    page.wait_for_url("**/notes")
    expect(page.locator("#notes")).to_contain_text("<b>Match</b>")


def test_an_evening_shows_samples_beside_what_was_to_be_expected(look: Look):
    page = look().open("day/2026-10-19/facebook")
    words = caption(page, "band")
    assert "Samples: 24; as expected 16, slow 8" in words
    assert "wikipedia, vk, debian" in words
    assert "transfer of the page: 206 ms before and after" in caption(page, "lanes")
    assert "1 time" not in caption(page, "lanes")
    assert caption(page, "curve").count("500 kB") == 2
    page.click("[data-span=day]")
    expect(page.locator("[data-figure=band] figcaption")).to_contain_text("Samples: 96")
    assert "span=day" in page.url


def test_a_day_shows_failures_and_gaps(look: Look):
    page = look().open("day/2026-10-18/twitter?span=day")
    assert "without an answer 8" in caption(page, "band")
    expect(page.locator("#day-notes")).to_contain_text("the monitor was not running")
    page.click("[data-figure=lanes] summary")
    table = page.locator("[data-figure=lanes] table")
    expect(table).to_contain_text("generic_timeout_error")


def test_a_sample_opens_with_its_bytes_and_its_text_stays_text(look: Look):
    """The certificate's issuer is HTML; it must be shown, not run."""
    page = look().open("day/2026-10-19/facebook")
    # Anywhere in its row; the button is for the keyboard.
    page.locator("#day-samples tbody tr").nth(1).locator("td").nth(2).click()
    expect(page.locator("#sample")).to_be_visible()
    expect(page.locator("[data-figure=bytes] figcaption")).to_contain_text("500 kB")
    page.keyboard.press("Escape")
    page.locator("#day-samples button").nth(0).focus()
    page.keyboard.press("Enter")
    expect(page.locator("#sample-fields")).to_contain_text(history.HOSTILE)
    assert page.locator("#sample img").count() == 0
    expect(page.locator("#bytes .empty")).to_contain_text("only transfers have one")


@pytest.mark.long
def test_every_chart_saves_itself_and_its_data(look: Look):
    watched = look()
    # Chromium lets a page begin ten downloads in a row: not all kinds of all charts.
    page = watched.open("day/2026-10-19/facebook")
    assert saved(page, "lanes", "png").startswith(b"\x89PNG")
    for figure in ("band", "lanes", "curve"):
        assert_titled(saved(page, figure, "svg"))
    page = watched.open("evenings/facebook?view=absolute")
    assert saved(page, "heatmap", "png").startswith(b"\x89PNG")
    for figure in ("heatmap", "evenings"):
        assert_titled(saved(page, figure, "svg"))
    rows = list(csv.reader(io.StringIO(saved(page, "heatmap", "csv").decode())))
    assert rows[0][:3] == ["date", "local_hour", "goodput_bps [bit/s]"]
    values = {(row[0], row[1]): row[2] for row in rows[1:]}
    assert float(values["2026-10-15", "20:00"]) < 250_000
    assert values["2026-10-18", "12:00"] == ""


def assert_titled(svg: bytes) -> None:
    root = ElementTree.fromstring(svg)
    assert root.tag.endswith("svg")
    assert root.find("{http://www.w3.org/2000/svg}title").text


@pytest.mark.long
def test_two_windows_are_compared(look: Look):
    page = look().open("compare?target=facebook")
    form = {"a_since": "2026-10-16T20:00", "a_until": "2026-10-16T22:00",
            "b_since": "2026-10-16T10:00", "b_until": "2026-10-16T12:00"}  # fmt: skip
    for name, value in form.items():
        page.fill(f"#compare-choice input[name={name}]", value)
    page.click("#compare-choice button")
    expect(page.locator("#compare-words")).to_contain_text("10 times slower")
    words = caption(page, "compare")
    assert "Mbit/s" in words
    assert "Asia/Almaty" in words
    assert "100 %" in words or "100%" in words
    expect(page.locator("[data-figure=compare] canvas")).to_have_count(1)
    assert "a_since=2026-10-16T20%3A00" in page.url
    page.fill("#compare-choice input[name=b_since]", "2026-10-15T20:00")
    page.fill("#compare-choice input[name=b_until]", "2026-10-15T22:00")
    page.click("#compare-choice button")
    expect(page.locator("#compare-words")).to_contain_text("beside the second: as fast")


@pytest.mark.long
def test_the_page_speaks_three_languages(look: Look):
    watched = look()
    for code, word in (("ru", "Дело в них?"), ("kk", "Себеп соларда ма?")):
        page = watched.open("health")
        page.click(f"[data-language={code}]")
        page.wait_for_selector(f"html[lang={code}][data-ready]")
        assert "/health?" in page.url
        page.click(".brand a")
        page.wait_for_selector(f"html[lang={code}][data-ready] #cards .card")
        expect(page.locator("#answer-title")).to_have_text(word)


@pytest.mark.long
def test_kazakh_dates_are_kazakh(look: Look):
    """Also in a browser that knows no Kazakh."""
    page = look().open("day/2026-10-19/facebook?lang=kk")
    expect(page.locator("#day-title")).to_contain_text("дс, 19 қаз. 2026")


@pytest.mark.long
def test_dark_is_remembered(look: Look):
    page = look(color_scheme="light").open("health")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.click("#theme")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.reload()
    page.wait_for_selector("html[data-ready]")
    assert (
        page.evaluate("getComputedStyle(document.body).backgroundColor")
        == dark
        != light
    )


@pytest.mark.long
@pytest.mark.parametrize("code", LANGUAGES)
def test_a_phone_needs_no_sideways_scrolling(look: Look, code: str):
    watched = look(viewport=NARROW)
    for path in PAGES.values():
        page = watched.open(f"{path}?lang={code}")
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= NARROW["width"], path


def opened_whole(watched: Watched, path: str) -> Page:
    page = watched.open(path)
    # One table of numbers is as the next; thousands of cells take a minute.
    for summary in page.locator("summary:visible").all():
        if not summary.locator("xpath=ancestor::*[@data-figure='heatmap']").count():
            summary.click()
    return page


@pytest.mark.parametrize("name", in_brief(PAGES, "now", "day", "health"))
def test_the_accessibility_checker_has_no_objection(look: Look, name: str):
    """WCAG 2.2 A and AA on every page, with everything opened, on a dark phone."""
    watched = look(viewport=NARROW, color_scheme="dark")
    # Russian is the longest: what has room in it has room.
    page = opened_whole(watched, f"{PAGES[name]}?lang=ru")
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= NARROW["width"]
    if name == "day":
        page.locator("#day-samples button").first.click()
    assert watched.axe() == []


@pytest.mark.long
@pytest.mark.parametrize("name", PAGES)
def test_nor_has_it_on_a_light_desk_and_when_the_theme_is_switched(
    look: Look, name: str
):
    watched = look(color_scheme="light")
    page = opened_whole(watched, PAGES[name])
    assert watched.axe() == []
    page.click("#theme")
    assert watched.axe("color-contrast") == []


def test_a_page_stays_alive_and_updates_itself(look: Look):
    """New samples appear without a hand: the page asks again by itself."""
    watched = look()
    page = watched.page
    page.clock.install()
    watched.open()
    with page.expect_request("**/api/v1/now*"):
        page.clock.run_for(31_000)


@pytest.mark.long
def test_a_fresh_home_says_what_will_appear_and_when(look: Look, tmp_path: Path):
    url = f"sqlite:///{tmp_path / 'empty.db'}"
    open_store(url).close()
    with served(tmp_path, url) as empty:
        watched = look(to=empty)
        page = watched.open()
        expect(page.locator("#now-title")).to_have_text(
            "Nothing has been measured yet."
        )
        expect(page.locator(".card").first).to_contain_text("15 minutes")
        assert watched.axe() == []
        page = watched.open("evenings")
        for place in ("[data-figure=heatmap]", "[data-figure=evenings]", "#calendar"):
            expect(page.locator(f"{place} .empty")).to_be_visible()
        assert watched.axe() == []
        for path in ("day", "compare", "health", "notes", "reports"):
            watched.open(path)
            expect(page.locator("#failure")).to_be_hidden()
        page.context.close()


@pytest.mark.long
def test_after_the_first_round_it_was_measured_once(look: Look, tmp_path: Path):
    url = f"sqlite:///{tmp_path / 'first.db'}"
    with open_store(url) as store:
        store.samples.append(
            history.page(name, history.NOW, 1) for name in history.SITES
        )
    with served(tmp_path, url) as first:
        page = look(to=first).open()
        expect(page.locator(".card").first).to_contain_text("Measured once so far")
        page.context.close()


def judged(target: str, verdict: str, **evenings: int) -> dict:
    return {
        "vantage": "home",
        "target": target,
        "verdict": verdict,
        "strength": None,
        "evenings": {"observed": 35, "usable": 35, "slow": 0, "dead": 0} | evenings,
        "effect": {"metric": "goodput_bps", "ratio": None, "ci95": [None, 1.2]},
    }


def test_cards_never_say_more_than_the_verdict(look: Look, tmp_path: Path):
    """Dead evenings are slow ones; without controls nobody was compared with."""
    url = f"sqlite:///{tmp_path / 'judged.db'}"
    document = history.document()
    document["verdicts"] = [
        judged("facebook", "targeted_blocking", slow=30, dead=29),
        judged("twitter", "recurring_slowdown", slow=20),
        judged("youtube", "no_recurring_slowdown", slow=3),
    ]
    with open_store(url) as store:
        store.analyses.append(read_document(document), computed_at_utc=history.NOW)
    with served(tmp_path, url) as home:
        page = look(to=home).open()
        lead = page.locator("#answer-lead")
        expect(lead).to_contain_text("did not answer while the sites beside them did")
        expect(lead).to_contain_text("no live site to compare with: twitter")
        expect(lead).not_to_contain_text("youtube")
        expect(page.locator("[data-target=facebook]")).to_contain_text("29 of 35")
        expect(page.locator("[data-target=twitter]")).to_contain_text("20 of 35")
        page.context.close()


@pytest.mark.long
def test_a_card_tells_a_service_and_its_hosts_beneath(look: Look, tmp_path: Path):
    url = f"sqlite:///{tmp_path / 'judged.db'}"
    with open_store(url) as store:
        judged = read_document(history.services_document())
        store.analyses.append(judged, computed_at_utc=history.NOW)
    with served(tmp_path, url) as home:
        page = look(to=home).open()
        card = page.locator(".card[data-target=facebook]")
        expect(card).to_have_attribute("data-verdict", "targeted_throttling")
        hosts = card.locator(".hosts li")
        expect(hosts).to_have_count(2)
        expect(hosts.first).to_contain_text("facebook-video")
        expect(hosts.first).to_contain_text("media")
        expect(hosts.last).to_contain_text("No recurring slowdown")
        expect(page.locator(".card[data-target=facebook-video]")).to_have_count(0)
        # A service that is its own host looks as ever.
        expect(page.locator(".card[data-target=telegram] .hosts")).to_have_count(0)
        expect(page.locator("#answer-lead")).to_contain_text("facebook")
        page.context.close()


@pytest.mark.every_run
def test_logging_in_sharing_and_logging_out(
    look: Look, tmp_path: Path, sqlite_history: str, hashes: dict[str, str]
):
    with served(tmp_path, sqlite_history, **hashes) as guarded:
        watched = look(to=guarded)
        page = watched.page
        page.goto(guarded)
        page.wait_for_url("**/login")
        assert watched.axe() == []
        page.fill("#password", PASSWORD)
        page.click("button[type=submit]")
        page.wait_for_selector("html[data-ready]")
        page.click("#share")
        expect(page.locator("#shared")).to_contain_text("http")
        link = page.locator("#shared").inner_text().split("http")[1]
        guest = look(to=guarded)
        guest.page.goto(f"http{link}")
        guest.page.wait_for_selector("html[data-ready]")
        expect(guest.page.locator(".card[data-target=facebook]")).to_be_visible()
        assert guest.page.locator("#share").count() == 0
        page.click("text=Log out")
        page.wait_for_url("**/login")
        guest.page.context.close()
        page.context.close()


@pytest.mark.long
def test_no_text_of_others_turns_a_sentence_around(look: Look, tmp_path: Path):
    """Names, notes, failures and issuers: on every page, for the eye and the ear."""
    url = f"sqlite:///{tmp_path / 'hostile.db'}"
    names = {f"{mark}-{key}": mark for key, mark in MARKS.items() if key != "line"}
    with open_store(url) as store:
        for number, (name, mark) in enumerate(names.items()):
            plain = history.page("facebook", history.NOW, number)
            hostile = {"target": name.replace("\x00", ""), "certificate_issuer": mark}
            hostile["failed_operation"] = "connect"
            store.samples.append([replace(plain, failure=mark, **hostile)])
        for mark in MARKS.values():
            day = history.NOW.date()
            store.notes.add(day, day, mark, noted_at_utc=history.NOW)
    with served(tmp_path, url) as home:
        watched = look(to=home)
        for path in ("", "evenings", "day/2026-10-20", "compare", "notes", "health"):
            page = watched.open(path)
            shown = page.evaluate(
                "document.body.innerText + [...document.querySelectorAll("
                "'[aria-label],[title]')].map(e => e.ariaLabel + e.title).join(' ')"
            )
            assert steering(shown) == [], path
        page.context.close()


def follow(page: Page, place: str) -> None:
    """As a person does, who sees the page before its forms are used.

    Before its script ran a form is a form: without its dates it is not sent.
    """
    page.click(f"header .places a:text-is('{place}')")
    page.wait_for_url(f"**/{place.lower()}")
    page.wait_for_selector("html[data-ready]")


@pytest.mark.every_run
def test_the_owner_pauses_and_notes_and_a_guest_does_not(
    look: Look, tmp_path: Path, hashes: dict[str, str]
):
    url = f"sqlite:///{tmp_path / 'own.db'}"
    open_store(url).close()
    with served(tmp_path, url, **hashes) as home:
        page = look(to=home).page
        page.goto(home)
        page.fill("#password", PASSWORD)
        page.click("button[type=submit]")
        follow(page, "Health")
        page.select_option("#pause select", "30")
        page.click("#pause [type=submit]")
        expect(page.locator("#pause-words")).to_contain_text("paused until")
        page.reload()
        page.wait_for_selector("html[data-ready]")
        expect(page.locator("#health")).to_contain_text("paused until")
        page.click("#resume")
        expect(page.locator("#pause-words")).to_contain_text(
            "A pause begins with the next round"
        )
        follow(page, "Notes")
        page.fill("#note [name=text]", "<i>Match</i>")
        page.click("#note [type=submit]")
        expect(page.locator("#notes li")).to_contain_text("<i>Match</i>")
        page.click("#share")
        expect(page.locator("#shared")).to_contain_text("http")
        link = page.locator("#shared").inner_text().split("http")[1]
        guest = look(to=home)
        guest.page.goto(f"http{link}")
        for path, form in (("notes", "#note"), ("health", "#pause")):
            assert guest.open(path).locator(form).count() == 0
            assert guest.axe() == []
        guest.page.context.close()
        page.context.close()


@pytest.mark.long
def test_a_home_is_set_up_in_the_browser(look: Look, tmp_path: Path):
    """Also where no site can be reached: then all controls stay."""
    url = f"sqlite:///{tmp_path / 'monitor.db'}"
    open_store(url).close()
    with served(tmp_path, url) as home:
        # Under it, so that the port is a free one.
        (tmp_path / "config.yaml").write_text(shipped_text())
        watched = look(to=home)
        page = watched.open()
        page.click(".note a")
        page.wait_for_url("**/first")
        assert watched.axe() == []
        expect(page.locator("#first h3")).to_have_count(5)
        page.fill("[name=timezone]", "Asia/Tashkent")
        page.fill("[name=country]", "uz")
        page.check("[name=is_seen][value=yes]")
        page.check("[name=is_sent][value=no]")
        page.check("[name=agrees]")
        page.click("#first [type=submit]")
        expect(page.locator("#errand-state")).to_contain_text("Written.")
        page.reload()
        expect(page.locator("main")).to_contain_text("This home is set up")
        page.context.close()
    config = load(tmp_path / "config.yaml")
    assert config.timezone == "Asia/Tashkent"
    assert "https://kun.uz/" in (tmp_path / "config.yaml").read_text()
    assert [consent.way for consent in consents(tmp_path)] == ["page"]


@pytest.mark.long
def test_a_report_is_made_from_the_page(
    look: Look, tmp_path: Path, sqlite_history: str
):
    shutil.copy(sqlite_history.removeprefix("sqlite:///"), tmp_path / "own.db")
    with served(tmp_path, f"sqlite:///{tmp_path / 'own.db'}") as home:
        watched = look(to=home)
        page = watched.open("reports")
        page.fill("#make-report [name=date]", "2026-10-19")
        page.select_option("#make-report select", "private")
        page.click("#make-report [type=submit]")
        expect(page.locator("#errand-state")).to_have_text("Done.")
        night = page.locator("#reports .nights > li")
        expect(night).to_contain_text("evidence.zip")
        expect(night).to_contain_text("SHA-256")
        assert watched.axe() == []
        page.context.close()


@pytest.mark.parametrize("path", ["settings", "first"])
def test_a_page_without_a_configuration_says_so(
    look: Look, sqlite_history: str, path: str
):
    """As the demo's, which has no file to write to."""
    with served_without_file(sqlite_history) as home:
        watched = look(to=home, viewport=NARROW, color_scheme="dark")
        page = watched.open(f"{path}?lang=ru")
        expect(page.locator("form")).to_have_count(0)
        assert watched.axe() == []
        page.click("#theme")
        assert watched.axe("color-contrast") == []
        page.context.close()


@pytest.mark.every_run
def test_sites_are_switched_added_and_the_change_undone(look: Look, tmp_path: Path):
    url = f"sqlite:///{tmp_path / 'monitor.db'}"
    open_store(url).close()
    path = tmp_path / "config.yaml"
    with served(tmp_path, url) as home:
        path.write_text(shipped_text())
        watched = look(to=home)
        page = watched.open("settings")
        page.click("[data-switch=telegram]")
        switch = page.locator("[data-switch=telegram]")
        expect(switch).to_have_attribute("aria-pressed", "false")
        assert "telegram" not in {site.name for site in load(path).targets}
        page.click("#undo")
        expect(switch).to_have_attribute("aria-pressed", "true")
        assert path.read_text() == shipped_text()
        page.fill("#add [name=name]", "vimeo")
        page.fill("#add [name=url]", "https://vimeo.com/")
        page.click("#add [type=submit]")
        expect(page.locator("[data-switch=vimeo]")).to_have_count(1)
        assert load(path).targets[-1].url == "https://vimeo.com/"
        assert watched.axe() == []
        page.context.close()


SHOTS = [
    ("dashboard-wide-light", WIDE, "light", "en", ""),
    ("dashboard-evenings-light", WIDE, "light", "en", PAGES["evenings"]),
    ("dashboard-wide-dark", WIDE, "dark", "ru", PAGES["day"]),
    ("dashboard-phone-light", NARROW, "light", "kk", ""),
]


@pytest.mark.long
@pytest.mark.parametrize(("name", "viewport", "scheme", "code", "path"), SHOTS)
def test_pictures_for_the_manual(
    look: Look,
    tmp_path: Path,
    sqlite_history: str,
    name: str,
    viewport: dict,
    scheme: str,
    code: str,
    path: str,
):
    """Taken at every run; kept when DOCS_IMAGES names a folder."""
    picture = Path(os.environ.get("DOCS_IMAGES", tmp_path)) / f"{name}.png"
    url = f"sqlite:///{tmp_path / 'monitor.db'}"
    if path == PAGES["now"]:
        # A picture of something only while somebody measures.
        history.fill_up_to_now(url, datetime.now(UTC))
    else:
        url = sqlite_history
    with served(tmp_path, url) as home:
        watched = look(to=home, viewport=viewport, color_scheme=scheme)
        page = watched.open(f"{path}?lang={code}")
        page.screenshot(path=picture, full_page=True)
        page.context.close()
    assert picture.stat().st_size > 50_000


@pytest.mark.long
def test_a_person_sees_what_is_slow_at_this_moment(look: Look, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'monitor.db'}"
    history.fill_up_to_now(url, datetime.now(UTC))
    with served(tmp_path, url) as address:
        watched = look(address)
        page = watched.open()
        title = page.locator("#now-title")
        expect(title).to_have_attribute("data-line", "up")
        expect(title).to_have_text(
            "The line is well. No answer from twitter. Slow at this moment: facebook."
        )
        expect(page.locator("#now-more")).to_contain_text(
            "times slower than usual, for"
        )
        for site, state in (("facebook", "slow"), ("twitter", "failed")):
            card = page.locator(f".card[data-target={site}]")
            expect(card).to_have_attribute("data-state", state)
        expect(page.locator("[data-target=facebook] .figure")).to_contain_text("10 tim")
        expect(page.locator("[data-target=facebook] .spark")).to_have_count(1)
        row = page.locator("#controls tr[data-site=vk]")
        expect(row).to_have_attribute("data-state", "well")
        expect(page.locator("#health")).to_have_class("pill good")
        assert watched.axe() == []


@pytest.mark.every_run
@pytest.mark.parametrize("viewport", in_brief([WIDE, NARROW], NARROW))
def test_a_dead_line_is_the_first_that_a_person_sees(
    look: Look, tmp_path: Path, viewport: dict
) -> None:
    url = f"sqlite:///{tmp_path / 'monitor.db'}"
    fill_dead_line(url, datetime.now(UTC))
    with served(tmp_path, url) as address:
        watched = look(address, viewport)
        page = watched.open()
        line = page.locator("#now [data-line=down]")
        expect(line).to_contain_text("The line is down behind this home's own gateway")
        expect(line).to_be_in_viewport()
        expect(page.locator("#rail [data-place=services]")).to_contain_text("cannot be")
        expect(page.locator("#health")).to_have_class("pill bad")
        expect(page.locator("#health")).to_contain_text("the line is down")
        assert watched.axe() == []


def test_the_browser_knows_every_zone_that_a_configuration_may_name(browser: Browser):
    """And none of what only lies beside the zones on a disk."""
    allowed, others = [], ["localtime", "posix/Asia/Almaty", "right/Asia/Almaty"]
    for name in (*available_timezones(), *others):
        with suppress(ValueError):
            allowed.append(zone_named(name).key)
    page = browser.new_page()
    refused = page.evaluate(
        """names => names.filter(timeZone => {
            try { new Intl.DateTimeFormat("en", { timeZone }); return false }
            catch { return true }
        })""",
        allowed + others,
    )
    page.close()
    assert refused == others
