"""A letter says what the verdicts say, in three languages, and nothing is sent."""

from dataclasses import replace

import pytest

from monitor.errors import InputError
from monitor.report import Addressee, render_letter
from monitor.report.brief import told_service
from monitor.report.first_page import first_page, how_sure
from monitor.wording import LANGUAGES, language
from tests import harm
from tests.report.test_html import hostile
from tests.wording.test_branches import foreign_words


def flat(text: str) -> str:
    return " ".join(text.split())


def of_verdict(report, verdict: str):
    hosts = (
        replace(h, verdict=replace(h.verdict, verdict=verdict)) for h in report.hosts
    )
    return replace(report, hosts=tuple(hosts))


@pytest.mark.parametrize("to", Addressee)
@pytest.mark.parametrize("code", LANGUAGES)
def test_it_tells_each_service_as_the_report_does(report, code: str, to) -> None:
    letter, tongue = flat(render_letter(report, to, code)), language(code)
    for service in report.services:
        assert flat(told_service(service, report, tongue)) in letter
        assert flat(how_sure(service.hosts[0].verdict, tongue)) in letter
    for limit in first_page(report, tongue).limits:
        assert flat(limit) in letter
    assert report.chain.digest in letter
    assert letter.count("[") >= 4
    assert tongue.gettext("SIMULATED DATA: nothing here was measured.") in letter
    if code != "en":
        names = ["monitor", "verify", "UTC", "abab", *"ab"]
        assert foreign_words(letter.replace(report.chain.digest, ""), names) == set()


def test_provider_and_line_are_filled_in_where_they_are_stated(report) -> None:
    stated = replace(report, stated={"provider": "Example Net", "line": "fibre"})
    for to in Addressee:
        letter = render_letter(stated, to, "en")
        assert "Example Net" in letter
        assert "Line: fibre" in letter
        assert "[name of the provider]" not in letter


@pytest.mark.parametrize(
    "verdict", ["no_recurring_slowdown", "inconclusive", "own_line", "server_side"]
)
def test_there_is_no_letter_where_nobody_is_to_be_asked(report, verdict: str) -> None:
    with pytest.raises(InputError, match="nothing to write about"):
        render_letter(of_verdict(report, verdict), Addressee.PROVIDER, "en")


def test_a_busy_line_is_a_reason_to_write_and_is_told_as_such(report) -> None:
    busy = of_verdict(report, "general_congestion")
    letter = flat(render_letter(busy, Addressee.PROVIDER, "en"))
    assert "this looks like the ordinary busy hour" in letter
    assert "consistent with deliberate" not in letter


@pytest.mark.parametrize("text", harm.TEXTS.values(), ids=harm.TEXTS)
def test_text_of_others_stays_in_its_line(one_service, text: str) -> None:
    made = replace(
        hostile(one_service, f"{text}\n- x"), hosts=one_service.hosts, stated={}
    )
    letter = render_letter(made, Addressee.REGULATOR, "en")
    assert harm.steering(letter) == []
    assert "\n- x" not in letter
