"""Reasons and checks on the cards, in the reader's language."""

import re

import pytest
from aiohttp.test_utils import TestClient

from monitor.model import Verdict
from monitor.reason import Reason
from monitor.stored_analysis import read_document
from monitor.web.answers.telling import told_of
from monitor.wording import language
from monitor.wording.reason_words import told as words

REASON = Reason(
    "controls",
    "Only {controls} live control(s); to name interference at least {needed} are "
    "needed.",
    {"controls": 2, "needed": 3},
)
BEGUN = Reason("season", "It began on {day:date}.", {"day": "2026-10-01"})


def read(**changes: object) -> Verdict:
    """A verdict as it is read from a stored document."""
    stored = {
        "vantage": "home",
        "target": "x",
        "verdict": "y",
        "evenings": {"observed": 0, "usable": 0, "slow": 0, "dead": 0},
        "effect": {"metric": "goodput_bps", "ratio": None, "ci95": [None, None]},
        "found_window": None,
        "mechanism": [],
        "reasons": [],
    }
    (found,) = read_document({"verdicts": [{**stored, **changes}]}).verdicts
    return found


def verdict(*reasons: Reason, **check: object) -> Verdict:
    return read(
        reasons=[str(reason) for reason in reasons],
        reason_records=[reason.to_dict() for reason in reasons],
        mechanism=[check] if check else [],
    )


async def told(client: TestClient, **asked: str) -> dict:
    answer = await client.get("/api/v1/verdicts", params=asked)
    assert answer.status == 200
    return (await answer.json())["verdicts"][0]


async def test_the_analysis_own_words_stay_beside_the_told_ones(client: TestClient):
    one = await told(client, language="ru")
    assert one["reasons"] == ["only 3 controls"]
    (check,) = one["told"]["checks"]
    assert check["check"] == "plateau"
    assert check["sign"] == "+"
    assert re.search("[\u0430-\u044f]", check["title"] + check["outcome"])
    assert (await told(client))["told"] is None


@pytest.mark.parametrize("code", ["ru", "kk"])
def test_a_reason_is_told_as_the_night_report_tells_it(code: str):
    tongue = language(code)
    (reason,) = told_of(verdict(REASON), tongue).reasons
    assert reason == words(REASON, tongue) != str(REASON)


def test_what_the_card_says_already_is_not_said_again():
    """Beginning and hours stand on the card with dates written out."""
    assert told_of(verdict(BEGUN), language("en")).reasons == []


def test_a_check_that_could_not_be_made_claims_nothing():
    one = verdict(check="stage", score=0, detail="unknown: too few evenings")
    (check,) = told_of(one, language("en")).checks
    assert (check.sign, check.detail) == ("?", "")
    assert check.outcome == "not known"


def test_a_verdict_from_before_reasons_were_stored_has_its_sentences():
    """As stored by commit df32d66: English, whatever language is asked for."""
    sentences = ["Slower than the controls on 8 of 10 evenings; the cause is open."]
    checks = [
        {"check": "stage", "score": 1, "detail": "connect x1.02"},
        {"check": "plateau", "score": 0, "detail": "unknown: too few transfers"},
    ]
    old = read(verdict="server_side", reasons=sentences, mechanism=checks)
    told = told_of(old, language("ru"))
    assert told.reasons == sentences
    assert [check.detail for check in told.checks] == ["connect x1.02", ""]
    assert [str(check) for check in old.mechanism] == [c["detail"] for c in checks]
    assert re.search("[\u0430-\u044f]", told.sentence)


@pytest.mark.parametrize(
    "records", [None, [1], [{"rule": "size"}], [{**REASON.to_dict(), "values": {}}]]
)
def test_reasons_that_are_none_leave_the_sentences(records: object):
    found = read(reasons=[str(REASON)], reason_records=records)
    assert told_of(found, language("kk")).reasons == [str(REASON)]


def test_a_newer_program_s_verdict_keeps_its_name():
    told = told_of(verdict(), language("kk"))
    assert (told.heading, told.sentence, told.facts) == ("y", "", [])


async def test_gaps_are_told_in_the_language_that_was_asked_for(client: TestClient):
    span = {"since": "2026-10-13T00:00:00Z", "until": "2026-10-21T00:00:00Z"}
    answer = await client.get("/api/v1/gaps", params={**span, "language": "ru"})
    (gap,) = [g for g in (await answer.json())["gaps"] if g["reason"]]
    assert gap["reason"] == "the monitor was not running"
    assert re.fullmatch("[\u0430-\u044f ]+", gap["told"])


async def test_another_language_is_named_as_impossible(client: TestClient):
    answer = await client.get("/api/v1/verdicts", params={"language": "tlh"})
    assert answer.status == 400
