"""The sentences say what the verdict says, and no more."""

from dataclasses import replace
from datetime import date

import pytest

from monitor.evening_rule import EveningState
from monitor.model import (
    Details,
    Effect,
    EveningMark,
    Evenings,
    Verdict,
)
from monitor.reason import Reason
from monitor.verdict_table import VERDICTS
from monitor.wording import LANGUAGES, language
from monitor.wording.cards import heading, short_sentence
from monitor.wording.sentences import Setting, sentence, title

INTERFERENCE = {
    "en": ("interference", "deliberate", "blocking"),
    "ru": ("вмешательств", "намеренн", "блокировк"),
    "kk": ("араласу", "әдейі", "бұғатта"),
}

TARGETED = {"en": ("targeted",), "ru": ("целенаправ",), "kk": ("мақсатты",)}
CONSISTENT = {"en": "consistent with", "ru": "огласуется", "kk": "сәйкес келеді"}


FOUND = Verdict(
    vantage="home",
    target="facebook",
    verdict="selective_slowdown",
    strength="likely",
    evenings=Evenings(observed=31, usable=28, slow=26, dead=21),
    effect=Effect(metric="goodput_bps", ratio=8.0, ci95=(6.0, 9.0)),
    p_value=0.0001,
    e_value=1000.0,
    found_window=("20:00", "22:00"),
    onset_date=None,
    offset_date=None,
)
DETAILS = Details(
    controls=("vk",),
    controls_live=5,
    controls_left_out=(),
    is_mostly_dead=False,
    mechanism_sum=0,
    e_slow=1.0,
    e_dead=1.0,
    interval_s=300.0,
    first_evening=None,
    last_evening=None,
    metrics=(),
)
SETTING = Setting(window=("20:00", "22:00"), n_controls=5)


RATHER_THAN = {
    "en": "rather than to interference",
    "ru": "чем на вмешательство",
    "kk": "араласудан гөрі",
}
"""Interference is named only to say that the signs do not point to it."""
PROVEN = {
    "en": ("prove", "proof", "government", "censor"),
    "ru": ("доказ", "правительств", "цензур"),
    "kk": ("дәлел", "үкімет", "цензура"),
}


def told(verdict: str, code: str = "en", **changes: object) -> str:
    return sentence(replace(FOUND, verdict=verdict, **changes), SETTING, language(code))


def test_a_slow_service_is_told_with_its_evenings_and_its_mean() -> None:
    """Not "typically": the figure is the mean, quiet evenings included."""
    text = told("targeted_throttling")
    assert text.startswith(
        "On 26 of the last 28 evenings Facebook was slower between 20:00 and 22:00 "
        "than during the rest of the day, on average 8 times slower."
    )
    assert "The 5 control sites measured in the same minutes were not." in text


def test_only_a_slowdown_of_dead_evenings_is_told_by_them() -> None:
    details = replace(DETAILS, is_mostly_dead=True)
    dead, slow = "21 of the last 28", "26 of the last 28"
    assert dead in told("selective_slowdown", details=details)
    for verdict in ("selective_slowdown", "targeted_throttling"):
        assert slow in told(verdict, details=DETAILS)
    assert slow in told("targeted_throttling", details=details)


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("verdict", VERDICTS)
def test_every_verdict_has_its_own_sentence_and_title(verdict: str, code: str) -> None:
    others = {told(other, code) for other in VERDICTS if other != verdict}
    text = told(verdict, code)
    assert text not in others
    assert "Facebook" in text
    assert "%" not in text
    service = replace(FOUND, verdict=verdict)
    assert title(service, language(code)) != verdict


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("verdict", VERDICTS)
def test_a_card_hints_at_interference_where_the_report_does(
    verdict: str, code: str
) -> None:
    found = replace(FOUND, verdict=verdict)
    for text in (heading(found, language(code)), short_sentence(found, language(code))):
        assert "%" not in text
        hints = any(
            word in text.lower() for word in (*INTERFERENCE[code], *TARGETED[code])
        )
        assert hints == verdict.startswith("targeted")


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("verdict", VERDICTS)
def test_consistent_with_is_the_strongest_word_in_every_language(
    verdict: str, code: str
) -> None:
    """ "Looks like" would be more than the English says."""
    found = replace(FOUND, verdict=verdict)
    text = heading(found, language(code))
    if verdict.startswith("targeted"):
        assert CONSISTENT[code] in text.lower()


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("verdict", [v for v in VERDICTS if v != "targeted_throttling"])
def test_only_targeted_verdicts_hint_at_interference(verdict: str, code: str) -> None:
    text = told(verdict, code).lower()
    hints = [word for word in INTERFERENCE[code] if word in text]
    if verdict == "targeted_blocking":
        assert hints
    elif verdict == "server_side":
        assert RATHER_THAN[code] in text
    else:
        assert hints == []


