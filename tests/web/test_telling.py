"""Reasons and checks on the cards, in the reader's language."""

import re

import pytest
from aiohttp.test_utils import TestClient

from monitor.wording import language
from monitor.wording.reasons import translated
from monitor.web.schemas import Verdict
from monitor.web.telling import told_of

REASON = "Only 2 live control(s); to name interference at least 3 are needed."


def verdict(reason: str, **check: object) -> Verdict:
    return Verdict.model_validate(
        {"vantage": "home", "target": "x", "verdict": "y", "reasons": [reason]}
        | {"mechanism": [check] if check else []}
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
    assert reason == translated(REASON, tongue) != REASON


def test_what_the_card_says_already_is_not_said_again():
    """Beginning and hours stand on the card with dates written out."""
    assert told_of(verdict("It began on 2026-10-01."), language("en")).reasons == []


def test_a_check_that_could_not_be_made_claims_nothing():
    one = verdict("", check="stage", score=0, detail="unknown: too few evenings")
    (check,) = told_of(one, language("en")).checks
    assert (check.sign, check.detail) == ("?", "")
    assert check.outcome == "not known"


async def test_another_language_is_named_as_impossible(client: TestClient):
    answer = await client.get("/api/v1/verdicts", params={"language": "tlh"})
    assert answer.status == 400
