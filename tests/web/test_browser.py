"""The dashboard in a real Chromium: what a person does, and what must never happen."""

import csv
import io
import os
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import available_timezones

import pytest
from playwright.sync_api import Browser, Page, expect

from monitor.store import open_store
from monitor.stored_analysis import read_document
from monitor.wallclock import zone_named
from tests.web import history
from tests.web.browser import Watched, chromium, served
from tests.web.conftest import PASSWORD
from tests.web.test_now import fill_dead_line

WIDE, NARROW = {"width": 1400, "height": 900}, {"width": 390, "height": 844}

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


def test_the_first_look_answers_the_question(look: Look):
    page = look().open()
    card = page.locator(".card[data-target=facebook]")
    expect(card).to_have_attribute("data-verdict", "targeted_throttling")
    expect(card).to_contain_text("8 of 8 usable evenings")
    expect(card).to_contain_text("10 times (95 %: 9 to 11)")
    expect(page.locator("#answer-lead")).to_contain_text("facebook")
    expect(page.locator("#notes")).to_contain_text("<b>Match</b>")
    expect(page.locator("#place")).to_contain_text("Asia/Almaty")


def test_charts_are_drawn_with_unit_zone_and_coverage(look: Look):
    page = look().open("?view=absolute")
    for figure in ("heatmap", "evenings", "live", "phases", "transfers"):
        assert page.locator(f"[data-figure={figure}] canvas").count() == 1
        assert "Asia/Almaty" in caption(page, figure)
        assert "%" in caption(page, figure)
    assert "Mbit/s" in caption(page, "heatmap")
    assert "20:00\u201322:00" in caption(page, "heatmap")


def test_target_metric_and_view_can_be_switched(look: Look):
    """And the address follows, so that a link shows the same."""
    page = look().open()
    page.select_option("select[name=target]", "twitter")
    page.select_option("select[name=metric]", "connect_s")
    page.select_option("select[name=view]", "absolute")
    expect(page.locator("[data-figure=heatmap] figcaption")).to_contain_text("twitter")
    expect(page.locator("[data-figure=heatmap] figcaption")).to_contain_text("TCP")
    assert "target=twitter" in page.url
    page.reload()
    page.wait_for_selector("html[data-ready]")
    expect(page.locator("select[name=metric]")).to_have_value("connect_s")


def test_a_cell_of_the_heat_map_opens_its_day(look: Look):
    page = look().open()
    plot = page.locator("[data-figure=heatmap] .plot")
    box = plot.bounding_box()
    plot.click(position={"x": box["width"] * 0.3, "y": box["height"] * 0.5})
    day = page.locator("#day-choice input[name=date]")
    expect(day).not_to_have_value("2026-10-20")
    assert "2026-10-1" in day.input_value()


def test_the_heat_map_works_by_keyboard(look: Look):
    page = look().open()
    page.focus("[data-figure=heatmap] .plot")
    for key in ("ArrowLeft", "ArrowLeft", "ArrowDown"):
        page.keyboard.press(key)
    words = page.locator("[data-figure=heatmap] .cell")
    expect(words).to_contain_text("21:00")
    expect(words).to_contain_text("10 times slower")
    page.keyboard.press("Enter")
    expect(page.locator("#day-choice input[name=date]")).to_have_value("2026-10-19")


def test_a_day_shows_failures_and_gaps(look: Look):
    page = look().open("?target=twitter&day=2026-10-18")
    expect(page.locator("[data-figure=phases] figcaption")).to_contain_text(
        "Probes: 84, failed: 8"
    )
    page.click("[data-figure=phases] summary")
    table = page.locator("[data-figure=phases] table")
    expect(table).to_contain_text("generic_timeout_error")


def test_a_sample_opens_with_its_bytes_and_its_text_stays_text(look: Look):
    """The certificate's issuer is HTML; it must be shown, not run."""
    page = look().open("?target=facebook&day=2026-10-19")
    page.click("#day-samples summary")
    page.locator("#day-samples button").nth(1).click()
    expect(page.locator("#sample")).to_be_visible()
    expect(page.locator("[data-figure=bytes] figcaption")).to_contain_text("500 kB")
    page.keyboard.press("Escape")
    page.locator("#day-samples button").nth(0).click()
    expect(page.locator("#sample-fields")).to_contain_text(history.HOSTILE)
    assert page.locator("#sample img").count() == 0
    expect(page.locator("#bytes .empty")).to_be_visible()


def test_every_chart_saves_itself_and_its_data(look: Look):
    page = look().open("?view=absolute")
    # Chromium lets a page begin ten downloads in a row: not all kinds of all charts.
    for figure in ("heatmap", "phases"):
        assert saved(page, figure, "png").startswith(b"\x89PNG")
    for figure in ("heatmap", "evenings", "live", "phases", "transfers"):
        root = ElementTree.fromstring(saved(page, figure, "svg"))
        assert root.tag.endswith("svg")
        assert root.find("{http://www.w3.org/2000/svg}title").text
    rows = list(csv.reader(io.StringIO(saved(page, "heatmap", "csv").decode())))
    assert rows[0][:3] == ["date", "local_hour", "goodput_bps [bit/s]"]
    values = {(row[0], row[1]): row[2] for row in rows[1:]}
    assert float(values["2026-10-15", "20:00"]) < 250_000
    assert values["2026-10-18", "12:00"] == ""


