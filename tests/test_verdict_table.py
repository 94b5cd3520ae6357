"""One table of verdicts: whoever lists them elsewhere is checked against it."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from monitor.service_verdicts import services_of
from monitor.verdict_table import (
    TABLE,
    VERDICTS,
    Episode,
    Lead,
    Tone,
    gravity,
    row_of,
)
from monitor.web.answers.verdict_answers import Kind
from monitor.wording import LANGUAGES, language
from monitor.wording.cards import lead
from tests.store.analyses import an_analysis

ROOT = Path(__file__).parent.parent
STATIC = ROOT / "monitor" / "web" / "static"
REPORT_STYLE = ROOT / "monitor" / "report" / "templates" / "report.css"
ALERTS = ROOT / "contrib" / "prometheus-alerts.yaml"


def test_the_order_is_that_of_the_contracts():
    assert VERDICTS == (
        "targeted_throttling",
        "targeted_blocking",
        "selective_slowdown",
        "sustained_slowdown",
        "resolver_blocking",
        "recurring_slowdown",
        "server_side",
        "general_congestion",
        "own_line",
        "no_recurring_slowdown",
        "inconclusive",
        "insufficient_data",
    )


def test_who_accuses_is_said_by_the_contracts():
    accusing = {name for name, row in TABLE.items() if row.is_accusing}
    assert accusing == {
        "targeted_throttling",
        "targeted_blocking",
        "selective_slowdown",
        "sustained_slowdown",
    }


def test_gravity_tone_and_episode_agree():
    tones = [row.tone for row in TABLE.values()]
    assert tones == sorted(tones, key=list(Tone).index)
    for row in TABLE.values():
        begins = row.episode is Episode.BEGINS
        assert begins == row.is_suspect == (row.lead not in (Lead.OTHER, Lead.NONE))
        assert (row.episode is Episode.STAYS) == (row.tone is Tone.OPEN)
        assert row.is_suspect or not row.is_accusing


def test_a_verdict_of_a_newer_program_claims_nothing():
    row = row_of("bewitched")
    assert (row.tone, row.episode, row.is_accusing) == (Tone.OPEN, Episode.STAYS, False)
    assert gravity("bewitched") == len(VERDICTS) > gravity("insufficient_data")
    assert Kind.of("bewitched").sign == "?"


def test_the_signs_differ():
    assert len({tone.sign for tone in Tone}) == len(Tone)


@pytest.mark.parametrize(
    ("style", "prefix"), [(REPORT_STYLE, r"\."), (STATIC / "style.css", r"\.card\.")]
)
def test_every_tone_has_its_colour(style: Path, prefix: str):
    text = style.read_text()
    for tone in set(Tone) - {Tone.OPEN}:
        assert re.search(rf"^{prefix}{tone}\b", text, re.MULTILINE), tone


def test_the_page_names_no_verdict():
    """It is told by the API what each is."""
    for script in [*STATIC.glob("*.js"), *STATIC.glob("pa*/*.js")]:
        text = script.read_text()
        assert [name for name in VERDICTS if name in text] == [], script


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("name", VERDICTS)
def test_what_stands_above_the_cards_is_the_row_s(code: str, name: str):
    (bare,) = an_analysis("x").verdicts
    terms = {"since": None, "until": None, "window": ("20:00", "22:00")}
    text = lead(
        services_of([replace(bare, verdict=name)]), **terms, language=language(code)
    )
    assert ("x." in text) == (TABLE[name].lead is not Lead.NONE)


def test_each_lead_has_words_of_its_own():
    (bare,) = an_analysis("x").verdicts
    terms = {"since": None, "until": None, "window": ("20:00", "22:00")}
    told = {
        lead(
            services_of([replace(bare, verdict=name)]), **terms, language=language("en")
        )
        for name in VERDICTS
    }
    # A lead for each kind, and one each for "nothing" and "nothing yet".
    assert len(told) == len(Lead) + 1


def test_the_alert_goes_off_for_what_accuses():
    groups = YAML(typ="safe").load(ALERTS)["groups"]
    (rule,) = [
        rule
        for group in groups
        for rule in group["rules"]
        if rule["alert"] == "ServiceSlowedDownEveryEvening"
    ]
    (names,) = re.findall(r'verdict=~"([^"]*)"', rule["expr"])
    assert names.split("|") == [n for n, row in TABLE.items() if row.is_accusing]
