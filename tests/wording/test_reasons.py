"""A reason is told in the reader's language, numbers as that language writes them."""

import json

import pytest

from monitor.model import MechanismCheck
from monitor.reason import Reason
from monitor.wording import LANGUAGES, language
from monitor.wording.check_words import check_figure
from monitor.wording.reason_words import _written, told, told_reasons

SIZE = Reason(
    "size",
    "On slow evenings it typically takes {times:.1f} times as long.",
    {"times": 31.1},
)
STAGE = Reason(
    "stage",
    "connect {connect:factor}, slowest later stage {later:factor}",
    {"connect": 1.02, "later": 8.1},
)
IN_STEP = Reason(
    "synchrony", "in step with {names:names}", {"names": ("mastodon", "youtube")}
)
ASIDE = Reason(
    "set_aside",
    "Set aside: {parts:reasons}.",
    {
        "parts": (
            Reason("set_aside", "{n} rounds in outages", {"n": 3}),
            Reason("set_aside", "{n} impossible values", {"n": 2}),
        )
    },
)


def test_the_rule_s_own_english_is_what_documents_hold() -> None:
    assert str(SIZE) == "On slow evenings it typically takes 31.1 times as long."
    assert str(STAGE) == "connect x1.02, slowest later stage x8.10"
    assert str(ASIDE) == "Set aside: 3 rounds in outages; 2 impossible values."


@pytest.mark.parametrize(
    ("times", "words"),
    [
        (31.1, "в 31,1 раза"),
        (29, "в 29 раз"),
        (2, "в 2 раза"),
        (21, "в 21 раз"),
        (5, "в 5 раз"),
    ],
)
def test_russian_counts_as_russian_does(times: float, words: str) -> None:
    reason = Reason(SIZE.rule, SIZE.message, {"times": times})
    assert words in told(reason, language("ru"))


@pytest.mark.parametrize(
    ("usable", "words"),
    [(21, "из 21 вечера"), (22, "из 22 вечеров"), (30, "из 30 вечеров")],
)
def test_evenings_are_counted_too(usable: int, words: str) -> None:
    message = (
        "Slower than the controls on {slow} of {usable} evenings; the cause is open."
    )
    reason = Reason("cause_open", message, {"slow": 8, "usable": usable})
    assert words in told(reason, language("ru"))


def test_numbers_are_written_as_the_language_writes_them() -> None:
    assert "8,1\N{MULTIPLICATION SIGN}" in told(STAGE, language("ru"))
    many = Reason("set_aside", "{n} impossible values", {"n": 12345})
    assert "12\N{NO-BREAK SPACE}345" in told(many, language("kk"))


def test_what_was_not_measured_is_told_so() -> None:
    message = "directly {direct:factor}, by the other way {other:factor}"
    reason = Reason("bypass", message, {"direct": None, "other": 1.02})
    assert str(reason) == "directly not measured, by the other way x1.02"
    assert "не измерено" in told(reason, language("ru"))


def test_a_share_that_was_not_measured_is_told_so_too() -> None:
    """Bundles of method 4 have "nan%" in the rule's own English, and must verify."""
    shares = {"before": None, "after": 0.1, "first": 1.0, "last": 0.9}
    reason = Reason(
        "edges",
        "{start}-{end}: just outside the window {before:.0%} and {after:.0%} of the "
        "level inside, just inside {first:.0%} and {last:.0%}",
        {"start": "20:05", "end": "21:10", **shares},
    )
    assert "window nan% and 10% of" in str(reason)
    assert "өлшенбеген" in told(reason, language("kk"))


def test_other_services_have_the_names_that_people_know() -> None:
    assert told(IN_STEP, language("en")) == "on the same evenings as mastodon, YouTube"


def test_the_parts_of_a_reason_are_told_one_by_one() -> None:
    assert told(ASIDE, language("en")) == (
        "Set aside: rounds in outages of the line: 3. Set aside: values that no "
        "measurement can give: 2."
    )


