"""The page is complete, asks nobody for anything, and hostile text in it stays text."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import cycle

import pytest
from selectolax.parser import HTMLParser

from monitor.model import Note
from monitor.reason import Reason
from monitor.report import Chain, Gap, Spoiled, render_html
from monitor.text import printable
from monitor.wording import LANGUAGES, language
from tests import harm
from tests.costs import in_brief

HOSTILE = tuple(harm.PAGES.values())

_BY_CONTENT = re.compile(r"(C\d_\d_|[a-z]+)[0-9a-f]{8,}")


def hostile(report, text: str):
    """The report with the same text in every field that anybody else writes."""
    service = report.hosts[0]
    checks = tuple(
        replace(check, check=text, detail=Reason(text, "{x}", {"x": text}))
        for check in service.verdict.mechanism[:2]
    )
    verdict = replace(
        service.verdict,
        target=text,
        vantage=text,
        verdict=text,
        strength=text,
        reasons=(Reason(text, "{x}", {"x": text}),),
        mechanism=checks,
        effect=replace(service.verdict.effect, metric=text),
        found_window=(text, text),
    )
    noon = datetime(2018, 4, 1, 12, tzinfo=UTC)
    return replace(
        report,
        vantage=text,
        timezone=text,
        hosts=(replace(service, name=text, metric=text, verdict=verdict),),
        controls=(text,),
        gaps=(Gap(start=noon, end=noon, reason=text),),
        spoiled=(Spoiled(reason=text, n_rounds=1),),
        notes=(
            Note(
                number=1,
                first_date=date(2018, 4, 1),
                last_date=date(2018, 4, 2),
                text=text,
            ),
        ),
        versions=replace(report.versions, software=text, tzdata=text, probes=(text,)),
        chain=Chain(day=text, digest=text),
    )


@pytest.fixture(scope="session")
def html(one_service, draw) -> str:
    return draw(one_service, "en")


@pytest.mark.parametrize("code", in_brief(LANGUAGES, "kk"))
def test_the_page_asks_nobody_and_runs_nothing(one_service, code: str, draw) -> None:
    page = HTMLParser(draw(one_service, code))
    assert page.css("script, iframe, object, embed, link, base, form") == []
    for node in page.css("*"):
        for name, value in node.attributes.items():
            assert not name.startswith("on")
            if name in {"src", "href", "xlink:href"}:
                assert (value or "").startswith(("#", "data:image/png;base64,"))
    assert "url(http" not in page.html
    assert page.css_first("html").attributes["lang"] == code


@pytest.mark.parametrize("text", in_brief(HOSTILE, *HOSTILE[:2]))
def test_hostile_text_stays_text(one_service, html: str, text: str) -> None:
    plain = HTMLParser(html)
    page = HTMLParser(render_html(hostile(one_service, text), "en"))
    for tag in ("script", "img", "iframe", "style", "svg", "image"):
        assert len(page.css(tag)) == len(plain.css(tag))
    known = {name for node in plain.css("*") for name in node.attributes}
    assert {name for node in page.css("*") for name in node.attributes} <= known
    assert page.body.text().count(text) >= 8
    assert "49" not in page.css_first("h2#service-1").text()


def test_every_picture_has_a_text_alternative(html: str) -> None:
    page = HTMLParser(html)
    pictures = page.css("figure svg[role=img]")
    # Five of the service, and the data used by day.
    assert len(pictures) == 6
    for picture in pictures:
        for identifier in picture.attributes["aria-labelledby"].split():
            assert picture.css_first(f"#{identifier}").text().strip()
    assert page.css_first("table.hours") is not None


def test_identifiers_are_unique(report, draw) -> None:
    page = HTMLParser(draw(report, "en"))
    found = [
        node.attributes["id"]
        for node in page.css("main [id]")
        # Matplotlib names shapes by their content: equal names, equal shapes.
        if not _BY_CONTENT.fullmatch(node.attributes["id"])
    ]
    assert len(found) == len(set(found))


def test_the_sentence_comes_before_any_picture(report, draw) -> None:
    html = draw(report, "en")
    for service in report.hosts:
        words = f"evenings {service.name}"
        assert html.index("In short") < html.lower().index(words) < html.index("<svg")


def test_simulated_data_are_called_so(one_service, html: str) -> None:
    assert "SIMULATED DATA" in html
    real = replace(one_service, is_simulated=False)
    assert "SIMULATED" not in render_html(real, "en")


def test_the_page_names_how_to_check_it(one_service, html: str) -> None:
    text = HTMLParser(html).body.text()
    assert one_service.chain.digest in text
    assert "monitor verify" in text
    for version in (one_service.versions.method, one_service.versions.tzdata):
        assert version in text


def test_the_same_report_gives_the_same_page(one_service, html: str) -> None:
    assert render_html(one_service, "en") == html


def test_one_evening_is_no_span(one_service) -> None:
    page = render_html(replace(one_service, since=one_service.night), "en")
    assert f"Evening of {language('en').long_date(one_service.night)}" in page
    assert "Evenings from" not in page


def test_a_report_without_services_is_still_a_page(report) -> None:
    empty = replace(report, hosts=(), controls=(), data_used=None, measured=None)
    page = HTMLParser(render_html(empty, "kk"))
    assert page.css_first("h1").text()
    assert page.css("figure") == []


def first_evening(report, text: str):
    """A report of one evening whose names and reasons are the same text."""
    told = hostile(report, text)
    service = told.hosts[0]
    few = Reason(
        "few_evenings",
        "Usable evenings: {usable}; at least {needed} are needed.",
        {"usable": text, "needed": 7},
    )
    other = Reason(text, "{x}", {"x": text})
    verdict = replace(
        service.verdict, verdict="insufficient_data", reasons=(few, other)
    )
    return replace(told, hosts=(replace(service, verdict=verdict),))


@pytest.mark.parametrize(
    ("text", "code"),
    [*zip(harm.TEXTS.values(), cycle(LANGUAGES), strict=False)],
    ids=str,
)
def test_nothing_turns_a_sentence_or_is_unseen(
    one_service, text: str, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each text in one of the languages: what makes it harmless is the same in all."""
    monkeypatch.setattr("monitor.report.html._charts", lambda *_: ())
    page = HTMLParser(render_html(hostile(one_service, text), code)).body.text()
    assert harm.steering(page) == []
    assert page.count(printable(text.split("\n")[0])) >= 8


