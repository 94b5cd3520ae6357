"""The page in a real Chromium: nothing is cut off, and an accessibility check is glad.

Measured in three languages, on a desk and on a phone, light and dark.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from matplotlib.colors import to_rgb
from playwright.sync_api import Browser, Locator, Page

from monitor.report import NightReport, render_html
from monitor.report.heat_steps import HEAT_STEPS
from monitor.wording import LANGUAGES
from tests.costs import in_brief
from tests.report.conftest import Draw
from tests.web.browser import AXE, PATIENCE_MS, chromium

PHONE, DESK = 390, 1000
CUT = """() => [...document.querySelectorAll('main *')].filter(e => {
  const box = e.getBoundingClientRect();
  const movable = e.closest('.picture');
  return !movable && box.width > 2 && (box.right > innerWidth + 1 || box.left < -1);
}).map(e => e.tagName + ': ' + e.textContent.slice(0, 60))"""
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def drawn(one_service: NightReport, draw: Draw) -> Callable[[str], str]:
    """The page of one service in a language."""
    return lambda code: draw(one_service, code)


def opened(browser: Browser, html: str, width: int, scheme: str = "light") -> Page:
    viewport = {"width": width, "height": 900}
    page = browser.new_context(viewport=viewport, color_scheme=scheme).new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.set_content(html)
    return page


@pytest.mark.long
@pytest.mark.parametrize("width", [PHONE, DESK])
@pytest.mark.parametrize("code", LANGUAGES)
def test_no_text_is_cut_off(browser, report, draw, code: str, width: int) -> None:
    page = opened(browser, draw(report, code), width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(CUT) == []
    hidden = "[...document.querySelectorAll('.wide')]"
    assert page.evaluate(f"{hidden}.every(e => e.scrollWidth <= e.clientWidth + 1)")


def hidden_px(picture: Locator) -> tuple[float, float]:
    """What of a picture is to the left and to the right of what is seen."""
    left, right = picture.evaluate("""e => {
      const svg = e.querySelector('svg').getBoundingClientRect();
      const frame = e.getBoundingClientRect();
      return [frame.left - svg.left, svg.right - frame.right];
    }""")
    return left, right


@pytest.mark.parametrize("code", in_brief(LANGUAGES, "ru"))
def test_on_a_phone_a_picture_shows_the_last_day_first(
    browser, drawn, code: str
) -> None:
    page = opened(browser, drawn(code), PHONE)
    left, right = hidden_px(page.locator(".picture").nth(1))
    assert left > 100
    assert abs(right) < 2
    assert page.locator(".swipe").first.is_visible()


def test_what_the_marks_mean_stands_still_beside_the_picture(browser, drawn) -> None:
    """A phone shows one end of a picture: its key was at the other one."""
    page = opened(browser, drawn("ru"), PHONE)
    for key in page.locator(".keys span").all():
        box = key.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= PHONE


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_hours_and_their_key_have_the_colours_of_the_page(
    browser, drawn, scheme: str
) -> None:
    page = opened(browser, drawn("ru"), DESK, scheme)
    figure = page.locator("figure:has(.heat)").first
    for number, step in enumerate(HEAT_STEPS):
        rgb = tuple(round(255 * part) for part in to_rgb(getattr(step, scheme)))
        shapes = figure.locator(f".step-{number}").all()
        fills = {s.evaluate("e => getComputedStyle(e).fill") for s in shapes}
        assert fills == {f"rgb{rgb}"}
    assert figure.locator(".heat [class^=step-]").count() > 2


@pytest.mark.parametrize(("day", "side"), [(15, 0), (16, 1)])
def test_the_strip_of_evenings_begins_in_the_half_month_of_the_last(
    browser, one_service, day: int, side: int
) -> None:
    night = one_service.night.replace(day=day)
    html = render_html(replace(one_service, night=night), "en")
    page = opened(browser, html, PHONE)
    hidden = hidden_px(page.locator(".picture").first)
    assert abs(hidden[side]) < 2
    assert hidden[1 - side] > 100


@pytest.mark.parametrize("width", in_brief([PHONE, DESK], PHONE))
@pytest.mark.parametrize("scheme", in_brief(["dark", "light"], "dark"))
def test_an_accessibility_check_finds_nothing(
    browser, drawn, scheme: str, width: int
) -> None:
    page = opened(browser, drawn("ru"), width, scheme)
    page.evaluate(AXE.read_text())
    found = page.evaluate(
        "async tags => ({violations: (await axe.run(document, {runOnly: {type: "
        "'tag', values: tags}, resultTypes: ['violations']})).violations})",
        RULES,
    )
    assert [v["id"] for v in found["violations"]] == []
