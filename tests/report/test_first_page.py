"""The first page says how sure it is, by measured rates, and what else it may be."""

from dataclasses import replace

import pytest
from selectolax.parser import HTMLParser

from monitor.model import MechanismCheck
from monitor.reason import Reason
from monitor.report import CircleCount, public_copy
from monitor.report.first_page import first_page, how_sure
from monitor.wording import LANGUAGES, language
from monitor.wording.error_rates import ErrorRate, error_rates
from monitor.wording.rate_words import told_rates
from tests.wording.test_branches import foreign_words

ENGLISH = language("en")


@pytest.fixture(scope="module")
def facebook(report):
    """Slowed, and likely so."""
    return next(h.verdict for h in report.hosts if h.name == "facebook")


def with_sign(report, check: str, score: int):
    """The report with one more sign on each host."""
    sign = MechanismCheck(check=check, score=score, detail=Reason(check, "a figure"))
    hosts = (
        replace(h, verdict=replace(h.verdict, mechanism=(sign,))) for h in report.hosts
    )
    return replace(report, hosts=tuple(hosts))


@pytest.mark.parametrize(
    ("verdict", "strength", "words"),
    [
        ("targeted_throttling", "strong", "Strong: "),
        ("targeted_throttling", "likely", "Likely: "),
        ("selective_slowdown", None, "the cause is not established"),
        ("server_side", None, "that somebody slowed it is not shown"),
        ("general_congestion", None, "of this service alone is not shown"),
        ("no_recurring_slowdown", None, "Excluded is a slowdown to more than"),
        ("inconclusive", None, "Nothing is concluded"),
        ("of a newer program", None, "Nothing is concluded"),
    ],
)
def test_how_sure_is_said_in_words(facebook, verdict, strength, words) -> None:
    told = how_sure(replace(facebook, verdict=verdict, strength=strength), ENGLISH)
    assert words in told
    accuses = verdict in ("targeted_throttling", "selective_slowdown")
    assert ("Odds against pure chance" in told) == accuses


def test_odds_are_told_where_there_are_some(facebook) -> None:
    assert "Odds against" in how_sure(replace(facebook, e_value=1000.0), ENGLISH)
    assert "Odds against" not in how_sure(replace(facebook, e_value=None), ENGLISH)


def test_excluded_is_what_lies_beyond_the_upper_end_of_the_interval(facebook) -> None:
    effect = replace(facebook.effect, ci95=(0.9, 1.14))
    clear = replace(
        facebook, verdict="no_recurring_slowdown", strength=None, effect=effect
    )
    assert "to more than 1.14 times" in how_sure(clear, ENGLISH)


def test_rates_have_two_decimals() -> None:
    """A bound of 0.05 is not one of 0.1."""
    rates = error_rates()
    small = ErrorRate(
        errors=1, cases=900, percent=0.111, low_percent=0.054, high_percent=0.626
    )
    each = dict.fromkeys(rates.rates, small)
    texts = told_rates(rates.method_version, replace(rates, rates=each), ENGLISH)
    assert "0.11 %; 95% interval 0.05 to 0.63 %" in next(texts)


def test_rates_of_another_method_are_called_so() -> None:
    rates = error_rates()
    same = " ".join(told_rates(rates.method_version, rates, ENGLISH))
    other = " ".join(told_rates("9.9", rates, ENGLISH))
    assert "not measured anew" not in same
    assert (
        other.replace(same[:-45], "").count("method 9.9, which was not measured") == 1
    )
    rate = rates.rates["false_accusation"]
    assert f"{rate.errors} were accused" in same
    assert "real lines is not known" in same


def answers(report) -> dict[str, str]:
    return {e.who: e.answer for e in first_page(report, ENGLISH).explanations}


def test_what_else_it_may_be_is_told_as_far_as_it_was_looked_at(report) -> None:
    told = answers(report)
    assert told["The service itself"].startswith("Not ruled out")
    assert "5 control sites" in told["The whole line, the busy hour"]
    assert "own router" in told["The household's router or filter"]
    strong = answers(with_sign(report, "name_away", 1))
    assert strong["The service itself"] == "Does not explain this: a figure."
    assert "own router" in strong["The household's router or filter"]
    moved = answers(with_sign(report, "destination", -1))
    assert moved["Its network (CDN)"] == "A sign points there: a figure."
    assert moved["The service itself"].startswith("Not ruled out")


def test_where_nothing_is_accused_nobody_is_defended(report) -> None:
    calm = tuple(h for h in report.hosts if h.name == "youtube")
    page = first_page(replace(report, hosts=calm), ENGLISH)
    assert page.explanations == ()
    assert "attempts at 1 services" in page.measured


def test_friends_are_counted_and_no_public_copy_tells_of_them(report) -> None:
    count = CircleCount(service="facebook", n_slow=3, n_judged=4)
    told = replace(report, circle=(count,))
    (line,) = first_page(told, ENGLISH).circle
    assert line.startswith("Facebook: slow on 3 of 4 lines of friends")
    assert public_copy(told, "v-1").circle == ()
    assert first_page(report, ENGLISH).circle == ()


@pytest.mark.parametrize("code", ["ru", "kk"])
def test_no_english_word_is_on_the_first_page(report, code: str) -> None:
    count = CircleCount(service="facebook", n_slow=3, n_judged=4)
    page = first_page(replace(report, circle=(count,)), language(code))
    texts = [page.measured, *page.rates, *page.limits, *page.circle]
    texts += [f"{e.who} {e.of} {e.answer}" for e in page.explanations]
    assert foreign_words(" ".join(texts), ["CDN"]) == set()


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_page_begins_with_it(one_service, code: str, draw) -> None:
    page = HTMLParser(draw(one_service, code))
    front = page.css_first(".front").text()
    for line in first_page(one_service, language(code)).rates:
        assert line in front
    assert one_service.chain.digest in front
    assert len(page.css(".front h2")) == 4


def test_what_was_measured_is_told_with_the_hours_of_the_evening(report) -> None:
    assert "in the evening (20:00 to 22:00)" in first_page(report, ENGLISH).measured