@pytest.mark.parametrize("verdict", VERDICTS)
def test_nothing_is_called_proven(verdict: str) -> None:
    for code in LANGUAGES:
        text = told(verdict, code).lower()
        assert not any(word in text for word in PROVEN[code])


@pytest.mark.parametrize(
    ("n", "english", "russian"),
    [
        (1, "1 evening ", "1 вечера"),
        (2, "2 evenings", "2 вечеров"),
        (5, "5 evenings", "5 вечеров"),
        (21, "21 evenings", "21 вечера"),
        (22, "22 evenings", "22 вечеров"),
    ],
)
def test_plural_forms_follow_the_number(n: int, english: str, russian: str) -> None:
    counts = Evenings(observed=n, usable=n, slow=1, dead=0)
    for code, words in (("en", english), ("ru", russian)):
        text = told("selective_slowdown", code, evenings=counts)
        assert words in text


@pytest.mark.parametrize(
    ("ratio", "words"), [(2, "2 раза"), (5, "5 раз"), (3.1, "3,1 раза"), (21, "21 раз")]
)
def test_times_are_counted_as_russian_does(ratio: float, words: str) -> None:
    assert language("ru").times(ratio) == words


def test_a_service_that_mostly_did_not_answer_is_told_so() -> None:
    text = told("selective_slowdown", details=replace(DETAILS, is_mostly_dead=True))
    assert "did not answer" in text
    assert "do not show" in text


def so_far(state: EveningState, ratio: float | None = None, code: str = "en") -> str:
    verdict = replace(
        FOUND,
        verdict="insufficient_data",
        evenings=Evenings(observed=3, usable=3, slow=2, dead=0),
        reasons=(
            Reason(
                "few_evenings",
                "Usable evenings: {usable}; at least {needed} are needed.",
                {"usable": 3, "needed": 5},
            ),
        ),
    )
    last = EveningMark(day=date(2026, 10, 3), state=state, ratio=ratio)
    return sentence(verdict, replace(SETTING, last_evening=last), language(code))


def test_the_first_evenings_are_told_without_a_verdict() -> None:
    assert so_far(EveningState.SLOW, 4.0) == (
        "Measured so far: 3 of at least 5 evenings; before that nothing is concluded "
        "about Facebook. On the last evening it was 4 times slower between 20:00 and "
        "22:00 than during the rest of that day; one evening is not a pattern."
    )
    assert "was not slower" in so_far(EveningState.FINE, 1.07)
    assert "did not answer" in so_far(EveningState.DEAD)
    for state in (EveningState.UNUSABLE, EveningState.SLOW):
        assert so_far(state).endswith("about Facebook.")


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_first_evenings_accuse_nobody(code: str) -> None:
    text = so_far(EveningState.SLOW, 80.0, code=code)
    assert not any(word in text.lower() for word in INTERFERENCE[code])


@pytest.mark.parametrize(
    ("bound", "words"), [(1.02, "1.1 times"), (1.1, "1.1 times"), (1.2001, "1.3 times")]
)
def test_no_more_is_ruled_out_than_the_bound(bound: float, words: str) -> None:
    clear = replace(
        FOUND,
        verdict="no_recurring_slowdown",
        evenings=replace(FOUND.evenings, slow=0, dead=0),
        effect=Effect(metric="goodput_bps", ratio=1.0, ci95=(0.97, bound)),
    )
    told = sentence(clear, SETTING, language("en"))
    assert f"A steady slowdown to more than {words} the usual is ruled out." in told