def test_two_windows_are_compared(look: Look):
    page = look().open("?target=facebook")
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


@pytest.mark.parametrize(
    ("code", "word"), [("ru", "Ответ"), ("kk", "Жауап"), ("en", "The answer")]
)
def test_the_page_speaks_three_languages(look: Look, code: str, word: str):
    page = look().open()
    page.click(f"[data-language={code}]")
    page.wait_for_selector(f"html[lang={code}][data-ready]")
    expect(page.locator("#answer-title")).to_have_text(word)
    page.goto(page.url.split("?")[0])
    page.wait_for_selector(f"html[lang={code}]")


def test_kazakh_dates_are_kazakh(look: Look):
    """Also in a browser that knows no Kazakh."""
    page = look().open("?lang=kk&day=2026-10-19")
    expect(page.locator("[data-figure=phases] figcaption")).to_contain_text(
        "дс, 19 қаз. 2026"
    )


def test_dark_is_remembered(look: Look):
    page = look(color_scheme="light").open()
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


@pytest.mark.parametrize("code", ["en", "ru", "kk"])
def test_a_phone_needs_no_sideways_scrolling(look: Look, code: str):
    page = look(viewport=NARROW).open(f"?lang={code}")
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [WIDE, NARROW])
def test_the_accessibility_checker_has_no_objection(
    look: Look, scheme: str, viewport: dict
):
    """WCAG 2.2 A and AA, with everything opened."""
    watched = look(viewport=viewport, color_scheme=scheme)
    page = watched.open("?target=facebook&day=2026-10-19")
    for summary in page.locator("summary").all():
        summary.click()
    assert watched.axe() == []
    page.locator("#day-samples button").first.click()
    assert watched.axe() == []


def test_a_page_stays_alive_and_updates_itself(look: Look):
    """New samples appear without a hand: the page asks again by itself."""
    watched = look()
    page = watched.page
    page.clock.install()
    watched.open()
    with page.expect_request("**/api/v1/series*"):
        page.clock.run_for(31_000)


def test_a_fresh_home_says_what_will_appear_and_when(look: Look, tmp_path: Path):
    url = f"sqlite:///{tmp_path / 'empty.db'}"
    open_store(url).close()
    with served(tmp_path, url) as empty:
        watched = look(to=empty)
        page = watched.open()
        expect(page.locator(".card").first).to_contain_text("15 minutes")
        for figure in ("heatmap", "evenings", "live"):
            expect(page.locator(f"[data-figure={figure}] .empty")).to_be_visible()
        assert watched.axe() == []
        page.context.close()


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


SHOTS = [
    ("dashboard-wide-light", WIDE, "light", "en"),
    ("dashboard-wide-dark", WIDE, "dark", "ru"),
    ("dashboard-phone-light", NARROW, "light", "kk"),
]


@pytest.mark.parametrize(("name", "viewport", "scheme", "code"), SHOTS)
def test_pictures_for_the_manual(
    look: Look, tmp_path: Path, name: str, viewport: dict, scheme: str, code: str
):
    """Taken at every run; kept when DOCS_IMAGES names a folder."""
    page = look(viewport=viewport, color_scheme=scheme).open(f"?lang={code}")
    folder = Path(os.environ.get("DOCS_IMAGES", tmp_path))
    path = folder / f"{name}.png"
    page.screenshot(path=path, full_page=True)
    assert path.stat().st_size > 50_000


def test_a_person_sees_what_is_slow_at_this_moment(look: Look, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'monitor.db'}"
    history.fill_up_to_now(url, datetime.now(UTC))
    with served(tmp_path, url) as address:
        page = look(address).open()
        line = page.locator("#now [data-line]")
        expect(line).to_have_attribute("data-line", "up")
        expect(line).to_have_text("The line is well: 4 of 5 sites answered.")
        expect(page.locator("#now ul")).to_contain_text("times slower than usual, for")
        page.click("#now summary")
        for site, state in (
            ("facebook", "slow"),
            ("twitter", "failed"),
            ("vk", "well"),
        ):
            row = page.locator(f"#now tr[data-site={site}]")
            expect(row).to_have_attribute("data-state", state)
        expect(page.locator("#health")).to_have_class("pill good")


@pytest.mark.parametrize("viewport", [WIDE, NARROW])
def test_a_dead_line_is_the_first_that_a_person_sees(
    look: Look, tmp_path: Path, viewport: dict
) -> None:
    url = f"sqlite:///{tmp_path / 'monitor.db'}"
    fill_dead_line(url, datetime.now(UTC))
    with served(tmp_path, url) as address:
        page = look(address, viewport).open()
        line = page.locator("#now [data-line=down]")
        expect(line).to_contain_text("The line is down behind this home's own gateway")
        expect(line).to_be_in_viewport()
        expect(page.locator("#health")).to_have_class("pill bad")
        expect(page.locator("#health")).to_contain_text("the line is down")


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