def test_reasons_of_one_rule_are_one_text() -> None:
    gone = Reason(
        "controls",
        "Left out of the controls, being slow or dead themselves: {names:names}.",
        {"names": ("vk",)},
    )
    none = Reason("controls", "There is no live control.")
    (text,) = told_reasons([gone, none], language("en"))
    assert text.endswith("themselves: vk. There is no working control site.")


def test_what_reports_and_cards_tell_beside_it_is_not_repeated() -> None:
    begun = Reason("season", "It began on {day:date}.", {"day": "2026-03-01"})
    assert list(told_reasons([begun, SIZE], language("en"))) == [
        "On the slow evenings alone it typically takes 31.1 times as long."
    ]


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_reason_of_a_newer_program_is_told_in_its_own_english(code: str) -> None:
    newer = Reason("new", "x {times:.1f} %(n)s", {"times": 2.0})
    assert told(newer, language(code)) == "x 2.0 %(n)s"


@pytest.mark.parametrize("reason", [SIZE, STAGE, IN_STEP, ASIDE])
def test_a_reason_is_stored_and_read_back(reason: Reason) -> None:
    stored = json.loads(json.dumps(reason.to_dict(), allow_nan=False))
    assert Reason.from_dict(stored) == reason
    for code in LANGUAGES:
        assert told(Reason.from_dict(stored), language(code)) == told(
            reason, language(code)
        )


@pytest.mark.parametrize(
    "stored",
    [
        None,
        "Slow.",
        {},
        {"rule": "size", "message": SIZE.message},
        {"rule": "size", "message": SIZE.message, "values": {}},
        {"rule": "size", "message": SIZE.message, "values": {"times": "many"}},
        {"rule": "size", "message": SIZE.message, "values": {"times": {"a": 1}}},
        {"rule": 1, "message": SIZE.message, "values": {"times": 2.0}},
        {"rule": "x", "message": "{a.__class__}", "values": {"a": 1}},
        {"rule": "x", "message": "{a[0]}", "values": {"a": [1]}},
        {"rule": "x", "message": "{a", "values": {"a": 1}},
        {"rule": "x", "message": "{}", "values": {}},
        {"rule": "x", "message": "{d:weekdays}", "values": {"d": [9]}},
        {"rule": "x", "message": "{d:weekdays}", "values": {"d": [1.5]}},
    ],
)
def test_what_is_no_reason_is_refused(stored: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        Reason.from_dict(stored)


def test_values_of_another_kind_are_told_in_the_rule_s_own_english() -> None:
    """A day that is none: stored by somebody else, or damaged."""
    odd = Reason("season", "It began on {day:date}.", {"day": "then"})
    assert "then" in told(odd, language("ru"))


def test_a_check_that_could_not_be_made_has_no_figure() -> None:
    check = MechanismCheck(check="stage", score=0, detail=STAGE, is_made=False)
    assert check_figure(check, language("ru")) == ""
    assert check.to_dict()["detail"].startswith("unknown: connect")


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (0.12345, "", "0.123"),
        (0.12345, ".2f", "0.12"),
        (0.25, ".0%", "25%"),
        (1.234, "factor", "1.23\N{MULTIPLICATION SIGN}"),
        (None, ".1f", "not measured"),
    ],
)
def test_a_value_is_written_as_its_kind_asks(value, kind: str, text: str) -> None:
    assert _written(language("en"), value, kind) == text


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        ("not recorded", "stage", "not recorded"),
        ("2026-10-20", "date", "20 October 2026"),
        ("connect_s", "metric", "time to connect"),
        ("as it is", "", "as it is"),
        ((0, 1), "weekdays", "Monday, Tuesday"),
        (("facebook", "vk"), "names", "Facebook, vk"),
    ],
)
def test_a_word_is_written_as_its_kind_asks(value, kind: str, text: str) -> None:
    assert _written(language("en"), value, kind) == text


def test_a_step_is_named_in_the_reader_s_language() -> None:
    told_as = _written(language("ru"), "tls_handshake", "stage")
    assert told_as not in ("tls_handshake", "")