@pytest.mark.parametrize(
    ("text", "code"), [*zip(HOSTILE, cycle(LANGUAGES), strict=False)], ids=str
)
def test_hostile_text_in_the_newer_sentences_stays_text(
    one_service, text: str, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First evenings, figures of checks, reasons with names, and servers' own words."""
    # What is drawn has no text of others, and takes most of the time.
    monkeypatch.setattr("monitor.report.html._charts", lambda *_: ())
    told = first_evening(one_service, text)
    service = told.hosts[0]
    figures = (
        Reason("synchrony", "in step with {names:names}", {"names": (text,)}),
        Reason("synchrony", "{why}", {"why": text}),
        Reason(
            "round_trip",
            "{metric:metric} {times:factor} on slow evenings",
            {"metric": text, "times": 2.0},
        ),
    )
    checks = tuple(
        replace(service.verdict.mechanism[0], check="synchrony", detail=figure)
        for figure in figures
    )
    reasons = (
        *service.verdict.reasons,
        Reason(
            "controls",
            "Left out of the controls, being slow or dead themselves: {names:names}.",
            {"names": (text, text)},
        ),
        Reason("zone_data", "{zone}", {"zone": text}),
    )
    verdict = replace(service.verdict, mechanism=checks, reasons=reasons)
    told = replace(told, hosts=(replace(service, verdict=verdict),))
    plain = HTMLParser(render_html(one_service, code))
    page = HTMLParser(render_html(told, code))
    for tag in ("script", "img", "iframe", "style", "svg", "image"):
        assert len(page.css(tag)) == len(plain.css(tag))
    known = {name for node in plain.css("*") for name in node.attributes}
    assert {name for node in page.css("*") for name in node.attributes} <= known
    assert not page.css("[onerror]")
